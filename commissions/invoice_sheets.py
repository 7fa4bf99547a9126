"""What pages read of agencies' invoices: those handed in, lines that lack one, what credit notes may still take off."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from channels_platform.files.models import Attachment
from commissions.models import Invoice
from commissions.selectors import visible_lines
from commissions.states import LineState

_NOTHING = Decimal(0)

# What the paid lines behind these invoices took of each deal's component or advance; of a deal's: what all paid lines
# took of it up to that line, and what of it stands. What an advance paid, the deals it was for carry by now.
_TAKEN = """
WITH mine AS MATERIALIZED (
    SELECT n.id AS invoice_id, l.id AS line_id, l.payee_id, l.paid_at, e.project_id, e.deal_id, e.referral_id, e.kind,
           sum(e.amount) AS took
    FROM commissions_invoice n
    JOIN commissions_payoutline l ON l.id = n.line_id AND l.state = 'paid'
    JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
    JOIN commissions_ledgerentry e ON e.id = i.entry_id
    WHERE n.id = ANY(%s) AND (e.deal_id IS NOT NULL OR e.kind LIKE 'advance:%%')
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

# What payees repaid, by company and currency.
_REPAID = """
SELECT r.payee_id, p.company_id, p.currency, sum(r.amount)
FROM commissions_repayment r JOIN projects_project p ON p.id = r.project_id
WHERE r.payee_id = ANY(%s)
GROUP BY 1, 2, 3
"""


def visible_invoices(user: Any) -> QuerySet[Invoice]:
    """Return the invoices in force of the lines that the person sees, with their credit notes."""
    lines = visible_lines(user).order_by().values("pk")
    found = Invoice.objects.filter(live=True, line__in=lines).select_related(
        "line__batch__company", "line__payee", "agency", "attachment"
    )
    return found.prefetch_related("credit_notes__attachment")


def creditable(invoices: Iterable[Invoice]) -> dict[UUID, Decimal]:
    """Return what credit notes may still take off each invoice; 0 where nothing.

    That is what the agency repaid to the company, less the credit notes there are: first against invoices whose line
    paid what stands no more, as far as it did; what is left, such as a repaid adjustment, against the latest. Invoices
    less credit notes then come to what was paid and not paid back. What a payout line nets is off that line's own
    invoice; what is written off stays paid.
    Units:  amounts in the batch's currency.
    """
    found = {one.pk for one in invoices}
    most: dict[UUID, Decimal] = dict.fromkeys(found, _NOTHING)
    beside = _paid_to_the_same(found)
    with connection.cursor() as cursor:
        cursor.execute(_REPAID, [list({one.line.payee_id for one in beside})])
        repaid = {(payee, company, currency): amount for payee, company, currency, amount in cursor.fetchall()}
    gone = _gone(beside)
    for key, ours in groupby(beside, key=_account):
        latest_first = list(ours)
        credited = {one.pk: sum((note.amount for note in one.credit_notes.all()), _NOTHING) for one in latest_first}
        left = repaid.get(key, _NOTHING) - sum(credited.values())
        loose = max(_NOTHING, repaid.get(key, _NOTHING) - sum(gone[one.pk] for one in latest_first))
        for one in latest_first:
            of_this = min(loose, one.amount - gone[one.pk])
            loose -= of_this
            if one.pk in found:
                most[one.pk] = max(_NOTHING, min(gone[one.pk] + of_this - credited[one.pk], left))
    return most


def _paid_to_the_same(invoices: set[UUID]) -> list[Invoice]:
    """Return these and all other invoices of paid lines of the same payees: by company and currency, latest first."""
    payees = Invoice.objects.filter(pk__in=invoices).values("line__payee")
    paid = Invoice.objects.filter(live=True, line__state=LineState.PAID, line__payee__in=payees)
    return sorted(
        paid.select_related("line__batch").order_by("-line__paid_at", "-line").prefetch_related("credit_notes"),
        key=lambda one: tuple(map(str, _account(one))),
    )


def _account(invoice: Invoice) -> tuple[UUID, UUID, str]:
    batch = invoice.line.batch
    return invoice.line.payee_id, batch.company_id, batch.currency


def _gone(invoices: Sequence[Invoice]) -> dict[UUID, Decimal]:
    """Return what of each invoice was for what stands no more."""
    gone: dict[UUID, Decimal] = defaultdict(Decimal)
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [[one.pk for one in invoices]])
        for invoice_id, took, of_a_deal, so_far, stands in cursor.fetchall():
            gone[invoice_id] += min(took, max(_NOTHING, so_far - max(_NOTHING, stands))) if of_a_deal else took
    return defaultdict(Decimal, {one.pk: min(gone[one.pk], one.amount) for one in invoices})


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
