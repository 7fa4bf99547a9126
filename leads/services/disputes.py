"""Disputes (判客): an agency contests, a manager decides; the decision is kept for ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from brokers.models import Agency
from channels_platform.accounts.permissions import Can
from channels_platform.audit.models import Event
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.names import clean_text
from leads.attribution.attribute import check_decided_shares
from leads.locks import lock_deal
from leads.models import AttributionDecision, Deal, Dispute, Referral
from leads.services.attribution import replace_shares
from leads.services.deals import tell_commission
from leads.services.filing import next_number
from leads.states import DealState, DisputeState, ReferralState
from projects.selectors import current_policy


@transactional
def raise_dispute(
    *, actor: Any, agency: Agency, claim_text: str, referral: Referral | None = None, deal: Deal | None = None
) -> Dispute:
    """Contest a rejected or lost referral of one's own, or a deal, within the policy's `dispute_days`.

    Raises: Invalid `text_required`, `nothing_to_contest`, `too_late`; NotAllowed when one is open already.
    Writes: Dispute, audit event `dispute.raised`.
    Source: domain 2, 4.1.
    """
    if not claim_text.strip():
        raise Invalid("say what is contested and why", code="text_required", field="claim_text")
    if referral is None and deal is None:
        raise Invalid("a dispute is about a referral or a deal", code="nothing_to_contest", field="referral")
    subject: Any = referral or deal
    now = clock.now()
    if now >= _contest_until(referral, deal):
        raise Invalid("the time to contest is over", code="too_late")
    if Dispute.objects.filter(agency=agency, referral=referral, deal=deal, state=DisputeState.OPEN).exists():
        raise NotAllowed("a dispute about this is open already", code="already_open")
    dispute = Dispute(
        number=f"J-{clock.local_date(now, subject.project.zone):%Y%m%d}-{next_number('dispute_number'):06d}",
        project=subject.project,
        agency=agency,
        referral=referral,
        deal=deal,
        claim_text=clean_text(claim_text),
        raised_by=actor,
        raised_at=now,
    )
    dispute.save(force_insert=True)
    record(
        "dispute.raised",
        actor=actor,
        target=dispute,
        project=subject.project_id,
        agency=agency,
        after={"about": str(subject)},
    )
    return dispute


def _contest_until(referral: Referral | None, deal: Deal | None) -> datetime:
    """The instant from which it is too late to contest: counted from the rejection, or from the deal."""
    if deal is not None:
        return deal.subscribed_at + timedelta(days=current_policy(deal.project).dispute_days)
    if referral is None or referral.state not in (ReferralState.REJECTED, ReferralState.LOST):
        raise Invalid("only a refused or lost filing can be contested", code="nothing_to_contest", field="referral")
    return _refused_at(referral) + timedelta(days=referral.policy.dispute_days)


def _refused_at(referral: Referral) -> datetime:
    """When the outcome that is contested came about: the filing, or the moment the client was lost."""
    if referral.state == ReferralState.REJECTED:
        return referral.filed_at
    lost = Event.objects.filter(
        target_kind=Referral._meta.label_lower, target_id=str(referral.pk), action=f"referral.{ReferralState.LOST}"
    )
    return lost.order_by("-id").values_list("at", flat=True)[0]


@transactional
def decide_deal(
    *,
    actor: Any,
    deal: Deal,
    shares: Sequence[tuple[Referral, Fraction]],
    reason: str,
    dispute: Dispute | None = None,
) -> AttributionDecision:
    """Override who gets a deal: shares above 0 that sum to 1, or none (natural).

    Raises: Forbidden; Invalid `reason_required`, `bad_shares`, `other_project`; NotAllowed on a cancelled
            or handed-over deal.
    Locks:  the deal, the referrals by id.
    Writes: AttributionDecision, DealShare, Referral, Claim, Dispute, DealOutbox, audit events.
    Source: domain 4.4.
    """
    _check_may_decide(actor)
    if not reason.strip():
        raise Invalid("a reason is needed", code="reason_required", field="reason")
    check_decided_shares([(referral.pk, fraction) for referral, fraction in shares])
    if any(referral.project_id != deal.project_id for referral, _ in shares):
        raise Invalid("a referral is of another project", code="other_project", field="shares")
    locked = lock_deal(deal)
    if locked.state in (DealState.CANCELLED, DealState.HANDED_OVER):
        raise NotAllowed("a cancelled or handed-over deal is not decided any more", state=locked.state)
    now = clock.now()
    before = {
        str(s.referral): str(s.fraction) for s in locked.shares.filter(ended_at__isnull=True).select_related("referral")
    }
    after = {str(referral): str(fraction) for referral, fraction in shares}
    decision = AttributionDecision(
        deal=locked,
        dispute=dispute,
        decided_by=actor,
        decided_at=now,
        reason=clean_text(reason),
        before=before,
        after=after,
    )
    decision.save(force_insert=True)
    replace_shares(deal=locked, decided=shares, decision=decision, actor=actor, now=now)
    record(
        "deal.decided",
        actor=actor,
        target=locked,
        project=locked.project_id,
        before={"shares": before},
        after={"shares": after},
        reason=reason,
    )
    tell_commission(locked, "decided")
    if dispute is not None:
        close_dispute(actor=actor, dispute=dispute, decision=reason)
    return decision


@transactional
def close_dispute(*, actor: Any, dispute: Dispute, decision: str) -> Dispute:
    """Decide a dispute in words; shares, where they change, by `decide_deal`.

    Raises: Forbidden; Invalid `reason_required`; NotAllowed when it is decided.
    Locks:  the dispute.
    Writes: Dispute, audit event `dispute.decided`.
    """
    _check_may_decide(actor)
    if not decision.strip():
        raise Invalid("the decision is written down", code="reason_required", field="reason")
    locked = Dispute.objects.select_for_update(of=("self",)).get(pk=dispute.pk)
    if locked.state != DisputeState.OPEN:
        raise NotAllowed("the dispute is decided")
    locked.state, locked.decided_by, locked.decided_at = DisputeState.DECIDED, actor, clock.now()
    locked.decision = clean_text(decision)
    locked.save(update_fields=["state", "decided_by", "decided_at", "decision"])
    record(
        "dispute.decided",
        actor=actor,
        target=locked,
        project=locked.project_id,
        agency=locked.agency_id,
        reason=decision,
    )
    return locked


def _check_may_decide(actor: Any) -> None:
    if actor is None or not actor.can(Can.DECIDE_DISPUTE):
        raise Forbidden("only a marketing manager decides")
