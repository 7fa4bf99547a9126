"""What finance moved by hand: a limit and advances against it, adjustments, and what of them waits for a decision."""

from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from brokers.models import Agency
from channels_platform.lib import clock
from commissions.advances import room_of
from commissions.demo.cast import HOME_AGENCY
from commissions.demo.staging import Stage
from commissions.models import Payee
from commissions.selectors import balances
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.advance_limits import ask_advance_limit, decide_advance_limit
from commissions.services.advances import ask_advance, decide_advance
from projects.models import Project

THOUSAND = Decimal(1000)


def move_by_hand(stage: Stage) -> None:
    """Let the demo's own agency have something advanced and adjusted, and more of both wait."""
    agency = Agency.objects.get(code=HOME_AGENCY)
    payee = Payee.objects.filter(agency=agency).first()
    finance, approver = stage.staff["finance"], stage.staff["finance_approver"]
    found = [one for one in balances(finance, payee=payee) if one.pending >= 10 * THOUSAND] if payee else []
    if not found:
        return
    project = max(found, key=lambda one: (one.pending, one.project.code)).project
    now = clock.now()
    with clock.at(now - timedelta(hours=3)):
        limit = ask_advance_limit(
            actor=finance,
            agency=agency,
            company=project.company,
            project=project,
            currency=project.currency,
            amount=100 * THOUSAND,
            fee_rate=Decimal("0.01"),
            reason="开盘期间门店多，先行垫付",
        )
        decide_advance_limit(actor=approver, limit=limit, approve=True)
        most = room_of(agency, project).most
        facts: dict[str, Any] = {"agency": agency, "project": project}
        advance = ask_advance(actor=finance, amount=_thousands(most / 2), reason="三月门店工资", **facts)
        decide_advance(actor=approver, advance=advance, approve=True)
    with clock.at(now - timedelta(hours=2)):
        boss = stage.brokers[f"{HOME_AGENCY}-00"].user
        ask_advance(actor=boss, amount=_thousands(most / 4), reason="新店装修", **facts)
    with clock.at(now - timedelta(hours=1)):
        _adjust(payee, project, finance, approver)


def _adjust(payee: Any, project: Project, finance: Any, approver: Any) -> None:
    facts: dict[str, Any] = {"actor": finance, "payee": payee, "project": project}
    given = ask_adjustment(amount=Decimal(2000), reason="开盘活动物料补贴", **facts)
    decide_adjustment(actor=approver, adjustment=given, approve=True)
    ask_adjustment(amount=Decimal(-500), reason="带看车费重复报销，扣回", **facts)


def _thousands(amount: Decimal) -> Decimal:
    return max(THOUSAND, (amount / THOUSAND).quantize(Decimal(1), rounding=ROUND_DOWN) * THOUSAND)
