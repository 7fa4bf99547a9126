"""Confirming an arrival (domain 4.3)."""

from datetime import timedelta

import pytest

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden
from leads.models import Claim, Referral, Visit
from leads.services.phones import add_phone
from leads.services.visits import confirm_visit
from tests.cast import LI, START, WANG, ZHAO, after, broker_of, fresh, held, open_site, state

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)


def test_the_first_visit_claims_all_phones_and_rivals_who_filed_are_lost():
    site = open_site()
    first, second = site.file(site.owner, LI, WANG), site.file(site.rival, WANG)
    colleague = site.file(site.colleague, LI)
    bystander = site.file(site.rival, ZHAO)
    visit = site.visit(first, at=after(hours=1))
    assert (visit.confirmed, visit.reason) == (True, "")
    now, end = after(hours=1), after(hours=1, days=30)
    assert held(first, at=now) == [("0001", now, end), ("0002", now, end)]
    assert [state(one, at=now) for one in (first, second, colleague, bystander)] == ["visited", "lost", "lost", "filed"]


def test_a_refused_arrival_is_kept_with_its_reason_and_changes_nothing():
    site = open_site()
    referral = site.file(site.owner, LI)
    visit = site.visit(referral, at=after(minutes=59))
    assert (visit.confirmed, visit.reason) == (False, "too_early")
    assert (state(referral, at=after(hours=1)), Claim.objects.count()) == ("filed", 0)
    event = Event.objects.filter(target_id=str(referral.pk)).latest("id")
    assert (event.action, event.after) == ("visit.refused", {"reason": "too_early"})


def test_a_lapsed_rival_stays_lapsed_when_another_visits():
    site = open_site(visit_within_hours=2)
    early = site.file(site.rival, LI)
    late = site.file(site.owner, LI, at=after(hours=1))
    site.visit(late, at=after(hours=2))
    assert state(early, at=after(hours=2)) == "lapsed"


def test_one_confirmed_visit_a_local_day():
    site = open_site()
    referral = site.file(site.owner, LI)
    midnight = after(hours=15)
    site.visit(referral, at=after(hours=1))
    assert site.visit(referral, at=midnight - TICK).reason == "already_today"
    assert site.visit(referral, at=midnight).reason == ""
    assert Visit.objects.filter(confirmed=True).count() == 2


def test_a_refused_arrival_does_not_use_up_the_day():
    site = open_site()
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(minutes=10))
    assert site.visit(referral, at=after(hours=1)).reason == ""


def test_another_claim_on_any_phone_protects_it_from_a_first_visit():
    site = open_site()
    first, second = site.file(site.owner, LI), site.file(site.rival, ZHAO, WANG)
    site.visit(first, at=after(hours=1))
    site.add(first, WANG, at=after(hours=2))
    assert site.visit(second, at=after(hours=3)).reason == "protected"
    assert (state(second, at=after(hours=3)), held(second, at=after(hours=3))) == ("filed", [])


def test_an_expired_claim_protects_nobody():
    site = open_site(protection_days=1, visit_within_hours=None)
    first = site.file(site.owner, LI)
    site.visit(first, at=after(hours=1))
    second = site.file(site.rival, LI, at=after(hours=25))
    assert site.visit(second, at=after(hours=26)).reason == ""
    assert held(first, at=after(hours=26)) == [("0001", after(hours=1), after(hours=25))]
    assert state(first, at=after(hours=26)) == "expired"


def test_a_re_visit_moves_the_end_of_live_claims_and_never_past_the_cap():
    site = open_site(revisit_extends=True, max_protection_days=45)
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    site.visit(referral, at=after(days=10))
    assert held(referral, at=after(days=10)) == [("0001", after(hours=1), after(days=40))]
    site.visit(referral, at=after(days=30))
    assert held(referral, at=after(days=30)) == [("0001", after(hours=1), after(days=45, hours=1))]


def test_in_mode_filing_a_visit_keeps_the_claim_from_lapsing():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=71))
    assert site.file(site.rival, LI, at=after(hours=80)).reason == "protected"
    assert held(referral, at=after(hours=80)) == [("0001", START, after(days=30))]


def test_reception_cannot_override_and_a_manager_can_with_a_reason():
    site = open_site()
    referral = site.file(site.owner, LI)
    with clock.at(after(minutes=10)), pytest.raises(Forbidden):
        confirm_visit(actor=site.reception, referral=fresh(referral), override_reason="the client is here")
    assert not Visit.objects.exists()
    visit = site.visit(referral, at=after(minutes=10), override="the client is here")
    assert (visit.confirmed, visit.override_reason) == (True, "the client is here")
    event = Event.objects.get(action="referral.visited")
    assert (event.reason, event.after["overridden"]) == ("the client is here", ["too_early"])


def test_a_reason_that_was_not_needed_is_not_kept_as_an_override():
    site = open_site()
    visit = site.visit(site.file(site.owner, LI), at=after(hours=2), override="just in case")
    assert (visit.confirmed, visit.override_reason) == (True, "")


def test_an_overridden_lapse_claims_again_to_the_original_end_where_all_are_free():
    site = open_site(exclusive_from="filing", visit_within_hours=24)
    referral = site.file(site.owner, LI, WANG)
    assert site.visit(referral, at=after(hours=24)).reason == "lapsed"
    assert site.visit(referral, at=after(hours=30), override="flight was late").reason == ""
    again, end = after(hours=30), after(days=30)
    assert held(referral, at=again) == [
        ("0001", START, after(hours=24)),
        ("0001", again, end),
        ("0002", START, after(hours=24)),
        ("0002", again, end),
    ]


def test_an_overridden_lapse_is_protected_where_a_rival_claimed_meanwhile():
    site = open_site(exclusive_from="filing", visit_within_hours=24)
    referral = site.file(site.owner, LI, WANG)
    site.file(site.rival, WANG, at=after(hours=24))
    assert site.visit(referral, at=after(hours=30), override="flight was late").reason == "protected"
    assert state(referral, at=after(hours=30)) == "lapsed"


def test_an_overridden_lapse_in_mode_visit_claims_a_window_from_now():
    site = open_site(visit_within_hours=24)
    referral, rival = site.file(site.owner, LI), site.file(site.rival, LI, at=after(hours=20))
    assert site.visit(referral, at=after(hours=30), override="flight was late").reason == ""
    assert held(referral, at=after(hours=30)) == [("0001", after(hours=30), after(hours=30, days=30))]
    assert state(rival, at=after(hours=30)) == "lost"


def test_an_overridden_lapse_under_never_claims_nothing():
    site = open_site(exclusive_from="never", visit_within_hours=24)
    referral = site.file(site.owner, LI)
    assert site.visit(referral, at=after(hours=30), override="flight was late").reason == ""
    assert (state(referral, at=after(days=400)), held(referral, at=after(hours=30))) == ("visited", [])


def test_masked_numbers_are_judged_at_the_first_visit():
    site = open_site(phone_mode="masked", lead_time_minutes=0, lookback_days=90)
    broker_of(site.rival.agency, "insider", phone="13800000011")
    site.walk_in("13800000012", at=START)
    site.walk_in("13800000013", at=after(hours=2))
    reasons = {}
    for last in (11, 12, 13):
        filed = site.file(site.owner, f"138****00{last}", at=after(hours=1))
        reasons[last] = site.visit(filed, at=after(hours=3), phones=(f"138000000{last}",)).reason
    assert reasons == {11: "own_phone", 12: "known_to_site", 13: ""}


def test_a_masked_client_of_the_same_broker_is_already_referred():
    site = open_site(phone_mode="masked", lead_time_minutes=0)
    first, second = site.file(site.owner, "138****0001"), site.file(site.owner, "138****0001")
    site.visit(first, at=after(hours=1), phones=(LI,))
    assert site.visit(second, at=after(hours=2), phones=(LI,)).reason == "already_referred"


def test_a_masked_referral_has_its_phones_from_the_visit_on():
    site = open_site(phone_mode="masked")
    referral = site.file(site.owner, "138****0001")
    site.visit(referral, at=after(hours=1), phones=("138 0000 0001",))
    row = referral.phones.get()
    assert (row.masked, row.phone.reveal()) == ("138****0001", "+8613800000001")
    assert site.visit(referral, at=after(days=1)).reason == ""


def test_the_consultant_is_the_preferred_one_if_on_duty():
    site = open_site()
    busy = site.consultant()
    preferred, off = site.consultant(), site.consultant(on_duty=False)
    wanted = site.file(site.owner, LI, preferred_consultant=preferred)
    absent = site.file(site.owner, WANG, preferred_consultant=off)
    assert site.visit(wanted, at=after(hours=1)).consultant == preferred
    assert site.visit(absent, at=after(hours=1)).consultant == busy


def test_else_the_one_with_the_fewest_open_clients_then_the_least_recently_assigned():
    site = open_site()
    first, second = site.consultant(), site.consultant()
    assigned = [
        site.visit(site.file(site.owner, f"1380000002{n}"), at=after(hours=1, minutes=n)).consultant for n in range(4)
    ]
    assert set(assigned[:2]) == {first, second}
    assert assigned[2:] == assigned[:2]


def test_clients_whose_time_is_over_are_open_no_more_whatever_the_sweep_did():
    site = open_site(protection_days=1)
    first = site.consultant()
    for n in range(2):
        site.visit(site.file(site.owner, f"1380000002{n}"), at=after(hours=1, minutes=n))
    second = site.consultant()
    site.visit(site.file(site.rival, ZHAO, at=after(days=3)), at=after(days=3, hours=1))
    later = site.visit(site.file(site.rival, LI, at=after(days=3)), at=after(days=3, hours=2))
    # One fresh client each would be even: the second has one, the first none that still counts.
    assert Referral.objects.filter(consultant=second).count() == 1
    assert later.consultant == first


def test_who_receives_the_client_never_changes_who_referred_it():
    site = open_site()
    site.consultant()
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    assert (fresh(referral).broker, fresh(referral).agency) == (site.owner, site.owner.agency)


def test_what_the_caller_read_before_is_read_again():
    site = open_site(phone_mode="masked")
    referral = site.file(site.owner, "138****0001")
    stale = Referral.objects.prefetch_related("phones").select_related("policy", "project").get(pk=referral.pk)
    assert len(stale.phones.all()) == 1
    site.add(referral, "138****0002", at=after(minutes=30))
    with clock.at(after(hours=1)):
        assert confirm_visit(actor=site.reception, referral=stale, phones=(LI,)).reason == "phone_mismatch"
        assert confirm_visit(actor=site.reception, referral=stale, phones=(LI, WANG)).reason == ""
    with clock.at(after(days=1)):
        assert confirm_visit(actor=site.reception, referral=stale).reason == ""
        assert add_phone(actor=None, referral=stale, phone=ZHAO).phone is not None
