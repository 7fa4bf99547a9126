"""What guards payouts: how many approve by amount, the year's holidays, and a payee held."""

from datetime import date, timedelta
from decimal import Decimal

from channels_platform.lib import clock
from commissions.demo.staging import Stage
from commissions.demo.two_sides import OPEN
from commissions.models import ApprovalRule, LedgerEntry, Payee, PayoutLine
from commissions.services.approvals import keep_rule
from commissions.services.payee_holds import set_hold
from commissions.states import Account
from projects.models import Holiday
from projects.services.details import keep_holiday

# what waits in the demo is below these: one approver has an account there
RULES = ((Decimal(5_000_000), 2), (Decimal(20_000_000), 3))
# month, first and last day, name
HOLIDAYS = ((1, 1, 3, "元旦"), (5, 1, 5, "劳动节"), (10, 1, 7, "国庆节"))
CURRENCY = "CNY"


def set_safeguards(stage: Stage) -> None:
    """Ask for more approvals of larger batches from now on, keep this year's holidays, hold one individual.

    Writes: through the services.
    """
    manager = stage.staff["manager"]
    for company in stage.companies.values():
        for from_amount, approvals in RULES:
            rule = ApprovalRule(company=company, currency=CURRENCY, from_amount=from_amount, approvals=approvals)
            keep_rule(actor=manager, rule=rule)
    year = clock.now().year
    for month, first, last, name in HOLIDAYS:
        for day in range(first, last + 1):
            keep_holiday(actor=manager, holiday=Holiday(day=date(year, month, day), name=name))
    _hold(stage)


def _hold(stage: Stage) -> None:
    payable = LedgerEntry.objects.filter(account=Account.PAYABLE, settles=False, payee__broker__isnull=False)
    in_hand = PayoutLine.objects.filter(batch__state__in=OPEN).values("payee")
    free = payable.exclude(payouts__live=True).exclude(payee__in=in_hand).filter(amount__gt=0)
    entry = free.order_by("payee__broker__user__username", "project__code", "id").first()
    if entry is None:
        return
    set_hold(
        actor=stage.staff["finance"],
        payee=Payee.objects.get(pk=entry.payee_id),
        project=entry.project,
        reason="收款账户与实名信息不一致，核实中",
        until_at=clock.now() + timedelta(days=14),
    )
