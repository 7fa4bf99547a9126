"""Lines that the bank failed or returned, taken on by a new batch in one step."""

from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from commissions import locks
from commissions.models import PayoutBatch, PayoutEntry, PayoutLine
from commissions.services.invoices import carry_invoices
from commissions.services.payouts import write_draft
from commissions.states import SENT_BACK


def sent_back(batch: PayoutBatch) -> QuerySet[PayoutLine]:
    """Return the lines that came back from the bank and of whose entries some are in no live line yet."""
    taken_again = PayoutEntry.objects.filter(entry=OuterRef("entry"), live=True)
    free = PayoutEntry.objects.filter(~Exists(taken_again), line=OuterRef("pk"))
    return batch.lines.filter(Exists(free), state__in=SENT_BACK)


@transactional
def reissue_failed(*, actor: Any, batch: PayoutBatch) -> PayoutBatch:
    """Draft a batch for the payees whose lines of this one came back: what they have payable now, whatever the minimum.

    What they owe back meanwhile is netted. An agency whose new line has the failed one's amount keeps its invoice.
    Raises: Forbidden; NotAllowed `nothing_failed`, `nothing_payable`.
    Locks:  the company, the batch.
    Writes: PayoutBatch, PayoutLine, PayoutEntry, Invoice, audit event `batch.drafted`.
    """
    require(actor, Can.PREPARE_PAYOUT)
    stored = locks.lock_batch(batch.pk)
    failed = stored.lines.filter(pk__in=list(sent_back(stored).values_list("pk", flat=True)))
    payees = list(failed.values_list("payee_id", flat=True))
    if not payees:
        raise NotAllowed("no line of it waits to go out anew", code="nothing_failed")
    now = clock.now()
    again = PayoutBatch(
        company=stored.company,
        currency=stored.currency,
        cutoff_at=now,
        tax_month=clock.local_date(now, stored.company.zone).replace(day=1),
        prepared_by=actor,
        prepared_at=now,
        reissue_of=stored,
    )
    write_draft(again, actor=actor, minimum=Decimal(0), payees=payees)
    carry_invoices(failed, again)
    return again
