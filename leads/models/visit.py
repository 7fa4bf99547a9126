"""Confirmed arrivals: of referrals, and natural ones."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField


class Visit(models.Model):
    """An arrival of a referral's client (带看); refused arrivals are kept with their reason."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    referral = models.ForeignKey(
        "leads.Referral", verbose_name=_("referral"), on_delete=models.PROTECT, related_name="visits", db_index=False
    )
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    arrived_at = models.DateTimeField(_("arrived"))
    local_on = models.DateField(_("date"))
    confirmed = models.BooleanField(_("confirmed"))
    reason = models.CharField(_("reason"), max_length=20, blank=True)
    override_reason = models.TextField(_("override reason"), blank=True)
    # What it was judged by (attribution.kept_facts); null for those before that was kept.
    judged = models.JSONField(null=True, editable=False)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("received by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    consultant = models.ForeignKey(
        "leads.Consultant",
        verbose_name=_("consultant"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="visits",
    )
    assigned_because = models.CharField(_("why this consultant"), max_length=16, blank=True)
    assigned_facts = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        ordering = ["-arrived_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["referral", "local_on"], condition=Q(confirmed=True), name="one_confirmed_visit_a_day"
            ),
            models.CheckConstraint(condition=Q(confirmed=True) | ~Q(reason=""), name="visit_refused_with_reason"),
        ]
        indexes = [
            models.Index(fields=["referral", "arrived_at"], name="visit_of_referral"),
            models.Index(fields=["project", "-arrived_at"], name="visit_of_project"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.referral} {self.local_on}"


class NaturalVisit(models.Model):
    """A walk-in (自然来访)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="natural_visits",
        db_index=False,
    )
    phone = models.ForeignKey(
        "privacy.Phone", verbose_name=_("phone"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    name = EncryptedTextField(_("client"), blank=True)
    name_masked = models.CharField(_("client"), max_length=40, blank=True)
    visited_at = models.DateTimeField(_("visited"))
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    erased_at = models.DateTimeField(_("personal data erased"), null=True, blank=True)

    class Meta:
        verbose_name = _("natural visit")
        verbose_name_plural = _("natural visits")
        ordering = ["-visited_at", "-id"]
        indexes = [
            models.Index(fields=["phone", "project", "visited_at"], name="natural_visit_of_phone"),
            models.Index(fields=["project", "-visited_at", "-id"], name="natural_visit_of_project"),
        ]
        triggers = [pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.name_masked} {self.visited_at:%Y-%m-%d}"
