"""The one-time code by which a client shows at the desk that the phone is theirs."""

from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import translation
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.jobs.services import Settled, enqueue
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from channels_platform.sms import Message, digits_of, may_send, send_sms
from leads.locks import lock_code_phone
from leads.models import ArrivalCode, Referral
from leads.states import LIVE

LIFE = timedelta(minutes=10)
TRIES = 5
BETWEEN = timedelta(seconds=60)
A_DAY, DAY = 5, timedelta(hours=24)


class CodeAnswer(StrEnum):
    MATCHED = "matched"
    WRONG = "wrong"
    OVER = "over"
    ON_ITS_WAY = "on_its_way"


@transactional
def ask_arrival_code(*, actor: Any, referral: Referral, position: int | None = None) -> ArrivalCode:
    """Have a code sent to a phone of the referral (its first, or the one at `position`).

    Raises: Forbidden; NotAllowed `sms_off`, `not_live`, `no_full_phone` (a masked filing before its visit),
            `code_too_soon`, `code_limit`.
    Locks:  the phone, for codes.
    Writes: ArrivalCode, OutboxMessage, audit event `arrival_code.asked`.
    """
    require(actor, Can.CONFIRM_VISIT)
    if not may_send():
        raise NotAllowed("no text messages are sent here", code="sms_off")
    now = clock.now()
    if referral.state_at(now) not in LIVE:
        raise NotAllowed("the referral is no longer live", code="not_live")
    phones = referral.phones.filter(phone__isnull=False).select_related("phone").order_by("position")
    row = (phones if position is None else phones.filter(position=position)).first()
    if row is None or row.phone is None:
        raise NotAllowed("the full number is not known", code="no_full_phone")
    lock_code_phone(row.phone.pk)
    now = clock.now()
    sent = list(ArrivalCode.objects.filter(phone=row.phone, asked_at__gt=now - DAY).values_list("asked_at", flat=True))
    if sent and max(sent) > now - BETWEEN:
        raise NotAllowed("a code was sent a moment ago", code="code_too_soon")
    if len(sent) >= A_DAY:
        raise NotAllowed("this phone got enough codes for a day", code="code_limit")
    code = ArrivalCode(referral=referral, phone=row.phone, asked_at=now, asked_by=actor, expires_at=now + LIFE)
    code.save(force_insert=True)
    enqueue("leads.tasks.send_arrival_code", code_id=str(code.pk))
    _note("arrival_code.asked", actor, referral, phone=row.masked)
    return code


def send_arrival_code(*, code_id: UUID) -> None:
    """Make the code, keep its digest and send it. Each attempt makes the same one: the carrier may have sent the first.

    Raises: Settled where it was sent, is over or was asked for anew; SmsFailed.
    Writes: ArrivalCode.
    """
    code = ArrivalCode.objects.select_related("phone", "referral__project").get(pk=code_id)
    now = clock.now()
    newer = ArrivalCode.objects.filter(referral_id=code.referral_id, asked_at__gt=code.asked_at).exists()
    if code.sent_at is not None or newer or now >= code.asked_at + LIFE:
        raise Settled("sent already, asked for anew or over")
    digits = digits_of("leads.arrival_code.digits", str(code.pk))
    ArrivalCode.objects.filter(pk=code.pk).update(digest=_digest(code, digits), expires_at=now + LIFE)
    project, minutes = code.referral.project.name, str(int(LIFE.total_seconds() // 60))
    values = {"project": project, "code": digits, "minutes": minutes}
    with translation.override(settings.SMS_LANGUAGE):
        text = (
            _("%(project)s: your code is %(code)s, good for %(minutes)s minutes. Tell it only to the reception.")
            % values
        )
    send_sms(Message(str(code.pk), code.phone.reveal(), text, "arrival_code", values))
    ArrivalCode.objects.filter(pk=code.pk).update(sent_at=clock.now())


@transactional
def check_arrival_code(*, actor: Any, referral: Referral, digits: str) -> CodeAnswer:
    """Compare what the client read out with the code sent last; each comparison uses up a try.

    `over`: none was sent, its time or its tries are used up. `on_its_way`: it is still to be sent. It answers instead
    of raising, so that a try stays counted.
    Locks:  the code.
    Writes: ArrivalCode, audit event `arrival_code.matched` or `arrival_code.refused`.
    """
    require(actor, Can.CONFIRM_VISIT)
    code = ArrivalCode.objects.select_for_update().filter(referral=referral).order_by("-asked_at", "-pk").first()
    now = clock.now()
    if code is None:
        return CodeAnswer.OVER
    if not code.digest and now < code.expires_at:
        return CodeAnswer.ON_ITS_WAY
    if code.matched_at is not None or now >= code.expires_at or code.tries >= TRIES:
        _note("arrival_code.refused", actor, referral, tries=code.tries)
        return CodeAnswer.OVER
    code.tries += 1
    right = constant_time_compare(code.digest, _digest(code, digits))
    code.matched_at = now if right else None
    code.save(update_fields=["tries", "matched_at"])
    _note("arrival_code.matched" if right else "arrival_code.refused", actor, referral, tries=code.tries)
    return CodeAnswer.MATCHED if right else CodeAnswer.WRONG


def _digest(code: ArrivalCode, digits: str) -> str:
    return salted_hmac("leads.arrival_code", f"{code.pk}:{digits}", algorithm="sha256").hexdigest()


def _note(action: str, actor: Any, referral: Referral, **facts: Any) -> None:
    record(action, actor=actor, target=referral, project=referral.project_id, agency=referral.agency_id, after=facts)
