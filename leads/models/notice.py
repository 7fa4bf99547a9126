"""Notices: what a person should know in time, in the product and by e-mail."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7


class Notice(models.Model):
    """One word to one person about one referral; `due_at` is the end it warns of, so it is said once."""

    class Kind(models.TextChoices):
        LAPSE_NEAR = "lapse_near", _("The client should visit soon")
        EXPIRY_NEAR = "expiry_near", _("Protection ends soon")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    referral = models.ForeignKey("leads.Referral", on_delete=models.PROTECT, related_name="notices")
    due_at = models.DateTimeField(_("due"))
    created_at = models.DateTimeField(_("created"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    emailed_at = models.DateTimeField(_("e-mailed"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["referral", "recipient", "kind", "due_at"], name="notice_said_once")
        ]
        indexes = [
            models.Index(fields=["created_at"], name="notice_to_mail", condition=Q(emailed_at__isnull=True)),
            models.Index(fields=["recipient", "-created_at"], name="notice_unread", condition=Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.referral}"
