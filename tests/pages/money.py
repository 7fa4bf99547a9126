"""Money on its way, for the pages that show it: a plan, a deal under it, a drafted batch."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions.models import PayoutBatch, Reconciliation, Statement
from commissions.months import span_of
from commissions.services.closing import close_month
from commissions.services.payouts import draft_batch
from commissions.services.plans import approve_plan_version, draft_plan_version
from commissions.services.reconciliations import send_ledger
from commissions.services.runs import run_commissions
from leads.models import Deal
from leads.services.deals import Buyer, contract_deal, subscribe_deal
from leads.services.payments import record_payment
from leads.services.visits import confirm_visit
from tests.pages.world import CLIENT_PHONE, World, staff

PRICE = Decimal("1280000.00")
_RELEASE = {
    "lump_sum": [{"when": "fully_collected", "fraction": "1"}],
    "instalment": [{"when": "first_payment", "fraction": "0.5"}, {"when": "fully_collected", "fraction": "0.5"}],
    "mortgage": [{"when": "first_payment", "fraction": "0.5"}, {"when": "loan_released", "fraction": "0.5"}],
}


def give_plan(world: World, payee: str = "agency", **changes: Any) -> None:
    """Six per cent, a bonus of 3,000 to the broker, ten per cent kept until handover."""
    author = staff(f"planner-{payee}", Role.MARKETING_MANAGER, world.project)
    fields: dict[str, Any] = {
        "agency": world.agency,
        "payee": payee,
        "applies_to": "referred",
        "basis": "price",
        "measure": "units",
        "period": "plan",
        "scope": "agency",
        "mode": "marginal",
        "tiers": [{"from": "0", "rate": "0.06"}, {"from": "20", "rate": "0.062"}],
        "bonuses": [{"name": "开盘现金奖", "amount": "3000.00", "to": "broker", "release": "contracted"}],
        "release": _RELEASE,
        "retention": {"fraction": "0.1", "until": "handover"},
        **changes,
    }
    version = draft_plan_version(actor=author, project=world.project, **fields)
    approve_plan_version(actor=world.site_manager, version=version, reason="as agreed")


def sell(world: World) -> Deal:
    """The owner's client visits, subscribes, signs and pays the first part; commission is run."""
    referral = world.file()
    confirm_visit(actor=world.reception, referral=referral)
    deal = subscribe_deal(
        actor=None,
        project=world.project,
        price=PRICE,
        method="mortgage",
        first_payment_amount=Decimal("384000.00"),
        buyers=[Buyer("张伟", CLIENT_PHONE)],
        visitor=referral,
    )
    contract_deal(actor=None, deal=deal)
    record_payment(actor=None, deal=deal, amount=Decimal("384000.00"), reference="BANK-1")
    run_commissions(project=world.project)
    return deal


def draft_payout(world: World) -> PayoutBatch:
    preparer = staff("preparer", Role.FINANCE, world.project)
    return draft_batch(actor=preparer, company=world.project.company, cutoff_at=clock.now(), currency="CNY")


def close_this_month(world: World) -> None:
    """Close the month that runs, the clock an hour past its end."""
    company = world.project.company
    month = clock.local_date(clock.now(), company.zone).replace(day=1)
    closer = staff("closer", Role.FINANCE, world.project)
    with clock.at(span_of(company, month)[1] + timedelta(hours=1)):
        close_month(actor=closer, company=company, month=month)


def own_month(world: World) -> Statement:
    """Return the owner's statement of the month, closed."""
    close_this_month(world)
    return Statement.objects.get(payee__broker=world.owner)


def compared_by(manager: Any, company: Any, *rows: str) -> Reconciliation:
    """Have an agency's own ledger compared, of all this year and the last."""
    today = clock.local_date(clock.now(), company.zone)
    return send_ledger(
        actor=manager, company=company, currency="CNY", from_on=today - timedelta(days=300), to_on=today,
        figure="due", name="ledger.csv", data="\n".join(["Deal,Client,Amount", *(rows or ["NO-1,x,5.00"])]).encode(),
        headings={},
    )  # fmt: skip
