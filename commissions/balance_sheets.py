"""What the finance pages read of balances: filtered, added up by currency, and by deal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet, Sum

from commissions.models import Accrual, LedgerEntry, Payee
from commissions.selectors import Balance, commissions, entries
from commissions.states import Account
from commissions.waiting import with_waits
from projects.models import Project

FIGURES = ("earned", "pending", "retained", "payable", "paid", "tax")

_OWED = """
SELECT e.payee_id, e.project_id, -sum(e.amount)
FROM commissions_ledgerentry e
WHERE e.account = 'payable' AND NOT e.settles AND e.project_id = ANY(%s)
  AND NOT EXISTS (SELECT 1 FROM commissions_payoutentry i WHERE i.entry_id = e.id AND i.live)
GROUP BY 1, 2 HAVING sum(e.amount) < 0
"""


@dataclass
class Total:
    """The six figures of one currency, over `rows` balances.

    `owed` is what payables below zero add up to, `held` what of the others waits for a hold to be lifted.
    """

    currency: str
    rows: int = 0
    earned: Decimal = Decimal(0)
    pending: Decimal = Decimal(0)
    retained: Decimal = Decimal(0)
    payable: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    owed: Decimal = Decimal(0)
    held: Decimal = Decimal(0)

    def add(self, balance: Balance) -> None:
        self.rows += 1
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + getattr(balance, name))
        self.owed -= min(balance.payable, Decimal(0))
        self.held += balance.held


@dataclass(frozen=True)
class Line:
    """One component of one share of a deal: the run's row, and what the ledger holds for it."""

    accrual: Accrual
    earned: Decimal
    pending: Decimal
    retained: Decimal
    payable: Decimal
    paid: Decimal
    tax: Decimal

    @property
    def released(self) -> Decimal:
        return self.earned - self.pending

    @property
    def share(self) -> str:
        return str(self.accrual.explanation.get("share", ""))


@dataclass(frozen=True)
class Owed:
    """What a payee owes back in a project."""

    payee: Payee
    project: Project
    amount: Decimal


def narrowed(found: Iterable[Balance], *, kind: str = "", text: str = "", show: str = "") -> list[Balance]:
    """Return the balances of a kind of payee, whose name or code holds the text, with something payable or owed."""
    wanted = text.strip().casefold()
    return [
        balance
        for balance in found
        if _is_kind(balance.payee, kind) and wanted in _names(balance) and _is_shown(balance, show)
    ]


def _is_kind(payee: Payee, kind: str) -> bool:
    if kind == "individual":
        return payee.is_individual
    if kind == "agency":
        return not payee.is_individual
    return not kind or (payee.agency is not None and payee.agency.kind == kind)


def _names(balance: Balance) -> str:
    payee = balance.payee
    home = payee.agency or (payee.broker.agency if payee.broker else None)
    return f"{payee}\n{home}\n{home.code if home else ''}".casefold()


def _is_shown(balance: Balance, show: str) -> bool:
    if show == "payable":
        return balance.payable > 0
    if show == "held":
        return balance.held > 0
    return balance.payable < 0 if show == "owed" else True


def totals(found: Iterable[Balance]) -> list[Total]:
    """Return the sums by currency, in order of its code."""
    sums: dict[str, Total] = {}
    for balance in found:
        sums.setdefault(balance.project.currency, Total(balance.project.currency)).add(balance)
    return [sums[currency] for currency in sorted(sums)]


def accruals_of(user: Any, *, payee: Payee, project: Project) -> QuerySet[Accrual]:
    """Return a payee's commission lines in a project, with their deal's instant for paging."""
    lines = commissions(user, project=project).filter(payee=payee)
    return lines.select_related("deal__unit", "run").annotate(subscribed_at=F("deal__subscribed_at"))


def entries_of(user: Any, *, payee: Payee, project: Project) -> QuerySet[LedgerEntry]:
    """Return a payee's ledger entries in a project, with their instant for paging."""
    found = entries(user, payee=payee, project=project).select_related(
        "transaction__line__batch",
        "transaction__run",
        "transaction__actor",
        "deal",
        "referral",
        "version__plan__agency",
    )
    return found.annotate(posted_at=F("transaction__posted_at"))


def with_ledger(accruals: Sequence[Accrual]) -> list[Line]:
    """Return the lines with what the ledger holds for each, so that lines add up to their balance, and what waits."""
    accruals = with_waits(accruals)
    sums: dict[tuple[Any, ...], dict[str, Decimal]] = {}
    if accruals:
        found = (
            LedgerEntry.objects.filter(
                payee__in={line.payee_id for line in accruals},
                project__in={line.project_id for line in accruals},
                deal__in={line.deal_id for line in accruals},
            )
            .order_by()
            .values_list("payee_id", "deal_id", "referral_id", "kind", "account")
            .annotate(amount=Sum("amount"))
        )
        for *key, account, amount in found:
            sums.setdefault(tuple(key), {})[account] = amount
    return [_line(one, sums.get((one.payee_id, one.deal_id, one.referral_id, one.kind), {})) for one in accruals]


def _line(accrual: Accrual, held: dict[str, Decimal]) -> Line:
    nothing = Decimal(0)
    return Line(
        accrual=accrual,
        earned=-held.get(Account.EXPENSE, nothing),
        pending=held.get(Account.PENDING, nothing),
        retained=held.get(Account.RETAINED, nothing),
        payable=held.get(Account.PAYABLE, nothing),
        paid=held.get(Account.PAID, nothing),
        tax=held.get(Account.TAX, nothing),
    )


def owed_back_by(projects: Iterable[Project]) -> list[Owed]:
    """Return who owes back in these projects and is not netted by a batch on its way; the most first."""
    by_id = {project.pk: project for project in projects}
    with connection.cursor() as cursor:
        cursor.execute(_OWED, [list(by_id)])
        rows = cursor.fetchall()
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk({row[0] for row in rows})
    found = [Owed(payees[payee_id], by_id[project_id], amount) for payee_id, project_id, amount in rows]
    return sorted(found, key=lambda one: (one.project.currency, -one.amount, str(one.payee)))
