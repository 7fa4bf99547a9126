"""Payout batches (结佣批次): what is paid to whom, approved by a second person."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from channels_platform.accounts.keys import person_key
from channels_platform.guards import only_known_moves
from channels_platform.lib.ids import uuid7
from commissions import states

LONGEST_ANSWER = 200


class PayoutBatch(models.Model):
    """One company's payout in one currency, gathered at a cut-off.

    `tax_month` is the first day of the cut-off's local month: the month individuals are taxed in.
    """

    class State(models.TextChoices):
        DRAFT = states.BatchState.DRAFT, _("Draft")
        SUBMITTED = states.BatchState.SUBMITTED, _("Submitted")
        APPROVED = states.BatchState.APPROVED, _("Approved")
        PAID = states.BatchState.PAID, _("Paid")
        VOID = states.BatchState.VOID, _("Void")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=40, unique=True)
    company = models.ForeignKey(
        "projects.PayingCompany", verbose_name=_("paying company"), on_delete=models.PROTECT, related_name="batches"
    )
    currency = models.CharField(_("currency"), max_length=3)
    cutoff_at = models.DateTimeField(_("cut-off"))
    tax_month = models.DateField(_("tax month"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    prepared_by = person_key(_("prepared by"), null=True, blank=True)
    prepared_at = models.DateTimeField(_("prepared"))
    submitted_by = person_key(_("submitted by"), null=True, blank=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    approved_by = person_key(_("approved by"), null=True, blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    closed_by = person_key(_("closed by"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    approvals_needed = models.PositiveSmallIntegerField(_("approvals needed"), default=1)
    reissue_of = models.ForeignKey(
        "self",
        verbose_name=_("re-issue of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reissues",
    )

    class Meta:
        verbose_name = _("payout batch")
        verbose_name_plural = _("payout batches")
        ordering = ["-prepared_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(prepared_by__isnull=True) | ~Q(approved_by=F("prepared_by")),
                name="batch_approver_is_not_preparer",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("submitted_by")),
                name="batch_approver_is_not_submitter",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "paid"]) | Q(approved_by__isnull=False),
                name="batch_approved_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(state="void") | Q(submitted_by__isnull=False),
                name="batch_submitted_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(approvals_needed__gte=1, approvals_needed__lte=3), name="batch_needs_one_to_three_approvals"
            ),
        ]
        triggers = [
            only_known_moves("batch", states.BATCH_MOVES),
            pgtrigger.Trigger(
                name="approved_by_enough",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("state", "prepared_by_id", "submitted_by_id", "approvals_needed"),
                func="""
                IF OLD.state <> 'draft' AND NEW.approvals_needed <> OLD.approvals_needed THEN
                    RAISE EXCEPTION 'how many approvals a batch needs is fixed when it is submitted'
                        USING ERRCODE = 'check_violation';
                END IF;
                IF NEW.state = 'approved' AND OLD.state <> 'approved' AND NEW.approvals_needed > (
                    SELECT count(*) FROM commissions_batchapproval a
                    WHERE a.batch_id = NEW.id AND a.voided_at IS NULL
                ) THEN
                    RAISE EXCEPTION 'a batch is approved by as many as it needs' USING ERRCODE = 'check_violation';
                END IF;
                IF EXISTS (
                    SELECT 1 FROM commissions_batchapproval a WHERE a.batch_id = NEW.id AND a.voided_at IS NULL
                    AND (a.approver_id = NEW.prepared_by_id OR a.approver_id = NEW.submitted_by_id)
                ) THEN
                    RAISE EXCEPTION 'nobody has two roles in one batch' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
                """,
            ),
            pgtrigger.Trigger(
                name="bank_files_not_sent",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("state"),
                condition=pgtrigger.Q(old__state="approved", new__state__in=["draft", "void"]),
                func="""
                IF EXISTS (
                    SELECT 1 FROM commissions_bankfile f WHERE f.batch_id = NEW.id
                    AND NOT EXISTS (SELECT 1 FROM commissions_unsentbankfile u WHERE u.file_id = f.id)
                ) AND NOT EXISTS (
                    SELECT 1 FROM commissions_payoutline l WHERE l.batch_id = NEW.id AND l.state = 'failed'
                ) THEN
                    RAISE EXCEPTION 'a bank file of the batch may be at the bank' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.number


class ScheduledPayout(models.Model):
    """One company's monthly draft in one currency, made, or found to be nothing. `month`: its first day."""

    company = models.ForeignKey(
        "projects.PayingCompany", verbose_name=_("paying company"), on_delete=models.PROTECT, related_name="+"
    )
    currency = models.CharField(_("currency"), max_length=3)
    month = models.DateField(_("month"))
    cutoff_at = models.DateTimeField(_("cut-off"))
    drafted_at = models.DateTimeField(_("drafted"))
    batch = models.OneToOneField(
        PayoutBatch, verbose_name=_("batch"), null=True, blank=True, on_delete=models.PROTECT, related_name="schedule"
    )

    class Meta:
        verbose_name = _("scheduled payout")
        verbose_name_plural = _("scheduled payouts")
        ordering = ["-month", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["company", "currency", "month"], name="scheduled_payout_once_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.currency} {self.month:%Y-%m}"


class PayoutLine(models.Model):
    """One payee's part of a batch. `net` = `gross` - `tax`; its figures are fixed from the approval on.

    `left_at`: when it left the batch, being held or left out by hand; it counts in no figure of the batch since.
    `bank_answer`: why the bank failed or returned it, or what it does not know; phones in it are masked.
    """

    class State(models.TextChoices):
        OPEN = states.LineState.OPEN, pgettext_lazy("line state", "Open")
        UNKNOWN = states.LineState.UNKNOWN, _("The bank can't say yet")
        PAID = states.LineState.PAID, _("Paid")
        FAILED = states.LineState.FAILED, _("Failed")
        RETURNED = states.LineState.RETURNED, _("Returned by the bank")
        VOID = states.LineState.VOID, _("Void")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(PayoutBatch, verbose_name=_("batch"), on_delete=models.PROTECT, related_name="lines")
    payee = models.ForeignKey(
        "commissions.Payee", verbose_name=_("payee"), on_delete=models.PROTECT, related_name="payout_lines"
    )
    gross = models.DecimalField(_("gross"), max_digits=18, decimal_places=4)
    tax = models.DecimalField(_("tax"), max_digits=18, decimal_places=4, default=0)
    net = models.DecimalField(_("net"), max_digits=18, decimal_places=4)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    bank_reference = models.CharField(_("bank reference"), max_length=80, blank=True)
    bank_answer = models.CharField(_("the bank's answer"), max_length=LONGEST_ANSWER, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    left_at = models.DateTimeField(_("left the batch"), null=True, blank=True)

    class Meta:
        verbose_name = _("payout line")
        verbose_name_plural = _("payout lines")
        constraints = [
            models.UniqueConstraint(fields=["batch", "payee"], name="payout_line_per_payee"),
            models.CheckConstraint(condition=Q(gross__gt=0), name="payout_line_positive"),
            models.CheckConstraint(condition=Q(tax__gte=0) & Q(net=F("gross") - F("tax")), name="payout_line_net"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(state="void"), name="payout_line_left_is_void"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="fixed_once_approved",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("batch_id", "payee_id", "gross", "tax", "net"),
                func="IF EXISTS (SELECT 1 FROM commissions_payoutbatch b WHERE b.id = OLD.batch_id "
                "AND b.state NOT IN ('draft', 'submitted')) THEN "
                "RAISE EXCEPTION 'an approved payout line is fixed' USING ERRCODE = 'check_violation'; "
                "END IF; RETURN NEW;",
            ),
            pgtrigger.Trigger(
                name="approvals_voided_first",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("gross", "tax", "net", "state"),
                func="IF EXISTS (SELECT 1 FROM commissions_payoutbatch b "
                "JOIN commissions_batchapproval a ON a.batch_id = b.id AND a.voided_at IS NULL "
                "WHERE b.id = OLD.batch_id AND b.state IN ('draft', 'submitted')) THEN "
                "RAISE EXCEPTION 'a line changes only once the approvals given are void' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} {self.payee}"


class PayoutEntry(models.Model):
    """A payable ledger entry taken into a line; in one live batch at most."""

    id = models.BigAutoField(primary_key=True)
    line = models.ForeignKey(PayoutLine, on_delete=models.PROTECT, related_name="items")
    entry = models.ForeignKey("commissions.LedgerEntry", on_delete=models.PROTECT, related_name="payouts")
    live = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("settled entry")
        verbose_name_plural = _("settled entries")
        constraints = [
            models.UniqueConstraint(fields=["entry"], condition=Q(live=True), name="entry_in_one_live_batch")
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="taken_as_it_was", fields=["line", "entry"]),
        ]

    def __str__(self) -> str:
        return f"{self.line_id} {self.entry_id}"
