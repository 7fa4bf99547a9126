"""What a decision settled stays settled, is about the deal it was about, and tells nobody of the other side."""

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, NotAllowed
from leads.case_view import case_for
from leads.explanations import explanations_of
from leads.models import Dispute, Referral
from leads.selectors import deal_of_case
from leads.services.disputes import appeal_dispute, override_deal, raise_dispute, return_ruling, rule_dispute
from tests.cast import LI, WANG, WHOLE, after, fresh, open_site, person, shares
from tests.services.leads.disputed import contested

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_manager_decides(settings):
    settings.DISPUTE_APPROVAL_ABOVE = 10**12


def lost_by_decision():
    case = contested()
    with clock.at(after(days=1)):
        rule_dispute(actor=case.judge, dispute=case.dispute, decision="Theirs.", shares=[(fresh(case.theirs), WHOLE)])
    return case


def appealed(case, *, at):
    owner = case.site.owner
    with clock.at(at):
        return appeal_dispute(actor=owner.user, agency=owner.agency, dispute=case.dispute, claim_text="Look again.")


def test_who_lost_by_a_decision_appeals_and_does_not_contest_anew(client):
    case = lost_by_decision()
    owner = case.site.owner
    client.force_login(owner.user)
    with clock.at(after(days=2)):
        assert "/contest/" not in client.get(f"/portal/clients/{case.mine.pk}/").content.decode()
    appeal = appealed(case, at=after(days=2))
    with clock.at(after(days=2)):
        rule_dispute(actor=case.second, dispute=appeal, decision="Stays, for good.")
    with clock.at(after(days=3)), pytest.raises(NotAllowed) as refused:
        raise_dispute(actor=owner.user, agency=owner.agency, referral=fresh(case.mine), claim_text="Again.")
    assert refused.value.code == "already_decided"
    assert shares(case.deal) == {case.theirs.pk: WHOLE}


def test_the_first_judge_does_not_send_an_appeals_decision_back(settings):
    case = lost_by_decision()
    appeal = appealed(case, at=after(days=2))
    settings.DISPUTE_APPROVAL_ABOVE = 0
    with clock.at(after(days=2)):
        rule_dispute(actor=case.second, dispute=appeal, decision="Back.", shares=[(fresh(case.mine), WHOLE)])
        with pytest.raises(Forbidden) as refused:
            return_ruling(actor=case.judge, dispute=appeal, reason="I decided otherwise.")
    assert refused.value.code == "first_judge"
    assert Dispute.objects.get(pk=appeal.pk).state == "proposed"


def test_an_appeal_is_about_the_deal_of_the_first_whatever_is_bought_later():
    site = open_site(lead_time_minutes=0)
    theirs, mine = site.file(site.rival, LI), site.file(site.owner, WANG)
    site.visit(mine, at=after(hours=1))
    judge = person(Role.MARKETING_MANAGER)
    deal = site.subscribe(LI, at=after(hours=4))
    with clock.at(after(hours=5)):
        override_deal(actor=judge, deal=deal, shares=[(fresh(mine), WHOLE)], reason="Spouse of the buyer.")
    with clock.at(after(hours=6)):
        first = raise_dispute(
            actor=site.rival.user, agency=site.rival.agency, referral=fresh(theirs), claim_text="Ours."
        )
        rule_dispute(actor=judge, dispute=first, decision="Theirs.", shares=[(fresh(theirs), WHOLE)])
    with clock.at(after(hours=8)):
        appeal = appeal_dispute(actor=site.owner.user, agency=site.owner.agency, dispute=first, claim_text="No.")
    site.subscribe(WANG, at=after(hours=9))
    assert deal_of_case(Dispute.objects.get(pk=appeal.pk)) == deal


def test_a_deal_contested_through_a_lost_filing_is_not_overridden_meanwhile():
    site = open_site(lead_time_minutes=0)
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(mine, at=after(hours=3))
    deal = site.subscribe(LI, at=after(hours=4))
    with clock.at(after(hours=5)):
        raise_dispute(actor=site.rival.user, agency=site.rival.agency, referral=fresh(theirs), claim_text="Ours.")
        with pytest.raises(NotAllowed) as refused:
            override_deal(
                actor=person(Role.MARKETING_MANAGER), deal=deal, shares=[(fresh(theirs), WHOLE)], reason="Unheard."
            )
    assert refused.value.code == "contested"
    assert shares(deal) == {mine.pk: WHOLE}


def test_who_contests_a_deal_stands_in_it_with_the_own_filing():
    site = open_site(lead_time_minutes=0)
    mine = site.file(site.owner, LI)
    site.visit(mine, at=after(hours=3))
    deal = site.subscribe(LI, WANG, at=after(hours=4))
    with clock.at(after(hours=5)):
        dispute = raise_dispute(actor=site.owner.user, agency=site.owner.agency, deal=deal, claim_text="All of it.")
    assert case_for(dispute, reader=site.owner.user, now=after(hours=6)).referral == mine


def told_of_the_deal(*, rival_visits: bool):
    site = open_site(exclusive_from="never", lead_time_minutes=0, credit_days=None)
    mine, theirs = site.file(site.owner, LI, WANG), site.file(site.rival, WANG)
    if rival_visits:
        site.visit(theirs, at=after(hours=2, minutes=17))
    site.visit(mine, at=after(hours=30))
    site.subscribe(LI, WANG, at=after(hours=60))
    found = Referral.objects.select_related("policy", "project", "agency", "broker__user").prefetch_related("phones")
    with clock.at(after(days=5)):
        told = explanations_of(found.get(pk=mine.pk), site.owner.user)
    return [str(one.flip) for one in told if "Deal" in one.title]


def test_what_would_turn_a_deal_does_not_tell_when_a_rivals_client_came():
    assert told_of_the_deal(rival_visits=True) == told_of_the_deal(rival_visits=False)
