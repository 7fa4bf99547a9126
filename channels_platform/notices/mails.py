"""Notices as e-mail, in the reader's language. They name clients by number only."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_platform.notices.models import Notice


def notice_mail(notice: Notice) -> EmailMultiAlternatives:
    """Return the e-mail of one notice."""
    # The template would show times in the server's zone; what the notice is about may have another.
    with translation.override(_language(notice)), timezone.override(notice.zone or settings.TIME_ZONE):
        return _mail("notice", notice, notice.line, {"notice": notice, **_action(notice)})


def digest_mail(notices: Sequence[Notice]) -> EmailMultiAlternatives:
    """Return one e-mail of several notices to one reader."""
    first = notices[0]
    with translation.override(_language(first)):
        subject = ngettext("%(count)d notice for you", "%(count)d notices for you", len(notices)) % {
            "count": len(notices)
        }
        entries = [{"notice": notice, "url": settings.SITE_URL + notice.path} for notice in notices]
        return _mail("digest", first, subject, {"entries": entries, **_action(None)})


def _mail(template: str, notice: Notice, subject: str, context: dict[str, object]) -> EmailMultiAlternatives:
    context |= {"recipient": notice.recipient}
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"emails/{template}.txt", context),
        to=[notice.recipient.email],
    )
    message.attach_alternative(render_to_string(f"emails/{template}.html", context), "text/html")
    return message


def _action(notice: Notice | None) -> dict[str, object]:
    path = notice.path if notice is not None and notice.path else "/notices/"
    return {"action_url": settings.SITE_URL + path, "action_label": _("Open")}


def _language(notice: Notice) -> str:
    return notice.recipient.written_to_in or settings.LANGUAGE_CODE
