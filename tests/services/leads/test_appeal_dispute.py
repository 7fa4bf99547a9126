"""Appealing once, in time, to another manager."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from leads.models import Dispute
from leads.services.disputes import appeal_dispute, approve_ruling, raise_dispute, rule_dispute
from tests.cast import WHOLE, after, fresh, shares
from tests.services.leads.disputed import contested, photo

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)
DECIDED = after(days=1)


@pytest.fixture
def case(settings):
    settings.DISPUTE_APPEAL_DAYS = 7
    found = contested()
    with clock.at(DECIDED):
        rule_dispute(
            actor=found.judge,
            dispute=found.dispute,
            decision="The chat shows it.",
            shares=[(fresh(found.theirs), WHOLE)],
        )
    return found


def appeal(case, broker=None, *, at=None, dispute=None, text="The slip was overlooked."):
    broker = broker or case.site.owner
    with clock.at(at or after(days=2)):
        return appeal_dispute(
            actor=broker.user, agency=broker.agency, dispute=dispute or case.dispute, claim_text=text, files=[photo()]
        )


def test_who_lost_by_a_decision_appeals_and_another_manager_gives_it_back(case):
    raised = appeal(case)
    assert (raised.appeal_of, raised.agency, raised.referral) == (case.dispute, case.site.owner.agency, case.mine)
    told = {notice.recipient for notice in Notice.objects.filter(kind="dispute.appealed")}
    assert case.judge not in told and {case.second, case.third} <= told
    with clock.at(after(days=3)):
        with pytest.raises(Forbidden) as refusal:
            rule_dispute(actor=case.judge, dispute=raised, decision="As before.")
        assert refusal.value.code == "first_judge"
        rule_dispute(actor=case.second, dispute=raised, decision="The slip.", shares=[(fresh(case.mine), WHOLE)])
    assert shares(case.deal) == {case.mine.pk: WHOLE}
    assert [one.decided_by for one in (Dispute.objects.get(pk=case.dispute.pk), Dispute.objects.get(pk=raised.pk))] == [
        case.judge,
        case.second,
    ]


def test_an_appeal_is_in_time_half_open(case):
    with pytest.raises(Invalid) as refusal:
        appeal(case, at=DECIDED + timedelta(days=7))
    assert refusal.value.code == "too_late"
    assert appeal(case, at=DECIDED + timedelta(days=7) - TICK).state == "open"


def test_a_dispute_is_appealed_once_by_whichever_side_and_an_appeal_never(case):
    raised = appeal(case, case.site.rival)
    with pytest.raises(NotAllowed) as refusal:
        appeal(case)
    assert refusal.value.code == "appealed_already"
    with clock.at(after(days=3)):
        rule_dispute(actor=case.second, dispute=raised, decision="It stays.")
    with pytest.raises(NotAllowed) as refusal:
        appeal(case, dispute=raised, at=after(days=4))
    assert refusal.value.code == "is_appeal"


def test_nobody_appeals_who_is_no_side_or_before_there_is_a_decision(case):
    with pytest.raises(Forbidden):
        appeal(case, case.site.outsider)
    other = contested()
    with pytest.raises(NotAllowed) as refusal:
        appeal(other, other.site.rival)
    assert refusal.value.code == "not_decided"


def test_what_is_decided_is_not_contested_anew_instead_of_appealed(case):
    with clock.at(after(days=2)), pytest.raises(NotAllowed) as refusal:
        raise_dispute(
            actor=case.site.rival.user,
            agency=case.site.rival.agency,
            referral=fresh(case.theirs),
            deal=case.deal,
            claim_text="Again.",
        )
    assert refusal.value.code == "already_decided"


def test_the_first_approver_does_not_judge_the_appeal_but_may_approve_it(settings):
    settings.DISPUTE_APPROVAL_ABOVE = 0
    case = contested()
    with clock.at(DECIDED):
        rule_dispute(actor=case.judge, dispute=case.dispute, decision="Theirs.", shares=[(fresh(case.theirs), WHOLE)])
        approve_ruling(actor=case.second, dispute=case.dispute)
    raised = appeal(case)
    back = [(fresh(case.mine), WHOLE)]
    with clock.at(after(days=3)):
        with pytest.raises(Forbidden):
            rule_dispute(actor=case.second, dispute=raised, decision="As before.")
        rule_dispute(actor=case.third, dispute=raised, decision="Back.", shares=back)
        with pytest.raises(Forbidden) as refusal:
            approve_ruling(actor=case.judge, dispute=raised)
        assert refusal.value.code == "first_judge"
        assert approve_ruling(actor=case.second, dispute=raised).state == "decided"
    assert shares(case.deal) == {case.mine.pk: WHOLE}


# ---- what the database itself refuses ----


def test_the_database_refuses_the_first_judge(case):
    raised = appeal(case)
    values = {"state": "decided", "decided_at": after(days=3)}
    for who in (case.judge,):
        with pytest.raises(IntegrityError, match="appeal_not_by_first_judge"), transaction.atomic():
            Dispute.objects.filter(pk=raised.pk).update(decided_by=who, **values)


def _copy(dispute, **values):
    row = Dispute.objects.get(pk=dispute.pk)
    row.id, row.number, row._state.adding = Dispute._meta.pk.get_default(), f"{row.number}-x", True
    for name, value in values.items():
        setattr(row, name, value)
    with transaction.atomic():
        row.save(force_insert=True)


def test_the_database_refuses_a_second_appeal_and_an_appeals_appeal(case):
    raised = appeal(case)
    with pytest.raises(IntegrityError, match="appeal_of_id"):
        _copy(raised)
    with pytest.raises(DatabaseError, match="against a first decision"):
        _copy(raised, appeal_of=raised)
