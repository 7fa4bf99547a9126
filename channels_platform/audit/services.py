"""The one writer of the audit trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.redaction import redact

_request_id: ContextVar[str] = ContextVar("audit_request_id", default="")


@contextmanager
def request(request_id: str) -> Iterator[None]:
    """Mark the events recorded inside with the id of the request that caused them."""
    token = _request_id.set(request_id[:64])
    try:
        yield
    finally:
        _request_id.reset(token)


def build_event(
    action: str,
    *,
    actor: Any,
    target: Any = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    project: Any = None,
    agency: Any = None,
) -> Event:
    """Return an unsaved event, for callers that write many at once.

    `actor` is the person, or None for the system itself. `before` and `after` hold only what
    changed, JSON-able and free of personal data. `reason` is what a person typed: phones in it are masked, for
    nobody could ever take them out again.
    """
    return Event(
        at=clock.now(),
        action=action,
        actor_id=getattr(actor, "pk", None),
        target_kind=target._meta.label_lower if target is not None else "",
        target_id=str(target.pk) if target is not None else "",
        target_label=str(target)[:120] if target is not None else "",
        project_id=getattr(project, "pk", project),
        agency_id=getattr(agency, "pk", agency),
        before=before or {},
        after=after or {},
        reason=redact(reason),
        request_id=_request_id.get(),
    )


def record(
    action: str,
    *,
    actor: Any,
    target: Any = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    project: Any = None,
    agency: Any = None,
) -> Event:
    """Write one event in the caller's transaction; arguments as in `build_event`.

    Writes: Event.
    """
    event = build_event(
        action, actor=actor, target=target, before=before, after=after, reason=reason, project=project, agency=agency
    )
    event.save(force_insert=True)
    return event
