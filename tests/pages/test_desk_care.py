"""The desk's follow-ups, pool and roster: each sees and does what is theirs, and refusals are told in words."""

from datetime import timedelta

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from leads.models import Consultant, DutyShift, FollowUp
from leads.services.duty import place_consultant
from leads.services.visits import confirm_visit
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def came(world):
    referral = world.file()
    confirm_visit(actor=world.reception, referral=referral)
    return referral


@pytest.fixture
def alone(world, came):
    """A client who came when nobody was on duty."""
    Consultant.objects.update(on_duty=False)
    referral = world.file(phone="13900001212")
    confirm_visit(actor=world.reception, referral=referral)
    return referral


@pytest.fixture
def feng(world):
    user = staff("colleague-on-site", Role.CONSULTANT, world.project, name="Feng")
    return place_consultant(actor=world.site_manager, user=user, project=world.project)


def test_a_consultant_sees_own_clients_and_the_pool_of_own_sites_only(world, as_person, came, alone, feng):
    hill = make_project(world.project.company, code="HILL", name="Green Hill")
    stranger = staff("elsewhere", Role.CONSULTANT, hill)
    Consultant.objects.create(user=stranger, project=hill)
    seen = as_person(world.consultant.user).get("/desk/care/").context
    assert ([one.pk for one in seen["due"]], [one.pk for one in seen["pool"]]) == ([came.pk], [alone.pk])
    seen = as_person(feng.user).get("/desk/care/").context
    assert (seen["due"], [one.pk for one in seen["pool"]]) == ([], [alone.pk])
    theirs = as_person(stranger)
    assert theirs.get("/desk/care/").context["pool"] == []
    assert theirs.get("/desk/care/?project=GL").status_code == 404
    assert theirs.post(f"/desk/referrals/{alone.pk}/take/").status_code == 404
    assert theirs.get(f"/desk/referrals/{came.pk}/follow-up/").status_code == 404
    assert as_person(feng.user).get(f"/desk/referrals/{came.pk}/follow-up/").status_code == 404


def test_who_comes_second_to_the_pool_is_told(world, as_person, alone, feng):
    as_person(world.consultant.user).post(f"/desk/referrals/{alone.pk}/take/")
    answer = as_person(feng.user).post(f"/desk/referrals/{alone.pk}/take/", follow=True)
    assert "A colleague looks after this client now." in answer.content.decode()
    alone.refresh_from_db()
    assert alone.consultant == world.consultant


def test_a_follow_up_sent_twice_is_kept_once(world, as_person, came):
    client, address = as_person(world.consultant.user), f"/desk/referrals/{came.pk}/follow-up/"
    for _ in range(2):
        client.post(address, {"once": "1" * 32, "grade": "B", "note": "corner flat", "next_on": ""})
    assert FollowUp.objects.count() == 1
    text = client.get(address).content.decode()
    assert "corner flat" in text


@pytest.mark.parametrize(
    "wrong", [{"grade": ""}, {"grade": "E"}, {"next_on": "soon"}, {"next_on": "2001-01-01"}, {"note": "x" * 1001}]
)
def test_a_wrong_follow_up_is_told_beside_its_field(world, as_person, came, wrong):
    given = {"grade": "A", "note": "", "next_on": "", **wrong}
    answer = as_person(world.consultant.user).post(f"/desk/referrals/{came.pk}/follow-up/", given)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, list(wrong))
    assert not FollowUp.objects.exists()


def test_the_manager_sees_overdue_and_pool_counts_by_consultant(world, as_person, came, alone):
    with clock.at(clock.now() + timedelta(days=2)):
        seen = as_person(world.site_manager).get("/desk/care/").context
    assert (seen["overdue_count"], seen["pool_count"]) == (1, 1)
    assert [(str(one), one.opened, one.late) for one in seen["people"]] == [("Zhao", 1, 1)]


def test_the_reason_of_the_assignment_is_read_at_the_desk_and_not_by_the_agency(world, as_person, came):
    visit = came.visits.get()
    reason = "Next in turn: 0 open clients, the fewest of the 1 on duty."
    client = as_person(world.reception)
    assert reason in client.get(f"/desk/visits/{visit.pk}/").content.decode()
    assert reason in client.get(f"/desk/referrals/{came.pk}/").content.decode()
    assert "fewest" not in as_person(world.owner).get(f"/portal/clients/{came.pk}/").content.decode()


def test_an_agency_reads_nothing_of_follow_ups(world, as_person, came):
    given = {"grade": "D", "note": "haggles", "next_on": ""}
    as_person(world.consultant.user).post(f"/desk/referrals/{came.pk}/follow-up/", given)
    assert "Followed up" in as_person(world.reception).get(f"/desk/referrals/{came.pk}/").content.decode()
    text = as_person(world.owner).get(f"/portal/clients/{came.pk}/").content.decode()
    assert "Followed up" not in text and "haggles" not in text


def test_consultants_read_the_roster_and_do_not_write_it(world, as_person):
    address = "/desk/roster/?week=2026-03-02"
    given = {"day": "2026-03-02", f"shift-{world.consultant.pk}": "early"}
    own = as_person(world.consultant.user)
    assert own.post(address, given).status_code == 403
    assert not DutyShift.objects.exists()
    as_person(world.reception).post(address, given)
    assert "Until 14:00" in own.get(address).content.decode()


@pytest.mark.parametrize(
    "given", [{}, {"day": "2026-13-45"}, {"day": "x"}, {"copy": "1"}, {"day": "2026-03-02", "bad": "1"}]
)
def test_a_wrong_roster_is_told_and_changes_nothing(world, as_person, given):
    if "bad" in given:
        given = {"day": given["day"], f"shift-{world.consultant.pk}": "night"}
    answer = as_person(world.reception).post("/desk/roster/?week=2026-03-02", given, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert not DutyShift.objects.exists()


@pytest.mark.parametrize("week", ["x", "2026-02-31", "0001-01-01", "9999-12-31", "99999-1-1"])
def test_a_week_that_is_none_shows_this_one(world, as_person, week):
    answer = as_person(world.reception).get(f"/desk/roster/?week={week}")
    assert answer.status_code == 200
    assert answer.context["today"] in [one["day"] for one in answer.context["days"]]


def test_handing_over_shows_counts_first_and_needs_receivers(world, as_person, came, feng):
    client, address = as_person(world.site_manager), f"/desk/consultants/{world.consultant.pk}/leave/"
    assert client.post(address, {"reason": "Leaves."}).status_code == 422
    shown = client.post(address, {"reason": "Leaves.", "receivers": [feng.pk]})
    assert shown.context["plan"] == [(feng, 1)]
    came.refresh_from_db()
    assert came.consultant == world.consultant
    client.post(address, {"reason": "Leaves.", "receivers": [feng.pk], "confirm": "1"})
    came.refresh_from_db()
    assert came.consultant == feng
