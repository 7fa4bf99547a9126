"""The roster says who is on duty when; the assignment goes by it and says why."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from leads.assigned import why_assigned
from leads.care import on_duty_at
from leads.models import DutyShift
from leads.services.roster import copy_last_week, set_roster
from tests.cast import LI, SUN, WANG, ZHAO, after, open_site

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 3, 2)


def _at(hour, minute=0, second=0):
    return datetime(2026, 3, 2, hour, minute, second, tzinfo=SHANGHAI)


def test_shifts_change_at_two_local_time():
    site = open_site()
    early, late, whole, free = (site.consultant() for _ in range(4))
    set_roster(
        actor=site.reception, project=site.project, day=MONDAY,
        shifts={early.pk: "early", late.pk: "late", whole.pk: "whole", free.pk: ""},
    )  # fmt: skip
    assert set(on_duty_at(site.project, _at(13, 59, 59))) == {early, whole}
    assert set(on_duty_at(site.project, _at(14))) == {late, whole}


def test_the_roster_goes_by_the_projects_own_date():
    site = open_site(zone="America/New_York")
    one, other = site.consultant(), site.consultant()
    set_roster(actor=site.reception, project=site.project, day=MONDAY, shifts={one.pk: "whole"})
    set_roster(actor=site.reception, project=site.project, day=MONDAY + timedelta(days=1), shifts={other.pk: "whole"})
    assert list(on_duty_at(site.project, datetime(2026, 3, 3, 4, 59, tzinfo=ZoneInfo("UTC")))) == [one]
    assert list(on_duty_at(site.project, datetime(2026, 3, 3, 5, 0, tzinfo=ZoneInfo("UTC")))) == [other]


def test_a_day_without_a_roster_goes_by_the_switch_and_the_switch_takes_out_of_the_roster():
    site = open_site()
    on, off = site.consultant(), site.consultant(on_duty=False)
    assert list(on_duty_at(site.project, _at(10))) == [on]
    set_roster(actor=site.reception, project=site.project, day=MONDAY, shifts={off.pk: "whole"})
    assert list(on_duty_at(site.project, _at(10))) == []


def test_an_arrival_goes_to_who_is_rostered_also_when_another_is_preferred_or_has_fewer():
    site = open_site()
    idle, rostered = site.consultant(), site.consultant()
    set_roster(actor=site.manager, project=site.project, day=MONDAY, shifts={rostered.pk: "whole"})
    referral = site.file(site.owner, LI, preferred_consultant=idle)
    assert site.visit(referral, at=after(hours=1)).consultant == rostered


def test_the_reason_of_the_assignment_is_kept_and_said():
    site = open_site()
    first, second = sorted((site.consultant(), site.consultant()), key=lambda one: one.pk)
    visits = [site.visit(site.file(site.owner, LI), at=after(hours=1))]
    visits.append(site.visit(site.file(site.owner, WANG), at=after(hours=2)))
    wanted = site.file(site.owner, ZHAO, preferred_consultant=second)
    visits.append(site.visit(wanted, at=after(hours=3)))
    visits.append(site.visit(site.file(site.owner, SUN), at=after(hours=4)))
    visits.append(site.visit(wanted, at=after(days=1)))
    assert [visit.consultant for visit in visits] == [first, second, second, first, second]
    for visit in visits:
        visit.refresh_from_db()
    assert [why_assigned(visit) for visit in visits] == [
        "Next in turn: 2 of the 2 on duty have 0 open clients, the fewest; the longest without a new one is next.",
        "Next in turn: 0 open clients, the fewest of the 2 on duty.",
        "Asked for by name, and on duty.",
        "Next in turn: 1 open client, the fewest of the 2 on duty.",
        "Looked after this client before.",
    ]


def test_an_arrival_with_nobody_on_duty_says_so():
    site = open_site()
    assert why_assigned(site.visit(site.file(site.owner, LI), at=after(hours=1))) == "Nobody was on duty."


def test_last_week_is_copied_day_by_day_and_replaces():
    site = open_site()
    one, other = site.consultant(), site.consultant()
    tuesday = MONDAY + timedelta(days=1)
    with clock.at(after()):
        set_roster(actor=site.reception, project=site.project, day=MONDAY, shifts={one.pk: "early"})
        set_roster(actor=site.reception, project=site.project, day=tuesday, shifts={other.pk: "late"})
        set_roster(actor=site.reception, project=site.project, day=MONDAY + timedelta(days=9), shifts={one.pk: "whole"})
        copied = copy_last_week(actor=site.reception, project=site.project, monday=MONDAY + timedelta(days=7))
    assert copied == 2
    week = DutyShift.objects.filter(day__gte=MONDAY + timedelta(days=7)).order_by("day")
    assert [(row.consultant, row.day, row.shift) for row in week] == [
        (one, MONDAY + timedelta(days=7), "early"),
        (other, MONDAY + timedelta(days=8), "late"),
    ]
    with pytest.raises(Invalid):
        copy_last_week(actor=site.reception, project=site.project, monday=MONDAY)


def test_who_may_change_the_roster():
    site, elsewhere = open_site(), open_site()
    one, stranger = site.consultant(), elsewhere.consultant()
    for actor in (one.user, site.owner.user):
        with pytest.raises(Forbidden):
            set_roster(actor=actor, project=site.project, day=MONDAY, shifts={one.pk: "whole"})
    for shifts in ({stranger.pk: "whole"}, {one.pk: "night"}):
        with pytest.raises(Invalid):
            set_roster(actor=site.reception, project=site.project, day=MONDAY, shifts=shifts)
    assert not DutyShift.objects.exists()
    assert not Event.objects.filter(action="roster.changed").exists()
