"""A manager extends protection: by whole days, within the cap, one window for all claims (domain 4.1, 4.2)."""

from threading import Thread

import pytest
from django.db import connection

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from leads.history import history
from leads.models import Referral
from leads.services.extension import extend_protection
from tests.cast import LI, START, WANG, ZHAO, after, fresh, held, open_site, person, state

pytestmark = pytest.mark.django_db


def extend(site, referral, days, at, reason="fair trade", actor=None):
    with clock.at(at):
        return extend_protection(actor=actor or site.manager, referral=fresh(referral), days=days, reason=reason)


def refused(site, referral, days, at):
    before = list(Referral.objects.values()), list(referral.claims.values())
    with pytest.raises(NotAllowed) as refusal:
        extend(site, referral, days, at)
    assert (list(Referral.objects.values()), list(referral.claims.values())) == before
    assert not Event.objects.filter(action="referral.extended").exists()
    return refusal.value.code


def test_all_claims_of_a_window_share_its_later_end():
    site = open_site(exclusive_from="filing", protection_days=30, visit_within_hours=None)
    li = site.file(site.owner, LI)
    site.add(li, WANG, at=after(days=3))
    extend(site, li, 10, at=after(days=5))
    spans = held(li, at=after(days=5))
    assert spans == [("0001", START, after(days=40)), ("0002", after(days=3), after(days=40))]
    assert fresh(li).window_ends_at == after(days=40)
    assert state(li, at=after(days=39)) == "filed"
    assert site.file(site.rival, WANG, at=after(days=39)).reason == "protected"
    assert site.file(site.rival, WANG, at=after(days=40)).reason == ""


def test_windows_that_end_with_a_day_go_on_ending_with_one_whatever_the_clocks_do():
    site = open_site(
        zone="Europe/Berlin", exclusive_from="filing", protection_days=20, window_end="end_of_day",
        visit_within_hours=None,
    )  # fmt: skip
    li = site.file(site.owner, LI)
    zone = site.project.zone
    assert fresh(li).window_ends_at.astimezone(zone).isoformat() == "2026-03-23T00:00:00+01:00"
    extend(site, li, 7, at=after(days=1))
    assert fresh(li).window_ends_at.astimezone(zone).isoformat() == "2026-03-30T00:00:00+02:00"


def test_never_past_the_cap_from_the_first_start():
    site = open_site(
        exclusive_from="filing", protection_days=30, max_protection_days=45, revisit_extends=True,
        visit_within_hours=None,
    )  # fmt: skip
    li = site.file(site.owner, LI)
    extend(site, li, 40, at=after(days=2))
    assert fresh(li).window_ends_at == after(days=45)
    with pytest.raises(NotAllowed) as at_cap:
        extend(site, li, 1, at=after(days=3))
    assert at_cap.value.code == "at_cap"
    assert fresh(li).window_ends_at == after(days=45)


def test_what_has_ended_by_the_clock_stays_ended_whatever_the_sweep_has_done():
    site = open_site(exclusive_from="filing", protection_days=30, visit_within_hours=72)
    lapsed, expired = site.file(site.owner, LI), site.file(site.owner, WANG)
    assert refused(site, lapsed, 5, at=after(hours=72)) == "lapsed"
    site.visit(expired, at=after(hours=5))
    assert refused(site, expired, 5, at=after(days=30)) == "expired"


def test_nothing_is_extended_where_nothing_is_protected_yet():
    site = open_site(exclusive_from="visit", protection_days=30)
    assert refused(site, site.file(site.owner, LI), 5, at=after(hours=1)) == "nothing_to_extend"
    site.policy(exclusive_from="never")
    assert refused(site, site.file(site.owner, WANG), 5, at=after(hours=1)) == "nothing_to_extend"
    gone = site.file(site.owner, ZHAO)
    site.withdraw(gone, at=after(hours=1))
    assert refused(site, gone, 5, at=after(hours=1)) == "not_live"


def test_an_extended_filing_still_lapses_when_it_was_to():
    site = open_site(exclusive_from="filing", protection_days=30, visit_within_hours=72)
    li = site.file(site.owner, LI)
    extend(site, li, 20, at=after(hours=1))
    assert state(li, at=after(hours=72)) == "lapsed"
    assert site.file(site.rival, LI, at=after(hours=72)).reason == ""


def test_only_a_manager_with_a_reason_and_within_the_days_of_one_act(settings):
    settings.PROTECTION_EXTENSION_DAYS = 20
    site = open_site(exclusive_from="filing", visit_within_hours=None)
    li = site.file(site.owner, LI)
    for actor in (person(Role.MARKETING), person(Role.AUDITOR), site.owner.user):
        with pytest.raises(Forbidden):
            extend(site, li, 5, at=after(days=1), actor=actor)
    for days, reason, code in ((5, "  ", "reason_required"), (0, "x", "out_of_range"), (21, "x", "out_of_range")):
        with pytest.raises(Invalid) as wrong:
            extend(site, li, days, at=after(days=1), reason=reason)
        assert wrong.value.code == code
    extend(site, li, 20, at=after(days=1))
    event = Event.objects.get(action="referral.extended")
    assert (event.actor, event.reason, event.after["days"]) == (site.manager, "fair trade", 20)
    staff, agency = history(li, for_agency=False)[0], history(li, for_agency=True)[0]
    assert "fair trade" in staff["note"] and staff["who"]
    assert agency["what"] == "Protection extended" and "Protected until" in agency["note"]
    assert "fair trade" not in agency["note"] and not agency["who"]


@pytest.mark.django_db(transaction=True)
def test_a_rival_at_the_very_end_and_an_extension_do_not_both_have_the_phone(monkeypatch):
    """The rival takes the phone at its end while the extension waits for it: the extension comes too late."""
    from leads import locks

    site = open_site(exclusive_from="filing", protection_days=30, visit_within_hours=None)
    li, answers, real = site.file(site.owner, LI), [], locks.lock_keys

    def rival():
        answers.append(site.file(site.rival, LI, at=after(days=30)).reason)
        connection.close()

    def first_the_rival(keys):
        if not answers:
            other = Thread(target=rival)
            other.start()
            other.join(timeout=20)
        real(keys)

    monkeypatch.setattr(locks, "lock_keys", first_the_rival)
    with pytest.raises(NotAllowed), clock.at(after(days=30)):
        extend_protection(actor=site.manager, referral=fresh(li), days=5, reason="late")
    assert answers == [""]
    assert fresh(li).window_ends_at == after(days=30)
