"""What two sides see differently: a line contested, an agency's ledger beside ours, a bank's row of no deal."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

from django.db.models import Sum

from brokers.models import Agency
from channels_platform.lib import clock
from commissions.demo.cast import HOME_AGENCY, HOME_PROJECTS
from commissions.demo.staging import Stage
from commissions.engine.matching import Ours
from commissions.models import ClosedMonth, PayoutEntry, Reconciliation, Statement
from commissions.reconciling import ours_of
from commissions.services.reconciliations import send_ledger
from commissions.services.statements import contest_lines
from commissions.states import BatchState
from leads.models import Deal
from leads.services.payment_files import read_file, start_taking, take_payments
from leads.states import DealState
from projects.models import Project

_LEDGER = ("成交编号", "房号", "签约日期", "佣金金额")
_SPAN = timedelta(days=75)
_LEAST = 4
OPEN = (BatchState.DRAFT, BatchState.SUBMITTED, BatchState.APPROVED)


def contest_a_line(closed: ClosedMonth, boss: Any) -> None:
    """Have the demo's own agency contest a line of a closed month's statement, of a deal that no open batch pays.

    Writes: through the service.
    """
    in_hand = PayoutEntry.objects.filter(live=True, line__batch__state__in=OPEN, entry__deal__isnull=False)
    statement = Statement.objects.filter(closing_of=closed, payee__agency__code=HOME_AGENCY).order_by("number").first()
    if statement is None:
        return
    free = statement.lines.filter(deal__isnull=False).exclude(deal__in=in_hand.values("entry__deal"))
    if line := free.order_by("place").first():
        contest_lines(
            actor=boss, statement=statement, lines=[line.pk], text="与我司台账不符：该套应已进入下一跳点，请核对。"
        )


def lay_ledgers_side_by_side(stage: Stage) -> None:
    """Have the demo's own agency send its ledger: one amount is another, one deal is missing, one is nobody's.

    Writes: through the service.
    """
    project = stage.projects[HOME_PROJECTS[0]]
    to_on = clock.local_date(clock.now(), project.zone)
    asked = Reconciliation(
        agency=Agency.objects.get(code=HOME_AGENCY),
        company=project.company,
        currency=project.currency,
        from_on=to_on - _SPAN,
        to_on=to_on,
        figure=Reconciliation.Figure.EARNED,
    )
    ours = [one for one in ours_of(asked, ()) if one.due]
    if len(ours) < _LEAST:
        return
    send_ledger(
        actor=stage.brokers[f"{HOME_AGENCY}-00"].user,
        company=project.company,
        currency=project.currency,
        from_on=asked.from_on,
        to_on=asked.to_on,
        figure=asked.figure,
        name="佣金台账.csv",
        data=_as_kept_by_them(ours, to_on),
        headings={},
    )


def _as_kept_by_them(ours: list[Ours], today: date) -> bytes:
    target = StringIO()
    sheet = csv.writer(target)
    sheet.writerow(_LEDGER)
    dearer = next((one for one in ours if one.amount and not one.cancelled), None)
    for one in ours[:-1]:
        amount = one.amount + 1000 if one is dearer else one.amount
        sheet.writerow((one.deal, one.unit, one.on.isoformat(), amount))
    sheet.writerow(("", "9-901", today.isoformat(), "18600.00"))
    return target.getvalue().encode()


def leave_a_row_without_a_deal(stage: Stage) -> None:
    """Take over a bank's file whose one row names no deal, though its amount is what one still owes.

    Writes: through the services.
    """
    project = stage.projects[HOME_PROJECTS[0]]
    owing = _owing(project)
    if owing is None:
        return
    finance, today = stage.staff["finance"], clock.local_date(clock.now(), project.zone)
    text = f"流水号,交易日期,收入金额,对方户名,摘要\nBK{today:%Y%m%d}9001,{today.isoformat()},{owing},周先生,购房款\n"
    file = read_file(actor=finance, project=project, name="银行流水.csv", data=text.encode())
    take_payments(job_id=start_taking(actor=finance, file=file).pk)


def _owing(project: Project) -> Decimal | None:
    """Return what the last deal to be signed has not paid yet."""
    signed = Deal.objects.filter(project=project, state=DealState.CONTRACTED).order_by("-contracted_at", "number")
    for deal in signed.annotate(paid=Sum("payments__amount")):
        left: Decimal = deal.price - (deal.paid or 0)
        if left > 0:
            return left
    return None
