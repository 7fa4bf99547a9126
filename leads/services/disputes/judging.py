"""Deciding a dispute: in words, with or without other shares, and by a second manager where much is at stake."""

from fractions import Fraction
from typing import Any
from uuid import UUID

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from leads.locks import lock_dispute
from leads.models import Deal, Dispute, Referral
from leads.selectors import deal_of_case, referrals_of_case
from leads.services.disputes.overrides import Shares, apply_decision, check_shares, needs_second_manager
from leads.services.disputes.people import (
    add_sides,
    holders_of,
    require_discreet,
    require_impartial,
    tell_managers,
    tell_sides,
)
from leads.states import DisputeState


@transactional
def rule_dispute(*, actor: Any, dispute: Dispute, decision: str, shares: Shares | None = None) -> Dispute:
    """Decide a dispute in writing; `shares` puts others in place, None leaves the outcome as it is.

    Where it moves more than `DISPUTE_APPROVAL_ABOVE` it waits for a second manager, and nothing changes before.
    Raises: Forbidden, also `belongs_to_case`, `first_judge`; Invalid `reason_required`, `bad_shares`, `other_project`,
            `no_deal`, `names_phone`, `names_client`; NotAllowed when it is decided or awaits approval, or on a
            cancelled or handed-over deal.
    Locks:  the dispute, the deal, the referrals by id.
    Writes: Dispute, DisputeSide, AttributionDecision, DealShare, Referral, Claim, DealOutbox, Notice, audit events.
    Source: domain 2, 4.4.
    """
    require_person(actor, Can.DECIDE_DISPUTE)
    decision = clean_text(decision)
    if not decision:
        raise Invalid("the decision is written down", code="reason_required", field="reason")
    locked = lock_dispute(dispute)
    if locked.state != DisputeState.OPEN:
        raise NotAllowed("the dispute is decided, or awaits a second manager")
    deal = deal_of_case(locked)
    put_in = [referral for referral, _ in shares or ()]
    require_impartial(actor, referrals=[*referrals_of_case(locked), *put_in], deal=deal)
    if actor.pk in (locked.first_judge_id, locked.first_approver_id):
        raise Forbidden("an appeal is judged by another manager", code="first_judge")
    now = clock.now()
    if shares is not None:
        if deal is None:
            raise Invalid("the dispute is about no deal", code="no_deal", field="shares")
        check_shares(deal, shares)
        add_sides(locked, [*holders_of(deal), *((one.agency_id, one) for one in put_in)], now)
    require_discreet(decision, dispute=locked, field="reason")
    if shares is not None and deal is not None and needs_second_manager(deal, shares):
        return _propose(locked, actor, decision, deal, shares)
    _settle(locked, judge=actor, approver=None, decision=decision, deal=deal, shares=shares)
    return locked


@transactional
def approve_ruling(*, actor: Any, dispute: Dispute) -> Dispute:
    """Approve what another manager decided; it has effect from now.

    Raises: Forbidden, also `own_draft`, `belongs_to_case`, `first_judge`; NotAllowed where nothing awaits approval, or
            the deal has moved on.
    Locks:  the dispute, the deal, the referrals by id.
    Writes: as `rule_dispute`.
    """
    locked, deal, shares = _proposal(actor, dispute)
    if locked.proposed_by_id == actor.pk:
        raise Forbidden("somebody else approves a decision", code="own_draft")
    put_in = [referral for referral, _ in shares]
    require_impartial(actor, referrals=[*referrals_of_case(locked), *put_in], deal=deal)
    if actor.pk == locked.first_judge_id:
        raise Forbidden("an appeal is not for the first judge", code="first_judge")
    record("dispute.approved", actor=actor, target=locked, project=locked.project_id, agency=locked.agency_id)
    _settle(
        locked,
        judge=locked.proposed_by,
        approver=actor,
        decision=locked.proposed_decision,
        deal=deal,
        shares=shares,
    )
    return locked


@transactional
def return_ruling(*, actor: Any, dispute: Dispute, reason: str) -> Dispute:
    """Send a proposed decision back, with a reason: the dispute is open again. Who proposed it may take it back too.

    Raises: Forbidden, also `belongs_to_case`, `first_judge`; Invalid `reason_required`; NotAllowed where nothing awaits
            approval.
    Locks:  the dispute.
    Writes: Dispute, Notice, audit event `dispute.returned`.
    """
    reason = needed_reason(reason)
    locked, deal, _shares = _proposal(actor, dispute)
    require_impartial(actor, referrals=referrals_of_case(locked), deal=deal)
    if actor.pk == locked.first_judge_id:
        raise Forbidden("an appeal is not for the first judge", code="first_judge")
    judge = locked.proposed_by
    _clear_proposal(locked)
    locked.state, locked.needs_approval = DisputeState.OPEN, False
    locked.save()
    record(
        "dispute.returned",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=locked.agency_id,
        reason=reason,
    )
    tell_managers("dispute.returned", locked, besides=[actor], only=judge)
    return locked


def _propose(dispute: Dispute, actor: Any, decision: str, deal: Deal, shares: Shares) -> Dispute:
    """Write down what a second manager is to approve."""
    dispute.state = DisputeState.PROPOSED
    dispute.proposed_by, dispute.proposed_at, dispute.proposed_decision = actor, clock.now(), decision
    dispute.proposed_shares = {"deal": str(deal.pk), "shares": [[str(r.pk), str(part)] for r, part in shares]}
    dispute.needs_approval = True
    dispute.save()
    record(
        "dispute.proposed",
        actor=actor,
        target=dispute,
        project=dispute.project_id,
        agency=dispute.agency_id,
        after={"shares": {str(referral): str(part) for referral, part in shares}},
        reason=decision,
    )
    tell_managers("dispute.proposed", dispute, besides=[actor, dispute.first_judge])
    return dispute


def _proposal(actor: Any, dispute: Dispute) -> tuple[Dispute, Deal, list[tuple[Referral, Fraction]]]:
    """Return the locked dispute with the deal and the shares that await approval."""
    require_person(actor, Can.DECIDE_DISPUTE)
    locked = lock_dispute(dispute)
    if locked.state != DisputeState.PROPOSED or locked.proposed_shares is None:
        raise NotAllowed("no decision awaits approval")
    parts = {UUID(pk): Fraction(part) for pk, part in locked.proposed_shares["shares"]}
    referrals = Referral.objects.select_related("project", "agency").in_bulk(list(parts))
    deal = Deal.objects.select_related("project").get(pk=locked.proposed_shares["deal"])
    return locked, deal, [(referrals[pk], part) for pk, part in parts.items()]


def _settle(
    dispute: Dispute, *, judge: Any, approver: Any, decision: str, deal: Deal | None, shares: Shares | None
) -> None:
    """Give the decision its effect and close the dispute for ever."""
    if shares is not None and deal is not None:
        apply_decision(actor=judge, deal=deal, shares=shares, reason=decision, dispute=dispute)
    now = clock.now()
    _clear_proposal(dispute)
    dispute.state, dispute.decided_by, dispute.decided_at = DisputeState.DECIDED, judge, now
    dispute.decision = decision
    if approver is not None:
        dispute.approved_by, dispute.approved_at = approver, now
    dispute.save()
    record(
        "dispute.decided",
        actor=judge,
        target=dispute,
        project=dispute.project_id,
        agency=dispute.agency_id,
        after={"approved_by": str(approver)} if approver is not None else None,
        reason=decision,
    )
    tell_sides("dispute.decided", dispute)


def _clear_proposal(dispute: Dispute) -> None:
    dispute.proposed_by = dispute.proposed_at = dispute.proposed_shares = None
    dispute.proposed_decision = ""
