"""What if other rules had held: which outcomes and deals would be others, and that nothing is changed by asking."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from brokers.services.agencies import set_broker_active
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from leads.models import Claim, Deal, DealShare, Referral, ReferralPhone, Visit
from leads.services.extension import extend_protection
from leads.services.succession import hand_over_to_successor
from leads.services.whatif import run_what_if, start_what_if
from leads.whatif import facts
from leads.whatif.facts import read_history, whole_knots
from tests.cast import HALF, LI, START, SUN, WANG, ZHAO, Site, after, broker_of, open_site, person

pytestmark = pytest.mark.django_db
NOW = after(days=40)
KEPT = (Referral, ReferralPhone, Claim, Visit, Deal, DealShare)


def _ask(site: Site, *, actor: Any = None, **asked: Any) -> Job:
    """Ask, have the worker answer, and return the job as it ended."""
    rules = {name: asked.pop(name) for name in list(asked) if name not in ("first", "last", "at")}
    with clock.at(asked.pop("at", NOW)):
        job = start_what_if(actor=actor or site.manager, project=site.project, rules=rules, **asked)
        assert deliver_message(OutboxMessage.objects.latest("pk").pk)
    job.refresh_from_db()
    assert job.state == "done", job.errors
    return job


def _file(job: Job) -> bytes:
    with job.result_file.open("rb") as file:
        content: bytes = file.read()
    return content


def _changes(job: Job) -> dict[str, tuple[str, str]]:
    """Which referral would go from what to what: state, or the reason of a refusal."""
    return {
        number: (was[1] or was[0], then[1] or then[0]) for number, _agency, was, then, _key in job.report["referrals"]
    }


def test_protection_from_the_filing_refuses_the_rival_who_won_the_client() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0)
    first = site.file(site.owner, LI)
    second = site.file(site.rival, LI, at=after(hours=1))
    site.visit(second, at=after(hours=2))
    deal = site.subscribe(LI, at=after(days=2), price=Decimal("1280000.00"))

    job = _ask(site, exclusive_from="filing")

    assert _changes(job) == {first.number: ("lost", "won"), second.number: ("won", "protected")}
    assert job.report["before"] == {"lost": 1, "won": 1}
    assert job.report["after"] == {"won": 1, "rejected:protected": 1}
    ((number, was, then, price, moved, _key),) = job.report["deals"]
    assert (number, was, then) == (deal.number, {second.number: "1"}, {first.number: "1"})
    assert (price, moved) == ("1280000.00", "1280000.00")
    assert job.report["agencies"] == [["owner", "1280000.00"], ["rival", "-1280000.00"]]


def test_refused_filing_is_judged_anew_from_its_phones() -> None:
    site = open_site(exclusive_from="visit", lookback_days=90, visit_within_hours=None)
    site.walk_in(LI, at=START)
    refused = site.file(site.owner, LI, at=after(days=20))
    still = site.file(site.rival, LI, at=after(days=4))
    assert _changes(_ask(site, lookback_days=10)) == {refused.number: ("known_to_site", "filed")}
    assert set(_changes(_ask(site, lookback_days=0))) == {refused.number, still.number}


def test_refused_filing_that_is_accepted_then_claims_and_wins_the_deal() -> None:
    site = open_site(exclusive_from="filing", lookback_days=90, visit_within_hours=None, protection_days=30)
    site.walk_in(LI, at=START)
    refused = site.file(site.owner, LI, at=after(days=1))
    deal = site.subscribe(LI, at=after(days=3))
    job = _ask(site, lookback_days=0)
    assert _changes(job) == {refused.number: ("known_to_site", "won")}
    assert [one[:5] for one in job.report["deals"]] == [
        [deal.number, {}, {refused.number: "1"}, "1000000.00", "1000000.00"]
    ]


def test_shorter_lead_time_lets_the_refused_arrival_count() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=180, protection_days=90)
    early = site.file(site.owner, LI)
    site.visit(early, at=after(minutes=90))
    assert _changes(_ask(site, lead_time_minutes=90)) == {early.number: ("lapsed", "visited")}
    assert _changes(_ask(site, lead_time_minutes=91)) == {}


def test_longer_lead_time_takes_the_visit_and_its_claim() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0, protection_days=90)
    owner, rival = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(owner, at=after(minutes=59))
    deal = site.subscribe(LI, at=after(days=5))
    job = _ask(site, lead_time_minutes=60)
    assert _changes(job) == {owner.number: ("won", "lapsed"), rival.number: ("lost", "lapsed")}
    assert job.report["deals"][0][:3] == [deal.number, {owner.number: "1"}, {}]
    assert job.report["referrals"][0][3][4] == "too_early"


def test_an_extension_is_read_again_within_the_other_rules_cap() -> None:
    site = open_site(exclusive_from="filing", protection_days=30, visit_within_hours=None)
    mine = site.file(site.owner, LI)
    with clock.at(after(days=20)):
        extend_protection(actor=site.manager, referral=mine, days=20, reason="fair")
    refused = site.file(site.rival, LI, at=after(days=36))
    assert refused.reason == "protected"
    as_it_was = _ask(site)
    assert (_changes(as_it_was), as_it_was.report["kept"].get("unclear", 0)) == ({}, 0)
    assert _changes(_ask(site, max_protection_days=36)) == {
        mine.number: ("filed", "expired"),
        refused.number: ("protected", "filed"),
    }


def test_shorter_protection_frees_the_client_before_the_deal() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0, protection_days=30)
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    site.subscribe(LI, at=after(days=15, hours=1))
    assert _changes(_ask(site, protection_days=15)) == {referral.number: ("won", "expired")}
    assert _changes(_ask(site, protection_days=15, window_end="end_of_day")) == {}


def test_under_never_the_latest_visit_has_the_deal() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0, protection_days=3)
    owner, rival = site.file(site.owner, LI), site.file(site.rival, LI, at=after(days=4))
    site.visit(owner, at=after(hours=1))
    site.visit(rival, at=after(days=4, hours=1))
    deal = site.subscribe(LI, at=after(days=5))
    site.file(site.owner, SUN, at=after(days=6))
    job = _ask(site, exclusive_from="never")
    assert job.report["deals"] == []
    assert _changes(job) == {owner.number: ("expired", "lost")}
    assert deal.number == job.report["referrals"][0][3][3]


def test_deal_that_splits_then_moves_half_its_price() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0, lookback_days=90)
    site.walk_in(WANG, at=START)
    owner = site.file(site.owner, LI, at=after(hours=1))
    rival = site.file(site.rival, WANG, at=after(hours=1))
    site.visit(owner, at=after(hours=2))
    deal = site.subscribe(
        LI, WANG, at=after(hours=5), price=Decimal("999999.99"), method="instalment", first_payment_amount=Decimal(1)
    )
    job = _ask(site, lookback_days=0, exclusive_from="filing")
    assert [one[:5] for one in job.report["deals"]] == [
        [deal.number, {owner.number: "1"}, {owner.number: "1/2", rival.number: "1/2"}, "999999.99", "500000.00"]
    ]
    assert job.report["agencies"] == [["owner", "-500000.00"], ["rival", "500000.00"]]


def test_filings_outside_the_period_keep_their_rules() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0, visit_within_hours=None)
    site.walk_in(LI, at=START)
    before, inside = site.file(site.owner, LI), site.file(site.rival, LI, at=after(days=2))
    today = date(2026, 3, 4)
    job = _ask(site, lookback_days=0, first=today, last=today)
    assert _changes(job) == {inside.number: ("known_to_site", "filed")}
    assert job.report["filings"] == 1
    assert before.number not in _changes(job)


def test_rules_in_force_change_nothing() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0)
    owner = site.file(site.owner, LI)
    site.file(site.rival, LI)
    site.visit(owner, at=after(hours=1))
    site.subscribe(LI, at=after(days=1))
    job = _ask(site)
    assert (job.report["referrals"], job.report["deals"], job.report["kept"]) == ([], [], {})
    assert job.report["before"] == job.report["after"]


def test_what_people_decided_stays_and_is_counted() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0)
    owner, rival = site.file(site.owner, LI), site.file(site.rival, ZHAO)
    site.visit(owner, at=after(hours=80), override="seen on camera")
    deal = site.subscribe(LI, at=after(days=5))
    site.decide(deal, (owner, HALF), (rival, HALF), at=after(days=6))
    job = _ask(site, protection_days=1, visit_within_hours=24)
    assert job.report["deals"] == []
    assert job.report["kept"] == {"decided": 1, "overridden": 1}
    assert _changes(job) == {}


def test_masked_filing_keeps_its_rules_where_phones_are_protected_from_filing() -> None:
    site = open_site(exclusive_from="visit", phone_mode="masked", visit_within_hours=None)
    site.file(site.owner, "138****0001")
    site.policy(phone_mode="full")
    job = _ask(site, exclusive_from="filing")
    assert job.report["kept"] == {"masked": 1}
    assert _changes(job) == {}


def test_asking_changes_nothing_and_is_on_the_audit_trail() -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0)
    owner = site.file(site.owner, LI)
    site.visit(owner, at=after(hours=1))
    site.subscribe(LI, at=after(days=1))
    before = [list(model.objects.order_by("pk").values()) for model in KEPT]
    events = Event.objects.count()
    _ask(site, exclusive_from="never", protection_days=7, first=date(2026, 3, 1))
    assert [list(model.objects.order_by("pk").values()) for model in KEPT] == before
    event = Event.objects.latest("pk")
    assert Event.objects.count() == events + 1
    assert (event.action, event.actor, event.project_id) == ("whatif.ran", site.manager, site.project.pk)
    assert event.after == {
        "first": "2026-03-01", "last": None, "version": 1, "rules": {"exclusive_from": "never", "protection_days": 7}
    }  # fmt: skip


def test_no_phone_leaves_with_the_result() -> None:
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    site.file(site.rival, LI)
    job = _ask(site, exclusive_from="never")
    with job.result_file.open("rb") as file:
        text = file.read().decode("utf-8-sig")
    assert LI[-4:] not in re.sub(r"R-\d{8}-\d{6}", "", text)
    assert text.splitlines()[0] == 'Number,Agency,On record,By these rules,Why,"Price × share, gained or lost"'
    assert len(text.splitlines()) == 2
    assert LI not in str(job.report)


def test_job_begun_again_ends_the_same() -> None:
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    site.file(site.rival, LI)
    job = _ask(site, exclusive_from="never")
    first = job.report
    Job.objects.filter(pk=job.pk).update(state="running", report={})
    with clock.at(NOW):
        run_what_if(job_id=job.pk)
    job.refresh_from_db()
    assert (job.report, job.done) == (first, job.total)


@pytest.mark.parametrize("role", [role for role in Role if role != Role.MARKETING_MANAGER], ids=str)
def test_only_managers_may_ask(role: Role) -> None:
    site = open_site()
    with pytest.raises(Forbidden):
        start_what_if(actor=person(role), project=site.project, rules={})
    assert not Job.objects.exists()


def test_manager_of_other_projects_may_not_ask() -> None:
    site = open_site()
    with pytest.raises(Forbidden) as refusal:
        start_what_if(actor=person(Role.MARKETING_MANAGER, all_projects=False), project=site.project, rules={})
    assert refusal.value.code == "beyond_reach"


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"rules": {"protection_days": 0}}, "bad_policy", "protection_days"),
        ({"rules": {"phone_mode": "masked"}}, "bad_policy", "phone_mode"),
        ({"rules": {}, "first": date(2026, 3, 2), "last": date(2026, 3, 1)}, "span_reversed", "last"),
    ],
)
def test_rules_that_cannot_be_are_refused(asked: dict[str, Any], code: str, field: str) -> None:
    site = open_site()
    with pytest.raises(Invalid) as refusal:
        start_what_if(actor=site.manager, project=site.project, **asked)
    assert refusal.value.code == code
    assert field in (refusal.value.field, *refusal.value.facts.get("faults", {}))
    assert not Job.objects.exists()


def test_what_a_broker_filed_who_left_is_read_as_that_brokers() -> None:
    site = open_site(exclusive_from="visit", daily_filing_limit=2)
    left = [site.file(site.owner, phone) for phone in (LI, WANG)]
    own = site.file(site.colleague, SUN, at=after(minutes=5))
    boss = broker_of(site.owner.agency, "boss", role=Role.AGENCY_ADMIN).user
    with clock.at(after(hours=1)):
        set_broker_active(actor=boss, broker=site.owner, active=False, reason="left")
        assert hand_over_to_successor(actor=boss, former=site.owner, successor=site.colleague) == 2
    again = site.file(site.colleague, LI, at=after(hours=30))
    assert [one.reason for one in (*left, own, again)] == ["", "", "", "already_referred"]
    job = _ask(site)
    assert (job.report["kept"], _changes(job)) == ({}, {})
    assert _changes(_ask(site, daily_filing_limit=1)) == {left[1].number: ("lapsed", "limit_reached")}


def test_read_in_the_smallest_pieces_it_comes_to_the_same_and_parts_nothing_tied(monkeypatch: Any) -> None:
    site = open_site(exclusive_from="visit", lead_time_minutes=0, daily_filing_limit=3)
    owner, rival = site.file(site.owner, LI), site.file(site.rival, LI, at=after(minutes=5))
    couple, alone = site.file(site.owner, WANG, SUN), site.file(site.colleague, ZHAO)
    site.file(site.owner, "13800000009", at=after(minutes=30))
    last = site.file(site.owner, "13800000010", at=after(minutes=40))
    site.add(alone, "13800000011", at=after(minutes=50))
    for minutes, one in enumerate((rival, couple, alone)):
        site.visit(one, at=after(hours=1, minutes=minutes))
    tied = site.subscribe(SUN, LI, at=after(days=1))
    decided = site.subscribe("13800000011", at=after(days=2))
    site.decide(decided, (alone, HALF), (couple, HALF), at=after(days=3))
    rules = {"daily_filing_limit": 2, "exclusive_from": "filing"}

    whole = _ask(site, **rules)
    monkeypatch.setattr(facts, "CHUNK", 1)
    chunks = [{fact.knot for fact in chunk} for chunk in whole_knots(read_history(site.project.pk, site.project.zone))]
    pieces = _ask(site, **rules)

    assert last.reason == "limit_reached"
    assert _changes(whole)[rival.number] == ("won", "protected")
    assert _changes(whole)[owner.number] == ("lost", "won")
    assert tied.number in [one[0] for one in whole.report["deals"]]
    assert pieces.report == whole.report
    assert _file(pieces) == _file(whole)
    # the two deals and what they touch; the client of each other filing
    assert [len(knots) for knots in chunks] == [1, 1, 1]
    assert (pieces.done, pieces.total) == (whole.done, whole.total)
