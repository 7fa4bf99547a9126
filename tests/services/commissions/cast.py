"""A small cast for money: a project, its agencies and brokers, plans by two managers, deals through the services."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Sum

from brokers.models import Agency, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions.models import Accrual, LedgerEntry, Payee, PayoutBatch, PlanVersion
from commissions.services.payouts import approve_batch, attach_invoice, draft_batch, pay_batch, submit_batch
from commissions.services.plans import approve_plan_version, draft_plan_version
from commissions.services.runs import run_commissions
from leads.models import Deal, Referral
from leads.services.deals import Buyer, cancel_deal, contract_deal, hand_over_deal, subscribe_deal
from leads.services.filing import file_referral
from leads.services.payments import record_payment
from leads.services.visits import confirm_visit
from projects.models import PayingCompany, Project
from projects.services.projects import create_project

ZONE = ZoneInfo("Asia/Shanghai")
ACCOUNTS = ("earned", "pending", "retained", "payable", "paid", "tax")
_serial = count(1)

LUMP_AT_CONTRACT = [{"when": "contracted", "fraction": "1"}]
USUAL_RELEASE = {
    "lump_sum": [{"when": "fully_collected", "fraction": "1"}],
    "instalment": [{"when": "first_payment", "fraction": "0.5"}, {"when": "fully_collected", "fraction": "0.5"}],
    "mortgage": [{"when": "first_payment", "fraction": "0.5"}, {"when": "loan_released", "fraction": "0.5"}],
}
AT_CONTRACT = dict.fromkeys(USUAL_RELEASE, LUMP_AT_CONTRACT)


def at(text: str) -> datetime:
    """Read local time of 2026: `03-05 10:00`."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def person(role: Role, **fields: Any) -> User:
    return User.objects.create(
        username=f"{role}-{next(_serial)}", name=str(role), role=role, **{"all_projects": True, **fields}
    )


@dataclass
class Cast:
    """Times only go forward: each deal begins an hour after the last thing that happened."""

    currency: str = "CNY"
    company: PayingCompany = field(default=None)  # type: ignore[assignment]
    now: datetime = field(default_factory=lambda: at("03-01 09:00"))
    author: User = field(init=False)
    manager: User = field(init=False)
    finance: User = field(init=False)
    approver: User = field(init=False)
    project: Project = field(init=False)
    agencies: dict[str, Agency] = field(default_factory=dict)
    brokers: dict[str, Broker] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.author, self.manager = person(Role.MARKETING_MANAGER), person(Role.MARKETING_MANAGER)
        self.finance, self.approver = person(Role.FINANCE), person(Role.FINANCE_APPROVER)
        serial = next(_serial)
        with clock.at(self.now):
            if self.company is None:
                self.company = PayingCompany.objects.create(code=f"co{serial}", name="Lake Company")
            self.project = create_project(
                actor=self.author,
                code=f"p{serial}",
                name="Golden Lake",
                currency=self.currency,
                company=self.company,
                status=Project.Status.OPEN,
                policy={"exclusive_from": "visit", "lead_time_minutes": 0, "lookback_days": 0},
            )

    def agency(self, name: str, *, kind: str = "referral", brokers: Iterable[str] = ()) -> Agency:
        with clock.at(self.now):
            agency = create_agency(actor=self.author, code=f"{name}-{next(_serial)}", name=name, kind=kind)
            for broker in brokers:
                self.brokers[broker] = create_broker(
                    actor=self.author, agency=agency, username=f"{broker}-{next(_serial)}", name=broker, phone=""
                )
        self.agencies[name] = agency
        self.agree(name)
        return agency

    def agree(self, name: str) -> None:
        """Have the agency sell this project from the year's first day."""
        with clock.at(self.now):
            agreement = draft_agreement(
                actor=self.author, agency=self.agencies[name], project=self.project, from_on=at("01-01 00:00").date()
            )
            approve_agreement(actor=self.manager, agreement=agreement)

    def plan(self, agency: str, *, tiers: Any = (("0", "0.01"),), approved: bool = True, **fields: Any) -> PlanVersion:
        rules: dict[str, Any] = {
            "payee": "agency",
            "applies_to": "referred",
            "basis": "price",
            "measure": "units",
            "period": "plan",
            "scope": "agency",
            "mode": "marginal",
            "release": USUAL_RELEASE,
            "tiers": [{"from": start, "rate": rate} for start, rate in tiers],
        }
        with clock.at(self.now):
            version = draft_plan_version(
                actor=self.author, project=self.project, agency=self.agencies[agency], **{**rules, **fields}
            )
            if not approved:
                return version
            return approve_plan_version(actor=self.manager, version=version, reason="as agreed")

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**(span or {"hours": 1}))
        return self.now

    def phone(self) -> str:
        return f"138{next(_serial):08d}"

    def referral(self, broker: str, *phones: str) -> Referral:
        filer = self.brokers[broker]
        with clock.at(self.later()):
            filed = file_referral(
                actor=filer.user, broker=filer, project=self.project, client_name="Client", phones=phones
            )
            confirm_visit(actor=self.manager, referral=filed)
        assert (filed.state, filed.reason) == ("filed", "")
        return filed

    def subscribed(
        self, *brokers: str, price: str = "1000000.00", method: str = "lump_sum", first: str | None = None
    ) -> Deal:
        """Subscribe a deal whose buyers came by these brokers, one each; none: a natural deal."""
        phones = [self.phone() for _ in brokers] or [self.phone()]
        for broker, phone in zip(brokers, phones, strict=False):
            self.referral(broker, phone)
        with clock.at(self.later()):
            return subscribe_deal(
                actor=self.manager,
                project=self.project,
                price=Decimal(price),
                method=method,
                first_payment_amount=Decimal(first or price),
                buyers=[Buyer("Buyer", phone) for phone in phones],
            )

    def contracted(self, *brokers: str, **terms: Any) -> Deal:
        return self.sign(self.subscribed(*brokers, **terms))

    def sign(self, deal: Deal) -> Deal:
        with clock.at(self.later()):
            return contract_deal(actor=self.manager, deal=deal)

    def collected(self, *brokers: str, **terms: Any) -> Deal:
        deal = self.contracted(*brokers, **terms)
        self.receive(deal, str(deal.price))
        return deal

    def receive(self, deal: Deal, amount: str, source: str = "own") -> None:
        with clock.at(self.later()):
            record_payment(
                actor=self.finance, deal=deal, amount=Decimal(amount), source=source, reference=f"bank {next(_serial)}"
            )

    def hand_over(self, deal: Deal) -> None:
        with clock.at(self.later()):
            hand_over_deal(actor=self.manager, deal=deal)

    def cancel(self, deal: Deal) -> None:
        with clock.at(self.later()):
            cancel_deal(actor=self.manager, deal=deal, reason="changed their mind")

    def run(self) -> Any:
        with clock.at(self.now):
            return run_commissions(project=self.project)

    def drafted(self) -> PayoutBatch:
        with clock.at(self.later()):
            return draft_batch(actor=self.finance, company=self.company, currency=self.currency)

    def invoiced(self, batch: PayoutBatch) -> PayoutBatch:
        with clock.at(self.later()):
            for line in batch.lines.filter(payee__agency__isnull=False):
                attach_invoice(
                    actor=self.finance,
                    line=line,
                    number=f"INV-{next(_serial)}",
                    amount=line.gross,
                    vat_rate=Decimal("0.06"),
                )
        return batch

    def submitted(self) -> PayoutBatch:
        batch = self.invoiced(self.drafted())
        with clock.at(self.later()):
            return submit_batch(actor=self.finance, batch=batch)

    def approved(self) -> PayoutBatch:
        batch = self.submitted()
        with clock.at(self.later()):
            return approve_batch(actor=self.approver, batch=batch)

    def paid(self, *, failing: Iterable[Payee] = ()) -> PayoutBatch:
        batch = self.approved()
        failed = {payee.pk for payee in failing}
        results = [
            {"line": line.pk, "bank_reference": f"B{i}", "failed": line.payee_id in failed}
            for i, line in enumerate(batch.lines.order_by("pk"))
        ]
        with clock.at(self.later()):
            return pay_batch(actor=self.finance, batch=batch, results=results)

    def payee(self, name: str) -> Payee:
        if name in self.agencies:
            return Payee.objects.get(agency=self.agencies[name])
        return Payee.objects.get(broker=self.brokers[name])

    def figures(self, name: str) -> dict[str, str]:
        """Return a payee's six figures here, from the ledger alone."""
        sums = dict(
            LedgerEntry.objects.filter(project=self.project, payee=self.payee(name))
            .order_by()
            .values_list("account")
            .annotate(Sum("amount"))
        )
        sums["earned"] = -sums.get("expense", Decimal(0))
        return {name: f"{sums.get(name, Decimal(0)):.2f}" for name in ACCOUNTS}

    def line(self, deal: Deal, name: str, kind: str = "commission") -> Accrual:
        return Accrual.objects.get(deal=deal, payee=self.payee(name), kind=kind)


def figures(**given: str) -> dict[str, str]:
    """Six figures, 0.00 where not given."""
    return {name: given.get(name, "0.00") for name in ACCOUNTS}


def ledger_state(project: Project) -> list[tuple[Any, ...]]:
    """Return what the ledger holds, by key and account, in one order: to compare two histories of one project."""
    rows = (
        LedgerEntry.objects.filter(project=project)
        .order_by()
        .values_list("deal", "payee", "referral", "kind", "account")
        .annotate(total=Sum("amount"))
    )
    return sorted(tuple(map(str, row)) for row in rows if row[-1] != 0)
