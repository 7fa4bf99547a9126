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

_NOTHING = Decimal(0)

# What the paid lines behind these invoices took of each component; of a deal's: what all paid lines took of it up to
# that line, and what of it stands.
_TAKEN = """
WITH mine AS MATERIALIZED (
    SELECT n.id AS invoice_id, l.id AS line_id, l.payee_id, l.paid_at, e.project_id, e.deal_id, e.referral_id, e.kind,
           sum(e.amount) AS took
    FROM commissions_invoice n
    JOIN commissions_payoutline l ON l.id = n.line_id AND l.state = 'paid'
    JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
    JOIN commissions_ledgerentry e ON e.id = i.entry_id
    WHERE n.id = ANY(%s) AND e.kind NOT IN ('repayment', 'write_off')
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
)
SELECT m.invoice_id, m.took, m.deal_id IS NOT NULL AS of_a_deal,
       (SELECT coalesce(sum(took), 0) FROM (
            SELECT sum(e.amount) AS took FROM commissions_payoutline l
            JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
            JOIN commissions_ledgerentry e ON e.id = i.entry_id
            WHERE l.payee_id = m.payee_id AND l.state = 'paid' AND (l.paid_at, l.id) <= (m.paid_at, m.line_id)
              AND e.project_id = m.project_id AND e.deal_id = m.deal_id
              AND e.referral_id IS NOT DISTINCT FROM m.referral_id AND e.kind = m.kind
            GROUP BY l.id HAVING sum(e.amount) > 0
        ) paid) AS so_far,
       (SELECT coalesce(sum(e.amount), 0) FROM commissions_ledgerentry e
        WHERE e.payee_id = m.payee_id AND e.project_id = m.project_id AND e.deal_id = m.deal_id
          AND e.referral_id IS NOT DISTINCT FROM m.referral_id AND e.kind = m.kind
          AND e.account = 'payable' AND NOT e.settles) AS stands
FROM mine m WHERE m.took > 0
"""

# What the payees of these invoices repaid to the company in the currency, and no credit note took off yet.
_REPAID = """
SELECT n.id,
       (SELECT coalesce(sum(r.amount), 0) FROM commissions_repayment r JOIN projects_project p ON p.id = r.project_id
        WHERE r.payee_id = l.payee_id AND p.company_id = b.company_id AND p.currency = b.currency)
       - (SELECT coalesce(sum(c.amount), 0) FROM commissions_creditnote c
          JOIN commissions_invoice o ON o.id = c.invoice_id AND o.live
          JOIN commissions_payoutline m ON m.id = o.line_id
          JOIN commissions_payoutbatch d ON d.id = m.batch_id
          WHERE m.payee_id = l.payee_id AND d.company_id = b.company_id AND d.currency = b.currency)
FROM commissions_invoice n
JOIN commissions_payoutline l ON l.id = n.line_id
JOIN commissions_payoutbatch b ON b.id = l.batch_id
WHERE n.id = ANY(%s)
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

    That is what the agency repaid to the company, as far as its line paid what stands no more, less the credit notes
    there are: invoices less credit notes come to what was paid and not paid back. What a payout line nets is off that
    line's own invoice; what is written off stays paid.
    Units:  amounts in the batch's currency.
    """
    found: Sequence[Invoice] = list(invoices)
    ids = [one.pk for one in found]
    gone: dict[UUID, Decimal] = defaultdict(Decimal)
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [ids])
        for invoice_id, took, of_a_deal, so_far, stands in cursor.fetchall():
            gone[invoice_id] += min(took, max(_NOTHING, so_far - max(_NOTHING, stands))) if of_a_deal else took
        cursor.execute(_REPAID, [ids])
        repaid: dict[UUID, Decimal] = dict(cursor.fetchall())
    credited = {one.pk: sum((note.amount for note in one.credit_notes.all()), start=_NOTHING) for one in found}
    return {
        one.pk: max(_NOTHING, min(min(gone[one.pk], Decimal(one.amount)) - credited[one.pk], repaid[one.pk]))
        for one in found
    }


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
