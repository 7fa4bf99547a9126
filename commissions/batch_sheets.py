"""What the finance pages read of payout batches: totals, lines, the deals behind a line, what a draft would take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min, Prefetch, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from channels_platform.lib import clock
from commissions.advances import settlings
from commissions.holds import Held, Hold, held_lines, hold_of, holds_in_force
from commissions.models import Accrual, Invoice, LedgerEntry, Payee, PayoutBatch, PayoutLine
from commissions.selectors import counted_lines, lacking_invoices, line_entries, lines_that_count
from commissions.services.settlement import UNSETTLED_OR_HELD
from commissions.states import BatchState, LineState
from commissions.waiting import Told, with_waits
from projects.models import PayingCompany, Project

MOST_DEALS = 500
_COMPONENT = ("project", "deal", "referral", "kind")


@dataclass(frozen=True)
class Totals:
    """A batch in figures. `left`: its lines that left it, held or left out; `lacking`: those that wait for an invoice.

    `paid`: what of `net` went out and did not come back.
    """

    lines: int
    gross: Decimal
    tax: Decimal
    net: Decimal
    lacking: int = 0
    left: int = 0
    paid: Decimal = Decimal(0)

    @property
    def paid_in_part(self) -> bool:
        """Whether some of it is paid and some is not, or came back."""
        return 0 < self.paid < self.net


@dataclass
class Behind:
    """What a line pays of one deal's component; `explanation` is that of its latest entry.

    `waits`: what of the component, in this line or not, is unpaid.
    """

    entry: LedgerEntry
    amount: Decimal
    entries: int
    explanation: dict[str, Any]
    waits: list[Told] = field(default_factory=list)

    @property
    def share(self) -> str:
        return str(self.explanation.get("share", ""))


@dataclass(frozen=True)
class HeldBack:
    """What a draft leaves because it is held."""

    payee: Payee
    project: Project
    gross: Decimal
    hold: Hold


@dataclass(frozen=True)
class Payable:
    """What a payee would get at a cut-off; `taken` unless it is below zero or the minimum."""

    payee: Payee
    gross: Decimal
    deals: int
    taken: bool


def totals_of(batches: Sequence[PayoutBatch]) -> dict[UUID, Totals]:
    """Return the sums of batches by their id."""
    lines = PayoutLine.objects.filter(batch__in=[batch.pk for batch in batches]).order_by().values_list("batch_id")
    found = lines.filter(counted_lines()).annotate(Count("pk"), Sum("gross"), Sum("tax"), Sum("net"))
    left = dict(lines.exclude(counted_lines()).annotate(Count("pk")))
    paid = dict(lines.filter(state=LineState.PAID).annotate(Sum("net")))
    lacking = dict(
        lacking_invoices(PayoutLine.objects.filter(batch__in=[batch.pk for batch in batches]))
        .order_by()
        .values_list("batch_id")
        .annotate(Count("pk"))
    )
    sums = {row[0]: Totals(row[1], row[2], row[3], row[4], lacking.get(row[0], 0)) for row in found}
    nothing = Totals(0, Decimal(0), Decimal(0), Decimal(0))
    return {
        pk: replace(sums.get(pk, nothing), left=left.get(pk, 0), paid=paid.get(pk, nothing.net))
        for pk in (batch.pk for batch in batches)
    }


def lines_of(batch: PayoutBatch, *, show: str = "", text: str = "") -> QuerySet[PayoutLine]:
    """Return a batch's lines by payee's name, each with its invoice in force.

    `show`: `needs_invoice`, `agency`, `individual`, or a line's state.
    """
    live = Prefetch("invoices", Invoice.objects.filter(live=True), to_attr="in_force")
    lines = lines_that_count(batch).select_related(
        "batch", "payee__agency", "payee__broker__user", "payee__broker__agency"
    )
    lines = lines.annotate(named=Coalesce("payee__agency__name", "payee__broker__user__name")).prefetch_related(live)
    if show == "needs_invoice":
        lines = lacking_invoices(lines)
    elif show in ("agency", "individual"):
        lines = lines.filter(payee__broker__isnull=show == "agency")
    elif show:
        lines = lines.filter(state=show)
    if text := text.strip():
        lines = lines.filter(
            Q(named__icontains=text)
            | Q(payee__agency__code__iexact=text)
            | Q(payee__broker__agency__name__icontains=text)
            | Q(bank_reference__iexact=text)
        )
    return lines.order_by("named", "pk")  # type: ignore[misc]


def takes_invoice(line: PayoutLine) -> bool:
    """Whether an invoice may still be put to the line."""
    waiting = line.batch.state in (BatchState.DRAFT, BatchState.SUBMITTED)
    return waiting and line.state == LineState.OPEN and not line.payee.is_individual


def shown_state(line: Any) -> str:
    """Return the state as people read it: whether an open line is held, ready, or still needs its invoice."""
    if line.state != LineState.OPEN:
        return str(line.state)
    if line.hold is not None:
        return "held"
    invoiced = any(invoice.amount == line.gross for invoice in line.in_force)
    return "needs_invoice" if takes_invoice(line) and not invoiced else "ready"


def with_states(lines: Iterable[PayoutLine]) -> list[Any]:
    """Return the lines, each knowing its invoice, what holds it, and the state to show."""
    found: list[Any] = list(lines)
    holds = held_lines(line.pk for line in found)
    for line in found:
        line.hold = holds.get(line.pk)
        line.invoice = next(iter(line.in_force), None)
        line.shown_state = shown_state(line)
    return found


def deals_behind(line: PayoutLine) -> tuple[list[Behind], int]:
    """Return what the line is made of, by deal and component, and how many there are; at most MOST_DEALS are returned.

    Their amounts add up to the line's gross. Corrections of one component are added into it.
    """
    groups = LedgerEntry.objects.filter(payouts__line=line).order_by().values(*_COMPONENT)
    groups = groups.annotate(sum=Sum("amount"), entries=Count("pk"), first=Min("pk"), last=Max("pk"))
    found = groups.exclude(sum=0)
    rows: list[Any] = list(found.order_by("project__code", "deal__number", "first")[:MOST_DEALS])
    firsts = line_entries(line).select_related("deal__unit", "referral__broker__user")
    entries = firsts.in_bulk([row["first"] for row in rows])
    explained = LedgerEntry.objects.in_bulk([row["last"] for row in rows])
    shown = [
        Behind(entries[row["first"]], row["sum"], row["entries"], explained[row["last"]].explanation) for row in rows
    ]
    _say_what_waits(shown, line)
    return shown, len(shown) if len(shown) < MOST_DEALS else found.count()


def _say_what_waits(rows: Sequence[Behind], line: PayoutLine) -> None:
    deals = {row.entry.deal_id for row in rows if row.entry.deal_id is not None}
    lines = Accrual.objects.filter(payee=line.payee_id, deal__in=deals).select_related("project", "deal")
    waits = {(one.deal_id, one.referral_id, one.kind): one.waits for one in with_waits(lines)}
    for row in rows:
        row.waits = waits.get((row.entry.deal_id, row.entry.referral_id, row.entry.kind), [])


def held_of(batch: PayoutBatch) -> list[Held]:
    """Return what holds lines of the batch, each hold once."""
    holds = held_lines(batch.lines.filter(state=LineState.OPEN).values_list("pk", flat=True))
    return list(dict.fromkeys(holds.values()))


def held_at(*, company: PayingCompany, currency: str, cutoff_at: datetime) -> list[HeldBack]:
    """Return what a draft at the cut-off would leave, being held; the most first."""
    values: dict[str, Any] = {"company": company.pk, "currency": currency, "cutoff": cutoff_at, "now": clock.now()}
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {UNSETTLED_OR_HELD} SELECT payee_id, project_id, amount FROM held", values)  # noqa: S608
        rows = cursor.fetchall()
    if not rows:
        return []
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk({row[0] for row in rows})
    projects, holds = Project.objects.in_bulk({row[1] for row in rows}), holds_in_force()
    found = [
        HeldBack(payees[payee_id], projects[project_id], amount, hold)
        for payee_id, project_id, amount in rows
        if (hold := hold_of(payees[payee_id], projects[project_id], holds)) is not None
    ]
    return sorted(found, key=lambda one: (-one.gross, str(one.payee)))


def payable_at(*, company: PayingCompany, currency: str, cutoff_at: datetime) -> list[Payable]:
    """Return what a draft at the cut-off would take, and who is carried; the most first.

    A draft settles advances before it gathers: what that takes off is off here too.
    """
    values: dict[str, Any] = {"company": company.pk, "currency": currency, "cutoff": cutoff_at, "now": clock.now()}
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {UNSETTLED_OR_HELD} "  # noqa: S608
            "SELECT u.payee_id, sum(u.amount), count(DISTINCT e.deal_id) FROM free u "
            "JOIN commissions_ledgerentry e ON e.id = u.id GROUP BY 1",
            values,
        )
        due = {payee_id: (gross, deals) for payee_id, gross, deals in cursor.fetchall()}
        cursor.execute(f"WITH {UNSETTLED_OR_HELD} SELECT payee_id, project_id FROM held", values)  # noqa: S608
        held = set(cursor.fetchall())
    projects = Project.objects.filter(company=company, currency=currency).values_list("pk", flat=True)
    for one, settling in settlings(projects):
        if (one.payee_id, one.project_id) not in held:
            gross, deals = due.get(one.payee_id, (Decimal(0), 0))
            due[one.payee_id] = (gross - settling.released - settling.beyond, deals)
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk(due)
    found = [
        Payable(payees[payee_id], gross, deals, gross > 0 and gross >= company.minimum_amount)
        for payee_id, (gross, deals) in due.items()
        if gross
    ]
    return sorted(found, key=lambda one: (not one.taken, -one.gross, str(one.payee)))


def currencies_of(company: PayingCompany) -> list[str]:
    """Return the currencies of the company's projects, in order."""
    found = Project.objects.filter(company=company).order_by("currency").values_list("currency", flat=True)
    return list(found.distinct())
