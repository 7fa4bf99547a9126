"""Holds by hand (冻结): what a payee has unpaid waits, in one project or in all, until a day or until lifted."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7


class PayeeHold(models.Model):
    """Half-open `[from_at, until_at)`, or until another person lifts it. Nothing of it is changed but by lifting it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payee = models.ForeignKey(
        "commissions.Payee", verbose_name=_("payee"), on_delete=models.PROTECT, related_name="holds"
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    reason = models.TextField(_("reason"))
    from_at = models.DateTimeField(_("from"))
    until_at = models.DateTimeField(_("until"), null=True, blank=True)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("set by"), on_delete=models.PROTECT, related_name="+"
    )
    set_at = models.DateTimeField(_("set"))
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("lifted by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_reason = models.TextField(_("why it was lifted"), blank=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-set_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")), name="payee_hold_right_way_round"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="payee_hold_for_a_reason"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True, lifted_reason="")
                | (
                    Q(lifted_at__isnull=False, lifted_by__isnull=False)
                    & ~Q(lifted_reason="")
                    & ~Q(lifted_by=F("set_by"))
                ),
                name="payee_hold_lifted_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["payee"], name="payee_hold_unlifted", condition=Q(lifted_at__isnull=True)),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="set_as_it_was",
                fields=["payee", "project", "reason", "from_at", "until_at", "set_by", "set_at"],
            ),
            pgtrigger.Protect(
                name="lifted_once", operation=pgtrigger.Update, condition=pgtrigger.Q(old__lifted_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payee} {self.project or ''}".strip()

    @property
    def zone(self) -> str:
        """On whose clock its days are said: the project's, else this installation's."""
        return self.project.timezone if self.project is not None else settings.TIME_ZONE

    def is_in_force(self, now: datetime) -> bool:
        """Whether it holds at this instant."""
        return self.lifted_at is None and self.from_at <= now and (self.until_at is None or now < self.until_at)

    def state_at(self, now: datetime) -> str:
        """Return `coming`, `in_force`, `lifted` or `over`, judged by the clock."""
        if self.lifted_at is not None:
            return "lifted"
        if self.is_in_force(now):
            return "in_force"
        return "coming" if now < self.from_at else "over"
