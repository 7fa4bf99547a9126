"""Closing the months: commission brought up to date, batches drafted, approved and paid; and what waits now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from channels_platform.lib import clock
from channels_platform.lib.errors import NotAllowed
from commissions.demo.cast import HOME_AGENCY
from commissions.demo.staging import Stage
from commissions.models import LedgerEntry, Payee, PayoutBatch, PayoutLine
from commissions.services.debts import ask_write_off, owed_back, record_repayment
from commissions.services.invoices import attach_invoice
from commissions.services.payouts import approve_batch, draft_batch, pay_batch, submit_batch
from commissions.services.runs import run_commissions
from commissions.services.schedule import last_due, schedule_payout
from commissions.states import Account
from projects.models import PayingCompany, Project

MONTHS = 3
VAT = Decimal("0.06")
HOUR = timedelta(hours=1)
# what a month takes, in hours after it is due
STEPS = (("draft", 0), ("invoice", 26), ("submit", 30), ("approve", 50), ("pay", 75))


@dataclass(frozen=True)
class Payday:
    """One step of closing a company's month."""

    at: datetime
    company: str
    step: str
    month: int = 0


class Till:
    """Closes the months of the companies, step by step."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.batches: dict[str, PayoutBatch | None] = {}

    def paydays(self, end: datetime) -> list[Payday]:
        """Return the last months' steps of every company, and those of the batches that wait today."""
        found = []
        for code, company in self.stage.companies.items():
            due = last_due(company, end - timedelta(days=4))
            for month in range(MONTHS, 0, -1):
                found += [Payday(due + hours * HOUR, code, step, month) for step, hours in STEPS]
                due = last_due(company, due - timedelta(days=1))
        # one handed to the approver, one still without some invoices
        found += [
            Payday(end - 20 * HOUR, "LAKECO", "draft"),
            Payday(end - 19 * HOUR, "LAKECO", "invoice"),
            Payday(end - 18 * HOUR, "LAKECO", "submit"),
            Payday(end - 5 * HOUR, "TIDECO", "draft"),
            Payday(end - 4 * HOUR, "TIDECO", "invoice"),
        ]
        return sorted(found, key=lambda one: one.at)

    def take(self, payday: Payday) -> None:
        """Take one step; where nothing was payable, the rest of the month has nothing to do.

        Writes: through the services.
        """
        with clock.at(payday.at):
            if payday.step == "draft":
                self.batches[payday.company] = self._draft(self.stage.companies[payday.company])
            elif (batch := self.batches.get(payday.company)) is not None:
                self._go_on(batch, payday)

    def run_all(self) -> None:
        """Bring the commission of every project up to date.

        Writes: through the service.
        """
        for project in Project.objects.order_by("code"):
            run_commissions(project=project)

    def settle_debts(self) -> None:
        """Of those who owe back after a cancellation, let one ask to be let off and one have paid some of it back.

        Writes: through the services.
        """
        owed = (
            LedgerEntry.objects.filter(account=Account.PAYABLE)
            .values_list("payee", "project")
            .annotate(sum=Sum("amount"))
            .filter(sum__lt=0)
            .order_by("sum")
        )
        debts = [
            (
                Payee.objects.get(pk=payee),
                Project.objects.get(pk=project),
                owed_back(payee_id=payee, project_id=project),
            )
            for payee, project, _ in owed
        ]
        debts = [debt for debt in debts if debt[2] > 0]
        finance = self.stage.staff["finance"]
        for payee, project, amount in debts[:1]:
            ask_write_off(actor=finance, payee=payee, project=project, amount=amount, reason="门店已关闭，追回无望")
        for payee, project, amount in debts[1:2]:
            record_repayment(
                actor=finance, payee=payee, project=project, amount=amount // 2 or amount, reference="RB-0001"
            )

    def _draft(self, company: PayingCompany) -> PayoutBatch | None:
        """The month's own draft where it is due, else one that finance makes in between."""
        projects = Project.objects.filter(company=company).order_by("code")
        for project in projects:
            run_commissions(project=project)
        currency = projects[0].currency
        scheduled = schedule_payout(company_id=company.pk, currency=currency)
        if scheduled is not None:
            return scheduled.batch
        try:
            return draft_batch(
                actor=self.stage.staff["finance"], company=company, currency=currency, cutoff_at=clock.now()
            )
        except NotAllowed:
            return None

    def _go_on(self, batch: PayoutBatch, payday: Payday) -> None:
        finance = self.stage.staff["finance"]
        if payday.step == "invoice":
            self._invoice(batch, besides=3 if payday.month == 0 and payday.company == "TIDECO" else 0)
        elif payday.step == "submit":
            submit_batch(actor=finance, batch=batch)
        elif payday.step == "approve":
            approve_batch(actor=self.stage.staff["finance_approver"], batch=batch)
        elif payday.step == "pay":
            pay_batch(
                actor=finance,
                batch=batch,
                results=self._results(batch, one_fails=payday.month == MONTHS - 1 and payday.company == "LAKECO"),
            )

    def _invoice(self, batch: PayoutBatch, *, besides: int) -> None:
        """Let agencies hand in their invoices; the last `besides`, the demo's own among them, have yet to."""
        lines = [(line, line.payee.agency.code) for line in _lines(batch) if line.payee.agency is not None]
        lines.sort(key=lambda pair: pair[1] == HOME_AGENCY)
        for place, (line, code) in enumerate(lines[: max(0, len(lines) - besides)]):
            attach_invoice(
                actor=self.stage.brokers[f"{code}-00"].user,
                line=line,
                number=f"{code}-{batch.number[2:]}-{place + 1:03d}",
                amount=line.gross,
                vat_rate=VAT,
            )

    def _results(self, batch: PayoutBatch, *, one_fails: bool) -> list[dict[str, Any]]:
        lines = _lines(batch)
        fails = len(lines) // 2 if one_fails and len(lines) > 1 else None
        return [
            {"line": line.pk, "bank_reference": f"{batch.number}-{place + 1:03d}", "failed": place == fails}
            for place, line in enumerate(lines)
        ]


def _lines(batch: PayoutBatch) -> list[PayoutLine]:
    """The lines in an order that does not hang on their ids."""
    lines = PayoutLine.objects.filter(batch=batch).select_related("payee__agency", "payee__broker__user")
    return sorted(lines, key=_payee_key)


def _payee_key(line: PayoutLine) -> str:
    payee = line.payee
    return payee.agency.code if payee.agency else f"~{payee.broker.user.username if payee.broker else payee.pk}"
