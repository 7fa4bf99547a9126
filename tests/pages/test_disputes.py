"""Contesting, answering and appealing in the portal; no side ever reads anything of the other's."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from channels_platform.accounts.models import User
from channels_platform.lib import clock
from leads.models import Dispute, Referral
from leads.services.deals import Buyer, subscribe_deal
from leads.services.disputes import ask_side, raise_dispute, rule_dispute
from leads.services.visits import confirm_visit
from tests.pages.world import CLIENT_PHONE, staff
from tests.services.leads.disputed import photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def judge(world):
    return staff("judge", "marketing_manager", world.project, name="Judge Zhou")


@pytest.fixture
def case(world, judge):
    """The owner's client bought, though the outsider's agency had filed the same person: it contests the deal."""
    world.policy(lead_time_minutes=0)
    mine = world.file(client_name="欧阳明珠", note="owner-note-secret")
    theirs = world.file(world.outsider, client_name="诸葛可兰", note="rival-note-secret")
    confirm_visit(actor=world.reception, referral=mine)
    deal = subscribe_deal(
        actor=None,
        project=world.project,
        price=1_000_000,
        method="lump_sum",
        first_payment_amount=0,
        buyers=[Buyer("欧阳明珠", CLIENT_PHONE)],
    )
    dispute = raise_dispute(
        actor=world.outsider.user,
        agency=world.rival,
        referral=Referral.objects.get(pk=theirs.pk),
        deal=deal,
        claim_text="rival-claim-secret",
        files=[photo("rival-file-secret.png")],
    )
    return mine, theirs, deal, dispute


def at_dispute(dispute, *rest):
    return reverse("portal:dispute", args=[dispute.pk]) + "".join(rest)


def refused(world):
    world.policy(exclusive_from="filing")
    world.file(world.outsider)
    return world.file()


def test_a_refusal_is_contested_with_text_and_files(world, as_person):
    found = refused(world)
    client, address = as_person(world.owner), reverse("portal:contest", args=[found.pk])
    answer = client.post(address, {"claim_text": "I met her.", "files": [photo("chat.png"), photo("sheet.png")]})
    dispute = Dispute.objects.get()
    assert answer["Location"] == at_dispute(dispute)
    page = client.get(answer["Location"]).content.decode()
    assert "I met her." in page and "chat.png" in page and "sheet.png" in page
    file = client.get(reverse("portal:dispute_file", args=[dispute.pk, dispute.files.first().pk]))
    assert (file.status_code, file["Content-Type"]) == (200, "image/png")
    assert "no-store" in file["Cache-Control"] and "sandbox" in file["Content-Security-Policy"]
    assert dispute.number in client.get(reverse("portal:referral", args=[found.pk])).content.decode()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "This type of file is not taken"), ("zh-hans", "不接受此类文件")]
)
def test_a_file_that_is_none_is_named_beside_its_field_and_nothing_is_sent(world, as_person, language, words):
    User.objects.filter(pk=world.owner.user_id).update(language=language)
    found = refused(world)
    fake = SimpleUploadedFile("a.png", b"MZ\x90", content_type="image/png")
    answer = as_person(world.owner).post(
        reverse("portal:contest", args=[found.pk]), {"claim_text": "I met her.", "files": [fake]}
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["files"]
    assert "I met her." in answer.content.decode()
    assert words in answer.content.decode()
    assert not Dispute.objects.exists()


def test_a_question_is_answered_from_the_portal_and_its_deadline_shown(world, as_person, case, judge):
    mine, _theirs, _deal, dispute = case
    question = ask_side(actor=judge, dispute=dispute, referral=mine, text="Since when?", days=2)
    client = as_person(world.owner)
    page = client.get(reverse("portal:referral", args=[mine.pk])).content.decode()
    assert "A manager asks you something" in page
    answer = at_dispute(dispute, f"questions/{question.pk}/")
    assert "Since when?" in client.get(answer).content.decode()
    assert client.post(answer, {"text": "Sunday.", "files": [photo()]}).status_code == 302
    question.refresh_from_db()
    assert (question.answer, question.files.count()) == ("Sunday.", 1)
    again = client.post(answer, {"text": "Monday."})
    assert (again.status_code, "answered already" in again.content.decode()) == (422, True)
    assert as_person(world.outsider).get(answer).status_code == 404


def test_an_answer_too_late_is_told_so(world, as_person, case, judge):
    question = ask_side(actor=judge, dispute=case[3], referral=case[0], text="Since when?", days=1)
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        answer = as_person(world.owner).post(at_dispute(case[3], f"questions/{question.pk}/"), {"text": "Sunday."})
    assert (answer.status_code, "The time for this is over" in answer.content.decode()) == (422, True)


def test_a_decision_is_appealed_once_from_the_portal(world, as_person, case, judge):
    mine, theirs, _deal, dispute = case
    rule_dispute(
        actor=judge, dispute=dispute, decision="The visit decides.", shares=[(Referral.objects.get(pk=theirs.pk), 1)]
    )
    client = as_person(world.owner)
    page = client.get(at_dispute(dispute)).content.decode()
    assert "The visit decides." in page and "No deal counts for your referral." in page
    assert client.post(at_dispute(dispute, "appeal/"), {"claim_text": "The slip."}).status_code == 302
    appeal = Dispute.objects.get(appeal_of=dispute)
    assert (appeal.agency, appeal.referral) == (world.agency, mine)
    again = as_person(world.outsider).post(at_dispute(dispute, "appeal/"), {"claim_text": "Mine too."})
    assert (again.status_code, "appealed already" in again.content.decode()) == (422, True)


def everything_of(client, dispute, referral):
    """All that the portal and the API tell this side, as one text."""
    pages = [
        at_dispute(dispute),
        at_dispute(dispute, "appeal/"),
        reverse("portal:home"),
        reverse("portal:referrals"),
        reverse("portal:clients_export"),
        reverse("portal:referral", args=[referral.pk]),
        "/notices/",
        "/api/v1/disputes/",
        f"/api/v1/referrals/{referral.pk}/",
        f"/api/v1/referrals/{referral.pk}/history/",
    ]
    pages += [at_dispute(question.dispute, f"questions/{question.pk}/") for question in dispute.questions.all()]
    said = ""
    for page in pages:
        answer = client.get(page)
        said += b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()
    return said


def test_both_sides_read_the_decision_and_nothing_of_each_other(world, as_person, case, judge):
    mine, theirs, _deal, dispute = case
    client = as_person(world.owner)
    question = ask_side(actor=judge, dispute=dispute, referral=mine, text="When did you meet?", days=2)
    client.post(
        at_dispute(dispute, f"questions/{question.pk}/"),
        {"text": "owner-answer-secret", "files": [photo("owner-file-secret.png")]},
    )
    half = [(Referral.objects.get(pk=one.pk), "1/2") for one in (mine, theirs)]

    rule_dispute(
        actor=judge,
        dispute=dispute,
        decision="Both brought the client.",
        shares=[(one, Fraction(p)) for one, p in half],
    )
    as_person(world.outsider).post(at_dispute(dispute, "appeal/"), {"claim_text": "rival-appeal-secret"})
    appeal = Dispute.objects.get(appeal_of=dispute)
    theirs_secrets = (
        "诸葛可兰", "rival-note-secret", "rival-claim-secret", "rival-file-secret", "rival-appeal-secret",
        theirs.number, str(theirs.pk), world.rival.name, world.rival.code, str(world.outsider),
        world.outsider.user.username,
    )  # fmt: skip
    ours_secrets = (
        "欧阳明珠", "owner-note-secret", "owner-answer-secret", "owner-file-secret", "When did you meet?", mine.number,
        str(mine.pk), world.agency.name, world.agency.code, str(world.owner), world.owner.user.username,
    )  # fmt: skip
    for person, own, hidden in ((world.owner, mine, theirs_secrets), (world.outsider, theirs, ours_secrets)):
        for one in (dispute, appeal):
            said = everything_of(as_person(person), one, own)
            assert "Both brought the client." in said
            assert "1/2" in said
            for secret in (*hidden, CLIENT_PHONE, judge.name):
                assert secret not in said, (str(person), secret)


def test_no_side_fetches_the_others_files(world, as_person, case, judge):
    _mine, _theirs, _deal, dispute = case
    where = reverse("portal:dispute_file", args=[dispute.pk, dispute.files.get().pk])
    assert as_person(world.outsider).get(where).status_code == 200
    for person in (world.owner, world.manager, world.colleague):
        assert as_person(person).get(where).status_code == 404
    assert as_person(judge).get(where).status_code == 403  # staff look in the administration, on record


def test_a_proposed_decision_is_told_to_nobody(world, as_person, case, judge, settings):
    settings.DISPUTE_APPROVAL_ABOVE = 0
    theirs, dispute = case[1], case[3]
    rule_dispute(
        actor=judge, dispute=dispute, decision="proposed-words", shares=[(Referral.objects.get(pk=theirs.pk), 1)]
    )
    for person, own in ((world.owner, case[0]), (world.outsider, theirs)):
        said = everything_of(as_person(person), dispute, own)
        assert "proposed-words" not in said
        assert "a second manager checks it" in said
