"""Telling people, and their having read it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from channels_platform.lib import clock
from channels_platform.notices.kinds import kind_of, said
from channels_platform.notices.models import Notice
from channels_platform.notices.services.planning import plan_deliveries


@transaction.atomic
def tell(
    *,
    kind: str,
    recipients: Iterable[Any],
    target: Any = None,
    project: Any = None,
    facts: Mapping[str, Any] | None = None,
    path: str = "",
    once: str = "",
    due_at: datetime | None = None,
) -> int:
    """Tell people something, each once; return how many were told now.

    Call it in the transaction of what it tells of: both are there or neither. `facts` are JSON, free of personal data;
    `path` is the page that shows the thing; `project` an object or its id. Inactive people are told nothing.
    Raises: KeyError for a kind nobody registered or a fact that its line needs and is not given.
    Writes: Notice, Delivery.
    """
    about = kind_of(kind)
    label = str(target)[:120] if target is not None else ""
    said(about, facts or {}, label)  # a line that lacks a fact is found where it is written, not where it is read
    now = clock.now()
    rows = [
        Notice(
            recipient=person,
            kind=kind,
            project_id=getattr(project, "pk", project),
            zone=getattr(project, "timezone", ""),
            target_kind=target._meta.label_lower if target is not None else "",
            target_id=str(target.pk) if target is not None else "",
            target_label=label,
            facts=dict(facts or {}),
            path=path,
            once=f"{kind}:{once}" if once else "",
            due_at=due_at,
            created_at=now,
        )
        for person in {person.pk: person for person in recipients if person.is_active}.values()
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    there = set(Notice.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    told = [row for row in rows if row.pk in there]
    plan_deliveries(told, about, now)
    return len(told)


def mark_read(*, recipient: Any, until: datetime) -> int:
    """Mark a person's notices up to `until` as read.

    Writes: Notice.
    """
    return Notice.objects.filter(recipient=recipient, read_at__isnull=True, created_at__lte=until).update(
        read_at=clock.now()
    )


def open_notice(*, recipient: Any, notice_id: UUID) -> Notice | None:
    """Mark one notice of the person's as read and return it; None where it is not theirs.

    Writes: Notice.
    """
    notice = Notice.objects.filter(recipient=recipient, pk=notice_id).first()
    if notice is not None and notice.read_at is None:
        Notice.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=clock.now())
    return notice
