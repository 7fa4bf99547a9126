"""What agencies hand in for their payout lines: invoices (发票), and credit notes (红字发票) for what was paid back."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.keys import person_key
from channels_platform.lib.ids import uuid7
from commissions.models.payout import PayoutLine


def _paper() -> Any:
    """The file that an invoice or credit note came as."""
    return models.ForeignKey(
        "files.Attachment", verbose_name=_("file"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )


class Invoice(models.Model):
    """An agency's invoice for its line; the amount equals the line and holds the VAT in it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    line = models.ForeignKey(
        PayoutLine, verbose_name=_("payout line"), on_delete=models.PROTECT, related_name="invoices"
    )
    agency = models.ForeignKey("brokers.Agency", verbose_name=_("issuer"), on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("invoice number"), max_length=60)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    vat_rate = models.DecimalField(_("VAT rate"), max_digits=5, decimal_places=4)
    issued_on = models.DateField(_("invoice date"), null=True, blank=True)
    attachment = _paper()
    received_at = models.DateTimeField(_("received"))
    received_from = person_key(_("received from"), null=True, blank=True)
    live = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(live=True), name="one_live_invoice_per_line"),
            models.UniqueConstraint(
                fields=["agency", "number"], condition=Q(live=True), name="invoice_number_of_issuer"
            ),
            models.CheckConstraint(condition=Q(vat_rate__gte=0) & Q(vat_rate__lt=1), name="invoice_vat_rate"),
        ]

    def __str__(self) -> str:
        return self.number


class CreditNote(models.Model):
    """A negative invoice (红字发票) of an agency against an earlier one, for what was paid back of its line.

    `amount` is what it takes off, VAT in it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    invoice = models.ForeignKey(
        Invoice, verbose_name=_("invoice"), on_delete=models.PROTECT, related_name="credit_notes"
    )
    agency = models.ForeignKey("brokers.Agency", verbose_name=_("issuer"), on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("number"), max_length=60)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    issued_on = models.DateField(_("invoice date"))
    attachment = _paper()
    received_at = models.DateTimeField(_("received"))
    received_from = person_key(_("received from"))

    class Meta:
        verbose_name = _("credit note")
        verbose_name_plural = _("credit notes")
        ordering = ["received_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["agency", "number"], name="credit_note_number_of_issuer"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="credit_note_positive"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="within_its_invoice",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                PERFORM 1 FROM commissions_invoice i WHERE i.id = NEW.invoice_id FOR NO KEY UPDATE;
                IF NOT EXISTS (
                    SELECT 1 FROM commissions_invoice i
                    WHERE i.id = NEW.invoice_id AND i.agency_id = NEW.agency_id AND i.amount >= NEW.amount + (
                        SELECT coalesce(sum(c.amount), 0) FROM commissions_creditnote c WHERE c.invoice_id = i.id
                    )
                ) THEN
                    RAISE EXCEPTION 'credit notes stay within their own invoice' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.number
