"""Joining: an agency applies from outside, staff ask for more, take it in, or decline."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language

from brokers.models import AgencyApplication, ApplicationFile, Broker
from brokers.selectors import agencies_with_licence, spelt
from brokers.services.accounts import propose_account
from brokers.services.agencies import create_agency, create_broker
from brokers.states import WAITING, AgencyStatus, ApplicationState
from channels_platform.accounts.permissions import Can, Role
from channels_platform.accounts.services.access import require_person
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.files.models import Attachment
from channels_platform.files.services import keep_files
from channels_platform.jobs.services import enqueue
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from channels_platform.lib.names import clean_text, needed_reason
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.services import keep_phones

_SALT = "brokers.application"


class LicenceKnown(Invalid):
    """An agency with this licence number is here already, or has applied."""

    code = "licence_known"


def application_path(application: AgencyApplication) -> str:
    """Return the page on which the applicant follows the application; who has the link may."""
    return reverse("application", args=[signing.Signer(salt=_SALT).sign(str(application.pk))])


def application_of(token: str) -> AgencyApplication | None:
    """Return the application a link names; None where the link is not ours."""
    try:
        return AgencyApplication.objects.filter(pk=signing.Signer(salt=_SALT).unsign(token)).first()
    except signing.BadSignature:
        return None


@transactional
def apply_as_agency(
    *,
    name: str,
    kind: str,
    licence_no: str,
    bank_name: str,
    bank_account: str,
    contact_name: str,
    contact_phone: str,
    contact_email: str,
    files: Sequence[UploadedFile],
    licence_until: date | None = None,
) -> AgencyApplication:
    """Keep an agency's application, from outside: nobody is signed in.

    Raises: ValidationError by field; InvalidPhone; LicenceKnown; Invalid `files_required`, and as `keep_files`.
    Writes: AgencyApplication, ApplicationFile, Attachment, Phone, audit event `application.made`; mails the applicant.
    """
    licence_no = spelt(licence_no)
    if agencies_with_licence(licence_no).exists() or _waiting(licence_no).exists():
        raise LicenceKnown("this licence is known", field="licence_no")
    if not files:
        raise Invalid("the licence is needed", code="files_required", field="files")
    number, now = parse_phone(contact_phone), clock.now()
    application = AgencyApplication(
        name=name,
        kind=kind,
        licence_no=licence_no,
        licence_until=licence_until,
        bank_name=bank_name,
        bank_account=bank_account,
        contact_name=contact_name,
        contact_phone=keep_phones([number])[number],
        contact_email=contact_email,
        language=get_language() or "",
        created_at=now,
        changed_at=now,
    )
    application.full_clean(validate_constraints=False)
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError as taken:  # somebody applied with it in this very moment
        raise LicenceKnown("this licence is known", field="licence_no") from taken
    _keep(application, files)
    _tell(application, "application.made", None)
    return application


def _waiting(licence_no: str) -> QuerySet[AgencyApplication]:
    return AgencyApplication.objects.filter(licence_no=licence_no, state__in=sorted(WAITING))


@transactional
def supply_more(
    *, application: AgencyApplication, answer: str = "", files: Sequence[UploadedFile] = ()
) -> AgencyApplication:
    """Take in what the applicant was asked for; the application waits for staff again.

    Raises: NotAllowed unless something was asked for; Invalid `answer_required`, and as `keep_files`.
    Locks:  the application.
    Writes: AgencyApplication, ApplicationFile, Attachment, audit event `application.supplied`.
    """
    stored = _locked(application, ApplicationState.MORE_NEEDED)
    if not clean_text(answer) and not files:
        raise Invalid("say or send something", code="answer_required", field="answer")
    stored.answer = clean_text(answer)
    _keep(stored, files)
    return _move(stored, ApplicationState.SUBMITTED, "application.supplied", None)


@transactional
def ask_for_more(*, actor: Any, application: AgencyApplication, asked: str) -> AgencyApplication:
    """Ask the applicant for something that is missing.

    Raises: Forbidden; NotAllowed unless it waits for staff; Invalid `reason_required`.
    Locks:  the application.
    Writes: AgencyApplication, audit event `application.asked`; mails the applicant.
    """
    require_person(actor, Can.EDIT_AGENCIES)
    if not clean_text(asked):
        raise Invalid("say what is missing", code="reason_required", field="asked")
    stored = _locked(application, ApplicationState.SUBMITTED)
    stored.asked = clean_text(asked)
    return _move(stored, ApplicationState.MORE_NEEDED, "application.asked", actor)


@transactional
def decline_application(*, actor: Any, application: AgencyApplication, reason: str) -> AgencyApplication:
    """Decline an application, with a reason that the applicant reads.

    Raises: Forbidden; NotAllowed when it was decided already; Invalid `reason_required`.
    Locks:  the application.
    Writes: AgencyApplication, audit event `application.declined`; mails the applicant.
    """
    require_person(actor, Can.EDIT_AGENCIES)
    reason = needed_reason(reason)
    stored = _locked(application, *WAITING)
    stored.reason, stored.decided_by = reason, actor
    return _move(stored, ApplicationState.DECLINED, "application.declined", actor)


@transactional
def approve_application(*, actor: Any, application: AgencyApplication, code: str, username: str) -> Broker:
    """Take the agency in, with an account for its manager, and return the manager; an invitation is yet to be sent.

    It can file nothing before it has an agreement, which two people make; money goes to its account once another
    person has confirmed that.
    Raises: Forbidden; NotAllowed unless it waits for staff; LicenceKnown where staff took it in meanwhile;
            ValidationError by field (`code`, `username`).
    Locks:  the application; the user name.
    Writes: Agency, Broker, User, PayoutAccount, AgencyApplication, audit events; mails the applicant.
    """
    require_person(actor, Can.EDIT_AGENCIES)
    stored = _locked(application, ApplicationState.SUBMITTED)
    if agencies_with_licence(stored.licence_no).exists():
        raise LicenceKnown("an agency has this licence by now")
    agency = create_agency(
        actor=actor,
        code=code,
        name=stored.name,
        kind=stored.kind,
        licence_no=stored.licence_no,
        licence_until=stored.licence_until,
        status=AgencyStatus.ACTIVE,
    )
    propose_account(
        actor=actor, party=agency, holder=stored.name, bank_name=stored.bank_name, account=stored.bank_account
    )
    manager = create_broker(
        actor=actor,
        agency=agency,
        username=username,
        name=stored.contact_name,
        email=stored.contact_email,
        role=Role.AGENCY_ADMIN,
    )
    manager.user.phone = stored.contact_phone
    manager.user.save(update_fields=["phone"])
    stored.agency, stored.decided_by = agency, actor
    _move(stored, ApplicationState.APPROVED, "application.approved", actor)
    return manager


@transactional
def forget_declined() -> int:
    """Erase the people and papers of applications declined longer than PERSONAL_DATA_DAYS ago; return how many.

    The agency's name, licence number and the decision stay. The phone goes with the next sweep of phones, the files
    with that of files no row names.
    Locks:  the applications, skipping those that others hold.
    Writes: AgencyApplication, ApplicationFile, Attachment.
    Source: domain 7.
    """
    oldest = clock.now() - timedelta(days=settings.PERSONAL_DATA_DAYS)
    old = AgencyApplication.objects.filter(
        state=ApplicationState.DECLINED, changed_at__lt=oldest, erased_at__isnull=True
    )
    ids = list(old.select_for_update(skip_locked=True).values_list("pk", flat=True))
    papers = ApplicationFile.objects.filter(application__in=ids)
    attachments = list(papers.values_list("attachment", flat=True))
    papers.delete()
    Attachment.objects.filter(pk__in=attachments).delete()
    return AgencyApplication.objects.filter(pk__in=ids).update(
        contact_name="", contact_email="", bank_name="", bank_account="", answer="", erased_at=clock.now()
    )


def _locked(application: AgencyApplication, *states: ApplicationState) -> AgencyApplication:
    stored = AgencyApplication.objects.select_for_update().get(pk=application.pk)
    if stored.state not in states:
        raise NotAllowed(f"the application is {stored.state}")
    return stored


def _keep(application: AgencyApplication, files: Sequence[UploadedFile]) -> None:
    for attachment in keep_files(actor=None, uploads=files):
        ApplicationFile.objects.create(application=application, attachment=attachment)


def _move(application: AgencyApplication, state: ApplicationState, action: str, actor: Any) -> AgencyApplication:
    application.state, application.changed_at = state, clock.now()
    application.save()
    _tell(application, action, actor)
    return application


def _tell(application: AgencyApplication, action: str, actor: Any) -> None:
    """Record a step; the applicant hears of it by mail, except of their own answer."""
    record(action, actor=actor, target=application, agency=application.agency, after={"state": application.state})
    if action != "application.supplied":
        enqueue("brokers.tasks.mail_applicant", application_id=str(application.pk))
