"""Applications: agencies that want to sell, before they are agencies here."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from brokers import states
from brokers.models.agency import Agency
from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField


class AgencyApplication(models.Model):
    """What an agency tells of itself from outside, and what became of it."""

    class State(models.TextChoices):
        SUBMITTED = states.ApplicationState.SUBMITTED, _("Waiting for an answer")
        MORE_NEEDED = states.ApplicationState.MORE_NEEDED, _("Asked for more")
        APPROVED = states.ApplicationState.APPROVED, _("Approved")
        DECLINED = states.ApplicationState.DECLINED, _("Declined")

    class Kind(models.TextChoices):
        REFERRAL = states.AgencyKind.REFERRAL, _("Referral agency")
        ONSITE = states.AgencyKind.ONSITE, _("On-site agency")
        PLATFORM = states.AgencyKind.PLATFORM, _("Platform")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.REFERRAL)
    licence_no = models.CharField(_("licence number"), max_length=60)
    licence_until = models.DateField(_("licence valid until"), null=True, blank=True)
    bank_name = models.CharField(_("bank"), max_length=120)
    bank_account: Any = EncryptedTextField(_("bank account"))
    contact_name = models.CharField(_("contact"), max_length=80)
    contact_phone = models.ForeignKey(
        "privacy.Phone", verbose_name=_("contact's phone"), on_delete=models.PROTECT, related_name="+"
    )
    contact_email = models.EmailField(_("contact's e-mail"))
    language = models.CharField(max_length=10, blank=True, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.SUBMITTED, editable=False)
    asked = models.TextField(_("what was asked for"), blank=True, editable=False)
    answer = models.TextField(_("the applicant's answer"), blank=True, max_length=2000)
    reason = models.TextField(_("reason"), blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    agency = models.OneToOneField(
        Agency,
        verbose_name=_("agency"),
        null=True,
        on_delete=models.PROTECT,
        related_name="application",
        editable=False,
    )
    erased_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(_("applied"), editable=False)
    changed_at = models.DateTimeField(_("last change"), editable=False)

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["licence_no"],
                condition=Q(state__in=sorted(states.WAITING)),
                name="one_waiting_application_per_licence",
            ),
            models.CheckConstraint(
                condition=Q(state="approved", agency__isnull=False) | ~Q(state="approved") & Q(agency__isnull=True),
                name="approved_application_has_its_agency",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApplicationFile(models.Model):
    """A paper that belongs to an application: the licence, or what was asked for later."""

    id = models.BigAutoField(primary_key=True)
    application = models.ForeignKey(AgencyApplication, on_delete=models.PROTECT, related_name="files")
    attachment = models.OneToOneField("files.Attachment", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("paper")
        verbose_name_plural = _("papers")
        ordering = ["id"]

    def __str__(self) -> str:
        return str(self.attachment)
