"""The one-time code by which an individual shows that the phone is theirs: on signing up, or for another password."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import F, Sum
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from brokers.models import Individual
from brokers.services.individuals import claim_phone
from brokers.states import IndividualState
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.services import Settled, enqueue
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from channels_platform.lib.phones import parse_phone
from channels_platform.privacy.models import Phone
from channels_platform.privacy.services import find_phones
from channels_platform.sms import Message, digits_of, may_send, send_sms

LIFE = timedelta(minutes=10)
TRIES = 5
BETWEEN = timedelta(seconds=60)
A_DAY, DAY = 5, timedelta(hours=24)


@transactional
def ask_signup_code(*, individual: Individual) -> Individual:
    """Have a code sent to the phone that the person gave.

    Raises: NotAllowed `sms_off`, `not_allowed` (decided, or proven already), `code_too_soon`, `code_limit`.
    Locks:  the phone: however many sign up with it, it gets one code a minute and five in 24 hours.
    Writes: Individual, OutboxMessage.
    """
    stored = _with_phone_held(individual)
    if stored.state != IndividualState.WAITING or stored.phone_proven_at is not None:
        raise NotAllowed("nothing is left to prove")
    return _ask(stored)


def who_signs_in_with(*, phone: str) -> Individual | None:
    """Return the individual who signs in with the phone, if somebody does.

    Raises: InvalidPhone.
    """
    known = find_phones([parse_phone(phone)])
    return Individual.objects.filter(
        phone__in=known.values(), broker__user__sign_in_phone=F("phone"), broker__user__is_active=True
    ).first()


@transactional
def ask_recovery_code(*, individual: Individual) -> Individual:
    """Have a code sent to the phone that somebody signs in with and forgot the password of.

    Raises: NotAllowed `sms_off`, `code_too_soon`, `code_limit`.
    Locks, Writes: as `ask_signup_code`.
    """
    return _ask(_with_phone_held(individual))


def _with_phone_held(individual: Individual) -> Individual:
    Phone.objects.select_for_update().get(pk=individual.phone_id)
    rows = Individual.objects.select_related("broker__user", "link__programme", "phone")
    return rows.get(pk=individual.pk)


def _ask(stored: Individual) -> Individual:
    if not may_send():
        raise NotAllowed("no text messages are sent here", code="sms_off")
    now = clock.now()
    asked = Individual.objects.filter(phone=stored.phone_id, code_asked_at__gt=now - DAY)
    if asked.filter(code_asked_at__gt=now - BETWEEN).exists():
        raise NotAllowed("a code was sent a moment ago", code="code_too_soon")
    if (asked.aggregate(sent=Sum("codes_asked"))["sent"] or 0) >= A_DAY:
        raise NotAllowed("this phone got enough codes for a day", code="code_limit")
    begun_today = stored.code_asked_at is not None and stored.code_asked_at > now - DAY
    stored.codes_asked = stored.codes_asked + 1 if begun_today else 1
    stored.code_asked_at, stored.code_sent_at, stored.code_tries = now, None, 0
    stored.save(update_fields=["code_asked_at", "code_sent_at", "code_tries", "codes_asked"])
    enqueue("brokers.tasks.send_signup_code", individual_id=str(stored.pk), asked=now.isoformat())
    return stored


def send_signup_code(*, individual_id: UUID, asked: str) -> None:
    """Make the code and send it. Each attempt makes the same one: the carrier may have sent the first.

    Raises: Settled where it was sent, is over or was asked for anew; SmsFailed.
    Writes: Individual.
    """
    individual = Individual.objects.select_related("phone", "link__programme__project").get(pk=individual_id)
    at = individual.code_asked_at
    if at is None or at.isoformat() != asked or individual.code_sent_at is not None or clock.now() >= at + LIFE:
        raise Settled("sent already, asked for anew or over")
    code, minutes = _digits(individual), str(int(LIFE.total_seconds() // 60))
    values = {"project": individual.link.programme.project.name, "code": code, "minutes": minutes}
    with translation.override(settings.SMS_LANGUAGE):
        text = _("%(project)s: your sign-up code is %(code)s, good for %(minutes)s minutes.") % values
    identity = f"{individual.pk}-{at:%Y%m%d%H%M%S}"
    send_sms(Message(identity, individual.phone.reveal(), text, "signup_code", values))
    Individual.objects.filter(pk=individual.pk, code_asked_at=at).update(code_sent_at=clock.now())


@transactional
def prove_phone(*, individual: Individual, digits: str) -> bool:
    """Compare what was typed with the code asked for last; each comparison uses up a try. Return whether it is right.

    Raises: NotAllowed `code_over` when none is in force; Invalid `phone_taken` where another account signs in with it.
    Locks:  the phone.
    Writes: Individual, User, audit event `individual.phone_proven`.
    """
    stored = _with_phone_held(individual)
    if stored.state != IndividualState.WAITING or stored.phone_proven_at is not None:
        raise NotAllowed("nothing is left to prove", code="code_over")
    if not _matches(stored, digits):
        return False
    claim_phone(stored)
    stored.broker.user.save(update_fields=["sign_in_phone"])
    stored.phone_proven_at = clock.now()
    stored.save(update_fields=["phone_proven_at"])
    programme = stored.link.programme
    record(
        "individual.phone_proven",
        actor=stored.broker.user,
        target=stored,
        project=programme.project_id,
        agency=programme.agency_id,
    )
    return True


@transactional
def set_password_by_code(*, individual: Individual, digits: str, password: str) -> bool:
    """Set another password where the code is right, and return whether it was; who is signed in with the old is out.

    Raises: NotAllowed `code_over` when none is in force, or the phone signs this person in no more.
    Locks:  the phone.
    Writes: Individual, User.password, audit event `password.changed`.
    """
    stored = _with_phone_held(individual)
    user = stored.broker.user
    if user.sign_in_phone_id != stored.phone_id or not user.is_active:
        raise NotAllowed("the phone signs nobody in", code="code_over")
    if not _matches(stored, digits):
        return False
    user.set_password(password)
    user.save(update_fields=["password"])
    Individual.objects.filter(pk=stored.pk).update(code_tries=TRIES)
    record("password.changed", actor=user, target=user)
    return True


def _matches(stored: Individual, digits: str) -> bool:
    at = stored.code_asked_at
    if at is None or clock.now() >= at + LIFE or stored.code_tries >= TRIES:
        raise NotAllowed("no code is in force", code="code_over")
    stored.code_tries += 1
    stored.save(update_fields=["code_tries"])
    return constant_time_compare(_digits(stored), digits)


def _digits(individual: Individual) -> str:
    asked = individual.code_asked_at
    return digits_of("brokers.signup_code", f"{individual.pk}:{asked.isoformat() if asked else ''}")
