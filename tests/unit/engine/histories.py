"""Random projects for property tests: plans of every shape, deals in every stage, instants that coincide."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from commissions.engine.types import (
    AppliesTo,
    Band,
    Basis,
    Bonus,
    Caps,
    Conditions,
    DealFact,
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
    UnitFact,
)

from .facts import AGENCY_OF, at

START = at("2025-12-30 00:00")
# coarse steps, so that instants coincide and both sides of a month's and a year's end occur
INSTANTS = st.integers(0, 300).map(lambda n: START + timedelta(hours=8 * n))
CENTS = st.integers(1, 300_000_00).map(lambda n: Decimal(n) / 100)
PARTITIONS = st.sampled_from(
    [["1"], ["1/2", "1/2"], ["1/3", "1/3", "1/3"], ["2/3", "1/3"], ["1/7", "2/7", "4/7"], ["0.15", "0.85"]]
)

UNITS = st.one_of(
    st.none(),
    st.builds(
        UnitFact,
        st.sampled_from(["2-bed", "3-bed"]),
        st.sampled_from(["1", "2"]),
        st.sampled_from([Decimal(89), Decimal("90.00")]),
    ),
)
AREAS = st.sampled_from([None, Band(Decimal(90)), Band(below=Decimal(90)), Band(Decimal(80), Decimal(100))])
PRICES = st.sampled_from([None, Band(Decimal(100_000)), Band(Decimal(1), Decimal(200_000))])
CONDITIONS = st.one_of(
    st.just(Conditions()),
    st.builds(
        Conditions,
        unit_type=st.sampled_from([(), ("2-bed",), ("2-bed", "3-bed")]),
        building=st.sampled_from([(), ("1",)]),
        area=AREAS,
        price=PRICES,
    ),
)
CAPS = st.one_of(
    st.just(Caps()),
    st.builds(
        Caps,
        deal=st.sampled_from([None, Decimal("0.01"), Decimal("999.99"), Decimal(5000)]),
        period=st.sampled_from([None, Decimal(1), Decimal("7000.01"), Decimal(20_000)]),
    ),
)


def fractions_summing_to_one(items: int) -> st.SearchStrategy[list[Fraction]]:
    weights = st.lists(st.integers(1, 20), min_size=items, max_size=items)
    return weights.map(lambda given: [Fraction(one, sum(given)) for one in given])


@st.composite
def shares(draw: st.DrawFn, number: str) -> tuple[ShareFact, ...]:
    parts = draw(st.one_of(st.just([]), PARTITIONS))
    found = []
    for place, part in enumerate(parts):
        broker = draw(st.sampled_from(sorted(AGENCY_OF)))
        referral = f"R-{number}-{place}"
        filed_at = START - timedelta(days=draw(st.integers(0, 2)))
        found.append(ShareFact(referral, filed_at, referral, AGENCY_OF[broker], broker, Fraction(part)))
    return tuple(draw(st.permutations(found)))


@st.composite
def deals(draw: st.DrawFn, number: str) -> DealFact:
    subscribed_at, *later = sorted(draw(st.lists(INSTANTS, min_size=3, max_size=3)))
    stage = draw(st.sampled_from(["subscribed", "contracted", "cancelled", "dropped", "handed_over"]))
    price = draw(CENTS)
    method = draw(st.sampled_from(Method))
    first = (price * draw(st.integers(0, 100)) / 100).quantize(Decimal("0.01"))
    payments = draw(
        st.lists(
            st.tuples(st.integers(-100, 150), st.sampled_from(Source), INSTANTS, st.integers(1, 9)),
            max_size=4,
            unique_by=lambda one: one[3],
        )
    )
    return DealFact(
        id=number,
        number=number,
        price=price,
        method=method,
        first_payment_amount=first,
        loan_amount=price - first if method == Method.MORTGAGE and price > first else None,
        subscribed_at=subscribed_at,
        contracted_at=later[0] if stage in ("contracted", "cancelled", "handed_over") else None,
        handed_over_at=later[1] if stage == "handed_over" else None,
        handover_sequence=draw(st.integers(1, 9)) if stage == "handed_over" else None,
        cancelled_at=later[1] if stage in ("cancelled", "dropped") else None,
        shares=draw(shares(number)),
        unit=draw(UNITS),
        payments=tuple(
            PaymentFact((price * part / 100).quantize(Decimal("0.01")), source, when, sequence)
            for part, source, when, sequence in payments
        ),
    )


@st.composite
def versions(draw: st.DrawFn, series_id: str, payee: Payee, applies_to: AppliesTo, span: tuple) -> PlanVersion:
    measure = draw(st.sampled_from(Measure))
    basis = draw(st.sampled_from(Basis))
    scale = 100_000 if measure == Measure.AMOUNT else 1
    steps = draw(st.lists(st.sampled_from(["1/2", "1", "3/2", "2", "3", "10/3"]), max_size=3, unique=True))
    starts = [Fraction(0), *sorted(Fraction(step) * scale for step in steps)]
    tiers = tuple(
        Tier(start, amount=Decimal(draw(st.integers(0, 20_000_00))) / 100)
        if basis == Basis.FIXED
        else Tier(start, rate=Fraction(draw(st.integers(0, 1000)), 10_000))
        for start in starts
    )
    release = {}
    for method in Method:
        milestones = draw(st.lists(st.sampled_from(Milestone), min_size=1, max_size=3, unique=True))
        parts = draw(fractions_summing_to_one(len(milestones)))
        release[method] = tuple(map(ReleaseStep, milestones, parts))
    names = draw(st.lists(st.sampled_from(["cash", "speed"]), max_size=2, unique=True))
    return PlanVersion(
        id=f"{series_id}-{span[0]}",
        series_id=series_id,
        from_on=span[0],
        to_on=span[1],
        payee=payee,
        applies_to=applies_to,
        basis=basis,
        measure=measure,
        period=draw(st.sampled_from(Period)),
        scope=draw(st.sampled_from(Scope)),
        mode=draw(st.sampled_from(Mode)),
        tiers=tiers,
        release=release,
        bonuses=tuple(
            Bonus(name, draw(CENTS), draw(st.sampled_from(Payee)), draw(st.sampled_from(Milestone))) for name in names
        ),
        retention_fraction=draw(st.sampled_from([None, Fraction(1, 10), Fraction(1, 3)])),
        conditions=draw(CONDITIONS),
        caps=draw(CAPS),
    )


SPANS = st.sampled_from(
    [
        [(None, None)],
        [(date(2026, 1, 2), date(2026, 1, 31)), (date(2026, 2, 1), None)],
        [(None, date(2026, 1, 15)), (date(2026, 1, 20), date(2026, 3, 10))],
    ]
)


@st.composite
def series(draw: st.DrawFn, agency: str, payee: Payee) -> Series:
    applies_to = draw(st.sampled_from(AppliesTo))
    series_id = f"{agency}-{payee}"
    found = tuple(draw(versions(series_id, payee, applies_to, span)) for span in draw(SPANS))
    return Series(series_id, agency, agency == "S1", payee, applies_to, found)


@st.composite
def projects(draw: st.DrawFn, *, most_deals: int = 6) -> tuple[list[Series], list[DealFact]]:
    """Plans of up to four payees, and deals numbered in a random order."""
    parties = [("S1", Payee.AGENCY), ("A1", Payee.AGENCY), ("A1", Payee.BROKER), ("A2", Payee.AGENCY)]
    chosen = draw(st.lists(st.sampled_from(parties), min_size=1, max_size=3, unique=True))
    plans = [draw(series(agency, payee)) for agency, payee in chosen]
    numbers = [f"D{n}" for n in range(draw(st.integers(0, most_deals)))]
    return plans, [draw(deals(number)) for number in draw(st.permutations(numbers))]
