"""Signals about the site's people, about devices and addresses, about what was entered late: each with its evidence."""

from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from brokers.models import Store
from brokers.services.changes import keep_store
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden
from channels_platform.notices.models import Notice
from leads.models import Consultant, FilingOrigin, Referral, RiskSignal
from leads.origin import Origin
from leads.services.deals import Buyer, amend_deal, subscribe_deal
from leads.services.erasure import erase_personal_data
from leads.services.signals import find_signals, judge_signal
from leads.services.visits import record_natural_visit
from leads.signal_words import noticed, records_by_kind
from tests.cast import LI, SUN, after, agency_with_broker, broker_of, open_site, person

pytestmark = pytest.mark.django_db
_serial = count(1)


@pytest.fixture
def site():
    return open_site(lead_time_minutes=0, lookback_days=0)


def phone() -> str:
    return f"137{next(_serial):08d}"


def look(at):
    with clock.at(at):
        find_signals()
    return list(RiskSignal.objects.order_by("kind", "once"))


def of_kind(kind, at):
    return [signal for signal in look(at) if signal.kind == kind]


def walk_ins(site, recorder, number, *, filed_by=None, times=0):
    """Have a person record walk-ins; a broker files some of them days later."""
    for n in range(number):
        client = phone()
        with clock.at(after(hours=1, minutes=n)):
            record_natural_visit(actor=recorder, project=site.project, phone=client)
        if n < times:
            site.file(filed_by, client, at=after(days=3, minutes=n))


def test_a_recorder_whose_walk_ins_turn_into_filings_is_noticed_with_the_broker_who_files_them(site):
    lin = person("reception")
    walk_ins(site, lin, 5, filed_by=site.owner, times=4)
    walk_ins(site, site.reception, 10, filed_by=site.rival, times=1)
    signals = {
        signal.kind: signal for signal in look(after(days=8)) if signal.kind in ("walk_ins_given", "walk_ins_pair")
    }
    given, pair = signals["walk_ins_given"], signals["walk_ins_pair"]
    figures = {"how": "recorded", "people": 5, "turned": 4, "others": 10}
    assert (given.broker, given.person, given.evidence) == (None, lin, {**figures, "others_turned": 1})
    assert (pair.broker, pair.person, pair.evidence) == (site.owner, lin, {**figures, "others_turned": 0})
    words = "Of 5 walk-ins that reception recorded in 90 days brokers filed 4 afterwards; of all others' 1 of 10."
    assert noticed(given) == words
    before = RiskSignal.objects.count()
    assert len(look(after(days=8, hours=2))) == before, "the same week's is known"


def test_a_consultant_who_receives_clients_that_had_walked_in_is_noticed_with_the_broker(site):
    lin, wu = (Consultant.objects.create(project=site.project, user=person("consultant")) for _ in range(2))
    for consultant, broker, times in ((lin, site.owner, 3), (wu, site.rival, 0)):
        for n in range(4):
            client = phone()
            if n < times:
                site.walk_in(client, at=after(hours=1, minutes=n))
            referral = site.file(broker, client, at=after(days=3, minutes=n), preferred_consultant=consultant)
            site.visit(referral, at=after(days=4, minutes=n))
    signals = {signal.kind: signal for signal in look(after(days=8)) if signal.evidence.get("how") == "received"}
    figures = {"how": "received", "people": 4, "turned": 3, "others": 4, "others_turned": 0}
    assert {kind: (one.broker, one.person, one.evidence) for kind, one in signals.items()} == {
        "walk_ins_given": (None, lin.user, figures),
        "walk_ins_pair": (site.owner, lin.user, figures),
    }


@pytest.mark.parametrize("others", [4, 0])
def test_a_recorder_like_all_others_or_alone_is_not(site, others):
    walk_ins(site, person("reception"), 5, filed_by=site.owner, times=4)
    if others:
        walk_ins(site, site.reception, 5, filed_by=site.owner, times=others)
    assert not {"walk_ins_given", "walk_ins_pair"} & {signal.kind for signal in look(after(days=8))}


def test_a_consultant_is_neither_told_nor_shown_and_a_manager_does_not_judge_what_is_about_them(site):
    walk_ins(site, site.manager, 5, filed_by=site.owner, times=4)
    walk_ins(site, site.reception, 10)
    [given] = of_kind("walk_ins_given", after(days=8))
    told = Notice.objects.filter(kind="signal.raised_of_staff")
    assert set(told.values_list("recipient", flat=True)) == {site.second_manager.pk}
    assert told.get().path == f"/admin/leads/risksignal/{given.pk}/change/"
    with pytest.raises(Forbidden) as refusal:
        judge_signal(actor=site.manager, signal=given, confirmed=False, reason="it was not me")
    assert refusal.value.code == "own_signal"
    with pytest.raises(IntegrityError, match="signal_not_judged_by_whom"), transaction.atomic():
        RiskSignal.objects.filter(pk=given.pk).update(state="dismissed", judged_by=site.manager, judged_at=after())
    judge_signal(actor=site.second_manager, signal=given, confirmed=True, reason="the list went out")
    assert records_by_kind("walk_ins_given") == {"walk_ins_given": (1, 1, 0)}


def filed_from(site, broker, origin, **at):
    return site.file(broker, phone(), at=after(**(at or {"hours": 1})), origin=origin)


def test_one_device_for_three_brokers_of_two_shops_is_noticed_by_names_alone(site):
    device = Origin(device=b"d" * 32)
    for broker in (site.owner, site.owner, site.colleague):
        filed_from(site, broker, device)
    assert of_kind("shared_device", after(hours=2)) == []
    filed_from(site, site.rival, device)
    [signal] = of_kind("shared_device", after(hours=3))
    assert (signal.broker, signal.project, signal.evidence["filed"]) == (site.owner, site.project, 4)
    assert sorted(name for name, _agency, _filed in signal.evidence["brokers"]) == ["colleague", "owner", "rival"]
    assert "owner (owner) 2" in noticed(signal)
    assert b"d".hex() * 32 not in f"{signal.once}{signal.evidence}"


def test_a_shops_own_computer_is_not(site):
    device = Origin(device=b"d" * 32)
    store = keep_store(actor=None, store=Store(agency=site.owner.agency, name="Main Street"))
    people = [broker_of(site.owner.agency, f"p{n}", store=store) for n in range(4)]
    for one in people:
        filed_from(site, one, device)
    assert of_kind("shared_device", after(hours=2)) == []
    filed_from(site, site.owner, device)
    assert len(of_kind("shared_device", after(hours=2))) == 1


def test_an_address_is_noticed_from_eight_brokers_of_three_agencies_within_a_day(site):
    address = Origin(address=b"a" * 32)
    third = agency_with_broker("third")
    site.agree(third)
    people = [site.owner, site.rival, third, *(broker_of(site.owner.agency, f"p{n}") for n in range(4))]
    for one in people:
        filed_from(site, one, address)
    assert of_kind("shared_address", after(hours=2)) == []
    eighth = broker_of(site.owner.agency, "p5")
    filed_from(site, eighth, address, hours=26)
    assert of_kind("shared_address", after(hours=26)) == [], "the others' are a day old"
    filed_from(site, eighth, address, hours=1)
    assert len(of_kind("shared_address", after(hours=3))) == 1


def test_where_a_filing_came_from_is_kept_with_it_and_deleted_long_before_the_client(site, settings):
    kept = filed_from(site, site.owner, Origin(device=b"d" * 32, address=b"a" * 32))
    refused = site.file(site.owner, "1", at=after(hours=2), origin=Origin(address=b"a" * 32))
    plain = site.file(site.owner, phone(), at=after(hours=2), origin=Origin())
    assert set(FilingOrigin.objects.values_list("referral", flat=True)) == {kept.pk, refused.pk}
    assert not hasattr(Referral.objects.get(pk=plain.pk), "origin")
    days = timedelta(days=settings.FILING_ORIGIN_DAYS)
    for at, left in ((after(hours=1) + days, 2), (after(hours=1, seconds=1) + days, 1)):
        with clock.at(at):
            erase_personal_data()
        assert FilingOrigin.objects.count() == left


def test_a_filing_with_its_origin_takes_no_statement_more(site):
    def statements(origin):
        filed_from(site, site.owner, origin)
        with CaptureQueriesContext(connection) as found:
            filed_from(site, site.owner, origin)
        return len(found)

    assert statements(Origin(device=b"d" * 32, address=b"a" * 32)) == statements(None)


@pytest.fixture
def protecting():
    return open_site(lead_time_minutes=0, lookback_days=0, exclusive_from="filing", protection_days=2)


def enter(site, *, dated, entered):
    """Enter a deal of Li at one instant with the date of another."""
    with clock.at(entered):
        return subscribe_deal(
            actor=site.manager,
            project=site.project,
            price=Decimal("1000000.00"),
            method="lump_sum",
            first_payment_amount=Decimal("1000000.00"),
            buyers=[Buyer("Li Ming", LI)],
            at=dated,
        )


@pytest.mark.parametrize(("hours", "raised"), [(24, 1), (23, 0)])
def test_a_deal_entered_late_for_a_date_that_decided_it_is_noticed(protecting, hours, raised):
    """At its date the owner's protection held; when it was entered that was over."""
    referral = protecting.file(protecting.owner, LI)
    deal = enter(protecting, dated=after(hours=60 - hours), entered=after(hours=60))
    found = of_kind("deal_backdated", after(hours=61))
    assert len(found) == raised
    for signal in found:
        assert (signal.broker, signal.person, signal.referral) == (protecting.owner, protecting.manager, referral)
        assert signal.evidence == {"deal": deal.number, "hours": 24, "entered_by": str(protecting.manager)}


def test_a_deal_dated_before_a_protection_began_is_about_who_entered_it(protecting):
    protecting.file(protecting.owner, LI, at=after(hours=30))
    enter(protecting, dated=after(hours=20), entered=after(hours=50))
    [signal] = of_kind("deal_backdated", after(hours=51))
    assert (signal.broker, signal.person) == (None, protecting.manager)


def test_a_deal_entered_late_that_its_date_did_not_decide_is_none(protecting):
    protecting.file(protecting.owner, LI)
    enter(protecting, dated=after(hours=10), entered=after(hours=40))
    assert of_kind("deal_backdated", after(hours=41)) == []


@pytest.mark.parametrize(("buyers", "raised"), [([SUN], 1), ([LI, SUN], 0)])
def test_a_buyer_of_the_referral_taken_out_after_the_deal_is_noticed(site, buyers, raised):
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    with clock.at(after(hours=5)):
        amend_deal(actor=site.manager, deal=deal, reason="name", buyers=[Buyer("Sun", one) for one in buyers])
    found = of_kind("buyers_changed", after(hours=6))
    assert len(found) == raised
    for signal in found:
        assert (signal.broker, signal.person, signal.referral) == (site.owner, site.manager, referral)
        assert signal.evidence == {"deal": deal.number, "hours": 3, "amended_by": str(site.manager)}


@pytest.mark.parametrize(
    ("visited", "recorded", "raised"), [(50, 65, 1), (51, 65, 0), (50, 59, 0)], ids=["late", "soon", "before it"]
)
def test_a_walk_in_recorded_late_to_lie_before_a_filing_is_noticed(site, visited, recorded, raised):
    """The filing was made in the 60th minute."""
    referral = site.file(site.owner, LI, at=after(minutes=60))
    with clock.at(after(minutes=recorded)):
        moment = after(minutes=visited)
        record_natural_visit(actor=site.reception, project=site.project, phone=LI, visited_at=moment)
    found = of_kind("walk_in_backdated", after(hours=6))
    assert len(found) == raised
    for signal in found:
        assert (signal.broker, signal.person, signal.referral) == (site.owner, site.reception, referral)
        assert noticed(signal) == "reception recorded a walk-in 15 minutes late; in between the client was filed."
