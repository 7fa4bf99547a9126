"""The ledger (佣金台账): append-only, double-entry, each transaction summing to zero."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commissions import states

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)

# Who posts holds the ledger, shared, until the commit. A seal waits for them all: then no id below is yet to come.
POSTING_LOCK = (7_403, 0)
HELD_WHILE_POSTING = pgtrigger.Trigger(
    name="held_while_posting",
    level=pgtrigger.Statement,
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func=f"PERFORM pg_advisory_xact_lock_shared({POSTING_LOCK[0]}, {POSTING_LOCK[1]}); RETURN NULL;",
)


class LedgerTransaction(models.Model):
    """What belongs together: entries of one currency that sum to zero.

    Project and run are looked for once a statement instead of once a row. The database lets no run go, a run holds its
    project, and what is not a run's moves what one has posted there.
    """

    class Kind(models.TextChoices):
        ACCRUAL = states.TransactionKind.ACCRUAL, _("Accrual")
        PAYOUT = states.TransactionKind.PAYOUT, _("Payout")
        REPAYMENT = states.TransactionKind.REPAYMENT, _("Repayment")
        WRITE_OFF = states.TransactionKind.WRITE_OFF, _("Write-off")
        CONTEST = states.TransactionKind.CONTEST, _("Contest prizes")
        ADJUSTMENT = states.TransactionKind.ADJUSTMENT, _("Adjustment")
        ADVANCE = states.TransactionKind.ADVANCE, _("Advance")
        RETURNED = states.TransactionKind.RETURNED, _("Payout returned")

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    currency = models.CharField(_("currency"), max_length=3)
    posted_at = models.DateTimeField(_("posted"))
    run = models.ForeignKey(
        "commissions.CommissionRun",
        verbose_name=_("run"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transactions",
        db_index=False,
        db_constraint=False,
    )
    line = models.ForeignKey(
        "commissions.PayoutLine",
        verbose_name=_("payout line"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="transactions",
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )

    class Meta:
        verbose_name = _("ledger transaction")
        verbose_name_plural = _("ledger transactions")
        ordering = ["-id"]
        triggers = [
            APPEND_ONLY,
            HELD_WHILE_POSTING,
            pgtrigger.Trigger(
                name="of_its_project",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_transactions"),
                func="""
                IF EXISTS (
                    SELECT 1 FROM (SELECT DISTINCT project_id, run_id FROM new_transactions) n
                    LEFT JOIN projects_project p ON p.id = n.project_id
                    LEFT JOIN commissions_commissionrun r ON r.id = n.run_id
                    WHERE p.id IS NULL OR (n.run_id IS NOT NULL AND r.project_id IS DISTINCT FROM n.project_id)
                ) THEN
                    RAISE EXCEPTION 'a transaction needs its project, and the run its own project'
                        USING ERRCODE = 'foreign_key_violation';
                END IF;
                RETURN NULL;
                """,
            ),
            # a closing takes the same lock alone, so that it sees all that was posted, and what comes later sees it
            pgtrigger.Trigger(
                name="not_in_a_closed_month",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_transactions"),
                func="""
                PERFORM pg_advisory_xact_lock_shared(7403, hashtext(c.company_id::text)) FROM (
                    SELECT DISTINCT p.company_id FROM new_transactions n
                    JOIN projects_project p ON p.id = n.project_id ORDER BY 1
                ) c;
                IF EXISTS (
                    SELECT 1 FROM (SELECT project_id, min(posted_at) AS earliest FROM new_transactions GROUP BY 1) n
                    JOIN projects_project p ON p.id = n.project_id
                    JOIN commissions_closedmonth c ON c.company_id = p.company_id AND c.ends_at > n.earliest
                ) THEN
                    RAISE EXCEPTION 'nothing is posted in a closed month' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class LedgerEntry(models.Model):
    """One amount on one account of one payee in one project, and what it is for.

    `amount` is positive for what the payee has, negative on `expense`. A transaction's entries
    are inserted by one statement, which the database refuses unless they sum to zero and their
    transaction is there, of their project. Keys have no constraint of their own: the database lets
    no transaction, deal, referral or approved version go, transactions hold their project and
    commission lines their payee, and checking each row of each key took half of a run's time.
    """

    class Account(models.TextChoices):
        EXPENSE = states.Account.EXPENSE, _("Expense")
        PENDING = states.Account.PENDING, _("Pending")
        RETAINED = states.Account.RETAINED, _("Retained")
        PAYABLE = states.Account.PAYABLE, _("Payable")
        PAID = states.Account.PAID, _("Paid")
        TAX = states.Account.TAX, _("Tax withheld")

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(
        LedgerTransaction,
        verbose_name=_("transaction"),
        on_delete=models.PROTECT,
        related_name="entries",
        db_constraint=False,
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    payee = models.ForeignKey(
        "commissions.Payee",
        verbose_name=_("payee"),
        on_delete=models.PROTECT,
        related_name="entries",
        db_index=False,
        db_constraint=False,
    )
    account = models.CharField(_("account"), max_length=8, choices=Account.choices)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    settles = models.BooleanField(default=False, editable=False)
    deal = models.ForeignKey(
        "leads.Deal",
        verbose_name=_("deal"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(_("kind"), max_length=80)
    version = models.ForeignKey(
        "commissions.PlanVersion",
        verbose_name=_("plan version"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    explanation = models.JSONField(_("explanation"), default=dict, blank=True)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_not_zero")]
        indexes = [
            models.Index(fields=["project", "deal"], name="ledger_of_deal"),
            models.Index(fields=["payee", "project"], name="ledger_of_payee"),
            models.Index(
                fields=["payee"], name="ledger_payable_to_settle", condition=Q(account="payable", settles=False)
            ),
        ]
        triggers = [
            APPEND_ONLY,
            HELD_WHILE_POSTING,
            pgtrigger.Trigger(
                name="balanced",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_entries"),
                declare=[("astray", "boolean"), ("unbalanced", "boolean")],
                func="""
                SELECT bool_or(t.id IS NULL), bool_or(n.total <> 0) INTO astray, unbalanced
                FROM (SELECT transaction_id, project_id, sum(amount) AS total FROM new_entries GROUP BY 1, 2) n
                LEFT JOIN commissions_ledgertransaction t
                     ON t.id = n.transaction_id AND t.project_id = n.project_id;
                IF unbalanced THEN
                    RAISE EXCEPTION 'a ledger transaction must sum to zero' USING ERRCODE = 'check_violation';
                END IF;
                IF astray THEN
                    RAISE EXCEPTION 'an entry needs its transaction, of its project'
                        USING ERRCODE = 'foreign_key_violation';
                END IF;
                RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
