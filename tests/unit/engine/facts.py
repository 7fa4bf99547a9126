"""A small cast for engine tests: on-site agency S1, agencies A1 (brokers B1, B2) and A2 (broker C1)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from commissions.engine.calculate import entitlements
from commissions.engine.types import (
    AppliesTo,
    Basis,
    Bonus,
    DealFact,
    Entitlement,
    Measure,
    Method,
    Milestone,
    Mode,
    Payee,
    PaymentFact,
    Period,
    PlanVersion,
    ReleaseStep,
    Scope,
    Series,
    ShareFact,
    Source,
    Tier,
)

ZONE = ZoneInfo("Asia/Shanghai")
AGENCY_OF = {"B1": "A1", "B2": "A1", "C1": "A2"}
USUAL_RELEASE = {
    Method.LUMP_SUM: (ReleaseStep(Milestone.FULLY_COLLECTED, Fraction(1)),),
    Method.INSTALMENT: (
        ReleaseStep(Milestone.FIRST_PAYMENT, Fraction(1, 2)),
        ReleaseStep(Milestone.FULLY_COLLECTED, Fraction(1, 2)),
    ),
    Method.MORTGAGE: (
        ReleaseStep(Milestone.FIRST_PAYMENT, Fraction(1, 2)),
        ReleaseStep(Milestone.LOAN_RELEASED, Fraction(1, 2)),
    ),
}


def at(text: str) -> datetime:
    """Read local time: `03-05 10:00`, of 2026 unless a year stands before it; given in UTC, as databases do."""
    return datetime.fromisoformat(text if text[4:5] == "-" else f"2026-{text}").replace(tzinfo=ZONE).astimezone(UTC)


AS_OF = at("2027-01-01 00:00")


def tiers(*pairs: tuple[str, str]) -> tuple[Tier, ...]:
    return tuple(Tier(Fraction(start), rate=Fraction(rate)) for start, rate in pairs)


def fixed_tiers(*pairs: tuple[str, str]) -> tuple[Tier, ...]:
    return tuple(Tier(Fraction(start), amount=Decimal(amount)) for start, amount in pairs)


def version(**changed: Any) -> PlanVersion:
    """A plan version that pays the agency 1 % of every referred deal, unless changed."""
    fields: dict[str, Any] = {
        "id": "v1",
        "series_id": "s1",
        "from_on": date(2026, 1, 1),
        "to_on": None,
        "payee": Payee.AGENCY,
        "applies_to": AppliesTo.REFERRED,
        "basis": Basis.PRICE,
        "measure": Measure.UNITS,
        "period": Period.PLAN,
        "scope": Scope.AGENCY,
        "mode": Mode.MARGINAL,
        "tiers": tiers(("0", "0.01")),
        "release": USUAL_RELEASE,
    }
    return PlanVersion(**{**fields, **changed})


def series(*versions: PlanVersion, agency: str = "A1", **changed: Any) -> Series:
    """The series of the versions; on-site for S1."""
    first = versions[0]
    fields: dict[str, Any] = {
        "id": first.series_id,
        "agency_id": agency,
        "onsite": agency == "S1",
        "payee": first.payee,
        "applies_to": first.applies_to,
        "versions": versions,
    }
    return Series(**{**fields, **changed})


def plan(*, agency: str = "A1", **changed: Any) -> Series:
    """A series of one version."""
    return series(version(**changed), agency=agency)


def share(broker: str = "B1", fraction: str = "1", *, referral: str = "R1", filed: str = "03-01 08:00") -> ShareFact:
    return ShareFact(referral, at(filed), referral, AGENCY_OF[broker], broker, Fraction(fraction))


def deal(number: str = "D1", *shares: ShareFact, **changed: Any) -> DealFact:
    """A lump-sum deal of 1,000,000.00, subscribed and contracted on 5 March, nothing paid."""
    fields: dict[str, Any] = {
        "id": number,
        "number": number,
        "price": Decimal("1000000.00"),
        "method": Method.LUMP_SUM,
        "first_payment_amount": Decimal("300000.00"),
        "loan_amount": None,
        "subscribed_at": at("03-05 10:00"),
        "contracted_at": at("03-05 11:00"),
        "shares": shares,
    }
    return DealFact(**{**fields, **changed})


def deals(count: int, **changed: Any) -> list[DealFact]:
    """D01, D02, ... contracted a minute apart, each brought whole by B1."""
    return [
        deal(f"D{n:02d}", share(referral=f"R{n:02d}"), contracted_at=at(f"03-05 11:{n:02d}"), **changed)
        for n in range(1, count + 1)
    ]


def payment(amount: str, when: str, source: Source = Source.OWN, sequence: int = 0) -> PaymentFact:
    return PaymentFact(Decimal(amount), source, at(when), sequence)


def cash(
    amount: str, *, to: Payee = Payee.BROKER, release: Milestone = Milestone.CONTRACTED, name: str = "cash"
) -> Bonus:
    return Bonus(name, Decimal(amount), to, release)


def run(
    plans: Iterable[Series], facts: Iterable[DealFact], *, as_of: datetime = AS_OF, currency: str = "CNY"
) -> list[Entitlement]:
    return entitlements(plans, facts, zone=ZONE, currency=currency, as_of=as_of)


def earned(rows: Iterable[Entitlement]) -> dict[str, str]:
    """What each row earns, by deal, referral and kind as far as they tell rows apart; zeros left out."""
    return {
        "/".join(str(part) for part in (row.deal_id, row.payee[1], row.referral_id, row.kind) if part is not None): str(
            row.earned
        )
        for row in rows
        if row.earned
    }


def figures(row: Entitlement) -> dict[str, str]:
    return {name: str(getattr(row, name)) for name in ("earned", "released", "retained", "payable", "pending")}
