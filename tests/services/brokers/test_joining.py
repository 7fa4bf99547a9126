"""Joining: an agency applies from outside, is asked for more, taken in or declined, each step told by mail."""

from datetime import date, timedelta
from threading import Barrier, Thread
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client

from brokers.models import Agency, AgencyApplication, ApplicationFile, Broker
from brokers.services.agencies import create_agency
from brokers.services.applicants import mail_applicant
from brokers.services.changes import change_agency
from brokers.services.joining import (
    LicenceKnown,
    application_of,
    application_path,
    apply_as_agency,
    approve_application,
    ask_for_more,
    decline_application,
    forget_declined,
    supply_more,
)
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.files.models import Attachment
from channels_platform.jobs.models import OutboxMessage
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from leads.services.erasure import erase_personal_data
from leads.services.filing import file_referral
from tests.pages.world import make_world, staff
from tests.services.files.test_keep_file import PDF, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def marketing():
    return staff("mai", Role.MARKETING)


def licence(name="licence.pdf", data=PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def applied(**more) -> AgencyApplication:
    facts = {
        "name": "Bright Homes",
        "kind": "referral",
        "licence_no": "9131 0000 ab",
        "licence_until": date(2099, 12, 31),
        "bank_name": "Bank of Lakes",
        "bank_account": "6222020000000001",
        "contact_name": "Wu Lan",
        "contact_phone": "13800000009",
        "contact_email": "wu@example.com",
        "files": [licence()],
    }
    return apply_as_agency(**facts | more)


def mailed(application, mailoutbox):
    mailoutbox.clear()
    mail_applicant(application_id=application.pk)
    (mail,) = mailoutbox
    assert mail.to == ["wu@example.com"]
    return mail


def test_an_application_is_kept_with_its_papers_and_answered_by_mail(mailoutbox):
    application = applied()
    assert (application.state, application.licence_no) == ("submitted", "91310000AB")
    assert [one.attachment.name for one in application.files.all()] == ["licence.pdf"]
    assert application.contact_phone.masked == "138****0009"
    message = OutboxMessage.objects.get(task="brokers.tasks.mail_applicant")
    assert message.arguments == {"application_id": str(application.pk)}
    mail = mailed(application, mailoutbox)
    assert application_path(application) in mail.body
    assert "13800000009" not in mail.body and "6222" not in mail.body


def test_a_licence_known_here_cannot_apply_again():
    first = applied()
    for licence_no in ("91310000AB", "9131 0000 AB", "91310000ab"):
        with pytest.raises(LicenceKnown) as refused:
            applied(licence_no=licence_no)
        assert refused.value.field == "licence_no"
    assert AgencyApplication.objects.get() == first
    with pytest.raises(IntegrityError, match="one_waiting_application"), transaction.atomic():
        first.pk = None
        first.id = None
        AgencyApplication.objects.create(
            **{
                field.attname: getattr(first, field.attname)
                for field in first._meta.concrete_fields
                if field.attname != "id"
            }
        )


def test_of_two_at_once_one_applies_the_other_is_told(transactional_db):
    start, outcomes = Barrier(4), []

    def race() -> None:
        try:
            start.wait()
            applied()
            outcomes.append("applied")
        except LicenceKnown:
            outcomes.append("known")
        finally:
            connection.close()

    threads = [Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["applied", "known", "known", "known"]
    assert AgencyApplication.objects.count() == ApplicationFile.objects.count() == 1


@pytest.mark.parametrize("spelt_here", ["91310000AB", "9131 0000ab"])
def test_a_licence_that_staff_took_in_is_known_however_it_is_spelt(marketing, spelt_here):
    waiting = applied()
    Agency.objects.create(code="OLD", name="Old", licence_no=spelt_here, created_at=marketing.date_joined)
    with pytest.raises(LicenceKnown):
        approve_application(actor=marketing, application=waiting, code="BH", username="wu")
    decline_application(actor=marketing, application=waiting, reason="Taken in by hand.")
    with pytest.raises(LicenceKnown):
        applied()


def test_staff_write_licences_as_applicants_do(marketing):
    agency = create_agency(actor=marketing, code="A9", name="Nine", kind="referral", licence_no="91 ab")
    assert agency.licence_no == "91AB"
    assert change_agency(actor=marketing, agency=agency, licence_no="92 cd").licence_no == "92CD"


def test_after_it_was_declined_the_agency_may_apply_again(marketing):
    decline_application(actor=marketing, application=applied(), reason="The licence is not readable.")
    assert applied().state == "submitted"


def test_an_application_needs_its_licence():
    with pytest.raises(Invalid) as refused:
        applied(files=[])
    assert (refused.value.code, refused.value.field) == ("files_required", "files")
    with pytest.raises(Invalid, match="type"):
        applied(files=[licence("run.exe", b"MZ\x90\x00")])
    assert not AgencyApplication.objects.exists()


def test_asked_for_more_the_applicant_answers_and_it_waits_again(marketing, mailoutbox):
    application = ask_for_more(actor=marketing, application=applied(), asked="The back of the licence.")
    assert "The back of the licence." in mailed(application, mailoutbox).body
    with pytest.raises(Invalid) as refused:
        supply_more(application=application, answer="\u200b")
    assert refused.value.code == "answer_required"
    again = supply_more(application=application, files=[licence("back.jpg", picture())])
    assert (again.state, again.files.count()) == ("submitted", 2)
    with pytest.raises(NotAllowed):
        supply_more(application=application, answer="Once more.")


def test_taken_in_it_is_an_agency_whose_manager_is_invited(marketing, mailoutbox):
    application = applied()
    manager = approve_application(actor=marketing, application=application, code="BH", username="wu")
    agency = Agency.objects.get(code="BH")
    application.refresh_from_db()
    assert (application.state, application.agency, application.decided_by) == ("approved", agency, marketing)
    assert (agency.licence_no, agency.licence_until) == ("91310000AB", date(2099, 12, 31))
    # where money goes is confirmed by another person
    account = agency.accounts.get()
    assert (account.state, account.account, account.asked_by) == ("asked", "6222020000000001", marketing)
    assert (manager.agency, manager.user.role, manager.user.phone) == (
        agency,
        "agency_admin",
        application.contact_phone,
    )
    assert not manager.user.has_usable_password()
    link = next(line for line in mailed(application, mailoutbox).body.split() if "/accounts/invitation/" in line)
    client = Client()
    page = urlsplit(link).path
    assert client.get(page).status_code == 200
    answer = client.post(page, {"password": "long-enough-word-7", "repeated": "long-enough-word-7"})
    assert answer.status_code == 302
    assert "/accounts/invitation/" not in mailed(application, mailoutbox).body


def test_taken_in_it_can_file_nothing_before_an_agreement(marketing):
    world = make_world()
    manager = approve_application(actor=marketing, application=applied(), code="BH", username="wu")
    refused = file_referral(
        actor=manager.user, broker=manager, project=world.project, client_name="张伟", phones=["13900000001"]
    )
    assert (refused.state, refused.reason) == ("rejected", "no_agreement")


@pytest.mark.parametrize(("code", "username", "field"), [("BH", "mai", "username"), ("TAKEN", "wu", "code")])
def test_a_name_that_is_taken_takes_nobody_in(marketing, code, username, field):
    from django.core.exceptions import ValidationError

    Agency.objects.create(code="TAKEN", name="Other", created_at=marketing.date_joined)
    application = applied()
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        approve_application(actor=marketing, application=application, code=code, username=username)
    assert field in refused.value.message_dict
    application.refresh_from_db()
    assert application.state == "submitted"
    assert Agency.objects.count() == 1 and not Broker.objects.exists()


def test_what_was_decided_stays_decided(marketing):
    application = applied()
    decline_application(actor=marketing, application=application, reason="No licence of this number.")
    for act in (
        lambda: approve_application(actor=marketing, application=application, code="BH", username="wu"),
        lambda: ask_for_more(actor=marketing, application=application, asked="More."),
        lambda: decline_application(actor=marketing, application=application, reason="Again."),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert [event.action for event in Event.objects.filter(action__startswith="application.").order_by("pk")] == [
        "application.made",
        "application.declined",
    ]


def test_only_the_channel_team_decides():
    application = applied()
    for person in (staff("fin", Role.FINANCE), staff("rec", Role.RECEPTION), None):
        with pytest.raises(Forbidden):
            approve_application(actor=person, application=application, code="BH", username="wu")
        with pytest.raises(Forbidden):
            decline_application(actor=person, application=application, reason="No.")
        with pytest.raises(Forbidden):
            ask_for_more(actor=person, application=application, asked="More.")


def test_only_who_has_the_link_sees_the_application():
    application = applied()
    token = application_path(application).rstrip("/").rpartition("/")[2]
    assert application_of(token) == application
    assert application_of(str(application.pk)) is None
    assert application_of(token[:-1] + ("A" if token[-1] != "A" else "B")) is None


def test_a_declined_applications_people_and_papers_are_erased_in_time(marketing, settings):
    settings.PERSONAL_DATA_DAYS = 365
    declined = decline_application(actor=marketing, application=applied(), reason="No.")
    waiting = applied()
    with clock.at(declined.changed_at + timedelta(days=364)):
        assert forget_declined() == 0
    with clock.at(declined.changed_at + timedelta(days=366)):
        assert forget_declined() == 1
        assert forget_declined() == 0
        assert erase_personal_data()["phones"] == 0  # the waiting one has the same number
        decline_application(actor=marketing, application=waiting, reason="No.")
    with clock.at(declined.changed_at + timedelta(days=800)):
        assert forget_declined() == 1
        assert erase_personal_data()["phones"] == 1
    declined.refresh_from_db()
    assert (declined.contact_name, declined.contact_email, declined.bank_account) == ("", "", "")
    assert (declined.name, declined.reason, declined.contact_phone.reveal()) == ("Bright Homes", "No.", "***")
    assert not ApplicationFile.objects.exists() and not Attachment.objects.exists()
