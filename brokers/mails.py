"""Mail to applicants, who have no account yet. It names the application, nobody's phone or account."""

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from brokers.models import AgencyApplication
from brokers.states import ApplicationState


def application_mail(application: AgencyApplication, *, path: str, invitation: str = "") -> EmailMultiAlternatives:
    """Return the mail that tells the applicant where the application stands, in the applicant's language.

    `path` is the page that shows it; `invitation` the link by which the new agency's manager sets a password.
    """
    with translation.override(application.language or settings.LANGUAGE_CODE):
        subjects = {
            ApplicationState.SUBMITTED: _("Your application has arrived"),
            ApplicationState.MORE_NEEDED: _("Your application needs something more"),
            ApplicationState.APPROVED: _("Welcome: your application is approved"),
            ApplicationState.DECLINED: _("Your application was declined"),
        }
        context = {
            "application": application,
            "action_url": invitation or settings.SITE_URL + path,
            "action_label": _("Set the password") if invitation else _("See the application"),
        }
        message = EmailMultiAlternatives(
            subject=str(subjects[ApplicationState(application.state)]),
            body=render_to_string("emails/application.txt", context),
            to=[application.contact_email],
        )
        message.attach_alternative(render_to_string("emails/application.html", context), "text/html")
        return message
