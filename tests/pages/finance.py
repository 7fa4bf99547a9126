"""Finance people of the page tests, and short words for what they do."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from commissions.models import (
    BatchApproval,
    Invoice,
    LedgerEntry,
    PayeeHold,
    PayoutBatch,
    PayoutEntry,
    PayoutLine,
    Repayment,
    WriteOff,
)
from commissions.services.invoices import attach_invoice
from commissions.services.payouts import approve_batch, draft_batch, pay_batch, submit_batch
from commissions.services.runs import run_commissions
from leads.models import Deal, Payment
from leads.services.deals import cancel_deal
from tests.pages.money import give_plan, sell
from tests.pages.world import World, staff

_KEPT = (
    BatchApproval, Invoice, LedgerEntry, PayeeHold, Payment, PayoutBatch, PayoutEntry, PayoutLine, Repayment, WriteOff,
)  # fmt: skip


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
            actor=self.finance, line=self.agency_line, number="INV-1", amount=Decimal("34560.00"), vat_rate="0.06"
        )

    def submit(self) -> PayoutBatch:
        batch = self.draft()
        self.invoice()
        return submit_batch(actor=self.finance, batch=batch)

    def approve(self) -> PayoutBatch:
        return approve_batch(actor=self.approver, batch=self.submit())

    def pay(self) -> PayoutBatch:
        batch = self.approve()
        lines = batch.lines.all()
        return pay_batch(
            actor=self.finance, batch=batch, results=[{"line": line, "bank_reference": "ICBC-1"} for line in lines]
        )

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


def everything() -> dict[str, Any]:
    """Return all that money pages can change, to show that a refusal changed nothing."""
    rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in _KEPT}
    return {**rows, "events": Event.objects.count()}
