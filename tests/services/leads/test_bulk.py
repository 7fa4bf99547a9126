"""Many clients in one act: each judged alone, at most once, told once, and only what the person may."""

from threading import Thread

import pytest
from django.db import connection

from brokers.services.agencies import set_broker_active
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.selectors import get_job
from channels_platform.jobs.services import deliver_message
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.notices.models import Notice
from leads.history import history
from leads.models import BulkAct, BulkItem, Claim, Handover, Referral
from leads.selectors import visible_referrals
from leads.services import bulk
from leads.services.bulk import ask_bulk, carry_out, plan_bulk, receivers
from leads.services.telling import tell_of_events
from tests.cast import LI, SUN, WANG, ZHAO, after, broker_of, fresh, held, open_site, person, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return open_site(exclusive_from="visit", visit_within_hours=None, lead_time_minutes=0)


def ask(site, kind, referrals, at=None, actor=None, **terms):
    with clock.at(at or after(hours=3)):
        terms.setdefault("reason", "rearranged")
        return ask_bulk(actor=actor or site.manager, kind=kind, referrals=[one.pk for one in referrals], **terms)


def do(site, kind, referrals, at=None, **terms):
    act = ask(site, kind, referrals, at=at, **terms)
    with clock.at(at or after(hours=3)):
        carry_out(act=act)
    return act


def outcomes(act):
    return {item.referral: item.outcome for item in act.items.select_related("referral")}


def planned(kind, *referrals, at=None, **terms):
    with clock.at(at or after(hours=3)):
        plan = plan_bulk(kind=kind, referrals=[fresh(one) for one in referrals], **terms)
    return {one for one, _until in plan.going}, dict(plan.left)


def test_a_transfer_takes_what_it_can_and_names_what_it_leaves(site):
    li, known, bought = (site.file(site.owner, phone) for phone in (LI, WANG, ZHAO))
    site.file(site.colleague, WANG)
    site.visit(bought, at=after(hours=1))
    site.cancel(site.subscribe(ZHAO, at=after(hours=1, minutes=5)), at=after(hours=2))
    rivals, own, over = site.file(site.rival, SUN), site.file(site.colleague, "13800000009"), site.file(site.owner, SUN)
    site.withdraw(over, at=after(hours=1))
    chosen = [li, known, bought, rivals, own, over]
    expected = {known: "receiver_has_it", bought: "had_deal", rivals: "other_agency", own: "already_theirs",
                over: "not_live"}  # fmt: skip
    assert planned("transfer", *chosen, receiver=site.colleague) == ({li}, expected)
    before = {one.pk: fresh(one).broker for one in chosen}
    act = do(site, "transfer", chosen, receiver=site.colleague)
    assert outcomes(act) == {li: "done", **expected}
    assert {one.pk: fresh(one).broker for one in chosen} == {**before, li.pk: site.colleague}
    assert fresh(li).agency == site.owner.agency
    event = Event.objects.get(action="referral.handed_over")
    assert (event.target_id, event.actor, event.reason) == (str(li.pk), site.manager, "rearranged")
    assert event.after == {"broker": "colleague", "act": str(act.pk)}
    assert Handover.objects.get().by == site.manager
    assert li in visible_referrals(site.colleague.user) and li not in visible_referrals(site.owner.user)


def test_protection_goes_along_with_a_transferred_client(site):
    li = site.file(site.owner, LI)
    site.visit(li, at=after(hours=1))
    before = list(li.claims.values())
    do(site, "transfer", [li], receiver=site.colleague)
    assert list(li.claims.values()) == before
    deal = site.subscribe(LI, at=after(hours=5))
    assert [share.referral.broker for share in deal.shares.select_related("referral__broker")] == [site.colleague]


def test_of_two_clients_with_one_phone_the_receiver_gets_one(site):
    third = broker_of(site.owner.agency, "third")
    pair = sorted([site.file(site.owner, LI), site.file(third, LI)], key=lambda one: one.pk)
    assert planned("transfer", *pair, receiver=site.colleague) == ({pair[0]}, {pair[1]: "receiver_has_it"})
    assert outcomes(do(site, "transfer", pair, receiver=site.colleague)) == {
        pair[0]: "done",
        pair[1]: "receiver_has_it",
    }


def test_a_transfer_is_told_once_to_receiver_former_brokers_and_the_agencys_managers(site):
    boss = broker_of(site.owner.agency, "boss", role=Role.AGENCY_ADMIN).user
    broker_of(site.rival.agency, "rival-boss", role=Role.AGENCY_ADMIN)
    third = broker_of(site.owner.agency, "third")
    chosen = [site.file(site.owner, LI), site.file(site.owner, WANG), site.file(third, ZHAO)]
    act = do(site, "transfer", chosen, receiver=site.colleague)
    with clock.at(after(hours=4)):
        carry_out(act=act)
    told = {(one.kind, one.recipient): one.facts["n"] for one in Notice.objects.all()}
    assert told == {
        ("client.transferred", site.colleague.user): 3,
        ("client.passed_on", site.owner.user): 2,
        ("client.passed_on", third.user): 1,
        ("client.moved", boss): 3,
    }
    assert Notice.objects.count() == len(told)


def test_a_receiver_who_left_meanwhile_gets_nobody(site):
    li = site.file(site.owner, LI)
    act = ask(site, "transfer", [li], receiver=site.colleague)
    set_broker_active(actor=None, broker=site.colleague, active=False)
    with clock.at(after(hours=3)):
        carry_out(act=act)
    assert outcomes(act) == {li: "bad_receiver"}
    assert fresh(li).broker == site.owner
    site.colleague.refresh_from_db()
    with pytest.raises(Invalid) as gone:
        ask(site, "transfer", [li], receiver=site.colleague)
    assert gone.value.code == "bad_receiver"
    assert set(receivers(Referral.objects.filter(pk=li.pk))) == {site.owner}


def test_a_release_withdraws_what_is_live_and_frees_its_phones_at_once(site):
    li, won, over = site.file(site.owner, LI), site.file(site.owner, WANG), site.file(site.owner, ZHAO)
    for one in (li, won):
        site.visit(one, at=after(hours=1))
    site.subscribe(WANG, at=after(hours=2))
    site.withdraw(over, at=after(hours=2))
    tell_of_events()
    assert planned("release", li, won, over) == ({li}, {won: "not_live", over: "not_live"})
    act = do(site, "release", [li, won, over])
    assert outcomes(act) == {li: "done", won: "not_live", over: "not_live"}
    assert [state(one, at=after(hours=3)) for one in (li, won, over)] == ["withdrawn", "won", "withdrawn"]
    assert held(li, at=after(hours=3)) == [("0001", after(hours=1), after(hours=3))]
    rival = site.file(site.rival, LI, at=after(hours=3))
    assert rival.reason == "" and site.visit(rival, at=after(hours=4)).confirmed
    with clock.at(after(hours=4)):
        tell_of_events()
    told = Notice.objects.get(kind="referral.withdrawn")
    assert (told.recipient, told.target_id) == (site.owner.user, str(li.pk))
    step = history(li, for_agency=True)[0]
    assert (step["what"], step["note"], step["who"]) == ("Withdrawn", "By the developer; the phones are free.", "")
    assert "rearranged" in history(li, for_agency=False)[0]["note"]


def test_under_never_a_released_referral_no_longer_wins_the_deal():
    site = open_site(exclusive_from="never", visit_within_hours=None, lead_time_minutes=0)
    li = site.file(site.owner, LI)
    site.visit(li, at=after(hours=1))
    do(site, "release", [li])
    assert not site.subscribe(LI, at=after(hours=5)).shares.exists()


def test_an_extension_moves_each_window_within_its_own_cap(site):
    site.policy(max_protection_days=40, protection_days=30, revisit_extends=True)
    li, capped, waiting = site.file(site.owner, LI), site.file(site.rival, WANG), site.file(site.owner, ZHAO)
    site.visit(li, at=after(hours=1))
    site.visit(capped, at=after(hours=1))
    do(site, "extend", [capped], days=10)
    tell_of_events()
    assert planned("extend", li, capped, waiting, days=7) == (
        {li},
        {capped: "at_cap", waiting: "nothing_to_extend"},
    )
    act = do(site, "extend", [li, capped, waiting], days=7)
    assert outcomes(act) == {li: "done", capped: "at_cap", waiting: "nothing_to_extend"}
    assert fresh(li).window_ends_at == after(days=37, hours=1)
    assert set(li.claims.values_list("ends_at", flat=True)) == {after(days=37, hours=1)}
    item = act.items.get(referral=li)
    assert (item.before, item.after) == (after(days=30, hours=1).isoformat(), after(days=37, hours=1).isoformat())


@pytest.mark.parametrize("kind", ["transfer", "extend", "release"])
def test_done_twice_changes_nothing_more(site, kind):
    terms = {"transfer": {"receiver": site.colleague}, "extend": {"days": 5}, "release": {}}[kind]
    chosen = [site.file(site.owner, phone) for phone in (LI, WANG)]
    for one in chosen:
        site.visit(one, at=after(hours=1))
    act = do(site, kind, chosen, **terms)
    before = [
        list(model.objects.order_by("pk").values()) for model in (Referral, Claim, Handover, BulkItem, Event, Notice)
    ]
    with clock.at(after(hours=9)):
        carry_out(act=act)
        assert deliver_message(OutboxMessage.objects.get(task__endswith="do_bulk_act").pk)
    assert before == [
        list(model.objects.order_by("pk").values()) for model in (Referral, Claim, Handover, BulkItem, Event, Notice)
    ]
    assert set(outcomes(act).values()) == {"done"}


def test_the_job_goes_on_where_it_was_killed_and_leaves_a_table(site, monkeypatch):
    chosen = [site.file(site.owner, phone) for phone in (LI, WANG, ZHAO)]
    act = ask(site, "release", chosen)
    real, calls = bulk.release_referral, []

    def dies_at_the_second(**asked):
        calls.append(asked["referral"])
        if len(calls) == 2:
            raise SystemExit
        return real(**asked)

    monkeypatch.setattr(bulk, "release_referral", dies_at_the_second)
    with clock.at(after(hours=3)), pytest.raises(SystemExit):
        carry_out(act=act)
    assert sorted(outcomes(act).values()) == ["", "", "done"]
    with clock.at(after(hours=4)):
        assert deliver_message(OutboxMessage.objects.get(task__endswith="do_bulk_act").pk)
    assert set(outcomes(act).values()) == {"done"}
    assert Event.objects.filter(action="referral.withdrawn").count() == 3
    job = Job.objects.get()
    assert (job.state, job.done, job.total) == ("done", 3, 3)
    with job.result_file.open("rb") as file:
        lines = file.read().decode("utf-8-sig").splitlines()
    assert lines[0] == "Number,Project,Agency,Broker,Outcome,Protected until"
    assert {line.split(",")[0] for line in lines[1:]} == {one.number for one in chosen}
    act.refresh_from_db()
    assert act.finished_at == after(hours=4)


def test_one_who_may_not_asks_for_nothing(site):
    li = site.file(site.owner, LI)
    marketing = person(Role.MARKETING)
    for kind, terms in (("extend", {"days": 5}), ("release", {})):
        for actor in (marketing, person(Role.AUDITOR), person(Role.FINANCE), site.owner.user):
            with pytest.raises(Forbidden):
                ask(site, kind, [li], actor=actor, **terms)
    with pytest.raises(Forbidden):
        ask(site, "transfer", [li], actor=site.owner.user, receiver=site.colleague)
    elsewhere = person(Role.MARKETING_MANAGER, all_projects=False)
    with pytest.raises(Forbidden) as beyond:
        ask(site, "release", [li], actor=elsewhere)
    assert beyond.value.code == "beyond_reach"
    for terms, code in (({"reason": " "}, "reason_required"), ({"days": 61}, "out_of_range")):
        with pytest.raises(Invalid) as wrong:
            ask(site, "extend", [li], **({"days": 5} | terms))
        assert wrong.value.code == code
    assert not BulkAct.objects.exists() and not Job.objects.exists()
    assert ask(site, "transfer", [li], actor=marketing, receiver=site.colleague).kind == "transfer"


def test_a_role_lost_meanwhile_stops_what_is_left_and_hides_the_result(site):
    li = site.file(site.owner, LI)
    act = ask(site, "release", [li])
    site.manager.role = Role.MARKETING
    site.manager.save()
    with clock.at(after(hours=3)):
        carry_out(act=BulkAct.objects.get(pk=act.pk))
    assert outcomes(act) == {li: "forbidden"}
    assert state(li, at=after(hours=3)) == "filed"
    assert get_job(viewer=site.manager, job_id=act.job.pk) is None
    assert get_job(viewer=site.second_manager, job_id=act.job.pk) is None


@pytest.mark.django_db(transaction=True)
def test_request_and_worker_at_once_do_each_client_once():
    site = open_site(exclusive_from="visit", visit_within_hours=None, lead_time_minutes=0)
    chosen = [site.file(site.owner, f"1380000{n:04d}") for n in range(1, 7)]
    for one in chosen:
        site.visit(one, at=after(hours=1))
    act = ask(site, "extend", chosen, days=5)
    faults = []

    def work():
        try:
            with clock.at(after(hours=3)):
                carry_out(act=BulkAct.objects.get(pk=act.pk))
        except Exception as fault:  # noqa: BLE001 - told below
            faults.append(fault)
        connection.close()

    threads = [Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert not faults
    assert {fresh(one).window_ends_at for one in chosen} == {
        after(days=fresh(chosen[0]).policy.protection_days + 5, hours=1)
    }
    assert Event.objects.filter(action="referral.extended").count() == len(chosen)
