"""Reminders before a filing lapses (2 h) and before protection ends (3 days)."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from channels_platform.accounts.models import User
from channels_platform.lib import clock
from leads.models import Notice, Referral
from leads.states import LIVE, ReferralState

BEFORE_LAPSE = timedelta(hours=2)
BEFORE_EXPIRY = timedelta(days=3)
BATCH = 1_000
log = structlog.get_logger(__name__)


def write_reminders() -> int:
    """Write the notices that are due to the brokers concerned; each end is warned of once.

    Writes: Notice.
    Source: domain 7.
    """
    now = clock.now()
    filed = Referral.objects.filter(
        state=ReferralState.FILED, lapse_at__gt=now, lapse_at__lte=now + BEFORE_LAPSE, broker__user__is_active=True
    )
    protected = Referral.objects.filter(
        state__in=list(LIVE),
        window_ends_at__gt=now,
        window_ends_at__lte=now + BEFORE_EXPIRY,
        broker__user__is_active=True,
    )
    written = 0
    for kind, rows, end in (
        (Notice.Kind.LAPSE_NEAR, filed, "lapse_at"),
        (Notice.Kind.EXPIRY_NEAR, protected, "window_ends_at"),
    ):
        said = Notice.objects.filter(referral=OuterRef("pk"), kind=kind, due_at=OuterRef(end))
        unsaid = rows.filter(~Exists(said))
        for referral_id, user_id, due_at in unsaid.values_list("pk", "broker__user_id", end).iterator(BATCH):
            notice = Notice(recipient_id=user_id, kind=kind, referral_id=referral_id, due_at=due_at, created_at=now)
            written += len(Notice.objects.bulk_create([notice], ignore_conflicts=True))
    return written


def mail_notices() -> int:
    """E-mail what was not mailed yet to those who have an address; at least once, one at a time.

    Locks:  each notice, skipping those that another is mailing.
    Writes: Notice.
    """
    mailed = 0
    waiting = Notice.objects.filter(emailed_at__isnull=True, created_at__gt=clock.now() - BEFORE_EXPIRY)
    for notice_id in list(
        waiting.exclude(recipient__email="").order_by("created_at").values_list("pk", flat=True)[:BATCH]
    ):
        mailed += _mail(notice_id)
    return mailed


def _mail(notice_id: UUID) -> bool:
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("recipient", "referral__project")
            .filter(pk=notice_id, emailed_at__isnull=True)
            .first()
        )
        if notice is None:
            return False
        try:
            message_for(notice).send()
        except OSError as error:
            log.warning("notice_not_mailed", notice=str(notice.pk), error=type(error).__name__)
            return False
        notice.emailed_at = clock.now()
        notice.save(update_fields=["emailed_at"])
        return True


def message_for(notice: Notice) -> EmailMultiAlternatives:
    """Return the e-mail of a notice in its reader's language; it names the client by number only."""
    referral, zone = notice.referral, notice.referral.project.zone
    # The template would show times in the server's zone; the client comes by the project's.
    with translation.override(notice.recipient.language or settings.LANGUAGE_CODE), timezone.override(zone):
        context = {
            "notice": notice,
            "referral": referral,
            "project": referral.project,
            "due_at": notice.due_at,
            "recipient": notice.recipient,
            "action_url": settings.SITE_URL + reverse("portal:referral", args=[referral.pk]),
            "action_label": _("Open the client"),
        }
        message = EmailMultiAlternatives(
            subject=" ".join(notice_subject(notice).split()),
            body=render_to_string("emails/notice.txt", context),
            to=[notice.recipient.email],
        )
        message.attach_alternative(render_to_string("emails/notice.html", context), "text/html")
        return message


def notice_subject(notice: Notice) -> str:
    """Return what a notice says in one line, in the language in force."""
    facts = {"number": notice.referral.number, "project": notice.referral.project.name}
    if notice.kind == Notice.Kind.LAPSE_NEAR:
        return _("%(project)s: client of %(number)s should visit soon") % facts
    return _("%(project)s: protection of %(number)s ends soon") % facts


def mark_read(*, recipient: User, until: datetime) -> int:
    """Mark a person's notices up to `until` as read.

    Writes: Notice.
    """
    return Notice.objects.filter(recipient=recipient, read_at__isnull=True, created_at__lte=until).update(
        read_at=clock.now()
    )
