"""When a deal's money and handover are expected: forecasts that people keep, and that decide nothing."""

from datetime import date, timedelta
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from leads.locks import lock_deal
from leads.models import Deal
from leads.states import DealState

FIELDS = ("first_payment_due_on", "loan_expected_on", "full_payment_due_on", "handover_expected_on")
_FARTHEST = timedelta(days=3650)


@transactional
def expect_dates(*, actor: Any, deal: Deal, **dates: date | None) -> Deal:
    """Set when milestones of a deal are expected; None: not known any more. What is left out stays.

    Raises: Forbidden; NotAllowed once it is cancelled; Invalid `bad_day` by field for a day before the subscription
            or more than ten years ahead, `loan_without_mortgage` for the day of a loan there is none of.
    Locks:  the deal.
    Writes: Deal, audit event `deal.expected`.
    """
    require(actor, Can.MOVE_DEAL)
    locked = lock_deal(deal)
    if locked.state == DealState.CANCELLED:
        raise NotAllowed("nothing is expected of a cancelled deal", state=locked.state)
    first = clock.local_date(locked.subscribed_at, locked.project.zone)
    last = clock.local_date(clock.now(), locked.project.zone) + _FARTHEST
    for name, day in dates.items():
        if name not in FIELDS:
            raise Invalid(f"{name} cannot be set", code="unknown_field", field=name)
        if day is not None and not first <= day <= last:
            raise Invalid("a day from the subscription on, within ten years", code="bad_day", field=name)
    if dates.get("loan_expected_on") is not None and locked.loan_amount is None:
        raise Invalid("only a mortgage has a loan", code="loan_without_mortgage", field="loan_expected_on")
    before = {name: _text(getattr(locked, name)) for name in dates}
    after = {name: _text(day) for name, day in dates.items()}
    changed = [name for name in dates if before[name] != after[name]]
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, dates[name])
    locked.save(update_fields=changed)
    record(
        "deal.expected",
        actor=actor,
        target=locked,
        project=locked.project_id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return locked


def _text(day: date | None) -> str:
    return day.isoformat() if day is not None else ""
