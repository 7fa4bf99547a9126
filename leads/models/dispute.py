"""Disputes (判客): an agency contests an outcome, a manager decides, it is kept for ever."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from leads import states


class Dispute(models.Model):
    class State(models.TextChoices):
        OPEN = states.DisputeState.OPEN, _("Open")
        DECIDED = states.DisputeState.DECIDED, _("Decided")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=40, unique=True)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="disputes"
    )
    agency = models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="disputes"
    )
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="disputes",
    )
    deal = models.ForeignKey(
        "leads.Deal", verbose_name=_("deal"), null=True, blank=True, on_delete=models.PROTECT, related_name="disputes"
    )
    claim_text = models.TextField(_("what the agency says"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("raised by"), on_delete=models.PROTECT, related_name="+"
    )
    raised_at = models.DateTimeField(_("raised"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision = models.TextField(_("decision"), blank=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-raised_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(referral__isnull=False) | Q(deal__isnull=False), name="dispute_is_about_something"
            ),
        ]
        triggers = [pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.number
