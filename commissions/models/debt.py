"""What payees owe back, settled otherwise than by netting: repaid, or written off by two people."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.keys import person_key
from channels_platform.lib.ids import uuid7
from commissions.models.adjustments import Asked


class Repayment(models.Model):
    """Money a payee paid back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payee = models.ForeignKey("commissions.Payee", on_delete=models.PROTECT, related_name="repayments")
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    reference = models.CharField(_("bank reference"), max_length=80)
    recorded_by = person_key(_("recorded by"), null=True)
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("repayment")
        verbose_name_plural = _("repayments")
        constraints = [
            models.UniqueConstraint(fields=["project", "reference"], name="repayment_reference_in_project"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="repayment_positive"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.reference


class WriteOff(Asked):
    """An amount owed back that the company gives up, with a second person's approval."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payee = models.ForeignKey("commissions.Payee", on_delete=models.PROTECT, related_name="write_offs")
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    asked_by = person_key(_("asked by"), null=True)

    class Meta:
        verbose_name = _("write-off")
        verbose_name_plural = _("write-offs")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="write_off_positive"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="write_off_second_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payee} {self.amount}"
