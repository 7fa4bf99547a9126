"""Telling an applicant by mail where the application stands."""

from uuid import UUID

from brokers.mails import application_mail
from brokers.models import AgencyApplication
from brokers.services.joining import application_path
from brokers.states import ApplicationState
from channels_platform.accounts.permissions import Role
from channels_platform.accounts.services.invitations import invitation_url, issue_invitation


def mail_applicant(*, application_id: UUID) -> None:
    """Send the mail of the application's state as it is now; may be sent twice, never not.

    Writes: for an approved one, audit event `person.invited`, until its manager has a password.
    """
    application = AgencyApplication.objects.select_related("agency", "decided_by").get(pk=application_id)
    invitation = ""
    if application.state == ApplicationState.APPROVED and application.agency is not None:
        managers = application.agency.brokers.filter(user__role=Role.AGENCY_ADMIN, user__is_active=True)
        manager = managers.select_related("user").order_by("created_at", "pk").first()
        if manager is not None and not manager.user.has_usable_password():
            invitation = invitation_url(issue_invitation(user=manager.user, actor=application.decided_by))
    application_mail(application, path=application_path(application), invitation=invitation).send()
