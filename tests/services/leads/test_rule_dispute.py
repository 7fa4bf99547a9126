"""Deciding a dispute: who may, what waits for a second manager, and what is kept for ever."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from leads.models import Dispute, Referral
from leads.services.consultants import assign_consultant
from leads.services.deals import cancel_deal
from leads.services.disputes import (
    approve_ruling,
    override_deal,
    raise_dispute,
    return_ruling,
    rule_dispute,
)
from leads.services.disputes.people import part_in_case
from leads.services.telling import tell_of_events
from tests.cast import HALF, LI, WANG, WHOLE, ZHAO, after, fresh, open_site, shares
from tests.services.leads.disputed import contested

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(settings):
    settings.DISPUTE_APPROVAL_ABOVE = 1_000_000
    return contested()


def rule(case, actor=None, *, parts=None, decision="Heard both; the visit decides.", at=None):
    with clock.at(at or after(days=1)):
        return rule_dispute(actor=actor or case.judge, dispute=case.dispute, decision=decision, shares=parts)


def split(case):
    return [(fresh(case.mine), HALF), (fresh(case.theirs), HALF)]


def told(kind):
    return {notice.recipient_id for notice in Notice.objects.filter(kind=kind)}


def test_decided_in_writing_the_shares_change_and_both_sides_are_told(case):
    decided = rule(case, parts=split(case))
    assert (decided.state, decided.decided_by, decided.approved_by) == ("decided", case.judge, None)
    assert shares(case.deal) == {case.mine.pk: HALF, case.theirs.pk: HALF}
    assert told("dispute.decided") == {case.site.owner.user_id, case.site.rival.user_id}
    assert Event.objects.filter(action="dispute.decided", actor=case.judge).count() == 1
    assert case.deal.decisions.get().dispute == case.dispute


def test_left_as_it_is_nothing_moves_and_no_second_manager_is_needed(case, settings):
    settings.DISPUTE_APPROVAL_ABOVE = 0
    assert rule(case).state == "decided"
    assert shares(case.deal) == {case.mine.pk: WHOLE}
    assert not case.deal.decisions.exists()


def test_a_decision_needs_its_words_and_shares_that_sum_to_one(case):
    for given, code in (({"decision": " "}, "reason_required"), ({"parts": [(case.theirs, HALF)]}, "bad_shares")):
        with pytest.raises(Invalid) as refusal:
            rule(case, **given)
        assert refusal.value.code == code
    case.dispute.refresh_from_db()
    assert (case.dispute.state, shares(case.deal)) == ("open", {case.mine.pk: WHOLE})


@pytest.mark.parametrize(
    ("bound", "state"), [(500_000, "decided"), (499_999, "proposed"), (0, "proposed")], ids=["at", "above", "every"]
)
def test_price_times_what_changes_hands_decides_whether_a_second_manager_is_needed(case, settings, bound, state):
    settings.DISPUTE_APPROVAL_ABOVE = bound  # half of 1,000,000 changes hands
    assert rule(case, parts=split(case)).state == state
    assert (case.theirs.pk in shares(case.deal)) is (state == "decided")


@pytest.fixture
def proposed(case, settings):
    settings.DISPUTE_APPROVAL_ABOVE = 100_000
    rule(case, parts=split(case))
    return case


def test_a_proposed_decision_changes_nothing_until_another_manager_approves(proposed):
    case = proposed
    assert shares(case.deal) == {case.mine.pk: WHOLE}
    assert not told("dispute.decided")
    assert case.judge.pk not in told("dispute.proposed") and case.second.pk in told("dispute.proposed")
    with clock.at(after(days=2)):
        with pytest.raises(Forbidden) as refusal:
            approve_ruling(actor=case.judge, dispute=case.dispute)
        assert refusal.value.code == "own_draft"
        decided = approve_ruling(actor=case.second, dispute=case.dispute)
    assert (decided.decided_by, decided.approved_by, decided.decided_at) == (case.judge, case.second, after(days=2))
    assert shares(case.deal) == {case.mine.pk: HALF, case.theirs.pk: HALF}


def test_what_is_returned_is_open_again_and_can_be_decided_otherwise(proposed):
    case = proposed
    with clock.at(after(days=2)):
        return_ruling(actor=case.second, dispute=case.dispute, reason="Ask the owner first.")
        assert told("dispute.returned") == {case.judge.pk}
        with pytest.raises(NotAllowed):
            approve_ruling(actor=case.second, dispute=case.dispute)
    assert rule(case, case.second).state == "decided"
    assert shares(case.deal) == {case.mine.pk: WHOLE}


def test_a_deal_cancelled_meanwhile_is_not_approved(proposed):
    proposed.site.cancel(proposed.deal, at=after(days=2))
    with pytest.raises(NotAllowed):
        approve_ruling(actor=proposed.second, dispute=proposed.dispute)
    proposed.dispute.refresh_from_db()
    assert proposed.dispute.state == "proposed"


def _recruited(case, judge):
    type(case.mine.broker).objects.filter(pk=case.site.rival.pk).update(recruited_by=judge)


def _filed(case, judge):
    # Events are append-only: a filing of the judge's own is what makes one.
    from channels_platform.audit.services import record

    record("referral.filed", actor=judge, target=case.theirs)


def _received(case, judge):
    case.site.reception = judge
    case.site.visit(case.theirs, at=after(hours=6))


def _walk_in(case, judge):
    case.site.reception = judge
    case.site.walk_in(LI, at=after(hours=6))


def _consultant(case, judge):
    consultant = case.site.consultant()
    assign_consultant(actor=case.site.manager, referral=fresh(case.mine), consultant=consultant, reason="she asked")
    type(consultant).objects.filter(pk=consultant.pk).update(user=judge)


def _sells(case, judge):
    consultant = case.site.consultant()
    type(consultant).objects.filter(pk=consultant.pk).update(user=judge)
    type(case.deal).objects.filter(pk=case.deal.pk).update(consultant=consultant)


PARTS = [_recruited, _filed, _received, _walk_in, _consultant, _sells]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_who_belongs_to_the_case_neither_decides_nor_approves_it(case, settings, part):
    settings.DISPUTE_APPROVAL_ABOVE = 0
    part(case, case.judge)
    with pytest.raises(Forbidden) as refusal:
        rule(case, parts=split(case))
    assert refusal.value.code == "belongs_to_case"
    with pytest.raises(Forbidden):
        override_deal(actor=case.judge, deal=case.deal, shares=split(case), reason="mine")
    rule(case, case.second, parts=split(case))
    with pytest.raises(Forbidden) as refusal:
        approve_ruling(actor=case.judge, dispute=case.dispute)
    assert refusal.value.code == "belongs_to_case"
    with pytest.raises(Forbidden):
        return_ruling(actor=case.judge, dispute=case.dispute, reason="not so")
    assert approve_ruling(actor=case.third, dispute=case.dispute).state == "decided"


def test_only_managers_decide_approve_and_return(proposed):
    case = proposed
    for actor in (case.site.reception, case.site.rival.user, None):
        for act in (approve_ruling, lambda **who: return_ruling(reason="no", **who)):
            with pytest.raises(Forbidden):
                act(actor=actor, dispute=case.dispute)


def test_a_decision_names_nobodys_client_filing_or_agency(case):
    named = ("13800000001 is ours", "li mingzhu was ours", f"see {case.mine.number}", "the owner was first")
    for words in named:
        with pytest.raises(Invalid) as refusal:
            rule(case, decision=words)
        assert refusal.value.code in {"names_phone", "names_client"}, words
    # inside a longer word no name stands
    assert rule(case, decision="The ownership of the visit decides.").state == "decided"


def test_a_decision_names_no_other_filing_of_the_same_client_either():
    site = open_site(exclusive_from="filing")
    held = site.file(site.owner, LI, client_name="Li Mingzhu")
    refused = site.file(site.rival, LI, client_name="Zhao Kelan")
    with clock.at(after(hours=1)):
        dispute = raise_dispute(
            actor=site.rival.user, agency=site.rival.agency, referral=refused, claim_text="She is ours."
        )
        for words in (held.number, "Li Mingzhu"):
            with pytest.raises(Invalid):
                rule_dispute(actor=site.manager, dispute=dispute, decision=f"Not before {words}.")


def test_a_lost_client_whose_deal_went_elsewhere_is_decided_with_shares():
    site = open_site(lead_time_minutes=0)
    mine, theirs = site.file(site.owner, LI), site.file(site.rival, LI)
    site.visit(mine, at=after(hours=1))
    deal = site.subscribe(LI, at=after(hours=2))
    with clock.at(after(hours=3)):
        dispute = raise_dispute(
            actor=site.rival.user, agency=site.rival.agency, referral=fresh(theirs), claim_text="She is ours."
        )
        rule_dispute(actor=site.manager, dispute=dispute, decision="So it is.", shares=[(fresh(theirs), WHOLE)])
    assert shares(deal) == {theirs.pk: WHOLE}


def test_shares_need_a_deal():
    site = open_site(exclusive_from="filing")
    site.file(site.owner, LI)
    refused = site.file(site.rival, LI)
    with clock.at(after(hours=1)):
        dispute = raise_dispute(actor=site.rival.user, agency=site.rival.agency, referral=refused, claim_text="Ours.")
        with pytest.raises(Invalid) as refusal:
            rule_dispute(actor=site.manager, dispute=dispute, decision="So.", shares=[(refused, WHOLE)])
    assert refusal.value.code == "no_deal"


def test_no_deal_is_decided_past_its_open_dispute_or_past_the_second_manager(case, settings):
    with pytest.raises(NotAllowed) as refusal:
        override_deal(actor=case.second, deal=case.deal, shares=split(case), reason="quick")
    assert refusal.value.code == "contested"
    rule(case)
    settings.DISPUTE_APPROVAL_ABOVE = 100_000
    with pytest.raises(NotAllowed) as refusal:
        override_deal(actor=case.second, deal=case.deal, shares=split(case), reason="quick")
    assert refusal.value.code == "needs_two"
    settings.DISPUTE_APPROVAL_ABOVE = 1_000_000
    override_deal(actor=case.second, deal=case.deal, shares=split(case), reason="evidence found later")
    assert shares(case.deal) == {case.mine.pk: HALF, case.theirs.pk: HALF}


def test_a_referral_from_elsewhere_is_not_put_in(case):
    other = open_site()
    foreign = other.file(other.owner, WANG)
    with pytest.raises(Invalid) as refusal:
        rule(case, parts=[(Referral.objects.get(pk=foreign.pk), Fraction(1))])
    assert refusal.value.code == "other_project"


# ---- what the database itself refuses ----


def _set(dispute, **values):
    with transaction.atomic():
        Dispute.objects.filter(pk=dispute.pk).update(**values)


def test_the_database_refuses_one_manager_as_judge_and_approver(proposed):
    now = after(days=2)
    values = {"state": "decided", "decided_by": proposed.judge, "decided_at": now, "proposed_by": None}
    with pytest.raises(IntegrityError, match="dispute_approver_is_another"):
        _set(proposed.dispute, approved_by=proposed.judge, approved_at=now, **values)
    with pytest.raises(IntegrityError, match="dispute_approved_where_needed"):
        _set(proposed.dispute, **values)
    _set(proposed.dispute, approved_by=proposed.second, approved_at=now, **values)


def test_the_database_keeps_a_decision_as_it_is(case):
    rule(case)
    for change in ({"decision": "other"}, {"state": "open"}, {"decided_by": case.second}):
        with pytest.raises(DatabaseError):
            _set(case.dispute, **change)


def test_the_database_lets_one_dispute_of_a_kind_be_open(case):
    again = Dispute.objects.get(pk=case.dispute.pk)
    again.pk, again.number = None, "J-again"
    again._state.adding = True
    again.id = Dispute._meta.pk.get_default()
    with pytest.raises(IntegrityError, match="one_open_dispute_of_a_kind"), transaction.atomic():
        again.save(force_insert=True)


def test_the_deadline_to_decide_is_kept_with_the_dispute(case):
    assert case.dispute.due_at == case.dispute.raised_at + timedelta(days=5)


def test_who_cancelled_an_earlier_deal_filed_no_client_of_it(case):
    """The referral got back `filed`: that is no filing by the manager who cancelled."""
    earlier = case.site.file(case.site.owner, WANG, at=after(hours=6))
    deal = case.site.subscribe(ZHAO, at=after(hours=7))
    with clock.at(after(hours=8)):
        override_deal(actor=case.judge, deal=deal, shares=[(fresh(earlier), WHOLE)], reason="they came with her")
        cancel_deal(actor=case.judge, deal=deal, reason="changed their mind")
    assert fresh(earlier).state == "filed"
    assert part_in_case(case.judge, referrals=[fresh(earlier)], deal=deal) == ""


def test_a_refused_filing_put_in_and_taken_out_again_is_told_of_its_loss_and_filed_by_nobody(case):
    tell_of_events()
    refused = case.site.file(case.site.owner, "110", at=after(hours=6))
    for hours, parts in ((7, [(fresh(refused), WHOLE)]), (8, [(fresh(case.mine), WHOLE)])):
        case.site.decide(case.deal, *parts, at=after(hours=hours))
    assert fresh(refused).state == "rejected"
    with clock.at(after(hours=9)):
        tell_of_events()
    lost = Notice.objects.filter(kind="referral.lost", target_id=str(refused.pk))
    assert [notice.recipient_id for notice in lost] == [case.site.owner.user_id]
    assert part_in_case(case.site.manager, referrals=[fresh(refused)], deal=None) == ""
