"""Holds by hand: set by one person of finance with a reason, ended by their day, or lifted by another."""

from datetime import datetime
from typing import Any
from uuid import UUID

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import needed_reason
from channels_platform.lib.redaction import redact
from commissions import locks
from commissions.models import Payee, PayeeHold
from projects.models import PayingCompany, Project
from projects.selectors import visible_projects


@transactional
def set_hold(
    *,
    actor: Any,
    payee: Payee,
    project: Project | None,
    reason: str,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
) -> PayeeHold:
    """Keep what a payee has payable in a project (None: in all) from being paid, from an instant (None: now) on.

    The payee reads the reason, and nobody can ever change it: phones in it are masked.
    Raises: Forbidden, also `beyond_reach` for all projects by who does not see them all; Invalid `reason_required`,
            `span_reversed`, `past` where it would be over already; NotAllowed `held_already` by hand in that time.
    Locks:  the companies of the projects: no draft or approval is under way meanwhile.
    Writes: PayeeHold, audit event `hold.set`.
    """
    _require_finance(actor)
    _require_reach(actor, project)
    reason = needed_reason(reason)
    _lock(project)
    now = clock.now()
    from_at = from_at or now
    if until_at is not None and until_at <= from_at:
        raise Invalid("it ends before it begins", code="span_reversed", field="until")
    if until_at is not None and until_at <= now:
        raise Invalid("it would be over", code="past", field="until")
    others = PayeeHold.objects.filter(payee=payee, project=project, lifted_at__isnull=True)
    if any(_overlap(one, from_at, until_at) for one in others):
        raise NotAllowed("a hold covers this time already", code="held_already")
    hold = PayeeHold(
        payee=payee,
        project=project,
        reason=redact(reason),
        from_at=from_at,
        until_at=until_at,
        set_by=actor,
        set_at=now,
    )
    hold.save(force_insert=True)
    after = {
        "payee": str(payee.pk),
        "from": from_at.isoformat(),
        "until": until_at.isoformat() if until_at is not None else "",
    }
    record(
        "hold.set", actor=actor, target=hold, project=project, agency=payee.agency_id, after=after, reason=hold.reason
    )
    return hold


@transactional
def lift_payee_hold(*, actor: Any, hold: PayeeHold, reason: str) -> PayeeHold:
    """End a hold by hand before its day; never by who set it.

    Raises: Forbidden, also `own_hold` or `beyond_reach`; Invalid `reason_required`; NotAllowed where it is over.
    Locks:  the companies of the projects, the hold.
    Writes: PayeeHold, audit event `hold.lifted`.
    """
    _require_finance(actor)
    _require_reach(actor, hold.project)
    reason = needed_reason(reason)
    _lock(hold.project)
    stored = PayeeHold.objects.select_for_update(of=("self",)).select_related("payee").get(pk=hold.pk)
    now = clock.now()
    if stored.state_at(now) not in ("coming", "in_force"):
        raise NotAllowed("the hold is over")
    if stored.set_by_id == actor.pk:
        raise Forbidden("who set a hold cannot lift it", code="own_hold")
    stored.lifted_by, stored.lifted_at, stored.lifted_reason = actor, now, redact(reason)
    stored.save(update_fields=["lifted_by", "lifted_at", "lifted_reason"])
    record(
        "hold.lifted",
        actor=actor,
        target=stored,
        project=stored.project_id,
        agency=stored.payee.agency_id,
        reason=stored.lifted_reason,
    )
    return stored


def _require_finance(actor: Any) -> None:
    if actor is None:
        raise Forbidden("this needs a person")
    require(actor, Can.PREPARE_PAYOUT, Can.APPROVE_PAYOUT)


def _require_reach(actor: Any, project: Project | None) -> None:
    """Let nobody hold what is beyond their projects: a hold on all is theirs who see all."""
    seen = visible_projects(actor).order_by()
    if project is None:
        within = not Project.objects.exclude(pk__in=seen.values("pk")).exists()
    else:
        within = seen.filter(pk=project.pk).exists()
    if not within:
        raise Forbidden("that is beyond your projects", code="beyond_reach")


def _lock(project: Project | None) -> None:
    if project is not None:
        locks.lock_company(project.company_id)
        return
    companies: list[UUID] = list(PayingCompany.objects.order_by("pk").values_list("pk", flat=True))
    for company_id in companies:
        locks.lock_company(company_id)


def _overlap(one: PayeeHold, from_at: datetime, until_at: datetime | None) -> bool:
    begins_before = until_at is None or one.from_at < until_at
    return begins_before and (one.until_at is None or one.until_at > from_at)
