"""Tax withheld from individuals: on the month's total per person and paying company (domain 6.7)."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from commissions.engine.tax import TAXED_CURRENCY, withhold
from commissions.models import PayoutBatch, PayoutLine
from commissions.states import BatchState, LineState

_NOTHING = Decimal(0)


def withhold_taxes(batch: PayoutBatch) -> None:
    """Write what is to be withheld on each open line of an individual.

    Locks:  the caller holds the company, whose other batches of the month count.
    Writes: PayoutLine.
    """
    changed = changed_taxes(batch)
    if not changed:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE commissions_payoutline l SET tax = v.tax, net = l.gross - v.tax "
            "FROM unnest(%s::uuid[], %s::numeric[]) v (id, tax) WHERE l.id = v.id",
            [list(changed), list(changed.values())],
        )


def changed_taxes(batch: PayoutBatch) -> dict[UUID, Decimal]:
    """Return the tax of each open line that should bear another than it does.

    Counted are lines approved or paid in the month by the company, failed and returned ones not.
    Source: domain 6.7.
    """
    if batch.currency != TAXED_CURRENCY:
        return {}
    lines = batch.lines.filter(state=LineState.OPEN, payee__broker__isnull=False)
    before = _of_the_month(batch)
    changed = {}
    for line_id, payee_id, gross, tax in lines.values_list("pk", "payee_id", "gross", "tax"):
        income, withheld = before.get(payee_id, (_NOTHING, _NOTHING))
        due = withhold(month_income_before=income, withheld_before=withheld, income_now=gross, currency=batch.currency)
        if due != tax:
            changed[line_id] = due
    return changed


def _of_the_month(batch: PayoutBatch) -> dict[Any, tuple[Decimal, Decimal]]:
    counted = (
        PayoutLine.objects.filter(
            batch__company=batch.company_id,
            batch__currency=batch.currency,
            batch__tax_month=batch.tax_month,
            batch__state__in=[BatchState.APPROVED, BatchState.PAID],
            state__in=[LineState.OPEN, LineState.UNKNOWN, LineState.PAID],
            payee__broker__isnull=False,
        )
        .exclude(batch=batch.pk)
        .values("payee")
        .annotate(income=Sum("gross"), withheld=Sum("tax"))
    )
    return {row["payee"]: (row["income"], row["withheld"]) for row in counted}
