"""What pages, API and files read of closed months and their statements, within what a person may see."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from channels_platform.lib.names import clean_text
from commissions.models import ClosedMonth, Objection, Statement, StatementLine
from commissions.selectors import visible_companies, visible_payees
from commissions.states import ObjectionState, StatementState

SUMS = ("opening", "earned", "clawed_back", "released", "paid", "tax", "closing")


@dataclass
class MonthTotal:
    """A month's statements in one currency, added up."""

    currency: str
    statements: int = 0
    figures: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(SUMS, Decimal(0)))


def visible_statements(user: Any) -> QuerySet[Statement]:
    """Return statements: one's own, or those of the companies a member of staff sees."""
    found = Statement.objects.select_related(
        "closing_of__company", "payee__agency", "payee__broker__user", "payee__broker__agency", "confirmed_by"
    )
    if getattr(user, "is_agency_side", False):
        return found.filter(payee__in=visible_payees(user).order_by())
    return found.filter(closing_of__company__in=visible_companies(user).order_by())


def visible_months(user: Any) -> QuerySet[ClosedMonth]:
    """Return the closed months of the companies a member of staff sees."""
    return ClosedMonth.objects.select_related("company", "closed_by").filter(
        company__in=visible_companies(user).order_by()
    )


def lines_of(statement: Statement) -> QuerySet[StatementLine]:
    """Return a statement's lines in its order, with what they are about and what is contested of them."""
    found = StatementLine.objects.filter(statement=statement).order_by("place")
    about = found.select_related("statement", "project", "deal", "referral", "objection__answered_by")
    return about.prefetch_related("objection__files__attachment")


def with_counts(months: Iterable[ClosedMonth], now: datetime) -> list[Any]:
    """Return the months, each with how its statements stand: in all, confirmed (by silence too), contested."""
    found: list[Any] = list(months)
    counts = {
        row["closing_of"]: row
        for row in Statement.objects.filter(closing_of__in=found)
        .order_by()
        .values("closing_of")
        .annotate(
            all=Count("pk"),
            confirmed=Count("pk", filter=Q(state=StatementState.CONFIRMED)),
            contested=Count("pk", filter=Q(state=StatementState.CONTESTED)),
        )
    }
    for month in found:
        row = counts.get(month.pk, {"all": 0, "confirmed": 0, "contested": 0})
        month.statements_count, month.contested_count = row["all"], row["contested"]
        silent = now >= month.answer_by
        month.confirmed_count = row["all"] - row["contested"] if silent else row["confirmed"]
    return found


def totals_of(closed: ClosedMonth) -> list[MonthTotal]:
    """Return a month's sums by currency, in order of its code."""
    names = (
        "opening_pending", "opening_retained", "opening_payable", "earned", "clawed_back", "released", "paid", "tax",
        "pending", "retained", "payable",
    )  # fmt: skip
    rows: Iterable[Any] = (
        Statement.objects.filter(closing_of=closed)
        .order_by("currency")
        .values("currency")
        .annotate(count=Count("pk"), **{f"sum_{name}": Sum(name) for name in names})
    )
    found = []
    for row in rows:
        total = MonthTotal(row["currency"], row["count"])
        for name in ("earned", "clawed_back", "released", "paid", "tax"):
            total.figures[name] = row[f"sum_{name}"]
        total.figures["opening"] = sum(row[f"sum_{name}"] for name in names[:3])
        total.figures["closing"] = sum(row[f"sum_{name}"] for name in names[-3:])
        found.append(total)
    return found


def narrowed(statements: QuerySet[Statement], *, state: str, text: str, now: datetime) -> QuerySet[Statement]:
    """Return the statements that stand so (`accepted`: taken as confirmed) and whose payee or number holds the text."""
    if state == "accepted":
        silent = [StatementState.ISSUED, StatementState.ANSWERED]
        statements = statements.filter(state__in=silent, closing_of__answer_by__lte=now)
    elif state in (StatementState.ISSUED, StatementState.ANSWERED):
        statements = statements.filter(state=state, closing_of__answer_by__gt=now)
    elif state in list(StatementState):
        statements = statements.filter(state=state)
    if text := clean_text(text).strip():
        statements = statements.filter(
            Q(payee_name__icontains=text) | Q(number__icontains=text) | Q(payee__agency__code__iexact=text)
        )
    return statements


def with_states(statements: Iterable[Statement], now: datetime) -> list[Any]:
    """Return the statements, each with the state to show at an instant, and how many lines wait for an answer."""
    found: list[Any] = list(statements)
    waiting = dict(
        Objection.objects.filter(line__statement__in=found, state=ObjectionState.OPEN)
        .order_by()
        .values_list("line__statement")
        .annotate(Count("pk"))
    )
    for one in found:
        one.shown_state = one.state_at(now)
        one.waiting = waiting.get(one.pk, 0)
    return found
