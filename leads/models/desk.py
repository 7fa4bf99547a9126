"""What is kept of an arrival beside the visit: the broker's word, the client's one-time code, the papers."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7


class ToldArrival(models.Model):
    """The broker's "my client has arrived", once a local day; what counts is reception's confirmation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        on_delete=models.PROTECT,
        related_name="told_arrivals",
        db_index=False,
    )
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+", db_index=False)
    local_on = models.DateField(_("date"))
    told_at = models.DateTimeField(_("told"))
    told_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("arrival told by a broker")
        verbose_name_plural = _("arrivals told by brokers")
        ordering = ["-told_at"]
        constraints = [models.UniqueConstraint(fields=["referral", "local_on"], name="one_told_arrival_a_day")]
        indexes = [models.Index(fields=["project", "local_on"], name="told_arrival_of_day")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.referral_id} {self.local_on}"


class ArrivalCode(models.Model):
    """A one-time code sent to a client's phone; kept as a keyed digest, never itself."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        on_delete=models.PROTECT,
        related_name="arrival_codes",
        db_index=False,
    )
    phone = models.ForeignKey("privacy.Phone", on_delete=models.PROTECT, related_name="+", db_index=False)
    asked_at = models.DateTimeField(_("asked for"))
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(_("expires"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    matched_at = models.DateTimeField(_("matched"), null=True, blank=True)

    class Meta:
        verbose_name = _("one-time code")
        verbose_name_plural = _("one-time codes")
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["referral", "-asked_at"], name="code_of_referral"),
            models.Index(fields=["phone", "-asked_at"], name="code_of_phone"),
        ]

    def __str__(self) -> str:
        return f"{self.referral_id} {self.asked_at:%Y-%m-%d %H:%M}"


class VisitPaper(models.Model):
    """What the client signed on the screen, or a photo of the visit sheet. Never a person's picture."""

    class Kind(models.TextChoices):
        SIGNATURE = "signature", _("signature")
        SHEET = "sheet", _("visit sheet")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    visit = models.ForeignKey("leads.Visit", on_delete=models.PROTECT, related_name="papers", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    attachment = models.OneToOneField("files.Attachment", on_delete=models.PROTECT, related_name="+")
    kept_at = models.DateTimeField(_("kept"))
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("paper of a visit")
        verbose_name_plural = _("papers of visits")
        ordering = ["kept_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["visit"], condition=Q(kind="signature"), name="one_signature_a_visit")
        ]
        indexes = [models.Index(fields=["visit", "kept_at"], name="paper_of_visit")]
        triggers = [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.visit_id} {self.kind}"
