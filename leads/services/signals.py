"""Risk signals: looking for them, each once, and their being judged by people. None changes anything by itself."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.selectors import staff_of
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from channels_platform.notices.services import tell
from leads.models import RiskSignal
from leads.services import looks_at_edits, looks_at_filings, looks_at_walk_ins
from leads.states import SignalState

LOOKS = (
    looks_at_filings.at_arrival,
    looks_at_walk_ins.around_walk_ins,
    looks_at_walk_ins.turned,
    looks_at_walk_ins.given,
    looks_at_walk_ins.given_to_one,
    looks_at_filings.shared_devices,
    looks_at_filings.shared_addresses,
    looks_at_filings.own_circle,
    looks_at_filings.probing,
    looks_at_edits.added,
    looks_at_edits.backdated_deals,
    looks_at_edits.changed_buyers,
    looks_at_edits.late_walk_ins,
)
RAISED, RAISED_OF_STAFF = "signal.raised", "signal.raised_of_staff"


@transactional
def find_signals() -> dict[str, int]:
    """Look for what is worth a look, and tell the projects' managers of what is new.

    Shape:  {"found"}: how many were not known before.
    Writes: RiskSignal, Notice, audit event `signal.raised`.
    """
    now = clock.now()
    kept = list(_kept([signal for look in LOOKS for signal in look(now)]))
    for signal in kept:
        record(
            RAISED, actor=None, target=signal, project=signal.project_id, agency=signal.agency_id,
            after={"kind": signal.kind},
        )  # fmt: skip
        _tell(signal)
    return {"found": len(kept)}


@transactional
def judge_signal(*, actor: Any, signal: RiskSignal, confirmed: bool, reason: str) -> RiskSignal:
    """Say that a signal was right, or that it was not; it stays said.

    Raises: Forbidden, also `own_signal` for whom it is about; Invalid `reason_required`; NotAllowed when it is judged.
    Locks:  the signal.
    Writes: RiskSignal, audit event `signal.confirmed` or `signal.dismissed`.
    """
    require_person(actor, Can.JUDGE_SIGNAL)
    reason = needed_reason(reason)
    if signal.person_id == actor.pk:
        raise Forbidden("it is about yourself", code="own_signal")
    locked = RiskSignal.objects.select_for_update(of=("self",)).select_related("broker").get(pk=signal.pk)
    if locked.state != SignalState.OPEN:
        raise NotAllowed("the signal is judged")
    locked.state = SignalState.CONFIRMED if confirmed else SignalState.DISMISSED
    locked.judged_by, locked.judged_at, locked.judgement = actor, clock.now(), clean_text(reason)
    locked.save(update_fields=["state", "judged_by", "judged_at", "judgement"])
    record(
        f"signal.{locked.state}",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=locked.agency_id,
        reason=reason,
    )
    return locked


def _kept(found: list[RiskSignal]) -> Iterable[RiskSignal]:
    """Keep what is new; two who look at once keep each thing once."""
    by_once = {signal.once: signal for signal in found}
    known = set(RiskSignal.objects.filter(once__in=list(by_once)).values_list("once", flat=True))
    new = [signal for once, signal in by_once.items() if once not in known]
    RiskSignal.objects.bulk_create(new, ignore_conflicts=True)
    mine = [signal.pk for signal in new]
    return RiskSignal.objects.filter(pk__in=mine).select_related("broker__user", "broker__agency", "person", "project")


def _tell(signal: RiskSignal) -> None:
    """Tell the project's managers, but for whom it is about."""
    managers = staff_of([signal.project] if signal.project else [], [Role.MARKETING_MANAGER])
    tell(
        kind=RAISED_OF_STAFF if signal.broker is None else RAISED,
        recipients=[one for one in managers if one.pk != signal.person_id],
        target=signal,
        project=signal.project,
        facts={"person": str(signal.person)}
        if signal.broker is None
        else {"broker": str(signal.broker), "agency": signal.broker.agency.name},
        path=reverse("admin:leads_risksignal_change", args=[signal.pk]),
        once=str(signal.pk),
    )
