"""Filing a client (domain 4.2)."""

from datetime import date, timedelta

import pytest

from brokers.services.agencies import set_agency_status, set_broker_active
from brokers.states import AgencyStatus
from channels_platform.audit.models import Event
from channels_platform.lib.errors import Invalid
from channels_platform.privacy.models import Phone
from leads.attribution.kept_facts import keep_filing
from leads.attribution.types import FilingFacts, PhoneFindings
from leads.models import Claim, Referral
from projects.models import Project
from projects.services.projects import change_project
from tests.cast import LI, START, WANG, ZHAO, after, broker_of, held, open_site, state

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)


def test_a_consultant_of_another_project_cannot_be_preferred():
    site, elsewhere = open_site(), open_site()
    with pytest.raises(Invalid) as refusal:
        site.file(site.owner, LI, preferred_consultant=elsewhere.consultant())
    assert refusal.value.code == "other_project"
    assert not Referral.objects.exists()


def test_an_accepted_filing_is_filed_numbered_and_recorded():
    site = open_site()
    referral = site.file(site.owner, LI)
    assert (referral.state, referral.reason) == ("filed", "")
    assert referral.number.startswith("R-20260302-")
    assert referral.lapse_at == after(hours=72)
    event = Event.objects.get(target_id=str(referral.pk))
    assert (event.action, event.actor, event.after) == (
        "referral.filed",
        site.owner.user,
        {"state": "filed", "policy": 1, "judged": keep_filing(FilingFacts(True, True, True, 0, PhoneFindings()))},
    )


def test_a_refused_filing_is_kept_numbered_and_answered_and_claims_nothing():
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    refused = site.file(site.rival, LI, WANG, at=after(hours=1))
    assert (refused.state, refused.reason) == ("rejected", "protected")
    assert refused.number
    assert refused.phones.count() == 2
    assert Claim.objects.count() == 1
    assert Event.objects.get(target_id=str(refused.pk)).action == "referral.rejected"


def test_a_project_that_is_not_open_takes_no_filing():
    site = open_site()
    for status in (Project.Status.PREPARING, Project.Status.PAUSED, Project.Status.CLOSED):
        site.project = change_project(actor=site.manager, project=site.project, status=status)
        assert site.file(site.outsider, "nonsense").reason == "project_not_open"


def test_a_broker_whose_agency_has_no_agreement_is_refused():
    site = open_site()
    assert site.file(site.outsider, "nonsense").reason == "no_agreement"


def test_an_agreement_counts_on_both_its_days_in_the_projects_zone():
    site = open_site()
    site.agree(site.outsider, from_on=date(2026, 3, 3), to_on=date(2026, 3, 4))
    # Local midnights: 2 March 16:00 and 4 March 16:00 UTC.
    first, last = after(hours=15), after(hours=63)
    found = [site.file(site.outsider, LI, at=at).reason for at in (first - TICK, first, last)]
    assert found == ["no_agreement", "", "no_agreement"]
    assert site.file(site.outsider, WANG, at=last - TICK).reason == ""


def test_an_agreement_that_renews_itself_outlives_its_last_day():
    site = open_site()
    site.agree(site.outsider, from_on=date(2026, 1, 1), to_on=date(2026, 1, 31), auto_renew=True)
    assert site.file(site.outsider, LI).reason == ""


def test_a_broker_or_agency_out_of_work_is_refused():
    site = open_site()
    set_broker_active(actor=site.manager, broker=site.owner, active=False)
    set_agency_status(actor=site.manager, agency=site.rival.agency, status=AgencyStatus.SUSPENDED, reason="audit")
    assert [site.file(one, "nonsense").reason for one in (site.owner, site.rival)] == ["broker_inactive"] * 2


def test_what_is_no_phone_is_refused_and_keeps_none():
    site = open_site()
    refused = site.file(site.owner, LI, "nonsense")
    assert (refused.reason, refused.phones.count()) == ("invalid_phone", 0)
    assert not Phone.objects.exists()


def test_the_phone_of_an_active_account_is_refused_and_of_a_closed_one_is_not():
    site = open_site()
    insider = broker_of(site.rival.agency, "insider", phone=LI)
    assert site.file(site.owner, LI).reason == "own_phone"
    assert site.file(insider, LI).reason == "own_phone"
    set_broker_active(actor=site.manager, broker=insider, active=False)
    assert site.file(site.owner, LI).reason == ""


def test_the_daily_limit_counts_the_brokers_filings_of_the_local_day():
    site = open_site(daily_filing_limit=2, lookback_days=90)
    site.walk_in(ZHAO, at=START)
    # Local midnight is 15 hours after the start.
    assert site.file(site.owner, LI, at=after(hours=1)).reason == ""
    assert site.file(site.owner, "nonsense", at=after(hours=2)).reason == "invalid_phone"
    assert site.file(site.owner, ZHAO, at=after(hours=3)).reason == "known_to_site"
    assert site.file(site.owner, WANG, at=after(hours=15) - TICK).reason == "limit_reached"
    assert site.file(site.colleague, WANG, at=after(hours=4)).reason == ""
    assert site.file(site.owner, "13800000009", at=after(hours=15)).reason == ""


def test_a_natural_visit_within_the_look_back_refuses_closed_at_the_far_end():
    site = open_site(lookback_days=90)
    site.walk_in(LI, at=START)
    edge = after(days=90)
    assert site.file(site.owner, LI, at=START).reason == "known_to_site"
    assert site.file(site.owner, LI, at=edge).reason == "known_to_site"
    assert site.file(site.owner, LI, at=edge + TICK).reason == ""


def test_a_look_back_of_no_days_is_off():
    site = open_site(lookback_days=0)
    site.walk_in(LI, at=START)
    assert site.file(site.owner, LI, at=START).reason == ""


def test_a_natural_visit_to_another_project_is_not_known_here():
    elsewhere, site = open_site(), open_site()
    elsewhere.walk_in(LI, at=START)
    assert site.file(site.owner, LI, at=after(hours=1)).reason == ""


def test_the_same_broker_cannot_file_a_live_client_twice_but_a_colleague_can():
    site = open_site()
    site.file(site.owner, LI, WANG)
    assert site.file(site.owner, "+86 138 0000 0002", at=after(hours=1)).reason == "already_referred"
    assert site.file(site.colleague, LI, at=after(hours=1)).reason == ""


def test_the_same_broker_files_again_from_the_lapse_instant_on():
    site = open_site()
    site.file(site.owner, LI)
    assert site.file(site.owner, LI, at=after(hours=72) - TICK).reason == "already_referred"
    assert site.file(site.owner, LI, at=after(hours=72)).reason == ""


def test_rival_cannot_claim_inside_the_window_and_can_at_its_end():
    site = open_site(exclusive_from="filing", protection_days=15, visit_within_hours=None)
    site.file(site.owner, LI)
    assert site.file(site.rival, LI, at=after(days=15) - TICK).reason == "protected"
    assert site.file(site.rival, LI, at=after(days=15)).reason == ""


def test_a_lapse_frees_the_phone_at_its_instant_without_any_job():
    site = open_site(exclusive_from="filing", visit_within_hours=48)
    first = site.file(site.owner, LI)
    assert site.file(site.rival, LI, at=after(hours=48) - TICK).reason == "protected"
    second = site.file(site.rival, LI, at=after(hours=48))
    assert second.reason == ""
    assert state(first, at=after(hours=48)) == "lapsed"
    assert held(first, at=after(hours=48)) == [("0001", START, after(hours=48))]


def test_a_filing_of_several_phones_stands_or_falls_as_a_whole():
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    assert site.file(site.rival, WANG, LI, at=after(hours=1)).reason == "protected"
    assert site.file(site.rival, WANG, at=after(hours=2)).reason == ""


def test_in_mode_visit_several_may_file_until_one_has_visited():
    site = open_site(lead_time_minutes=0)
    first = site.file(site.owner, LI)
    assert site.file(site.rival, LI, at=after(hours=1)).reason == ""
    site.visit(first, at=after(hours=2))
    assert site.file(site.colleague, LI, at=after(hours=3)).reason == "protected"


def test_a_filing_under_never_ignores_an_older_claim():
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    site.policy(exclusive_from="never")
    assert site.file(site.rival, LI, at=after(hours=1)).reason == ""


def test_a_referral_keeps_the_policy_it_was_filed_under():
    site = open_site(visit_within_hours=24)
    before = site.file(site.owner, LI)
    site.policy(visit_within_hours=48)
    afterwards = site.file(site.rival, LI, at=after(hours=1))
    assert (before.lapse_at, afterwards.lapse_at) == (after(hours=24), after(hours=49))
    assert (before.policy.version, afterwards.policy.version) == (1, 2)


def test_a_masked_filing_has_no_phone_and_claims_nothing():
    site = open_site(phone_mode="masked", lookback_days=90)
    site.walk_in(LI, at=START)
    masked = site.file(site.owner, "138****0001", at=after(hours=1))
    assert (masked.state, held(masked, at=after(hours=1))) == ("filed", [])
    assert [(row.phone_id, row.masked) for row in masked.phones.all()] == [(None, "138****0001")]
    assert site.file(site.owner, LI, at=after(hours=1)).reason == "invalid_phone"


def test_no_name_no_number_stands_readable_in_the_database():
    site = open_site()
    referral = site.file(site.owner, LI, client_name="Zhang Wei", note="likes the south side")
    stored = Referral.objects.extra(select={"raw_name": "client_name", "raw_note": "note"}).values(
        "raw_name", "raw_note", "client_masked"
    )[0]
    assert b"Zhang" not in bytes(stored["raw_name"])
    assert b"south" not in bytes(stored["raw_note"])
    assert stored["client_masked"] == "Z**"
    phone = Phone.objects.get()
    assert LI.encode() not in bytes(phone.ciphertext) + bytes(phone.digest)
    assert (Referral.objects.get(pk=referral.pk).client_name, phone.masked) == ("Zhang Wei", "138****0001")


def test_events_of_a_filing_hold_neither_name_nor_number():
    site = open_site()
    site.file(site.owner, LI, client_name="Zhang Wei")
    for event in Event.objects.all():
        text = f"{event.target_label} {event.before} {event.after} {event.reason}"
        assert "Zhang" not in text
        assert LI not in text


def test_an_arrival_is_expected_at_most_366_days_ahead():
    site = open_site()
    with pytest.raises(Invalid) as refusal:
        site.file(site.owner, LI, at=START, expected_arrival=START + timedelta(days=366, seconds=1))
    assert (refusal.value.code, refusal.value.field) == ("out_of_range", "expected_arrival")
    assert not Referral.objects.exists()
    assert site.file(site.owner, LI, at=START, expected_arrival=START + timedelta(days=366)).state == "filed"


@pytest.mark.parametrize(("phones", "code"), [((), "phones_required"), (tuple([LI] * 6), "too_many_phones")])
def test_a_filing_has_one_to_five_phones(phones, code):
    site = open_site()
    with pytest.raises(Invalid) as refusal:
        site.file(site.owner, *phones)
    assert refusal.value.code == code
    assert not Referral.objects.exists()


def test_a_broker_who_probes_is_flagged_once_a_day():
    site = open_site()
    for digit in range(5):
        site.walk_in(f"1380000010{digit}", at=START)
    for digit in range(4):
        site.file(site.owner, f"1380000020{digit}", at=after(minutes=digit))
    for digit in range(5):
        site.file(site.owner, f"1380000010{digit}", at=after(hours=1, minutes=digit))
    assert not Event.objects.filter(action="broker.probing").exists()
    site.file(site.owner, "13800000100", at=after(hours=2))
    site.file(site.owner, "13800000101", at=after(hours=2))
    site.owner.refresh_from_db()
    assert site.owner.probing_flagged_at == after(hours=2)
    assert Event.objects.filter(action="broker.probing").count() == 1
