"""Contesting an outcome in time (domain 4.1)."""

from datetime import timedelta

import pytest

from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from leads.models import Dispute
from leads.selectors import visible_disputes
from leads.services.disputes import appeal_dispute, raise_dispute, rule_dispute
from tests.cast import LI, START, WHOLE, after, broker_of, fresh, open_site

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)


def _contest(broker, *, at, **about):
    with clock.at(at):
        return raise_dispute(actor=broker.user, agency=broker.agency, claim_text="we brought them", **about)


def _refused(site):
    site.file(site.owner, LI)
    return site.file(site.rival, LI)


def test_a_rejection_is_contested_within_dispute_days_half_open():
    site = open_site(exclusive_from="filing", dispute_days=7)
    refused = _refused(site)
    with pytest.raises(Invalid) as refusal:
        _contest(site.rival, at=after(days=7), referral=refused)
    assert refusal.value.code == "too_late"
    dispute = _contest(site.rival, at=after(days=7) - TICK, referral=refused)
    assert (dispute.state, dispute.agency) == ("open", site.rival.agency)


def test_a_lost_client_is_contested_from_the_moment_of_losing():
    site = open_site(dispute_days=7)
    first, lost = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(first, at=after(days=2))
    assert _contest(site.rival, at=after(days=9) - TICK, referral=fresh(lost)).state == "open"


def test_a_deal_is_contested_from_its_subscription():
    site = open_site(dispute_days=7)
    deal = site.subscribe(LI, at=after(days=1))
    with pytest.raises(Invalid):
        _contest(site.rival, at=after(days=8), deal=deal)
    assert _contest(site.rival, at=after(days=8) - TICK, deal=deal).state == "open"


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b"])
def test_it_is_said_what_is_contested(nothing):
    site = open_site(exclusive_from="filing")
    refused = _refused(site)
    with pytest.raises(Invalid) as refusal, clock.at(START):
        raise_dispute(actor=site.rival.user, agency=site.rival.agency, referral=refused, claim_text=nothing)
    assert (refusal.value.code, refusal.value.field) == ("text_required", "claim_text")


def test_what_went_well_is_not_contested_and_nothing_twice():
    site = open_site(exclusive_from="filing")
    refused = _refused(site)
    accepted = site.file(site.rival, "13800000009")
    with pytest.raises(Invalid) as refusal:
        _contest(site.rival, at=START, referral=accepted)
    assert refusal.value.code == "nothing_to_contest"
    _contest(site.rival, at=START, referral=refused)
    with pytest.raises(NotAllowed):
        _contest(site.rival, at=START, referral=refused)
    assert Dispute.objects.count() == 1


def test_a_decision_on_the_deal_closes_the_dispute_for_ever():
    site = open_site()
    referral = site.file(site.rival, LI)
    deal = site.subscribe("13800000009", at=after(hours=1))
    dispute = _contest(site.rival, at=after(hours=2), deal=deal)
    with clock.at(after(days=1)):
        rule_dispute(actor=site.manager, dispute=dispute, shares=[(referral, WHOLE)], decision="they did")
        dispute.refresh_from_db()
        assert (dispute.state, dispute.decided_by, dispute.decision) == ("decided", site.manager, "they did")
        with pytest.raises(NotAllowed):
            rule_dispute(actor=site.manager, dispute=dispute, decision="again")


def test_only_a_manager_closes_a_dispute():
    site = open_site(exclusive_from="filing")
    dispute = _contest(site.rival, at=START, referral=_refused(site))
    with pytest.raises(Forbidden):
        rule_dispute(actor=site.reception, dispute=dispute, decision="no")


def test_a_broker_sees_the_own_disputes_and_the_agencys_manager_all_of_it():
    site = open_site(exclusive_from="filing")
    dispute = _contest(site.rival, at=START, referral=_refused(site))
    colleague = broker_of(site.rival.agency, "colleague")
    head = broker_of(site.rival.agency, "head", role="agency_admin")
    seen = [
        list(visible_disputes(user))
        for user in (site.rival.user, head.user, colleague.user, site.owner.user, site.manager)
    ]
    assert seen == [[dispute], [dispute], [], [], [dispute]]


def test_a_dispute_is_about_one_project_so_that_no_deal_is_decided_from_another():
    site, other = open_site(), open_site()
    deal = other.subscribe(LI, at=after(hours=1))
    mine = site.file(site.owner, LI)
    with pytest.raises(Invalid) as refusal:
        _contest(site.owner, at=after(hours=2), deal=deal, referral=mine)
    assert (refusal.value.code, refusal.value.field) == ("other_project", "deal")
    assert not Dispute.objects.exists()


def test_who_has_the_deal_and_the_own_agencys_manager_hear_that_it_is_contested():
    """They are sides from the start; who contests knows it."""
    site = open_site(lead_time_minutes=0)
    heads = [broker_of(one.agency, "head", role="agency_admin").user for one in (site.owner, site.rival)]
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(mine, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    with clock.at(after(hours=3)):
        dispute = raise_dispute(
            actor=site.rival.user, agency=site.rival.agency, referral=fresh(theirs), deal=deal, claim_text="Ours."
        )
    people = {one.recipient for one in Notice.objects.filter(kind="dispute.raised", path__startswith="/portal/")}
    assert people == {site.owner.user, *heads}
    with clock.at(after(hours=4)):
        rule_dispute(actor=site.manager, dispute=dispute, decision="It stays.")
        appeal_dispute(actor=heads[1], agency=site.rival.agency, dispute=dispute, claim_text="Look again.")
    people = {one.recipient for one in Notice.objects.filter(kind="dispute.appealed", path__startswith="/portal/")}
    assert people == {site.owner.user, site.rival.user, heads[0]}
