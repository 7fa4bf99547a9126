"""Months of one company, each in the same steps, and all that the books hold of them in one comparable order."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum

from channels_platform.audit.models import Event
from channels_platform.jobs.models import OutboxMessage
from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from commissions.models import (
    Accrual,
    ApprovedLine,
    BankResult,
    BatchApproval,
    ClosedMonth,
    LedgerEntry,
    PayoutBatch,
    PayoutEntry,
    PayoutLine,
    ScheduledPayout,
    Statement,
    StatementLine,
)
from commissions.services.bank_results import fingerprint, judge_rows, read_results, take_results
from commissions.services.closing import close_month
from commissions.services.payouts import approve_batch, submit_batch
from commissions.services.schedule import schedule_payout, schedule_payouts
from tests.services.commissions.bulk import many_deals
from tests.services.commissions.cast import ZONE, Cast, at

STEPS = ("closing", "scheduling", "approval", "bank results")
State = dict[str, list[tuple[Any, ...]]]


@dataclass
class Months:
    """An agency whose brokers sell alike every month; the month before is closed, paid out, and answered by the bank.

    Each step may be asked for again: the first asking that got through is the one that counts. `alone`: no step of it
    touches another company.
    """

    tag: str
    brokers: int = 20
    alone: bool = False
    cast: Cast = field(default_factory=lambda: Cast(now=at("01-01 09:00")))
    month: date = date(2025, 12, 1)

    def __post_init__(self) -> None:
        self.cast.agency("A1", brokers=[f"B{n:02}" for n in range(self.brokers)])
        bonus = [{"name": "cash", "amount": "500.01", "to": "broker", "release": "contracted"}]
        self.cast.plan("A1", tiers=(("0", "0.00777"),), bonuses=bonus)

    @property
    def steps(self) -> dict[str, Callable[[], object]]:
        return dict(zip(STEPS, (self.close, self.schedule, self.approve, self.take), strict=True))

    @property
    def over(self) -> datetime:
        """When every step of the month is done."""
        return self._later(9)

    @property
    def batch(self) -> PayoutBatch:
        return PayoutBatch.objects.filter(company=self.cast.company).latest("cutoff_at")

    def earn(self) -> None:
        """Go to the next month, and earn something in it."""
        self.month = (self.month + timedelta(days=31)).replace(day=1)
        brokers = list(self.cast.brokers.values())
        tag = f"{self.tag}{self.month:%y%m}"
        many_deals(project=self.cast.project, brokers=brokers, deals=2 * self.brokers, tag=tag)
        self.cast.now = self._on(self.month, 20)
        self.cast.run()

    def close(self) -> None:
        with clock.at(self._later(2)):
            close_month(actor=self.cast.finance, company=self.cast.company, month=self.month)

    def schedule(self) -> None:
        """Have what is due drafted, as the job does for every company in turn."""
        with clock.at(self._later(5)):
            if self.alone:
                schedule_payout(company_id=self.cast.company.pk, currency=self.cast.currency)
            else:
                assert schedule_payouts()["failed"] == 0

    def hand_on(self) -> None:
        """Have finance submit the batch."""
        self.cast.now = self._later(6)
        self.cast.invoiced(self.batch)
        with clock.at(self.cast.later()):
            submit_batch(actor=self.cast.finance, batch=self.batch)

    def approve(self) -> None:
        # who asks again, not knowing, is told that it is approved
        with clock.at(self._later(7)), suppress(NotAllowed):
            approve_batch(actor=self.cast.approver, batch=self.batch)

    def take(self) -> None:
        with clock.at(self._later(8)):
            read = read_results(actor=self.cast.finance, batch=self.batch, name="r.csv", data=self._said())
            take_results(actor=self.cast.finance, result=read, seen=fingerprint(read, judge_rows(read)))

    def _said(self) -> bytes:
        """Return the bank's file: all paid, but for one broker in turn."""
        refused = self.cast.payee(f"B{self.month.month % self.brokers:02}").pk
        rows = ["Line,Result,Reference"]
        for line_id, payee_id in self.batch.lines.order_by("pk").values_list("pk", "payee_id"):
            rows.append(f"{line_id},失败," if payee_id == refused else f"{line_id},成功,{self.month:%Y-%m}")
        return "\n".join(rows).encode()

    def _on(self, month: date, day: int) -> datetime:
        return datetime(month.year, month.month, day, 10, tzinfo=ZONE)

    def _later(self, day: int) -> datetime:
        return self._on((self.month + timedelta(days=31)).replace(day=1), day)

    def state(self) -> State:
        """Return what the books hold, without ids and numbers: two companies that lived alike have the same."""
        company = self.cast.company
        of_batches = {"line__batch__company": company}
        payee = ("payee__agency__name", "payee__broker__user__name")
        paid_of = [f"line__{name}" for name in payee]
        return {
            "ledger": _rows(
                LedgerEntry.objects.filter(project=self.cast.project),
                *("transaction__posted_at", "transaction__kind", *payee, "kind", "account"), total=Sum("amount"),
                entries=Count("pk"),
            ),
            "accruals": _rows(Accrual.objects.filter(project=self.cast.project), *payee, "kind", total=Sum("earned")),
            "scheduled": _rows(ScheduledPayout.objects.filter(company=company), "month", "batch__cutoff_at"),
            "batches": _rows(PayoutBatch.objects.filter(company=company), "cutoff_at", "state"),
            "lines": _rows(
                PayoutLine.objects.filter(batch__company=company),
                *("batch__cutoff_at", *payee, "gross", "tax", "net", "state", "bank_reference"),
            ),
            "membership": _rows(
                PayoutEntry.objects.filter(**of_batches), "line__batch__cutoff_at", *paid_of, "live",
                total=Sum("entry__amount"), entries=Count("entry"), once=Count("entry", distinct=True),
            ),
            "approvals": _rows(BatchApproval.objects.filter(batch__company=company), "batch__cutoff_at", "voided_at"),
            "approved": _rows(ApprovedLine.objects.filter(**of_batches), "line__batch__cutoff_at", *paid_of, "net"),
            "results": [
                (cutoff, taken, str(counts))
                for cutoff, taken, counts in BankResult.objects.filter(batch__company=company)
                .order_by("batch__cutoff_at")
                .values_list("batch__cutoff_at", "taken_at", "counts")
            ],
            "closed": _rows(ClosedMonth.objects.filter(company=company), "month"),
            "statements": _rows(
                Statement.objects.filter(closing_of__company=company), "closing_of__month", *payee, "earned", "paid",
                "payable",
            ),
            "statement lines": _rows(
                StatementLine.objects.filter(statement__closing_of__company=company), "statement__closing_of__month",
                *(f"statement__{name}" for name in payee), "kind", "nature", earned=Sum("earned"), paid=Sum("paid"),
            ),
            "events": self._events(),
            "messages": [(self._messages(),)],
        }  # fmt: skip

    def _closed(self) -> list[str]:
        return [str(pk) for pk in ClosedMonth.objects.filter(company=self.cast.company).values_list("pk", flat=True)]

    def _events(self) -> list[tuple[Any, ...]]:
        batches = PayoutBatch.objects.filter(company=self.cast.company).values_list("pk", flat=True)
        return _rows(Event.objects.filter(target_id__in=[*map(str, batches), *self._closed()]), "action", "at")

    def _messages(self) -> int:
        return OutboxMessage.objects.filter(arguments__closed_id__in=self._closed()).count()


def _rows(found: QuerySet[Any], *names: str, **sums: Any) -> list[tuple[Any, ...]]:
    """Return the rows by what names them, with sums and how many there are of each: twice is seen."""
    counted = found.order_by().values_list(*names).annotate(**sums, times=Count("pk"))
    return sorted(counted, key=str)
