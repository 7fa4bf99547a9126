"""Papers that end are told of 30 and 10 days ahead, each once, to who can do something about it."""

from datetime import UTC, datetime, timedelta

import pytest

from brokers.models import Agreement
from brokers.services.agencies import set_agency_status
from brokers.services.agreements import end_agreement
from brokers.services.papers import warn_of_ends
from brokers.states import AgencyStatus
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.notices.models import Notice
from tests.pages.world import make_world, staff

pytestmark = pytest.mark.django_db
END = datetime(2026, 12, 31, 4, 0, tzinfo=UTC)


def told(days: int) -> list[tuple[str, str]]:
    Notice.objects.all().delete()
    with clock.at(END - timedelta(days=days)):
        warn_of_ends()
    return sorted(Notice.objects.values_list("kind", "recipient__username"))


@pytest.fixture
def world():
    made = make_world()
    staff("elsewhere", Role.MARKETING)
    Agreement.objects.filter(agency=made.agency).update(to_on=END.date())
    return made


def test_an_agreement_is_told_of_30_and_10_days_ahead_and_not_before_or_after(world):
    people = {world.manager.user.username, "marketing", world.site_manager.username}
    assert told(31) == []
    for days in (30, 11, 10, 0):
        assert told(days) == sorted(("agreement.ends", name) for name in people)
    assert told(-1) == []


def test_each_stage_is_told_once(world):
    with clock.at(END - timedelta(days=25)):
        assert warn_of_ends() == 3
        assert warn_of_ends() == 0
    with clock.at(END - timedelta(days=24)):
        assert warn_of_ends() == 0
    with clock.at(END - timedelta(days=9)):
        assert warn_of_ends() == 3


def test_what_renews_by_itself_is_not_told(world):
    Agreement.objects.filter(agency=world.agency).update(auto_renew=True)
    assert told(20) == []


def test_a_licence_is_told_to_the_team_and_the_agencys_managers(world):
    Agreement.objects.update(to_on=None)
    world.agency.licence_until = END.date()
    world.agency.save()
    people = {world.manager.user.username, "marketing", world.site_manager.username}
    assert told(20) == sorted(("agency.licence_ends", name) for name in people)
    world.agency.status = "suspended"
    world.agency.save()
    assert told(20) == []


@pytest.mark.parametrize(("gap", "ends"), [(1, False), (2, True)])
def test_an_agreement_that_another_follows_without_a_gap_does_not_end(world, gap, ends):
    following = Agreement.objects.get(agency=world.agency)
    following.pk, following.from_on, following.to_on = None, END.date() + timedelta(days=gap), None
    following.save(force_insert=True)
    assert bool(told(30)) is ends


def test_the_agency_hears_of_an_ended_agreement_and_of_its_suspension(world):
    agreement, actor = Agreement.objects.get(agency=world.agency), world.site_manager
    end_agreement(actor=actor, agreement=agreement, reason="over")
    for status in (AgencyStatus.SUSPENDED, AgencyStatus.ACTIVE):
        set_agency_status(actor=actor, agency=world.agency, status=status, reason="audit")
    heard = Notice.objects.filter(recipient=world.manager.user).order_by("created_at", "pk")
    assert list(heard.values_list("kind", flat=True)) == ["agreement.ended", "agency.suspended", "agency.reinstated"]
    assert not Notice.objects.filter(recipient=world.outsider.user).exists()
