"""Two-sided reconciliation (双方对账): an agency's own ledger laid beside ours, signed by both."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from commissions.engine.matching import Reason


def _signer(label: Any) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=label, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )


class LedgerReading(models.Model):
    """How an agency's own ledger reads: `headings` names the heading of each field that is not called as usual."""

    agency = models.OneToOneField(
        "brokers.Agency",
        verbose_name=_("agency"),
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="ledger_reading",
    )
    headings = models.JSONField(_("headings"), default=dict)
    changed_by = _signer(_("changed by"))
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("reading of an agency's ledger")
        verbose_name_plural = _("readings of agencies' ledgers")

    def __str__(self) -> str:
        return str(self.agency)


class Reconciliation(models.Model):
    """An agency's file of a span (both days in it) beside what we had of its deals when it was compared.

    Signed by either side its rows are fixed; signed by both it is over. `replaced_at`: a later file of the same span
    took its place before that. `digest`: of the rows, which are what a signature is for. `undated`: rows of the file
    whose date could not be read, told to who has just sent it.
    """

    undated: Sequence[int] = ()

    class Figure(models.TextChoices):
        DUE = "due", _("What is due so far")
        EARNED = "earned", _("All that is earned")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=40, unique=True)
    agency = models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="reconciliations"
    )
    company = models.ForeignKey(
        "projects.PayingCompany",
        verbose_name=_("paying company"),
        on_delete=models.PROTECT,
        related_name="reconciliations",
    )
    currency = models.CharField(_("currency"), max_length=3)
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    figure = models.CharField(_("what its amounts are"), max_length=6, choices=Figure.choices, default=Figure.DUE)
    file_name = models.CharField(_("file"), max_length=120)
    file_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    counts = models.JSONField(default=dict)
    sent_by = _signer(_("sent by"))
    sent_at = models.DateTimeField(_("sent"))
    compared_at = models.DateTimeField(_("compared"))
    replaced_at = models.DateTimeField(_("replaced"), null=True, blank=True)
    agency_signed_by = _signer(_("signed for the agency by"))
    agency_signed_at = models.DateTimeField(_("signed for the agency"), null=True, blank=True)
    finance_signed_by = _signer(_("signed for the company by"))
    finance_signed_at = models.DateTimeField(_("signed for the company"), null=True, blank=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-sent_at", "-id"]
        indexes = [
            models.Index(fields=["agency", "sent_at"], name="reconciliation_of_agency"),
            models.Index(fields=["sent_at", "id"], name="reconciliation_by_sending"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="reconciliation_span"),
            models.CheckConstraint(
                condition=Q(agency_signed_by__isnull=True, agency_signed_at__isnull=True)
                | Q(agency_signed_by__isnull=False, agency_signed_at__isnull=False),
                name="reconciliation_agency_signature",
            ),
            models.CheckConstraint(
                condition=Q(finance_signed_by__isnull=True, finance_signed_at__isnull=True)
                | Q(finance_signed_by__isnull=False, finance_signed_at__isnull=False),
                name="reconciliation_finance_signature",
            ),
            models.CheckConstraint(
                condition=Q(replaced_at__isnull=True) | Q(agency_signed_at__isnull=True)
                | Q(finance_signed_at__isnull=True),
                name="reconciliation_signed_stays",
            ),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="as_it_was_sent",
                fields=[
                    "number",
                    "agency",
                    "company",
                    "currency",
                    "from_on",
                    "to_on",
                    "figure",
                    "file_name",
                    "file_digest",
                    "sent_by",
                    "sent_at",
                ],
            ),
            pgtrigger.Trigger(
                name="each_side_signs_for_itself",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func="""
                IF TG_OP = 'UPDATE' AND (OLD.agency_signed_at IS NOT NULL OR OLD.finance_signed_at IS NOT NULL) AND (
                    NEW.digest <> OLD.digest OR NEW.counts <> OLD.counts OR NEW.compared_at <> OLD.compared_at
                    OR (OLD.agency_signed_at IS NOT NULL AND (NEW.agency_signed_by_id, NEW.agency_signed_at)
                        IS DISTINCT FROM (OLD.agency_signed_by_id, OLD.agency_signed_at))
                    OR (OLD.finance_signed_at IS NOT NULL AND (NEW.finance_signed_by_id, NEW.finance_signed_at)
                        IS DISTINCT FROM (OLD.finance_signed_by_id, OLD.finance_signed_at))
                ) THEN
                    RAISE EXCEPTION 'what is signed is fixed' USING ERRCODE = 'check_violation';
                END IF;
                IF NEW.agency_signed_by_id IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM brokers_broker b WHERE b.user_id = NEW.agency_signed_by_id
                    AND (b.agency_id = NEW.agency_id OR (TG_OP = 'UPDATE' AND OLD.agency_signed_at IS NOT NULL))
                ) THEN
                    RAISE EXCEPTION 'only its own people sign for an agency' USING ERRCODE = 'check_violation';
                END IF;
                IF NEW.finance_signed_by_id IS NOT NULL AND EXISTS (
                    SELECT 1 FROM brokers_broker b WHERE b.user_id = NEW.finance_signed_by_id
                ) THEN
                    RAISE EXCEPTION 'nobody of an agency signs for the company' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state(self) -> str:
        """How it stands: `signed` by both, `agency_signed`, `finance_signed`, `replaced`, or `open`."""
        if self.agency_signed_at and self.finance_signed_at:
            return "signed"
        if self.replaced_at:
            return "replaced"
        if self.agency_signed_at:
            return "agency_signed"
        return "finance_signed" if self.finance_signed_at else "open"

    @property
    def is_signed(self) -> bool:
        """Whether either side signed."""
        return bool(self.agency_signed_at or self.finance_signed_at)


class ReconciliationRow(models.Model):
    """One row of the result: theirs as their file says it, names masked; ours as it was when compared; the reason."""

    REASONS = (
        (Reason.AGREES, _("Agrees")),
        (Reason.MISSING_WITH_US, _("Missing with the developer")),
        (Reason.MISSING_WITH_THEM, _("Missing with the agency")),
        (Reason.AMOUNT_DIFFERS, _("Amount differs")),
        (Reason.DATE_DIFFERS, _("Date differs")),
        (Reason.OTHER_SHARE, _("Other share")),
        (Reason.NOT_YET_RELEASED, _("Not yet released")),
        (Reason.CLAWED_BACK, _("Clawed back")),
        (Reason.DUPLICATE, _("Twice in the agency's file")),
        (Reason.NO_AMOUNT, _("No amount given")),
        (Reason.LEFT_OUT, _("Left out: a total or a signature")),
    )

    id = models.BigAutoField(primary_key=True)
    reconciliation = models.ForeignKey(
        Reconciliation, verbose_name=_("reconciliation"), on_delete=models.PROTECT, related_name="rows"
    )
    place = models.PositiveIntegerField(_("place"))
    reason = models.CharField(_("reason"), max_length=20, choices=[(str(code), word) for code, word in REASONS])
    their_row = models.PositiveIntegerField(_("row of the file"), null=True)
    their_deal = models.CharField(_("their deal"), max_length=60, blank=True)
    their_unit = models.CharField(_("their unit"), max_length=80, blank=True)
    their_client = models.CharField(_("their client"), max_length=40, blank=True)
    their_date = models.DateField(_("their date"), null=True)
    their_amount = models.DecimalField(_("their amount"), max_digits=18, decimal_places=4, null=True)
    our_deal = models.CharField(_("our deal"), max_length=60, blank=True)
    our_unit = models.CharField(_("our unit"), max_length=80, blank=True)
    our_client = models.CharField(_("our client"), max_length=120, blank=True)
    our_date = models.DateField(_("our date"), null=True)
    our_amount = models.DecimalField(_("our amount"), max_digits=18, decimal_places=4, null=True)
    our_earned = models.DecimalField(_("earned"), max_digits=18, decimal_places=4, null=True)
    our_share = models.CharField(_("our share"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("row of a reconciliation")
        verbose_name_plural = _("rows of reconciliations")
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["reconciliation", "place"], name="reconciliation_row_place")]
        triggers = [
            pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update),
            pgtrigger.Trigger(
                name="fixed_once_signed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Delete,
                func="""
                IF EXISTS (
                    SELECT 1 FROM commissions_reconciliation r
                    WHERE r.id = CASE TG_OP WHEN 'DELETE' THEN OLD.reconciliation_id ELSE NEW.reconciliation_id END
                    AND (r.agency_signed_at IS NOT NULL OR r.finance_signed_at IS NOT NULL)
                ) THEN
                    RAISE EXCEPTION 'what is signed is fixed' USING ERRCODE = 'check_violation';
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reconciliation} {self.place}"

    @property
    def differs(self) -> bool:
        return Reason(self.reason).differs

    @property
    def difference(self) -> Decimal:
        """The agency's amount less ours."""
        return (self.their_amount or Decimal(0)) - (self.our_amount or Decimal(0))
