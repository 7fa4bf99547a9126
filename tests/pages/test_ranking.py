"""My ranking: own place and the neighbours' figures, and nobody's name of another agency."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from channels_platform.lib import clock
from leads.ranking import DEALS, VISITS, around_me, rank_in_agency, rank_in_project
from leads.services.deals import Buyer, cancel_deal, subscribe_deal
from leads.services.visits import confirm_visit
from tests.pages.world import broker

pytestmark = pytest.mark.django_db
PAGE = "/portal/ranking/"


def phone(n):
    return f"1380000{n:04}"


def visits(world, who, count, first):
    for n in range(first, first + count):
        confirm_visit(actor=world.reception, referral=world.file(who, phone(n)))


def deal(world, *phones):
    return subscribe_deal(
        actor=None, project=world.project, price=Decimal(1_000_000), method="lump_sum",
        first_payment_amount=Decimal(0), buyers=[Buyer("张伟", one) for one in phones],
    )  # fmt: skip


@pytest.fixture
def month(world):
    """The owner 2 visits and half a deal, the colleague 3, the outsider 5 visits and a deal and a half."""
    visits(world, world.owner, 2, 0)
    visits(world, world.colleague, 3, 10)
    visits(world, world.outsider, 5, 20)
    deal(world, phone(20))
    deal(world, phone(0), phone(21))
    return clock.local_date(clock.now(), world.project.zone).replace(day=1)


def told(standings):
    return [(one.place, one.name, one.visits, one.deals, one.mine) for one in standings]


def test_in_the_agency_colleagues_are_named(world, month):
    found = rank_in_agency(broker=world.owner, month=month, by=VISITS)
    half = Fraction(1, 2)
    assert told(found) == [(1, "Wu", 3, 0, False), (2, "Lin", 2, half, True), (3, "Sun", 0, 0, False)]


def test_in_a_project_other_agencies_have_figures_and_no_names(world, month):
    found = rank_in_project(broker=world.owner, project=world.project, month=month, by=DEALS)
    assert told(found) == [
        (1, "", 5, Fraction(3, 2), False),
        (2, "Lin", 2, Fraction(1, 2), True),
        (3, "Wu", 3, 0, False),
    ]


def test_equal_figures_share_a_place_and_the_next_is_left_out(world):
    visits(world, world.owner, 1, 0)
    visits(world, world.colleague, 1, 10)
    now = clock.local_date(clock.now(), world.project.zone).replace(day=1)
    found = rank_in_agency(broker=world.colleague, month=now, by=VISITS)
    assert [(one.place, one.name) for one in found] == [(1, "Wu"), (1, "Lin"), (3, "Sun")]


def test_a_cancelled_deal_does_not_count(world, month):
    last = deal(world, phone(22))
    before = rank_in_project(broker=world.outsider, project=world.project, month=month, by=DEALS)[0]
    cancel_deal(actor=None, deal=last, reason="退房")
    after = rank_in_project(broker=world.outsider, project=world.project, month=month, by=DEALS)[0]
    assert before.deals - after.deals == 1


def test_only_the_months_own_figures_count(world, month):
    earlier = (month - timedelta(days=1)).replace(day=1)
    assert [one.visits for one in rank_in_agency(broker=world.owner, month=earlier, by=VISITS)] == [0, 0, 0]


def test_only_the_neighbours_are_shown(world, month):
    for n in range(8):
        visits(world, broker(world.rival, f"rival-{n}", f"Rival {n}"), 6 + n, 100 + 20 * n)
    found = rank_in_project(broker=world.owner, project=world.project, month=month, by=VISITS)
    assert len(found) == 11
    assert [one.place for one in around_me(found)] == [9, 10, 11]


def test_page_names_nobody_of_another_agency(world, month, as_person):
    text = as_person(world.owner).get(PAGE, {"in": "GL", "by": "visits"}).content.decode()
    assert "Another agency" in text
    assert "Qian" not in text
    assert "River" not in text
    assert "3 of 3" in text


def test_manager_sees_the_whole_agency(world, month, as_person):
    text = as_person(world.manager).get(PAGE).content.decode()
    assert all(name in text for name in ("Lin", "Wu", "Sun"))


@pytest.mark.parametrize("query", [{"month": "2026-13"}, {"month": "'"}, {"in": "HILL"}, {"by": "x"}])
def test_odd_addresses_show_this_month_in_the_agency(world, as_person, query):
    assert as_person(world.owner).get(PAGE, query).status_code == 200


def test_the_page_makes_no_query_per_broker(world, month, as_person, django_assert_max_num_queries):
    client = as_person(world.owner)
    client.get(PAGE)
    with django_assert_max_num_queries(12):
        client.get(PAGE, {"in": "GL"})


def test_individuals_under_one_roof_know_nobodys_name_but_their_own(world, month):
    world.agency.kind = "community"
    world.agency.save()
    mine, manager = (type(world.owner).objects.get(pk=one.pk) for one in (world.owner, world.manager))
    for rank in (rank_in_agency(broker=mine, month=month, by=VISITS), _in_project(world, mine, month)):
        assert {one.name for one in rank if not one.mine} <= {"", "Another referrer"}
        assert [one.name for one in rank if one.mine] == ["Lin"]
    assert "Sun" in [one.name for one in rank_in_agency(broker=manager, month=month, by=VISITS)]


def _in_project(world, who, month):
    return rank_in_project(broker=who, project=world.project, month=month, by=VISITS)
