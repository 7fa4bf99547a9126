"""Finance people of the page tests, and short words for what they do."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from commissions.batch_facts import digest_of, facts_of
from commissions.models import (
    Adjustment,
    Advance,
    AdvanceLimit,
    BatchApproval,
    ClosedMonth,
    CreditNote,
    Invoice,
    LedgerEntry,
    Objection,
    Payee,
    PayeeHold,
    PayoutBatch,
    PayoutEntry,
    PayoutLine,
    Reconciliation,
    Repayment,
    Statement,
    WriteOff,
)
from commissions.services.adjustments import ask_adjustment
from commissions.services.advance_limits import ask_advance_limit, decide_advance_limit
from commissions.services.invoices import attach_invoice
from commissions.services.payouts import approve_batch, draft_batch, pay_batch, record_repayment, submit_batch
from commissions.services.runs import run_commissions
from leads.models import Deal, Payment, PaymentRow
from leads.services.deals import cancel_deal
from leads.services.payment_files import read_file, start_taking, take_payments
from leads.services.payment_sources import keep_source
from tests.pages.money import give_plan, sell
from tests.pages.world import World, staff
from tests.services.leads.disputed import photo

_KEPT = (
    *(PayoutBatch, PayoutLine, PayoutEntry, Invoice, LedgerEntry, Payment, Repayment, WriteOff),
    *(Adjustment, Advance, AdvanceLimit, BatchApproval, PayeeHold),
    *(ClosedMonth, Statement, Objection, CreditNote, Reconciliation),
)


@dataclass
class Till:
    """Golden Lake's money and those who handle it: one deal sold, 34,560 payable to the agency, 3,000 to Lin."""

    world: World
    deal: Deal
    finance: User
    second: User
    approver: User
    auditor: User

    @property
    def batch(self) -> PayoutBatch:
        return PayoutBatch.objects.get()

    @property
    def agency_line(self) -> PayoutLine:
        return PayoutLine.objects.get(payee__agency=self.world.agency)

    @property
    def lins_line(self) -> PayoutLine:
        return PayoutLine.objects.get(payee__broker=self.world.owner)

    def draft(self) -> PayoutBatch:
        return draft_batch(actor=self.finance, company=self.world.project.company, currency="CNY")

    def invoice(self) -> None:
        attach_invoice(
            actor=self.finance, line=self.agency_line, number="INV-1", amount=Decimal("34560.00"), vat_rate="0.06",
            attachment=photo(),
        )  # fmt: skip

    def submit(self) -> PayoutBatch:
        batch = self.draft()
        self.invoice()
        return submit_batch(actor=self.finance, batch=batch)

    def approve(self) -> PayoutBatch:
        return approve_batch(actor=self.approver, batch=self.submit())

    @property
    def seen(self) -> str:
        """What the page of an approval sends of what it shows."""
        return digest_of(facts_of(self.batch))

    def pay(self) -> PayoutBatch:
        batch = self.approve()
        lines = batch.lines.all()
        return pay_batch(
            actor=self.finance, batch=batch, results=[{"line": line, "bank_reference": "ICBC-1"} for line in lines]
        )

    def repay(self, amount: str) -> None:
        """Record that the agency paid back a part of what it owes."""
        record_repayment(
            actor=self.finance, payee=Payee.objects.get(agency=self.world.agency), project=self.world.project,
            amount=Decimal(amount), reference=f"repaid {amount}",
        )  # fmt: skip

    def cancel(self) -> None:
        """Cancel the paid deal: everything paid is owed back."""
        cancel_deal(actor=None, deal=self.deal, reason="changed their mind")
        run_commissions(project=self.world.project)


def open_till(world: World) -> Till:
    give_plan(world)
    deal = sell(world)
    return Till(
        world=world,
        deal=deal,
        finance=staff("finance", Role.FINANCE, world.project, name="Chen F"),
        second=staff("second", Role.FINANCE, world.project, name="Wei"),
        approver=staff("approver", Role.FINANCE_APPROVER, world.project, name="Zhou"),
        auditor=staff("auditor", Role.AUDITOR, world.project, name="Gao"),
    )


def give_limit(till: Till, amount: str, *, fee_rate: str = "0.01") -> AdvanceLimit:
    """Let the agency have so much advanced in the project."""
    project = till.world.project
    limit = ask_advance_limit(
        actor=till.finance,
        agency=till.world.agency,
        company=project.company,
        project=project,
        currency="CNY",
        amount=Decimal(amount),
        fee_rate=Decimal(fee_rate),
        reason="opening months",
    )
    return decide_advance_limit(actor=till.approver, limit=limit, approve=True)


def ask_by_hand(till: Till) -> None:
    """Have an adjustment with its paper, a limit and an advance wait for a decision, another limit being in force."""
    world = till.world
    payee = Payee.objects.get(agency=world.agency)
    ask_adjustment(
        actor=till.second, payee=payee, project=world.project, amount=Decimal("-5"), reason="x", attachment=photo()
    )
    in_force = give_limit(till, "5000.00")
    asked = {"reason": "x", "asked_by": till.second, "asked_at": in_force.asked_at}
    AdvanceLimit.objects.create(
        agency=world.rival, company=world.project.company, project=world.project, currency="CNY", amount=1, fee_rate=0,
        **asked,
    )  # fmt: skip
    Advance.objects.create(
        number="ADV-000000", payee=payee, project=world.project, limit=in_force, amount=1, fee=0, **asked
    )


def everything() -> dict[str, Any]:
    """Return all that money pages can change, to show that a refusal changed nothing."""
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in _KEPT}
    return {**rows, "events": Event.objects.count()}


def wait_for_a_person(till: Till) -> PaymentRow:
    """Have a row of a payments file wait for somebody to say which deal it is of."""
    project = till.world.project
    source = keep_source(actor=till.finance, project=project, name="Lake Bank", headings={}, words={})
    data = f"reference,date,amount,payer\nW-1,{clock.local_date(clock.now(), project.zone)},896000,Lin\n".encode()
    file = read_file(actor=till.finance, project=project, source=source, name="lake.csv", data=data)
    take_payments(job_id=start_taking(actor=till.finance, file=file).pk)
    return PaymentRow.objects.get(reference="W-1")
