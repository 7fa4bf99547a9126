"""Hearing the sides: questions, answers in time, and files that only the case sees."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from brokers.services.agencies import set_broker_active
from channels_platform.audit.models import Event
from channels_platform.files.models import Attachment
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from channels_platform.privacy.rotation import rotate_column
from leads.case_view import case_for
from leads.models import Dispute, DisputeQuestion, DisputeSide
from leads.selectors import case_files_for, visible_cases, visible_disputes
from leads.services.disputes import answer_question, ask_side, open_file, raise_dispute, rule_dispute
from leads.services.succession import hand_over_to_successor
from tests.cast import LI, ZHAO, after, broker_of, fresh, open_site
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
        theirs = case_for(case.dispute, reader=case.site.rival.user, now=ASKED)
        mine = case_for(case.dispute, reader=case.site.owner.user, now=ASKED)
    assert (theirs.own, theirs.claim_text, len(theirs.files)) == (True, "We brought her, see the chat.", 1)
    assert (mine.own, mine.claim_text, mine.files, mine.questions) == (False, "", (), ())
    with pytest.raises(DisputeSide.DoesNotExist):
        case_for(case.dispute, reader=case.site.outsider.user, now=ASKED)


def test_a_question_goes_to_who_has_the_client_it_is_about_not_to_a_colleague_of_the_side(case):
    """The agency is heard for the owner's filing already; the manager asks it about a colleague's as well."""
    site = case.site
    head = broker_of(site.owner.agency, "head", role="agency_admin")
    other = site.file(site.colleague, ZHAO, at=after(hours=6))
    ask(case)
    Notice.objects.all().delete()
    question = ask(case, fresh(other), text="Since when do you know Li Ming?")
    told = {notice.recipient for notice in Notice.objects.filter(kind="dispute.asked")}
    assert told == {site.colleague.user, head.user}
    readers = (site.owner.user, site.colleague.user, head.user)
    read = [[one.text[:5] for one in case_for(case.dispute, reader=one, now=ASKED).questions] for one in readers]
    assert read == [["When "], ["Since"], ["When ", "Since"]]
    assert list(visible_cases(site.colleague.user)) == [case.dispute]
    assert case_for(case.dispute, reader=site.colleague.user, now=ASKED).referral == other
    with pytest.raises(Forbidden) as refusal:
        answer(case, question)
    assert refusal.value.code == "not_yours"
    assert answer(case, question, broker=site.colleague).answered_by == site.colleague.user
    case.dispute.refresh_from_db()
    with clock.at(after(days=2)):
        rule_dispute(actor=case.second, dispute=case.dispute, decision="Enough.")
    decided = {notice.recipient for notice in Notice.objects.filter(kind="dispute.decided")}
    assert decided == {site.owner.user, site.colleague.user, head.user, site.rival.user}


def test_whoever_took_the_client_over_is_asked_and_answers_not_the_broker_who_left_and_came_back(case):
    site = case.site
    head = broker_of(site.rival.agency, "head", role="agency_admin")
    heir = broker_of(site.rival.agency, "heir")
    contested_client = site.file(site.rival, ZHAO, client_name="Zhou Min", at=after(hours=6))
    before = ask(case, fresh(contested_client), text="Who met them first?")
    set_broker_active(actor=head.user, broker=site.rival, active=False)
    with clock.at(after(days=1, hours=1)):
        hand_over_to_successor(actor=head.user, former=site.rival, successor=heir)
    set_broker_active(actor=head.user, broker=site.rival, active=True)
    site.rival.refresh_from_db()
    site.rival.user.refresh_from_db()
    Notice.objects.all().delete()
    ask(case, fresh(contested_client), text="And who came along?")
    assert {one.recipient for one in Notice.objects.filter(kind="dispute.asked")} == {head.user, heir.user}
    theirs, mine = (case_for(case.dispute, reader=one, now=ASKED) for one in (site.rival.user, heir.user))
    assert (len(theirs.questions), len(mine.questions)) == (0, 2)
    assert (theirs.own, mine.own) == (True, False)  # what one said oneself stays one's own to read
    assert not case_files_for(case.dispute, heir.user).exists()
    with pytest.raises(Forbidden):
        answer(case, before, broker=site.rival)
    assert answer(case, before, broker=heir).answered_by == heir.user


def test_what_a_side_says_is_encrypted_at_rest_also_once_it_is_decided(case, settings):
    """It may name people. A decided case is kept as it is, but for the key that it is encrypted with."""
    with clock.at(ASKED):
        rule_dispute(actor=case.second, dispute=case.dispute, decision="Enough.")
    old = settings.PII_ENCRYPTION_KEYS
    assert b"brought" not in _at_rest()
    settings.PII_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]
    assert rotate_column(Dispute, "claim_text") == 1
    settings.PII_ENCRYPTION_KEYS = settings.PII_ENCRYPTION_KEYS[:1]
    assert Dispute.objects.get().claim_text == "We brought her, see the chat."
    for fields in ({"decision": "Other."}, {"claim_text": "Other.", "due_at": ASKED}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Dispute.objects.update(**fields)


def _at_rest():
    with connection.cursor() as cursor:
        cursor.execute("SELECT claim_text FROM leads_dispute")
        return bytes(cursor.fetchone()[0])


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
