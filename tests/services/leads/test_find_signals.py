"""Risk signals: each with its evidence, once, judged by people, and never a penalty."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from leads.models import Claim, Referral, RiskSignal
from leads.services.signals import find_signals, judge_signal
from leads.signal_words import noticed
from tests.cast import LI, SUN, WANG, ZHAO, after, broker_of, open_site, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return open_site(lead_time_minutes=0, lookback_days=0)


def found(at=None):
    with clock.at(at or after(hours=6)):
        return find_signals()["found"]


def kinds():
    return sorted(RiskSignal.objects.values_list("kind", flat=True))


@pytest.mark.parametrize(("minutes", "raised"), [(15, 1), (16, 0)])
def test_a_filing_just_before_its_arrival_is_noticed(site, minutes, raised):
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(minutes=minutes))
    assert found() == raised
    if raised:
        signal = RiskSignal.objects.get()
        assert (signal.broker, signal.referral, signal.evidence["minutes"]) == (site.owner, referral, 15)
        assert noticed(signal).startswith("Filed 15 minutes before the client arrived; received by")


def test_a_later_visit_of_a_client_is_none(site):
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    assert found() == 0


@pytest.mark.parametrize(("minutes", "raised"), [(60, 1), (61, 0), (-15, 1), (-16, 0)])
def test_a_filing_around_a_walk_in_of_the_same_client_is_noticed(site, minutes, raised):
    """The desk tells a broker who stands there: filed an hour after, or minutes before, the walk-in."""
    site.walk_in(LI, at=after(hours=2))
    site.file(site.owner, LI, at=after(hours=2, minutes=minutes))
    assert found() == raised
    if raised:
        assert RiskSignal.objects.get().evidence == {"minutes": minutes, "recorded_by": str(site.reception)}


def test_a_filing_refused_for_a_walk_in_is_noticed_too():
    site = open_site(lead_time_minutes=0, lookback_days=90)
    site.walk_in(LI, at=after(hours=1))
    assert site.file(site.owner, LI, at=after(hours=1, minutes=10)).reason == "known_to_site"
    assert found() == 1


def test_a_broker_whose_clients_had_walked_in_far_above_the_norm_is_noticed(site):
    for n in range(12):
        site.file(site.rival, f"1370000{n:04d}", at=after(minutes=n))
    for phone in (LI, WANG, ZHAO):
        site.walk_in(phone, at=after(hours=1))
        site.file(site.owner, phone, at=after(days=5))
    assert found(after(days=8)) == 1
    signal = RiskSignal.objects.get()
    assert signal.evidence == {"filed": 3, "turned": 3, "others_filed": 12, "others_turned": 0}
    assert found(after(days=9)) == 0, "the same week's is known"


def test_where_everybodys_clients_had_walked_in_nobody_stands_out(site):
    for broker, phones in ((site.owner, (LI, WANG, ZHAO)), (site.rival, (SUN, "13800000005", "13800000006"))):
        for phone in phones:
            site.walk_in(phone, at=after(hours=1))
            site.file(broker, phone, at=after(days=5))
    assert found(after(days=8)) == 0


def test_phones_of_colleagues_filed_again_and_again_are_noticed(site):
    for n in range(3):
        broker_of(site.rival.agency, f"friend{n}", phone=f"1360000000{n}")
        assert site.file(site.owner, f"1360000000{n}", at=after(minutes=n)).reason == "own_phone"
        assert found(after(minutes=n)) == (1 if n == 2 else 0)
    assert kinds() == ["own_circle"]


@pytest.mark.parametrize(("hours", "raised"), [(24, 1), (25, 0)])
def test_a_phone_added_just_before_it_buys_is_noticed(site, hours, raised):
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    site.add(referral, WANG, at=after(hours=2))
    deal = site.subscribe(WANG, at=after(hours=2 + hours))
    assert found(after(hours=30)) == raised
    if raised:
        assert RiskSignal.objects.get().evidence == {"deal": deal.number, "minutes": 24 * 60}


def test_a_flagged_broker_is_noticed_once(site):
    site.owner.probing_flagged_at = after(hours=1)
    site.owner.save()
    assert (found(), found(after(hours=7))) == (1, 0)
    assert kinds() == ["probing"]


def test_a_signal_changes_nothing_and_the_managers_are_told(site):
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(minutes=5))
    stranger = person("marketing_manager", all_projects=False)
    before = (list(Referral.objects.values()), list(Claim.objects.values()))
    assert found() == 1
    assert (list(Referral.objects.values()), list(Claim.objects.values())) == before
    told = set(Notice.objects.filter(kind="signal.raised").values_list("recipient", flat=True))
    assert told == {site.manager.pk, site.second_manager.pk}
    assert stranger.pk not in told


def test_a_manager_judges_once_with_a_reason(site):
    site.visit(site.file(site.owner, LI), at=after(minutes=5))
    found()
    signal = RiskSignal.objects.get()
    with pytest.raises(Forbidden):
        judge_signal(actor=site.reception, signal=signal, confirmed=True, reason="sure")
    with pytest.raises(Invalid, match="reason"):
        judge_signal(actor=site.manager, signal=signal, confirmed=True, reason=" ")
    judged = judge_signal(actor=site.manager, signal=signal, confirmed=False, reason="the client called ahead")
    assert (judged.state, judged.judged_by, judged.judgement) == ("dismissed", site.manager, "the client called ahead")
    with pytest.raises(NotAllowed):
        judge_signal(actor=site.second_manager, signal=signal, confirmed=True, reason="no")
    with pytest.raises(DatabaseError), transaction.atomic():
        RiskSignal.objects.update(judgement="something else")
    assert found(after(hours=6) + timedelta(hours=1)) == 0
