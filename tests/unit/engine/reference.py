"""The rules of domain 6 written the slow, obvious way, to hold the engine against.

Every deal is looked up among all others, everything is a Fraction, nothing is shared with the engine but the facts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from fractions import Fraction
from math import floor

from commissions.engine.types import DealFact, PlanVersion, Series, ShareFact

Figures = tuple[Fraction, Fraction, Fraction]  # earned, released, retained
Key = tuple[object, ...]  # deal, payee, referral, kind

CENT = Fraction(1, 100)


def half_up(value: Fraction) -> Fraction:
    return floor(value / CENT + Fraction(1, 2)) * CENT


def reference(
    plans: Sequence[Series], deals: Sequence[DealFact], *, zone: tzinfo, as_of: datetime
) -> dict[Key, Figures]:
    """Return earned, released and retained of every row that earns something."""
    total: dict[Key, list[Fraction]] = {}
    for series in plans:
        for deal in deals:
            for key, figures in _rows(series, deal, deals, zone, as_of):
                so_far = total.setdefault(key, [Fraction(0)] * 3)
                total[key] = [a + b for a, b in zip(so_far, figures, strict=True)]
    return {key: tuple(figures) for key, figures in total.items() if figures[0]}


def _rows(
    series: Series, deal: DealFact, deals: Sequence[DealFact], zone: tzinfo, as_of: datetime
) -> Iterable[tuple[Key, Figures]]:
    version = _version(series, deal, zone, as_of)
    if version is None:
        return
    reached = _reached(deal, as_of)
    shares = _in_order(deal.shares)
    if _live(deal, as_of):
        for share in [None] if series.onsite else [s for s in shares if s.agency_id == series.agency_id]:
            earned = _paid_in_order(series, deals, zone, as_of)[deal.id, share and share.referral_id]
            weight = sum((step.fraction for step in version.release[deal.method] if step.when in reached), Fraction(0))
            released = half_up(earned * weight)
            kept = half_up(released * (version.retention_fraction or 0)) if "handover" not in reached else Fraction(0)
            to_broker = share is not None and series.payee == "broker"
            payee = ("broker", share.broker_id) if to_broker else ("agency", series.agency_id)
            yield (deal.id, payee, share and share.referral_id, "commission"), (earned, released, kept)
    if deal.cancelled_at is not None and deal.cancelled_at <= as_of:
        return
    for bonus in version.bonuses:
        if series.onsite:
            parts = [(None, Fraction(bonus.amount))]
        else:
            parts = [p for p in _laid_over(bonus.amount, shares) if p[0].agency_id == series.agency_id]
        for share, part in parts:
            to_broker = share is not None and bonus.to == "broker"
            payee = ("broker", share.broker_id) if to_broker else ("agency", series.agency_id)
            released = part if bonus.release in reached else Fraction(0)
            yield (deal.id, payee, share and share.referral_id, f"bonus:{bonus.name}"), (part, released, Fraction(0))


def _version(series: Series, deal: DealFact, zone: tzinfo, as_of: datetime) -> PlanVersion | None:
    if deal.subscribed_at > as_of:
        return None
    if series.applies_to != "all" and (series.applies_to == "referred") != bool(deal.shares):
        return None
    day = deal.subscribed_at.astimezone(zone).date()
    for version in series.versions:
        if (version.from_on or date.min) <= day <= (version.to_on or date.max):
            return version if _asked(version, deal) else None
    return None


def _asked(version: PlanVersion, deal: DealFact) -> bool:
    asks, unit = version.conditions, deal.unit
    if asks.price and not _within(asks.price, deal.price):
        return False
    if not (asks.unit_type or asks.building or asks.area):
        return True
    return (
        unit is not None
        and (not asks.unit_type or unit.unit_type in asks.unit_type)
        and (not asks.building or unit.building in asks.building)
        and (not asks.area or _within(asks.area, unit.area))
    )


def _within(band, value) -> bool:
    return (band.low is None or value >= band.low) and (band.below is None or value < band.below)


def _live(deal: DealFact, as_of: datetime) -> bool:
    contracted = deal.contracted_at is not None and deal.contracted_at <= as_of
    return contracted and not (deal.cancelled_at is not None and deal.cancelled_at <= as_of)


def _in_order(shares: Sequence[ShareFact]) -> list[ShareFact]:
    return sorted(shares, key=lambda share: (share.filed_at, share.referral_number))


def _paid_in_order(series: Series, deals: Sequence[DealFact], zone: tzinfo, as_of: datetime) -> dict[Key, Fraction]:
    """What each share (or on-site: deal) earns, one after the other, as caps let it."""
    paid: list[tuple[DealFact, ShareFact | None, Fraction]] = []
    for deal in sorted((d for d in deals if _live(d, as_of)), key=lambda d: (d.contracted_at, d.number)):
        version = _version(series, deal, zone, as_of)
        if version is None:
            continue
        shares = _in_order(deal.shares)
        for share in [None] if series.onsite else [s for s in shares if s.agency_id == series.agency_id]:
            earned = half_up(_earned(series, version, deal, share, deals, zone, as_of))
            if version.caps.deal is not None:
                parts = [(None, Fraction(version.caps.deal))]
                if share is not None:
                    parts = _laid_over(version.caps.deal, shares)
                earned = min(earned, next(part for one, part in parts if one is share))
            if version.caps.period is not None:
                by_broker = version.scope == "broker" and not series.onsite
                before = sum(
                    amount
                    for other, its, amount in paid
                    if _period(version, other, zone) == _period(version, deal, zone)
                    and (not by_broker or its.broker_id == share.broker_id)
                )
                earned = min(earned, max(Fraction(version.caps.period) - before, Fraction(0)))
            paid.append((deal, share, earned))
    return {(deal.id, share and share.referral_id): amount for deal, share, amount in paid}


def _earned(
    series: Series,
    version: PlanVersion,
    deal: DealFact,
    share: ShareFact | None,
    deals: Sequence[DealFact],
    zone: tzinfo,
    as_of: datetime,
) -> Fraction:
    """Σ over the span's slices; a slice of a span [c, c + q) is worth its part of price x share (or of the share)."""
    whole_deals = series.onsite or version.scope == "project"
    period = _period(version, deal, zone)
    before = total = Fraction(0)
    found = False
    for other in sorted((d for d in deals if _live(d, as_of)), key=lambda d: (d.contracted_at, d.number)):
        if _version(series, other, zone, as_of) is None or _period(version, other, zone) != period:
            continue
        for item in [None] if whole_deals else [s for s in _in_order(other.shares) if s.agency_id == series.agency_id]:
            if not whole_deals and version.scope == "broker" and item.broker_id != share.broker_id:
                continue
            if other is deal and (whole_deals or item is share):
                found = True
            part = Fraction(1) if item is None else item.fraction
            length = part * (Fraction(other.price) if version.measure == "amount" else 1)
            total += length
            if not found:
                before += length
    fraction = Fraction(1) if share is None else share.fraction
    length = (Fraction(1) if whole_deals else fraction) * (Fraction(deal.price) if version.measure == "amount" else 1)
    starts = [tier.start for tier in version.tiers]
    ends = [*starts[1:], None]
    worth = fraction * (1 if version.basis == "fixed" else Fraction(deal.price))
    result = Fraction(0)
    for tier, start, end in zip(version.tiers, starts, ends, strict=True):
        pay = Fraction(tier.amount) if version.basis == "fixed" else tier.rate
        if version.mode == "retroactive":
            if start <= total and (end is None or total < end):
                result += worth * pay
        else:
            upper = before + length if end is None else min(before + length, end)
            inside = max(upper - max(before, start), Fraction(0))
            result += worth * inside / length * pay
    return result


def _period(version: PlanVersion, deal: DealFact, zone: tzinfo) -> object:
    day = deal.contracted_at.astimezone(zone).date()
    return {
        "month": (day.year, day.month),
        "quarter": (day.year, (day.month - 1) // 3),
        "year": day.year,
        "plan": None,
    }[version.period]


def _reached(deal: DealFact, as_of: datetime) -> set[str]:
    if deal.contracted_at is None or deal.contracted_at > as_of:
        return {"subscribed"}
    paid = [p for p in deal.payments if p.received_at <= as_of]
    handed_over = deal.handed_over_at is not None and deal.handed_over_at <= as_of
    reached = {"subscribed", "contracted"} | _by_money(deal, paid)
    if handed_over:
        handover = (deal.handed_over_at, deal.handover_sequence)
        reached |= {"handover"} | _by_money(deal, [p for p in paid if (p.received_at, p.sequence) < handover])
    return reached


def _by_money(deal: DealFact, paid: Sequence) -> set[str]:
    money: Counter[str] = Counter()
    for payment in paid:
        money[payment.source] += payment.amount
    collected = {source: Decimal(money[source]) for source in ("own", "loan", "provident_fund")}
    reached = set()
    if collected["own"] >= deal.first_payment_amount:
        reached.add("first_payment")
    if deal.loan_amount is not None and collected["loan"] + collected["provident_fund"] >= deal.loan_amount:
        reached.add("loan_released")
    if sum(collected.values()) >= deal.price:
        reached.add("fully_collected")
    return reached


def _laid_over(amount: Decimal, shares: Sequence[ShareFact]) -> list[tuple[ShareFact, Fraction]]:
    cents = Fraction(amount) / CENT
    parts = [[share, floor(cents * share.fraction)] for share in shares]
    left = cents - sum(part for _, part in parts)
    for place in sorted(range(len(parts)), key=lambda n: (parts[n][1] - cents * parts[n][0].fraction, n))[: int(left)]:
        parts[place][1] += 1
    return [(share, part * CENT) for share, part in parts]
