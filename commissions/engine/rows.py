"""From a deal placed on a plan to rows: figures and the facts that explain them.

Explanations hold what JSON holds, so that a stored one compares equal to a fresh one. Their keys:

    version basis measure mode scope     the plan version and how it counts
    period                               label of period_label, "" for the whole plan
    price share                          what the rate is of; share as 1, 1/2, ...
    slices                               [{from, to, rate or amount, base}], base only where the span is cut
    total                                retroactive: what the period reaches; its slice names the tier's start
    method reached awaited               release steps on either side, as [milestone, fraction]
    retention                            fraction kept until handover, while it is kept
    cuts                                 [{of, most, from, to}] where a cap of the `deal` or `period` took something
    bonus amount to release released     for a bonus instead of the above
    zero on                              why nothing is earned, and since (or as of) which local date
    grade grades                         with zero `other_grade`: which one was held, '' for none, and which are paid
    of has paid band                     with zero `other_unit`: what of the deal is another, what it has, what is paid
    parts                                explanations of rows added into one (`merged`)
"""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from channels_platform.lib.money import exact_text, from_minor, minor_digits, to_minor
from commissions.engine.bonuses import bonus_parts
from commissions.engine.layout import Case, Placement, Rule, Span, Track
from commissions.engine.release import retained
from commissions.engine.tiers import Number, Slice
from commissions.engine.types import (
    BONUS_PREFIX,
    COMMISSION,
    Bonus,
    Entitlement,
    Id,
    Milestone,
    Payee,
    PayeeKey,
    ShareFact,
    ZeroReason,
)

_WHOLE = Fraction(1)


def rows(case: Case, track: Track, placed: Placement, shares: list[ShareFact], spans: list[Span]) -> list[Entitlement]:
    """Return the deal's rows under one rule: commission per share, then bonuses per share.

    Shape:  an on-site agency has one row per component; `spans` is empty for a deal that is not live, or that a
            condition keeps out: its rows earn nothing.
    """
    agency_id, rule = track.series.agency_id, placed.rule
    found = []
    for place, share in enumerate([None] if track.series.onsite else shares):
        # a deal laid whole has one span for all its shares
        span = spans[0 if rule.layout.whole_deals else place] if spans else None
        payee = _payee_key(agency_id, share, track.series.payee)
        found.append(_commission(case, track, placed, share, payee, span))
    for bonus in rule.version.bonuses:
        if track.series.onsite:
            whole_amount = to_minor(bonus.amount, case.currency)
            found.append(_bonus(case, track, placed, bonus, None, _payee_key(agency_id, None, bonus.to), whole_amount))
            continue
        for share, part in zip(case.shares, bonus_parts(bonus.amount, case.shares, case.currency), strict=True):
            if share.agency_id == agency_id:
                found.append(_bonus(case, track, placed, bonus, share, _payee_key(agency_id, share, bonus.to), part))
    return found


def merged(found: list[Entitlement]) -> list[Entitlement]:
    """Add up rows of one payee, referral and kind: an agency's and its brokers' plan may name a bonus alike.

    The first row's plan version stands for the sum.
    """
    by_key: dict[tuple[PayeeKey, Id, str], Entitlement] = {}
    for row in found:
        key = (row.payee, row.referral_id, row.kind)
        first = by_key.get(key)
        by_key[key] = row if first is None else _sum(first, row)
    return found if len(by_key) == len(found) else list(by_key.values())


def _sum(one: Entitlement, other: Entitlement) -> Entitlement:
    return replace(
        one,
        earned=one.earned + other.earned,
        released=one.released + other.released,
        retained=one.retained + other.retained,
        pending=one.pending + other.pending,
        payable=one.payable + other.payable,
        explanation={"parts": [*one.explanation.get("parts", [one.explanation]), other.explanation]},
    )


def _payee_key(agency_id: Id, share: ShareFact | None, payee: Payee) -> PayeeKey:
    """An on-site agency has no broker to pay: what it earns is its own, whole."""
    if share is not None and payee == Payee.BROKER:
        return (Payee.BROKER.value, share.broker_id)
    return (Payee.AGENCY.value, agency_id)


def _commission(
    case: Case, track: Track, placed: Placement, share: ShareFact | None, payee: PayeeKey, span: Span | None
) -> Entitlement:
    rule = placed.rule
    fraction = share.fraction if share is not None else _WHOLE
    explanation = {**rule.head, "price": _money(case, case.price), "share": str(fraction)}
    if span is None:
        explanation.update(_why_zero(case, placed))
        return _row(case, track, rule, share, payee, COMMISSION, (0, 0, 0), explanation)
    base = rule.base(case.price, fraction)
    if span.total is None:
        slices = rule.ladder.slices(span.begin, span.length)
    else:
        slices = [Slice(0, span.length, rule.ladder.tier_at(span.total))]
    earned = rule.ladder.earned(slices, base)
    cuts: list[dict[str, str]] = []
    if rule.capped or track.spent:
        earned, cuts = track.cut(case, rule, share, earned)
    schedule = rule.schedules[case.deal.method]
    progress = schedule.progress(case.reached)
    released = schedule.released(earned, progress)
    kept = retained(released, rule.version.retention_fraction, case.reached)
    explanation["period"] = rule.layout.label(case)
    explanation.update(_placement(case, rule, span, slices, base))
    explanation["method"] = str(case.deal.method)
    explanation["reached"], explanation["awaited"] = progress.reached, progress.awaited
    if rule.retention is not None and Milestone.HANDOVER not in case.reached:
        explanation["retention"] = rule.retention
    if cuts:
        explanation["cuts"] = cuts
    return _row(case, track, rule, share, payee, COMMISSION, (earned, released, kept), explanation)


def _placement(case: Case, rule: Rule, span: Span, slices: list[Slice], base: Number) -> dict[str, Any]:
    pay = "amount" if rule.fixed else "rate"
    labels = rule.ladder.labels
    if span.total is not None:
        tier = slices[0].tier
        start = _position(case, rule, rule.ladder.starts[tier])
        return {"slices": [{"from": start, pay: labels[tier]}], "total": _position(case, rule, span.total)}
    found = []
    for piece in slices:
        facts = {
            "from": _position(case, rule, piece.begin),
            "to": _position(case, rule, piece.end),
            pay: labels[piece.tier],
        }
        if len(slices) > 1:
            worth = (piece.end - piece.begin) * base
            facts["base"] = exact_text(worth) if rule.fixed else _money(case, worth)
        found.append(facts)
    return {"slices": found}


def _position(case: Case, rule: Rule, position: Number) -> str:
    return _money(case, position) if rule.layout.amounts else exact_text(position)


def _money(case: Case, minor: Number) -> str:
    if isinstance(minor, int):
        return str(from_minor(minor, case.currency))
    return exact_text(minor / 10 ** minor_digits(case.currency))


def _bonus(
    case: Case, track: Track, placed: Placement, bonus: Bonus, share: ShareFact | None, payee: PayeeKey, part: int
) -> Entitlement:
    explanation = {
        "version": placed.rule.head["version"],
        "bonus": bonus.name,
        "amount": _money(case, to_minor(bonus.amount, case.currency)),
        "share": str(share.fraction if share is not None else _WHOLE),
        "to": payee[0],
        "release": str(bonus.release),
        "released": bonus.release in case.reached,
    }
    if case.cancelled_on is not None or placed.unmet is not None:
        part = 0
        explanation.update(_why_zero(case, placed))
    released = part if bonus.release in case.reached else 0
    return _row(case, track, placed.rule, share, payee, BONUS_PREFIX + bonus.name, (part, released, 0), explanation)


def _why_zero(case: Case, placed: Placement) -> dict[str, Any]:
    if placed.unmet is not None:
        return placed.unmet
    if case.cancelled_on is None:
        return {"zero": ZeroReason.NOT_CONTRACTED.value}
    return {"zero": ZeroReason.CANCELLED.value, "on": case.cancelled_on.isoformat()}


def _row(
    case: Case,
    track: Track,
    rule: Rule,
    share: ShareFact | None,
    payee: PayeeKey,
    kind: str,
    figures: tuple[int, int, int],
    explanation: dict[str, Any],
) -> Entitlement:
    earned, released, kept = figures
    currency = case.currency
    return Entitlement(
        deal_id=case.deal.id,
        payee=payee,
        referral_id=share.referral_id if share is not None else None,
        kind=kind,
        series_id=track.series.id,
        version_id=rule.version.id,
        earned=from_minor(earned, currency),
        released=from_minor(released, currency),
        retained=from_minor(kept, currency),
        pending=from_minor(earned - released, currency),
        payable=from_minor(released - kept, currency),
        explanation=explanation,
    )
