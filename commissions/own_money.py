"""What a person of the agency side reads of money in the portal: that of the own payees, nobody else's."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, prefetch_related_objects

from brokers.models import Broker
from channels_platform.lib import clock
from commissions.batch_sheets import takes_invoice
from commissions.engine.conditions import unmet
from commissions.engine.types import AppliesTo, Payee
from commissions.holds import Hold, held_lines
from commissions.models import Accrual, PayoutLine
from commissions.plan_facts import approved_series
from commissions.plan_words import plan_in_words
from commissions.selectors import balances, commissions, visible_lines
from commissions.states import BatchState, LineState
from projects.models import Project


@dataclass
class Purse:
    """One currency's figures over all projects; `waiting` is pending and retained together, `held` of `payable`."""

    currency: str
    earned: Decimal = Decimal(0)
    waiting: Decimal = Decimal(0)
    payable: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    held: Decimal = Decimal(0)
    holds: list[Hold] = field(default_factory=list)


def own_purses(user: Any) -> list[Purse]:
    """Return the person's figures by currency, out of the ledger."""
    purses: dict[str, Purse] = {}
    for balance in balances(user):
        purse = purses.setdefault(balance.project.currency, Purse(balance.project.currency))
        purse.earned += balance.earned
        purse.waiting += balance.pending + balance.retained
        purse.payable += balance.payable
        purse.paid += balance.paid
        purse.tax += balance.tax
        if balance.hold is not None and balance.held:
            purse.held += balance.held
            purse.holds += [balance.hold] if balance.hold not in purse.holds else []
    return [purses[currency] for currency in sorted(purses)]


def own_lines(user: Any) -> QuerySet[Accrual]:
    """Return the person's commission lines, with the instant of their deal for paging."""
    return commissions(user).select_related("deal__unit").annotate(subscribed_at=F("deal__subscribed_at"))


def promised(broker: Broker, project: Project) -> list[str]:
    """Return the plan that would pay a broker in person for a referral today, in sentences; nothing where none does."""
    today = clock.local_date(clock.now(), project.zone)
    own = approved_series(project, agency=broker.agency_id, payee=Payee.BROKER)
    for series in own:
        if series.applies_to != AppliesTo.WALK_IN:
            for version in series.versions:
                if version.is_in_force(today) and unmet(version.conditions, grades=series.grades, day=today) is None:
                    return plan_in_words(version)
    return []


def own_statements(user: Any) -> QuerySet[PayoutLine]:
    """Return the statement lines of the own payees; a voided batch is as if it had never been."""
    lines = visible_lines(user).exclude(batch__state=BatchState.VOID)
    return lines.annotate(prepared_at=F("batch__prepared_at"))


def with_shown_states(lines: Iterable[PayoutLine]) -> list[PayoutLine]:
    """Return the lines, each knowing its invoice in force, what holds it, and the state its payee reads."""
    found: list[Any] = list(lines)
    prefetch_related_objects(found, "invoices")
    holds = held_lines(line.pk for line in found)
    for line in found:
        line.hold = holds.get(line.pk)
        line.invoice = next((one for one in line.invoices.all() if one.live), None)
        line.shown_state = _shown_state(line)
    return found


def _shown_state(line: Any) -> str:
    if line.state != LineState.OPEN:
        return str(line.state)
    if line.hold is not None:
        return "held"
    if takes_invoice(line) and line.invoice is None:
        return "needs_invoice"
    return "ready" if line.batch.state == BatchState.APPROVED else "pending"
