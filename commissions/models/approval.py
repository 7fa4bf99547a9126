"""Who approves a payout batch: how many people by its amount, each once, and exactly what each of them saw."""

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commissions.models.ledger import APPEND_ONLY
from projects.models.project import CURRENCY

MOST_APPROVALS = 3


class ApprovalRule(models.Model):
    """From which gross amount a company's batch in a currency needs how many approvals; without one, it needs one."""

    company = models.ForeignKey(
        "projects.PayingCompany",
        verbose_name=_("paying company"),
        on_delete=models.PROTECT,
        related_name="approval_rules",
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY", validators=[CURRENCY])
    from_amount = models.DecimalField(
        _("from gross amount"), max_digits=18, decimal_places=4, validators=[MinValueValidator(0)]
    )
    approvals = models.PositiveSmallIntegerField(
        _("approvals needed"), validators=[MinValueValidator(1), MaxValueValidator(MOST_APPROVALS)]
    )

    class Meta:
        verbose_name = _("approval rule")
        verbose_name_plural = _("approval rules")
        ordering = ["company__code", "currency", "from_amount"]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "currency", "from_amount"],
                name="approval_rule_once",
                violation_error_message=_("There is a rule from this amount already."),
            ),
            models.CheckConstraint(condition=Q(from_amount__gte=0), name="approval_rule_from_zero"),
            models.CheckConstraint(
                condition=Q(approvals__gte=1, approvals__lte=MOST_APPROVALS), name="approval_rule_one_to_three"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.currency} {self.from_amount:f}"


class BatchApproval(models.Model):
    """One person's approval of a submitted batch as it was then; `digest` says of what exactly.

    Void once a line changed or the batch was returned; a void one is kept and counts no more.
    """

    batch = models.ForeignKey(
        "commissions.PayoutBatch", verbose_name=_("batch"), on_delete=models.PROTECT, related_name="approvals"
    )
    approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("approver"), on_delete=models.PROTECT, related_name="+"
    )
    given_at = models.DateTimeField(_("approved"))
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True)
    voided_because = models.CharField(_("voided because"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("batch approval")
        verbose_name_plural = _("batch approvals")
        ordering = ["given_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "approver"], condition=Q(voided_at__isnull=True), name="batch_approved_once_by_each"
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_because="")
                | (Q(voided_at__isnull=False) & ~Q(voided_because="")),
                name="batch_approval_voided_for_a_reason",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="given_as_it_was", fields=["batch", "approver", "given_at", "digest"]),
            pgtrigger.Protect(
                name="voided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__voided_at__isnull=False),
            ),
            pgtrigger.Trigger(
                name="by_another_person",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                IF NOT EXISTS (
                    SELECT 1 FROM commissions_payoutbatch b WHERE b.id = NEW.batch_id AND b.state = 'submitted'
                    AND b.prepared_by_id IS DISTINCT FROM NEW.approver_id AND b.submitted_by_id <> NEW.approver_id
                ) THEN
                    RAISE EXCEPTION 'a submitted batch is approved by who neither prepared nor submitted it'
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} {self.approver}"


class ApprovedLine(models.Model):
    """A line as the first approver of a round saw it: figures, entries (their digest), invoice and account.

    `account` shows the bank and the last four digits, `account_key` is its id: an account never changes.
    """

    id = models.BigAutoField(primary_key=True)
    approval = models.ForeignKey(BatchApproval, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey("commissions.PayoutLine", on_delete=models.PROTECT, related_name="+")
    payee = models.ForeignKey("commissions.Payee", on_delete=models.PROTECT, related_name="+", db_index=False)
    gross = models.DecimalField(_("gross"), max_digits=18, decimal_places=4)
    tax = models.DecimalField(_("tax"), max_digits=18, decimal_places=4)
    net = models.DecimalField(_("net"), max_digits=18, decimal_places=4)
    entries = models.CharField(_("entries"), max_length=64)
    invoice = models.CharField(_("invoice"), max_length=60, blank=True)
    account = models.CharField(_("account"), max_length=160, blank=True)
    account_key = models.CharField(max_length=36, blank=True)

    class Meta:
        verbose_name = _("approved line")
        verbose_name_plural = _("approved lines")
        constraints = [models.UniqueConstraint(fields=["approval", "line"], name="approved_line_once")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"{self.approval_id} {self.line_id}"
