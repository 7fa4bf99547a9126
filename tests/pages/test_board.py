"""The board of the day at the desk: who waits by the broker's word, light, and silent while nothing changes."""

import gzip
from datetime import timedelta

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from leads.models import Referral, ReferralPhone, ToldArrival, Visit
from leads.services.visits import confirm_visit
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db
LIGHT = 60 * 1024


def board(client, **headers):
    return client.get("/desk/board/?project=GL", **headers)


def noon(world):
    return clock.now().astimezone(world.project.zone).replace(hour=12, minute=0)


def test_board_says_nothing_while_nothing_changes_and_all_when_something_does(world, as_person):
    client = as_person(world.reception)
    own = world.file()
    first = board(client)
    same = board(client, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (first.status_code, same.status_code, same.content) == (200, 304, b"")
    confirm_visit(actor=world.reception, referral=own)
    changed = board(client, HTTP_IF_NONE_MATCH=first["ETag"])
    assert changed.status_code == 200
    assert f"/desk/referrals/{own.pk}/" in changed.content.decode()


def test_compressed_board_is_known_again(world, as_person):
    client = as_person(world.reception)
    world.file(expected_arrival=clock.now())
    first = board(client, HTTP_ACCEPT_ENCODING="gzip")
    assert first["Content-Encoding"] == "gzip"
    assert board(client, HTTP_ACCEPT_ENCODING="gzip", HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304


def test_board_stands_still_for_an_hour_that_changes_nothing(world, as_person):
    client, now = as_person(world.reception), noon(world)
    with clock.at(now - timedelta(hours=1)):
        world.file(expected_arrival=now + timedelta(hours=3))
    with clock.at(now):
        first = board(client)
    with clock.at(now + timedelta(minutes=59)):
        assert board(client, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 304


def test_an_arrival_an_hour_late_is_missed_by_itself(world, as_person):
    client, now = as_person(world.reception), noon(world)
    with clock.at(now - timedelta(hours=1)):
        world.file(expected_arrival=now)
    with clock.at(now + timedelta(minutes=60)):
        before = board(client)
    with clock.at(now + timedelta(minutes=60, seconds=1)):
        after = board(client, HTTP_IF_NONE_MATCH=before["ETag"])
    assert ('id="missed"' in before.content.decode(), 'id="missed"' in after.content.decode()) == (False, True)


def test_broker_tells_once_a_day_and_the_board_and_the_client_show_it(world, as_person):
    own = world.file()
    broker, desk = as_person(world.owner), as_person(world.reception)
    for _tap in range(2):
        said = broker.post(f"/portal/clients/{own.pk}/arrived/", follow=True).content.decode()
        assert "Told the desk." in said
    assert ToldArrival.objects.count() == Event.objects.filter(action="referral.arrival_told").count() == 1
    assert [one.pk for _at, one in desk.get("/desk/").context["board"].waiting] == [own.pk]
    assert "The broker says the client is here:" in desk.get(f"/desk/referrals/{own.pk}/").content.decode()
    own.refresh_from_db()
    assert (own.state, Visit.objects.count()) == ("filed", 0)


def test_who_came_waits_no_more_and_is_told_no_more(world, as_person):
    own, other = world.file(), world.file(phone="13900001212")
    broker = as_person(world.owner)
    broker.post(f"/portal/clients/{own.pk}/arrived/")
    for one in (own, other):
        confirm_visit(actor=world.reception, referral=one)
    said = broker.post(f"/portal/clients/{other.pk}/arrived/", follow=True).content.decode()
    assert "Reception has confirmed this arrival already." in said
    assert as_person(world.reception).get("/desk/").context["board"].waiting == []
    assert ToldArrival.objects.get().referral_id == own.pk


def test_no_arrival_is_told_of_another_brokers_client_or_one_that_is_over(world, as_person):
    own = world.file()
    assert as_person(world.colleague).post(f"/portal/clients/{own.pk}/arrived/").status_code == 404
    refused = world.file(phone="1")
    said = as_person(world.owner).post(f"/portal/clients/{refused.pk}/arrived/", follow=True).content.decode()
    assert "no longer open" in said
    assert not ToldArrival.objects.exists()


def test_consultant_reads_the_own_clients_only_and_another_site_nothing(world, as_person):
    own, other = world.file(), world.file(phone="13900001212", expected_arrival=clock.now())
    confirm_visit(actor=world.reception, referral=own)
    text = board(as_person(world.consultant.user)).content.decode()
    assert str(own.pk) in text and str(other.pk) not in text and "/confirm/" not in text
    hill = make_project(world.project.company, code="HILL", name="Green Hill")
    assert board(as_person(staff("elsewhere", Role.RECEPTION, hill))).status_code == 404


def fill(world, how_many: int) -> None:
    """A busy day, written at once: a third came, a third is expected, a third missed."""
    now, sample = noon(world), world.file()
    fixed = {"project": world.project, "agency": world.agency, "broker": world.owner, "policy": sample.policy}
    rows = [
        Referral(
            number=f"R-B-{n:06}", client_masked="欧阳**", party_size=3, state="visited" if n % 3 == 0 else "filed",
            filed_at=now - timedelta(days=1), filed_on=(now - timedelta(days=1)).date(),
            expected_arrival=now + timedelta(minutes=n % 300) * (1 if n % 3 == 1 else -1) - timedelta(hours=n % 3 == 2),
            **fixed,
        )
        for n in range(how_many)
    ]  # fmt: skip
    Referral.objects.bulk_create(rows)
    ReferralPhone.objects.bulk_create(
        ReferralPhone(referral=one, masked=f"1{n % 90 + 10}****{n * 7919 % 10_000:04}", position=0, added_at=now)
        for n, one in enumerate(rows)
    )
    Visit.objects.bulk_create(
        Visit(
            referral=one, project=world.project, arrived_at=now - timedelta(minutes=n), local_on=now.date(),
            confirmed=True, received_by=world.reception, consultant=world.consultant,
        )
        for n, one in enumerate(rows) if one.state == "visited"
    )  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_five_hundred_arrivals_weigh_under_sixty_kilobytes(world, as_person, language):
    fill(world, 500)
    client = as_person(world.reception)
    client.cookies["django_language"] = language
    for address in ("/desk/?project=GL", "/desk/board/?project=GL"):
        with clock.at(noon(world)):
            answer = client.get(address, HTTP_ACCEPT_ENCODING="gzip")
        text = gzip.decompress(answer.content).decode()
        assert text.count("欧阳") == 500
        assert len(answer.content) < LIGHT, f"{len(answer.content)} bytes of {len(text.encode())}"


def test_a_busy_board_asks_no_more_than_a_quiet_one(world, as_person, django_assert_max_num_queries):
    fill(world, 60)
    client = as_person(world.reception)
    with clock.at(noon(world)):
        board(client)
        with django_assert_max_num_queries(12):
            board(client)
