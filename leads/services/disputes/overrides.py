"""Overriding who gets a deal: by a decision in a dispute, or without one where nobody contests."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.conf import settings

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from leads.attribution.attribute import check_decided_shares
from leads.attribution.stakes import moved_part
from leads.locks import lock_deal
from leads.models import AttributionDecision, Deal, Dispute, Referral
from leads.selectors import is_contested
from leads.services.attribution import replace_shares
from leads.services.deals import tell_commission
from leads.services.disputes.people import require_impartial
from leads.states import DealState

Shares = Sequence[tuple[Referral, Fraction]]


@transactional
def override_deal(*, actor: Any, deal: Deal, shares: Shares, reason: str) -> AttributionDecision:
    """Override who gets a deal that nobody contests, by one manager who had no part in it.

    Raises: Forbidden, also `belongs_to_case`; NotAllowed `contested`, `needs_two`; as `decide_deal`.
    Locks:  the deal, the referrals by id.
    Writes: as `decide_deal`.
    """
    held = [share.referral for share in deal.shares.filter(ended_at__isnull=True).select_related("referral")]
    require_impartial(actor, referrals=[*held, *(referral for referral, _ in shares)], deal=deal)
    lock_deal(deal)
    if is_contested(deal):
        raise NotAllowed("the deal is contested: decide the dispute", code="contested")
    if needs_second_manager(deal, shares):
        raise NotAllowed("so much is moved by two managers, in a dispute", code="needs_two")
    return decide_deal(actor=actor, deal=deal, shares=shares, reason=reason)


@transactional
def decide_deal(*, actor: Any, deal: Deal, shares: Shares, reason: str) -> AttributionDecision:
    """Put decided shares in place of a deal's: above 0 that sum to 1, or none (natural).

    Raises: Forbidden; Invalid `reason_required`, `bad_shares`, `other_project`; NotAllowed on a cancelled or
            handed-over deal.
    Locks:  the deal, the referrals by id.
    Writes: AttributionDecision, DealShare, Referral, Claim, DealOutbox, audit events.
    Source: domain 4.4.
    """
    require_person(actor, Can.DECIDE_DISPUTE)
    return apply_decision(actor=actor, deal=deal, shares=shares, reason=reason, dispute=None)


def needs_second_manager(deal: Deal, shares: Shares) -> bool:
    """Whether a decision moves so much (price x what changes hands) that a second manager is to approve it."""
    before = {share.referral_id: share.fraction for share in deal.shares.filter(ended_at__isnull=True)}
    moved = moved_part(before, {referral.pk: fraction for referral, fraction in shares})
    return moved > 0 and Fraction(deal.price) * moved > Decimal(settings.DISPUTE_APPROVAL_ABOVE)


def check_shares(deal: Deal, shares: Shares) -> None:
    """Refuse shares that cannot be decided for the deal as it stands.

    Raises: Invalid `bad_shares`, `other_project`; NotAllowed on a cancelled or handed-over deal.
    """
    check_decided_shares([(referral.pk, fraction) for referral, fraction in shares])
    if any(referral.project_id != deal.project_id for referral, _ in shares):
        raise Invalid("a referral is of another project", code="other_project", field="shares")
    if deal.state in (DealState.CANCELLED, DealState.HANDED_OVER):
        raise NotAllowed("a cancelled or handed-over deal is not decided any more", state=deal.state)


def apply_decision(
    *, actor: Any, deal: Deal, shares: Shares, reason: str, dispute: Dispute | None
) -> AttributionDecision:
    """Write a decision and its shares.

    Raises: as `decide_deal`.
    Locks:  the deal, the referrals by id; the caller holds the dispute.
    Writes: as `decide_deal`.
    """
    reason = needed_reason(reason)
    check_decided_shares([(referral.pk, fraction) for referral, fraction in shares])
    locked = lock_deal(deal)
    check_shares(locked, shares)
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
    return decision
