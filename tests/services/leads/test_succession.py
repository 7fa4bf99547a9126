"""A broker who left: a colleague takes over the open clients, and nothing of the past moves (domain 4.3)."""

from datetime import date
from threading import Thread

import pytest
from django.db import connection

from brokers.services.agencies import set_broker_active
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.phones import parse_phone
from channels_platform.notices.models import Notice
from leads import locks
from leads.explanations.evidence import _same_broker
from leads.holders import filed_by, held_at
from leads.locks import phone_lock_keys
from leads.models import Handover, Referral
from leads.ranking import VISITS, rank_in_agency
from leads.selectors import visible_referrals
from leads.services.disputes import raise_dispute
from leads.services.disputes.people import part_in_case, require_discreet
from leads.services.judging import count_filed_today
from leads.services.probing import _filings
from leads.services.reminders import write_reminders
from leads.services.signals import find_signals
from leads.services.succession import hand_over_to_successor, plan_succession
from tests.cast import LI, START, SUN, WANG, ZHAO, after, broker_of, fresh, open_site, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return open_site()


@pytest.fixture
def boss(site):
    return broker_of(site.owner.agency, "boss", role=Role.AGENCY_ADMIN).user


def leave(site, boss, at=None):
    with clock.at(at or after(hours=3)):
        set_broker_active(actor=boss, broker=site.owner, active=False, reason="left")


def succeed(site, boss, at=None, heir=None):
    leave(site, boss, at)
    with clock.at(at or after(hours=3)):
        return hand_over_to_successor(actor=boss, former=site.owner, successor=heir or site.colleague)


def test_open_clients_go_in_one_act_told_once_and_recorded_each(site, boss):
    li, wang = site.file(site.owner, LI), site.file(site.owner, WANG)
    assert succeed(site, boss) == 2
    for one in (li, wang):
        assert (fresh(one).broker, fresh(one).agency, fresh(one).state) == (site.colleague, site.owner.agency, "filed")
        event = Event.objects.get(action="referral.handed_over", target_id=str(one.pk))
        assert (event.actor, event.agency_id) == (boss, site.owner.agency_id)
    assert [one.recipient for one in Notice.objects.filter(kind="client.inherited")] == [site.colleague.user]
    assert set(visible_referrals(site.colleague.user)) == {li, wang}
    assert not visible_referrals(site.owner.user).exists()
    assert set(visible_referrals(boss)) == {li, wang}


def test_protection_stays_and_the_heir_is_reminded(site, boss):
    li = site.file(site.owner, LI)
    before = list(li.claims.values())
    succeed(site, boss)
    assert list(li.claims.values()) == before
    due = fresh(li).lapse_at or fresh(li).window_ends_at
    with clock.at(due - (due - START) / 1000):
        write_reminders()
    told = Notice.objects.filter(target_id=str(li.pk), kind__endswith="_near")
    assert {one.recipient for one in told} == {site.colleague.user}


def test_only_what_is_live_by_the_clock_goes(site, boss):
    li, gone = site.file(site.owner, LI), site.file(site.owner, WANG)
    site.withdraw(gone, at=after(hours=1))
    assert succeed(site, boss) == 1
    assert fresh(gone).broker == site.owner
    with pytest.raises(NotAllowed), clock.at(after(hours=4)):
        hand_over_to_successor(actor=boss, former=site.owner, successor=site.colleague)
    assert fresh(li).broker == site.colleague


def test_who_may_and_to_whom(site, boss):
    site.file(site.owner, LI)
    with pytest.raises(NotAllowed) as active:
        hand_over_to_successor(actor=boss, former=site.owner, successor=site.colleague)
    assert active.value.code == "still_active"
    leave(site, boss)
    rival_boss = broker_of(site.rival.agency, "rival-boss", role=Role.AGENCY_ADMIN).user
    for actor in (None, rival_boss, site.colleague.user, site.manager, person(Role.AGENCY_ADMIN)):
        with pytest.raises(Forbidden):
            hand_over_to_successor(actor=actor, former=site.owner, successor=site.colleague)
    gone = broker_of(site.owner.agency, "gone")
    set_broker_active(actor=None, broker=gone, active=False)
    for heir in (site.rival, site.owner, gone):
        with pytest.raises(Invalid):
            hand_over_to_successor(actor=boss, former=site.owner, successor=heir)
    assert not Handover.objects.exists()


def test_a_client_of_a_cancelled_deal_stays_with_whom_commission_was_reckoned_to(site, boss):
    li = site.file(site.owner, LI)
    site.visit(li, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    site.cancel(deal, at=after(hours=2, minutes=30))
    other = site.file(site.owner, WANG)
    assert fresh(li).state == "visited"
    assert succeed(site, boss) == 1
    assert (fresh(li).broker, fresh(other).broker) == (site.owner, site.colleague)


def test_a_deal_after_the_handover_is_the_heirs(site, boss):
    li = site.file(site.owner, LI)
    site.visit(li, at=after(hours=1))
    succeed(site, boss)
    deal = site.subscribe(LI, at=after(hours=5))
    assert [share.referral.broker for share in deal.shares.select_related("referral__broker")] == [site.colleague]


def test_nobody_holds_two_live_filings_of_a_phone(site, boss):
    site.policy(exclusive_from="never")
    li, own = site.file(site.owner, LI), site.file(site.colleague, LI)
    zhao = site.file(site.owner, ZHAO)
    assert own.state == "filed"
    leave(site, boss)
    with clock.at(after(hours=3)):
        plan = plan_succession(former=site.owner, successor=site.colleague)
        assert (plan.known, plan.going) == ([li], [zhao])
        assert hand_over_to_successor(actor=boss, former=site.owner, successor=site.colleague) == 1
    assert site.file(site.colleague, ZHAO, at=after(hours=4)).reason == "already_referred"


def test_the_days_limit_counts_who_filed(site, boss):
    site.file(site.owner, LI)
    site.file(site.owner, WANG)
    site.file(site.colleague, SUN)
    succeed(site, boss)
    today = date(2026, 3, 2)

    def count(broker):
        return count_filed_today(project=site.project, broker_id=broker.pk, today=today)

    assert (count(site.owner), count(site.colleague)) == (2, 1)
    assert [rows.count() for rows in filed_by(site.owner)] == [0, 2]
    assert [_filings(broker, after(hours=4))[0] for broker in (site.owner, site.colleague)] == [2, 1]


def test_handed_on_twice_everything_counts_for_whose_it_was_then(site, boss):
    li = site.file(site.owner, LI)
    last = broker_of(site.owner.agency, "last")
    succeed(site, boss, at=after(hours=1))
    site.visit(li, at=after(hours=2))
    with clock.at(after(hours=3)):
        set_broker_active(actor=boss, broker=site.colleague, active=False)
        hand_over_to_successor(actor=boss, former=site.colleague, successor=last)
    whose = [held_at(fresh(li), after(hours=hours)) for hours in (0.5, 2, 4)]
    assert whose == [site.owner.pk, site.colleague.pk, last.pk]
    standings = {one.name: one.visits for one in rank_in_agency(broker=last, month=date(2026, 3, 1), by=VISITS)}
    assert standings[str(site.colleague)] == 1
    assert standings[str(last)] == 0
    count = [
        count_filed_today(project=site.project, broker_id=one.pk, today=date(2026, 3, 2))
        for one in (site.owner, site.colleague, last)
    ]
    assert count == [1, 0, 0]


def test_a_signal_is_raised_of_who_filed(site, boss):
    site.walk_in(LI, at=after(minutes=-10))
    site.policy(lead_time_minutes=0, lookback_days=0)
    li = site.file(site.owner, LI)
    assert fresh(li).state == "filed"
    site.visit(li, at=after(minutes=10))
    succeed(site, boss)
    with clock.at(after(hours=4)):
        find_signals()
    from leads.models import RiskSignal

    assert {one.kind for one in RiskSignal.objects.all()} == {"filed_at_arrival", "filed_after_walk_in"}
    assert {one.broker for one in RiskSignal.objects.all()} == {site.owner}


def test_the_explanation_of_an_old_refusal_still_names_the_filing_that_was_in_the_way(site, boss):
    li = site.file(site.owner, LI)
    again = site.file(site.owner, LI, at=after(hours=1))
    assert again.reason == "already_referred"
    succeed(site, boss)
    assert _same_broker(fresh(again), again.filed_at) == li.number


def test_who_recruited_the_former_broker_still_does_not_judge(site, boss):
    recruiter = person(Role.MARKETING_MANAGER)
    type(site.owner).objects.filter(pk=site.owner.pk).update(recruited_by=recruiter)
    li = site.file(site.owner, LI)
    succeed(site, boss)
    assert part_in_case(recruiter, referrals=[Referral.objects.get(pk=li.pk)], deal=None) == "recruited"


def test_a_decision_names_neither_the_broker_who_has_the_client_nor_who_filed_it(site, boss):
    site.owner.user.name, site.colleague.user.name = "Wang Xiaoming", "Liu Dawei"
    for broker in (site.owner, site.colleague):
        broker.user.save()
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(mine, at=after(hours=2))
    succeed(site, boss)
    deal = site.subscribe(LI, at=after(hours=4))
    with clock.at(after(hours=5)):
        dispute = raise_dispute(
            actor=site.rival.user,
            agency=site.rival.agency,
            referral=fresh(theirs),
            deal=deal,
            claim_text="We brought her.",
        )
        for name in ("wang xiaoming", "Liu Dawei"):
            with pytest.raises(Invalid) as refused:
                require_discreet(f"{name} was here first.", dispute=dispute, field="decision")
            assert (refused.value.code, refused.value.field) == ("names_client", "decision")


@pytest.mark.django_db(transaction=True)
def test_a_phone_that_joins_a_client_meanwhile_is_held_too(monkeypatch):
    site = open_site(exclusive_from="never")
    boss = broker_of(site.owner.agency, "boss", role=Role.AGENCY_ADMIN).user
    li = site.file(site.owner, LI)
    leave(site, boss)
    held, lock_keys, lock_referrals = [], locks.lock_keys, locks.lock_referrals

    def and_note(keys):
        held[:] = keys
        lock_keys(held)

    def after_a_phone_joined(ids):
        if len(held) == 1:
            adding = Thread(target=lambda: (site.add(fresh(li), WANG, at=after(hours=2)), connection.close()))
            adding.start()
            adding.join(timeout=20)
        return lock_referrals(ids)

    monkeypatch.setattr(locks, "lock_keys", and_note)
    monkeypatch.setattr(locks, "lock_referrals", after_a_phone_joined)
    with clock.at(after(hours=3)):
        assert hand_over_to_successor(actor=boss, former=site.owner, successor=site.colleague) == 1
    assert sorted(held) == sorted(phone_lock_keys(site.project.pk, [parse_phone(LI), parse_phone(WANG)]))
