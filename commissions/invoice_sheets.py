"""What pages read of agencies' invoices: those handed in, lines that lack one, what credit notes may still take off."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, QuerySet

from channels_platform.files.models import Attachment
from commissions.models import Invoice, PayoutLine
from commissions.selectors import visible_lines
from commissions.states import BatchState, LineState

# What the paid lines behind these invoices took of each deal's component, the same components' later paid lines
# (none where `later` is null), and what of the component is below zero now.
_TAKEN = """
WITH mine AS MATERIALIZED (
    SELECT n.id AS invoice_id, l.id AS line_id, l.payee_id, l.paid_at, e.project_id, e.deal_id, e.referral_id, e.kind,
           sum(e.amount) AS took
    FROM commissions_invoice n
    JOIN commissions_payoutline l ON l.id = n.line_id AND l.state = 'paid'
    JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
    JOIN commissions_ledgerentry e ON e.id = i.entry_id AND e.deal_id IS NOT NULL
    WHERE n.id = ANY(%s)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT m.invoice_id, m.took,
       (SELECT coalesce(sum(e.amount), 0) FROM commissions_ledgerentry e
        WHERE e.payee_id = m.payee_id AND e.project_id = m.project_id AND e.deal_id = m.deal_id
          AND e.referral_id IS NOT DISTINCT FROM m.referral_id AND e.kind = m.kind
          AND e.account = 'payable') AS left_over,
       (SELECT coalesce(sum(e.amount), 0) FROM commissions_payoutline l
        JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
        JOIN commissions_ledgerentry e ON e.id = i.entry_id
        WHERE l.payee_id = m.payee_id AND l.state = 'paid' AND (l.paid_at, l.id) > (m.paid_at, m.line_id)
          AND e.project_id = m.project_id AND e.deal_id = m.deal_id
          AND e.referral_id IS NOT DISTINCT FROM m.referral_id AND e.kind = m.kind) AS later
FROM mine m WHERE m.took > 0
"""


def visible_invoices(user: Any) -> QuerySet[Invoice]:
    """Return the invoices in force of the lines that the person sees, with their credit notes."""
    lines = visible_lines(user).order_by().values("pk")
    found = Invoice.objects.filter(live=True, line__in=lines).select_related(
        "line__batch__company", "line__payee", "agency", "attachment"
    )
    return found.prefetch_related("credit_notes__attachment")


def lines_lacking(user: Any) -> QuerySet[PayoutLine]:
    """Return agencies' open lines, in batches that still wait for one, without an invoice of their amount."""
    lines = visible_lines(user).filter(
        state=LineState.OPEN,
        payee__agency__isnull=False,
        batch__state__in=[BatchState.DRAFT, BatchState.SUBMITTED],
    )
    return lines.exclude(invoices__in=Invoice.objects.filter(live=True, amount=F("line__gross")))


def creditable(invoices: Iterable[Invoice]) -> dict[UUID, Decimal]:
    """Return what credit notes may still take off each invoice; 0 where nothing.

    That is what was clawed back of what its paid line took, the latest line's first, less the credit notes there are.
    What a later paid line netted is out: its own invoice was smaller for it.
    Units:  amounts in the batch's currency.
    """
    found: Sequence[Invoice] = list(invoices)
    clawed: dict[UUID, Decimal] = defaultdict(Decimal)
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [[one.pk for one in found]])
        for invoice_id, took, left_over, later in cursor.fetchall():
            clawed[invoice_id] += min(took, max(Decimal(0), -left_over - max(Decimal(0), later)))
    credited = {one.pk: sum((note.amount for note in one.credit_notes.all()), start=Decimal(0)) for one in found}
    return {one.pk: max(Decimal(0), min(clawed[one.pk], Decimal(one.amount)) - credited[one.pk]) for one in found}


def with_credit(invoices: Iterable[Invoice]) -> list[Any]:
    """Return the invoices, each with what credit notes may still take off (`creditable`)."""
    found: list[Any] = list(invoices)
    most = creditable(found)
    for one in found:
        one.creditable = most[one.pk]
    return found


def papers_of(invoice: Invoice) -> QuerySet[Attachment]:
    """Return the files that were handed in with an invoice and the credit notes against it."""
    papers = [invoice.attachment_id, *(note.attachment_id for note in invoice.credit_notes.all())]
    return Attachment.objects.filter(pk__in=[one for one in papers if one is not None])
