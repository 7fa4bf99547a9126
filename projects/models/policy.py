"""Policies: a project's protection rules, a new version at each change."""

import pgtrigger
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from channels_platform.lib.spans import WindowEnd
from projects import states


class Policy(models.Model):
    """One immutable version of a project's rules; fields as in domain 4.1."""

    class ExclusiveFrom(models.TextChoices):
        NEVER = states.ExclusiveFrom.NEVER, _("Nothing is protected; the deal decides")
        VISIT = states.ExclusiveFrom.VISIT, _("From the confirmed visit")
        FILING = states.ExclusiveFrom.FILING, _("From the filing")

    class WindowEndChoice(models.TextChoices):
        EXACT = WindowEnd.EXACT, _("To the minute")
        END_OF_DAY = WindowEnd.END_OF_DAY, _("To the end of the last day")

    class PhoneModeChoice(models.TextChoices):
        FULL = states.PhoneMode.FULL, _("Full number")
        MASKED = states.PhoneMode.MASKED, _("First three and last four digits")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="policies"
    )
    version = models.PositiveIntegerField(_("version"), editable=False)
    exclusive_from = models.CharField(
        _("protection starts"), max_length=8, choices=ExclusiveFrom.choices, default=ExclusiveFrom.VISIT
    )
    protection_days = models.PositiveIntegerField(_("protection days"), default=30, validators=[MinValueValidator(1)])
    window_end = models.CharField(
        _("protection ends"), max_length=12, choices=WindowEndChoice.choices, default=WindowEndChoice.EXACT
    )
    visit_within_hours = models.PositiveIntegerField(
        _("visit within (hours)"), null=True, blank=True, default=72, validators=[MinValueValidator(1)]
    )
    lead_time_minutes = models.PositiveIntegerField(_("lead time (minutes)"), default=60)
    lookback_days = models.PositiveIntegerField(_("look back for walk-ins (days)"), default=90)
    revisit_extends = models.BooleanField(_("a re-visit extends protection"), default=False)
    max_protection_days = models.PositiveIntegerField(
        _("longest protection (days)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    phone_mode = models.CharField(
        _("phone is filed as"), max_length=8, choices=PhoneModeChoice.choices, default=PhoneModeChoice.FULL
    )
    daily_filing_limit = models.PositiveIntegerField(
        _("filings per broker and day"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    credit_days = models.PositiveIntegerField(
        _("a visit counts for (days)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    proxy_purchase = models.BooleanField(_("credit purchases in another name"), default=False)
    dispute_days = models.PositiveIntegerField(_("days to contest"), default=7)
    created_at = models.DateTimeField(_("in force since"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )

    RULES = (
        "exclusive_from",
        "protection_days",
        "window_end",
        "visit_within_hours",
        "lead_time_minutes",
        "lookback_days",
        "revisit_extends",
        "max_protection_days",
        "phone_mode",
        "daily_filing_limit",
        "credit_days",
        "proxy_purchase",
        "dispute_days",
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["project", "version"], name="policy_version_in_project"),
            models.CheckConstraint(condition=Q(protection_days__gte=1), name="policy_protects_a_day"),
            models.CheckConstraint(
                condition=~Q(phone_mode="masked", exclusive_from="filing"),
                name="policy_masked_claims_nothing_at_filing",
            ),
        ]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"v{self.version}"
