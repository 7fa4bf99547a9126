"""Writing down who gets a deal: at subscription, at its cancellation, by a decision."""

from collections.abc import Collection, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db.models import Max, Q

from leads.attribution.attribute import attribute
from leads.attribution.kept_facts import keep_deal
from leads.attribution.types import BuyerPhone, Candidate, Share, Visitor
from leads.locks import lock_referrals
from leads.models import AttributionDecision, Claim, ClientCare, Deal, DealShare, NaturalVisit, Referral, ReferralPhone
from leads.services.claims import end_claims_by_lapse, keep_from_lapsing, release_claims
from leads.services.moves import move_referral, settle_by_clock
from leads.states import LIVE, DealState, ReferralState, state_by_clock
from projects.states import ExclusiveFrom


def attribute_deal(
    *, deal: Deal, phone_ids: Collection[int], visitor: Referral | None, at: datetime, now: datetime
) -> list[DealShare]:
    """Decide the shares of a deal subscribed at `at`; winners are `won`, live others of the phones `lost`.

    Locks:  the caller holds the phones; the referrals by id.
    Writes: Deal, DealShare, Referral, Claim, audit events.
    Source: domain 4.4.
    """
    concerned = set(
        ReferralPhone.objects.filter(
            phone_id__in=phone_ids, referral__project_id=deal.project_id, referral__filed_at__lte=at
        )
        .exclude(referral__state=ReferralState.REJECTED)
        .values_list("referral_id", flat=True)
    )
    locked = lock_referrals(concerned | ({visitor.pk} if visitor else set()))
    phones = _buyer_phones(deal, phone_ids, locked, at)
    came_under = _visitor(locked[visitor.pk], at) if visitor else None
    shares = attribute(phones=phones, visitor=came_under, at=at)
    deal.attributed_by = keep_deal(phones, came_under, at)
    deal.save(update_fields=["attributed_by"])
    rows = keep_shares(deal, shares, locked, now)
    winners = {share.referral for share in shares}
    for referral_id in sorted(winners):
        win_referral(referral=locked[referral_id], deal=deal, actor=None, now=now)
    for referral_id in sorted(concerned - winners):
        if settle_by_clock(referral=locked[referral_id], now=now) in LIVE:
            move_referral(
                referral=locked[referral_id], to=ReferralState.LOST, actor=None, now=now, because="deal_went_elsewhere"
            )
    return rows


def _buyer_phones(
    deal: Deal, phone_ids: Collection[int], locked: dict[UUID, Referral], at: datetime
) -> list[BuyerPhone]:
    claims = Claim.objects.filter(project_id=deal.project_id, phone_id__in=phone_ids, starts_at__lte=at, ends_at__gt=at)
    holders = {claim.phone_id: claim.referral_id for claim in claims if claim.holds_at(at)}
    naturals = dict(
        NaturalVisit.objects.filter(project_id=deal.project_id, phone_id__in=phone_ids, visited_at__lte=at)
        .values_list("phone_id")
        .annotate(last=Max("visited_at"))
    )
    candidates = _never_candidates(deal, phone_ids, locked, at)
    return [
        BuyerPhone(phone_id, holders.get(phone_id), tuple(candidates.get(phone_id, ())), naturals.get(phone_id))
        for phone_id in phone_ids
    ]


def _never_candidates(
    deal: Deal, phone_ids: Collection[int], locked: dict[UUID, Referral], at: datetime
) -> dict[int, list[Candidate]]:
    """Referrals filed under `never`, not withdrawn, with their latest confirmed visit at or before `at`."""
    rows = (
        ReferralPhone.objects.filter(
            phone_id__in=phone_ids,
            referral__project_id=deal.project_id,
            referral__policy__exclusive_from=ExclusiveFrom.NEVER,
        )
        .exclude(referral__state=ReferralState.WITHDRAWN)
        .annotate(
            last=Max(
                "referral__visits__arrived_at",
                filter=Q(referral__visits__confirmed=True, referral__visits__arrived_at__lte=at),
            )
        )
        .filter(last__isnull=False)
        .order_by("referral__filed_at", "referral_id")
    )
    found: dict[int, list[Candidate]] = {}
    for row in rows:
        credit_days = locked[row.referral_id].policy.credit_days
        found.setdefault(row.phone_id or 0, []).append(Candidate(row.referral_id, row.last, credit_days))
    return found


def _visitor(referral: Referral, at: datetime) -> Visitor:
    last = referral.visits.filter(confirmed=True, arrived_at__lte=at).aggregate(last=Max("arrived_at"))["last"]
    return Visitor(
        referral=referral.pk,
        visited=referral.state_at(at) is ReferralState.VISITED and last is not None,
        proxy_purchase=referral.policy.proxy_purchase,
        never=referral.policy.exclusive_from == ExclusiveFrom.NEVER,
        last_visited_at=last,
        credit_days=referral.policy.credit_days,
    )


def keep_shares(
    deal: Deal,
    shares: Sequence[Share],
    referrals: dict[UUID, Referral],
    since: datetime,
    decision: AttributionDecision | None = None,
) -> list[DealShare]:
    """Write the shares of a deal.

    Writes: DealShare.
    """
    rows = [
        DealShare(
            deal=deal,
            referral=referrals[share.referral],
            numerator=share.fraction.numerator,
            denominator=share.fraction.denominator,
            decision=decision,
            since=since,
        )
        for share in shares
    ]
    return DealShare.objects.bulk_create(rows)


def win_referral(*, referral: Referral, deal: Deal, actor: Any, now: datetime) -> None:
    """Make the referral `won`, whatever it was; while it is, nothing lapses.

    Locks:  the caller holds the referral's row.
    Writes: Referral, Claim, audit event.
    """
    settle_by_clock(referral=referral, now=now)
    if referral.state == ReferralState.WON:
        return
    move_referral(referral=referral, to=ReferralState.WON, actor=actor, now=now, deal=deal.number)
    keep_from_lapsing(referral=referral)


def give_back_referrals(*, deal: Deal, actor: Any, now: datetime) -> None:
    """A cancelled deal gives each of its referrals the state it had before, judged by the clock of now.

    One with another live deal stays `won`. One that comes back lapsed holds no longer than now.
    Locks:  the caller holds the deal; the referrals by id.
    Writes: Referral, Claim, audit events.
    Source: domain 4.2.
    """
    ids = DealShare.objects.filter(deal=deal, ended_at__isnull=True).values_list("referral_id", flat=True)
    for referral in lock_referrals(list(ids)).values():
        if referral.state != ReferralState.WON or has_other_live_deal(referral, deal):
            continue
        back_to = state_by_clock(
            state=referral.state_before_won, lapse_at=referral.lapse_at, window_ends_at=referral.window_ends_at, now=now
        )
        move_referral(referral=referral, to=back_to, actor=actor, now=now, deal=deal.number)
        if back_to is ReferralState.VISITED:
            ClientCare.objects.filter(referral=referral).update(attended_at=now, escalated_at=None)
        if back_to is ReferralState.LAPSED:
            end_claims_by_lapse(referral=referral, now=now)
        elif back_to is ReferralState.FILED:
            referral.claims.filter(live=True).update(lapses_at=referral.lapse_at)


def has_other_live_deal(referral: Referral, besides: Deal) -> bool:
    """Whether another deal that is not cancelled is attributed to the referral."""
    return (
        DealShare.objects.filter(referral=referral, ended_at__isnull=True)
        .exclude(deal=besides)
        .exclude(deal__state=DealState.CANCELLED)
        .exists()
    )


def replace_shares(
    *,
    deal: Deal,
    decided: Sequence[tuple[Referral, Fraction]],
    decision: AttributionDecision,
    actor: Any,
    now: datetime,
) -> None:
    """Put a decision's shares in place of the deal's.

    Put in: `won`, whatever it was, claiming nothing. Taken out: `lost` (a rejected one `rejected` again;
    one with another live deal stays `won` until that ends), its claims on the buyers' phones released now.
    Locks:  the caller holds the deal; all referrals concerned by id.
    Writes: DealShare, Referral, Claim, audit events.
    Source: domain 4.4.
    """
    current = {share.referral_id: share for share in deal.shares.filter(ended_at__isnull=True)}
    wanted = {referral.pk: fraction for referral, fraction in decided}
    locked = lock_referrals({*current, *wanted})
    DealShare.objects.filter(pk__in=[share.pk for share in current.values()]).update(ended_at=now)
    shares = [Share(referral_id, fraction, "decision") for referral_id, fraction in wanted.items()]
    keep_shares(deal, shares, locked, now, decision)
    for referral_id in sorted(set(wanted) - set(current)):
        win_referral(referral=locked[referral_id], deal=deal, actor=actor, now=now)
    buyers = list(deal.buyers.values_list("phone_id", flat=True))
    for referral_id in sorted(set(current) - set(wanted)):
        _take_out(locked[referral_id], deal, buyers, actor, now)


def _take_out(referral: Referral, deal: Deal, buyer_phone_ids: list[int], actor: Any, now: datetime) -> None:
    release_claims(referral=referral, now=now, phone_ids=buyer_phone_ids)
    was_rejected = bool(referral.reason)
    after = ReferralState.REJECTED if was_rejected else ReferralState.LOST
    if has_other_live_deal(referral, deal):
        referral.state_before_won = after
        referral.save(update_fields=["state_before_won"])
    elif referral.state == ReferralState.WON:
        move_referral(referral=referral, to=after, actor=actor, now=now, deal=deal.number)
