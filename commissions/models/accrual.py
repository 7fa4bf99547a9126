"""What each payee has earned of each deal, as of the last commission run."""

from decimal import Decimal

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7


class CommissionRun(models.Model):
    """One pass of the engine over one project's facts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="commission_runs"
    )
    as_of = models.DateTimeField(_("as of"))
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    deals = models.PositiveIntegerField(_("deals"), default=0)
    changed = models.PositiveIntegerField(_("lines changed"), default=0)

    class Meta:
        verbose_name = _("commission run")
        verbose_name_plural = _("commission runs")
        ordering = ["-started_at", "-id"]
        triggers = [pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.project} {self.as_of:%Y-%m-%d %H:%M}"


class Accrual(models.Model):
    """One component of one share of a deal, for one payee, with the facts that explain it.

    Rewritten by each run; the ledger holds the history. Keys without a constraint: as on the ledger.
    """

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    deal = models.ForeignKey(
        "leads.Deal",
        verbose_name=_("deal"),
        on_delete=models.PROTECT,
        related_name="accruals",
        db_index=False,
        db_constraint=False,
    )
    payee = models.ForeignKey(
        "commissions.Payee", verbose_name=_("payee"), on_delete=models.PROTECT, related_name="accruals"
    )
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accruals",
        db_constraint=False,
    )
    kind = models.CharField(_("kind"), max_length=80)
    version = models.ForeignKey(
        "commissions.PlanVersion",
        verbose_name=_("plan version"),
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    earned = models.DecimalField(_("earned"), max_digits=18, decimal_places=4)
    released = models.DecimalField(_("released"), max_digits=18, decimal_places=4)
    retained = models.DecimalField(_("retained"), max_digits=18, decimal_places=4)
    pending = models.DecimalField(_("pending"), max_digits=18, decimal_places=4)
    explanation = models.JSONField(_("explanation"))
    run = models.ForeignKey(
        CommissionRun, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )

    class Meta:
        verbose_name = _("commission line")
        verbose_name_plural = _("commission lines")
        constraints = [
            models.UniqueConstraint(
                fields=["deal", "payee", "referral", "kind"], name="accrual_key", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.deal} {self.kind}"

    @property
    def payable(self) -> Decimal:
        return self.released - self.retained
