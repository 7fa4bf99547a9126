"""Deals added up in the database are those added up one by one: same months, same versions, same parts."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from brokers.models import AgencyGrade, HeldGrade
from commissions import deal_facts
from commissions.deal_facts import deal_stream
from commissions.engine.calculate import Calculator
from commissions.plan_facts import approved_series
from leads.models import Deal
from projects.models import Project, Unit
from tests.services.commissions.cast import Cast

pytestmark = pytest.mark.django_db
TIERS = (("0", "0.01"), ("3", "0.02"))
ZONES = ("Asia/Shanghai", "America/New_York", "America/Santiago", "Pacific/Kiritimati")


def home(dice: random.Random, deal: Deal) -> Unit:
    """Return a unit on one side or the other of what the plans ask for."""
    return Unit.objects.create(
        project=deal.project,
        number=str(dice.random()),
        building=dice.choice("12"),
        unit_type=dice.choice(("T2", "T2", "")),
        area=dice.choice((Decimal("89.99"), Decimal(90))),
        list_price=1,
    )


def sold(seed: int, zone: str) -> tuple[Project, datetime]:
    """Return a project whose deals stand around the ends of months and versions, to the microsecond."""
    dice, cast = random.Random(seed), Cast()
    cast.agency("S1", kind="onsite")
    cast.agency("A1", brokers=["B1", "B2"])
    cast.agency("A2", brokers=["C1"])
    rules = {"tiers": TIERS, "mode": "retroactive"}
    # the grade that a version asks for begins within its days
    grade = AgencyGrade.objects.create(code="A", name="Gold", rank=1)
    HeldGrade.objects.create(
        agency=cast.agencies["A1"], grade=grade, from_on=date(2026, 4, 1), reason="review", entered_at=cast.now
    )
    # one thing asked at a time: lumps told apart by many hold a deal each
    asked = ({"area": {"below": "90"}}, {"price": {"from": "600000.50", "below": "800000"}})[seed]
    cast.plan("S1", applies_to="all", **rules, from_on=date(2026, 3, 31), conditions=asked)
    april = {"to_on": date(2026, 4, 30), "grades": ["A"], "conditions": asked}
    cast.plan("A1", **rules, scope="broker", period="month", **april)
    cast.plan("A1", **rules, measure="amount", period="quarter", from_on=date(2026, 5, 1))
    cast.plan("A2", **rules, scope="project", to_on=date(2026, 4, 30))
    cast.plan("A2", **rules, period="year", from_on=date(2026, 5, 1))
    for _ in range(40):
        brokers = dice.choice((("B1",), ("B2",), ("C1",), ("B1", "C1"), ("B1", "B2", "C1"), ()))
        cast.contracted(*brokers, price=f"{dice.randrange(500_000, 900_000)}.{dice.randrange(100):02d}")
    Project.objects.filter(pk=cast.project.pk).update(timezone=zone)
    edges = [datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (4, 5)]
    for deal in Deal.objects.filter(project=cast.project):
        subscribed, contracted = (
            dice.choice(edges) + timedelta(days=dice.choice((-1, 0, 0, 1)), microseconds=dice.choice((-1, 0, 1)))
            for _ in range(2)
        )
        Deal.objects.filter(pk=deal.pk).update(
            subscribed_at=min(subscribed, contracted),
            contracted_at=max(subscribed, contracted),
            unit=dice.choice((None, home(dice, deal), home(dice, deal))),
            cancelled_at=dice.choice((None, None, None, max(subscribed, contracted) + timedelta(days=9))),
        )
    return Project.objects.get(pk=cast.project.pk), dice.choice(edges) + timedelta(days=10)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("seed", range(1))
def test_lumps_are_the_deals_one_by_one(seed, zone):
    project, as_of = sold(seed, zone)
    series = approved_series(project)
    summed, single = (Calculator(series, zone=project.zone, currency=project.currency, as_of=as_of) for _ in range(2))
    with transaction.atomic(), deal_stream(project, as_of=as_of, adds_up=series) as stream:
        for lump in stream.lumps:
            summed.observe(lump)
        for deal in stream:
            single.observe_deal(deal)

    def totals(calculator):
        tracks = [*calculator._everywhere, *(track for of in calculator._by_agency.values() for track in of)]
        return {
            (track.series.id, layout): {key: total for key, total in line.items() if total}
            for track in tracks
            for layout, line in track.totals.items()
        }

    assert any(totals(single).values())
    assert totals(summed) == totals(single)


def test_a_run_looks_through_no_deal_again_for_each_deal(cast):
    cast.plan("A1", tiers=TIERS, mode="retroactive")
    cast.contracted("B1")
    values = deal_facts._values(cast.project, cast.now, approved_series(cast.project), units=True)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {deal_facts._DEALS}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    # past the memory of one step a subplan is no hash any more: each of a million deals would look through them all
    assert "SubPlan" not in plan
