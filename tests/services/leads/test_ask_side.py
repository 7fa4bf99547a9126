"""Hearing the sides: questions, answers in time, and files that only the case sees."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from channels_platform.audit.models import Event
from channels_platform.files.models import Attachment
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from leads.case_view import case_for
from leads.models import DisputeQuestion, DisputeSide
from leads.selectors import visible_cases, visible_disputes
from leads.services.disputes import answer_question, ask_side, open_file, raise_dispute, rule_dispute
from tests.cast import LI, after, broker_of, fresh, open_site
from tests.services.leads.disputed import contested, photo

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)
ASKED = after(days=1)


@pytest.fixture
def case():
    return contested()


def ask(case, referral=None, *, text="When did you meet her?", days=3, actor=None):
    with clock.at(ASKED):
        return ask_side(
            actor=actor or case.judge, dispute=case.dispute, referral=referral or case.mine, text=text, days=days
        )


def answer(case, question, *, at=None, text="On Sunday.", files=(), broker=None):
    broker = broker or case.site.owner
    with clock.at(at or after(days=2)):
        return answer_question(actor=broker.user, agency=broker.agency, question=question, text=text, files=files)


def test_a_side_is_asked_and_answers_with_text_and_files(case):
    question = ask(case)
    assert question.due_at == ASKED + timedelta(days=3)
    assert {notice.recipient for notice in Notice.objects.filter(kind="dispute.asked")} == {case.site.owner.user}
    answered = answer(case, question, files=[photo()])
    assert (answered.answer, answered.answered_by) == ("On Sunday.", case.site.owner.user)
    kept = answered.files.get()
    assert (kept.agency, kept.attachment.content_type) == (case.site.owner.agency, "image/png")
    assert {notice.recipient for notice in Notice.objects.filter(kind="dispute.answered")} == {case.judge}
    assert "Sunday" not in str(list(Event.objects.values_list("after", "reason")))


def test_an_answer_is_in_time_until_the_deadline_half_open(case):
    question = ask(case)
    with pytest.raises(Invalid) as refusal:
        answer(case, question, at=question.due_at)
    assert refusal.value.code == "too_late"
    answer(case, question, at=question.due_at - TICK)


def test_a_question_is_answered_once_by_whom_it_is_put_to(case):
    question = ask(case)
    with pytest.raises(Invalid) as refusal:
        answer(case, question, broker=case.site.rival)
    assert refusal.value.code == "not_asked"
    answer(case, question)
    with pytest.raises(NotAllowed) as refusal:
        answer(case, question, text="On Monday.")
    assert refusal.value.code == "answered_already"
    with pytest.raises(DatabaseError), transaction.atomic():
        DisputeQuestion.objects.filter(pk=question.pk).update(answered_at=after(days=2, hours=1))


def test_nothing_is_asked_or_answered_once_it_is_decided(case):
    question = ask(case)
    with clock.at(after(days=1)):
        rule_dispute(actor=case.second, dispute=case.dispute, decision="Enough.")
    for act in (lambda: ask(case), lambda: answer(case, question)):
        with pytest.raises(NotAllowed):
            act()


def test_only_managers_ask_and_only_within_a_months_deadline(case):
    with pytest.raises(Forbidden):
        ask(case, actor=case.site.reception)
    for days in (0, 31):
        with pytest.raises(Invalid):
            ask(case, days=days)
    with pytest.raises(Invalid):
        ask(case, text="  ")


def test_a_question_gives_nothing_of_the_other_side_away(case):
    for text in ("Do you know Zhao Kelan?", f"Look at {case.theirs.number}.", "Call 13800000009."):
        with pytest.raises(Invalid):
            ask(case, text=text)
    ask(case, text="When did you meet Li Mingzhu?")  # their own client


def test_who_protects_a_refused_client_learns_of_the_dispute_only_by_being_asked():
    site = open_site(exclusive_from="filing")
    held, refused = site.file(site.owner, LI), site.file(site.rival, LI)
    with clock.at(after(hours=1)):
        dispute = raise_dispute(actor=site.rival.user, agency=site.rival.agency, referral=refused, claim_text="Ours.")
        assert not visible_cases(site.owner.user).exists()
        ask_side(actor=site.manager, dispute=dispute, referral=fresh(held), text="Since when?", days=1)
    assert list(visible_cases(site.owner.user)) == [dispute]
    assert not visible_disputes(site.owner.user).exists()  # that list is of those who contest


def test_a_broker_sees_only_the_own_cases_the_agencys_manager_all(case):
    colleague = broker_of(case.site.rival.agency, "third")
    head = broker_of(case.site.rival.agency, "head", role="agency_admin")
    people = (case.site.rival.user, head.user, colleague.user, case.site.owner.user, case.site.outsider.user)
    assert [visible_cases(one).exists() for one in people] == [True, True, False, True, False]
    assert not visible_cases(case.judge).exists()  # staff have the administration


def test_a_file_that_is_none_keeps_the_whole_claim_back(case):
    question = ask(case)
    fake = SimpleUploadedFile("scan.pdf", b"MZ\x90 not a pdf", content_type="application/pdf")
    before = Attachment.objects.count()
    with pytest.raises(Invalid) as refusal:
        answer(case, question, files=[photo(), fake])
    assert (refusal.value.code, refusal.value.field) == ("file_type", "files")
    question.refresh_from_db()
    assert (question.answered_at, Attachment.objects.count()) == (None, before)


def test_a_look_at_a_file_is_on_record_and_not_for_every_role(case):
    file = case.dispute.files.get()
    with pytest.raises(Forbidden):
        open_file(actor=case.site.reception, file=file)
    assert open_file(actor=case.judge, file=file) == file.attachment
    assert Event.objects.filter(action="dispute.file_opened", actor=case.judge).count() == 1


def test_a_side_is_given_nothing_of_what_the_other_says(case):
    with clock.at(ASKED):
        theirs = case_for(case.dispute, agency_id=case.site.rival.agency_id, now=ASKED)
        mine = case_for(case.dispute, agency_id=case.site.owner.agency_id, now=ASKED)
    assert (theirs.own, theirs.claim_text, len(theirs.files)) == (True, "We brought her, see the chat.", 1)
    assert (mine.own, mine.claim_text, mine.files, mine.questions) == (False, "", (), ())
    with pytest.raises(DisputeSide.DoesNotExist):
        case_for(case.dispute, agency_id=case.site.outsider.agency_id, now=ASKED)


def test_nobody_speaks_for_another_agency(case):
    question = ask(case)
    refused = case.site.file(case.site.outsider, LI)
    outsider, rival = case.site.outsider, case.site.rival
    acts = (
        lambda: raise_dispute(actor=outsider.user, agency=rival.agency, referral=refused, claim_text="Ours."),
        lambda: raise_dispute(actor=rival.user, agency=rival.agency, referral=refused, claim_text="Ours."),
        lambda: raise_dispute(actor=case.judge, agency=outsider.agency, referral=refused, claim_text="Ours."),
        lambda: answer_question(actor=rival.user, agency=case.site.owner.agency, question=question, text="So."),
    )
    for act in acts:
        with clock.at(ASKED), pytest.raises(Forbidden):
            act()
