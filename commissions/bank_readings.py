"""What result files of the bank that were read say of a batch's lines, as these are now."""

from decimal import Decimal
from uuid import UUID

from commissions.engine.bank_results import NOT_APPROVED, PAID, Judged, LineFact, Said, judge
from commissions.models import BankResult, PayoutBatch, PayoutLine
from commissions.states import UNSETTLED_LINES, BatchState


def takes_results(batch: PayoutBatch) -> bool:
    """Whether what the bank says changes the batch's lines; of another it is a warning."""
    return batch.state in (BatchState.APPROVED, BatchState.PAID)


def judge_rows(result: BankResult) -> list[Judged]:
    """Return what would become of a result's rows now."""
    rows = [
        Said(
            number=row["n"],
            line=row["line"],
            amount=Decimal(row["amount"]) if row["amount"] else None,
            outcome=row["outcome"],
            reference=row["reference"],
        )
        for row in result.rows
    ]
    lines = PayoutLine.objects.filter(batch=result.batch_id).values_list("pk", "state", "bank_reference", "net")
    facts = {str(pk): LineFact(str(pk), state, reference, net) for pk, state, reference, net in lines}
    return judge(rows, facts, approved=takes_results(result.batch))


def said_paid(batch: PayoutBatch) -> set[UUID]:
    """Return the lines that a file says are paid and that wait for somebody to take that over.

    Where the batch is not approved now, they wait for that too; where a row lacks its reference, or is there twice, for
    somebody to look into it.
    """
    found = set()
    unsettled = {str(pk) for pk in batch.lines.filter(state__in=UNSETTLED_LINES).values_list("pk", flat=True)}
    for result in BankResult.objects.filter(batch=batch, taken_at__isnull=True).select_related("batch"):
        said = {row["n"]: row["outcome"] for row in result.rows}
        for one in judge_rows(result):
            clear = one.becomes == PAID or one.fault in (NOT_APPROVED, "named_twice", "no_reference")
            if clear and said[one.number] == PAID and one.line in unsettled:
                found.add(UUID(one.line))
    return found
