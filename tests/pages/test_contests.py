"""Contests in the portal: one's own place and the neighbours', the prizes, and nobody's name of another agency."""

from datetime import timedelta

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions.models import ContestRound
from commissions.services.contest_rounds import approve_round, close_rounds
from commissions.services.contests import approve_contest, draft_contest
from commissions.standings import fingerprint, standings
from tests.pages.test_ranking import deal, phone, visits
from tests.pages.world import broker, staff

pytestmark = pytest.mark.django_db
PAGE = "/portal/ranking/contests/"


@pytest.fixture
def contest(world):
    """A month's contest by visits: the owner 2, the colleague 3, the outsider 5."""
    today = clock.local_date(clock.now(), world.project.zone)
    author = staff("contest-author", Role.MARKETING_MANAGER, world.project)
    draft = draft_contest(
        actor=author,
        project=world.project,
        name="Visits first",
        measure="visits",
        period="monthly",
        from_on=today.replace(day=1),
        to_on=today + timedelta(days=40),
        prizes=["800", "500"],
    )
    visits(world, world.owner, 2, 0)
    visits(world, world.colleague, 3, 10)
    visits(world, world.outsider, 5, 20)
    return approve_contest(actor=world.site_manager, contest=draft)


def read(person, as_person):
    return as_person(person).get(PAGE).content.decode()


def test_own_place_and_prizes_are_there_and_others_have_no_name(world, contest, as_person):
    text = read(world.owner, as_person)
    assert "Visits first" in text
    assert "3 of 3" in text
    assert "800.00" in text
    assert "Wu" in text
    assert "Another agency" in text
    assert "Qian" not in text
    assert "River" not in text


def test_who_did_nothing_yet_is_shown_without_a_place(world, contest, as_person):
    late = broker(world.agency, "late", "Late Comer")
    text = read(late, as_person)
    assert "Late Comer" in text
    assert "4 of 3" not in text


def test_only_the_neighbours_are_shown(world, contest, as_person):
    for n in range(6):
        visits(world, broker(world.rival, f"rival-{n}", f"Rival {n}"), 6 + n, 100 + 20 * n)
    text = read(world.owner, as_person)
    assert text.count('<td class="num">') == 2 * 3  # oneself and two above


def test_an_agency_without_an_agreement_or_of_another_kind_sees_none(world, contest, as_person):
    from brokers.services.agencies import create_agency

    elsewhere = broker(create_agency(actor=None, code="FAR", name="Far", kind="referral"), "far", "Far Away")
    text = read(elsewhere, as_person)
    assert "No contest is on" in text
    assert "Visits first" not in text


def test_a_posted_round_shows_ones_own_prize_here_and_under_money(world, contest, as_person):
    deal(world, phone(20))
    month_later = clock.now() + timedelta(days=32)
    with clock.at(month_later):
        close_rounds()
        one = ContestRound.objects.get()
        assert "Waiting for approval" in read(world.owner, as_person)
        rows = standings(one.contest, one.days)
        approve_round(actor=world.site_manager, contest_round=one, seen=fingerprint(rows))
        assert "no place" not in read(world.colleague, as_person)
        page = read(world.colleague, as_person)
        assert "place 2" in page
        assert "500.00" in page
        money = as_person(world.colleague).get("/portal/money/").content.decode()
        assert "Visits first" in money
        assert "place 2, 3 visits, prize of 500.00" in money
        assert "Visits first" not in as_person(world.owner).get("/portal/money/").content.decode()


def test_the_page_makes_no_query_per_broker(world, contest, as_person, django_assert_max_num_queries):
    client = as_person(world.owner)
    client.get(PAGE)
    with django_assert_max_num_queries(14):
        client.get(PAGE)
