"""What the page of a simulation shows: in short, a chart by month, and tables by month, payee and milestone."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_platform.adminkit import cells
from channels_platform.jobs.models import Job
from channels_platform.presentation import formats
from commissions.engine.plans import read_version
from commissions.engine.types import Method
from commissions.exports.simulation import rate_of
from commissions.models import Plan
from commissions.plan_words import METHODS, MOMENTS, plan_in_words
from commissions.services.simulations import SHOWN, payee_names, plan_names
from commissions.words import ReaderWords, month_words
from projects.models import Project


def shown(job: Job, project: Project) -> dict[str, Any]:
    """Return the parts of the page, in the active language."""
    plans, report, currency = plan_names(job.arguments), job.report, project.currency
    words = ReaderWords()
    chart = {
        "kind": "bar",
        "labels": [month_words(month, words) for month, *_figures in report["months"]],
        "names": plans,
        "axes": ["", currency],
        # only drawn: the figures themselves stand in the table
        "series": [[float(costs[place]) for *_rest, costs in report["months"]] for place in range(len(plans))],
    }
    return {
        "charts": {"months": chart} if report["months"] else {},
        "summary": cells.words(_("In short"), _in_short(report, plans, currency)),
        "sections": [
            _months(report, plans, currency, words),
            _payees(report, plans, currency),
            _due(report, plans, currency),
            *_in_words(job, project, plans),
            cells.words(_("How it was reckoned"), _reckoned(job, currency, words)),
        ],
    }


def _in_short(report: Mapping[str, Any], plans: Sequence[str], currency: str) -> list[str]:
    if not report["units"]:
        return [_("No deal was contracted in that time.")]
    sales, totals = Decimal(report["sales"]), [Decimal(total) for total in report["totals"]]
    facts = {"n": report["units"], "sales": cells.money_with(sales, currency)}
    said = [ngettext("%(n)s unit for %(sales)s.", "%(n)s units for %(sales)s.", report["units"]) % facts]
    for place, (plan, total) in enumerate(zip(plans, totals, strict=True)):
        facts = {
            "plan": plan,
            "cost": cells.money_with(total, currency),
            "rate": formats.percent(rate_of(total, sales) or 0),
            "more": _signed(total - totals[0], currency),
        }
        told = _("%(plan)s: %(cost)s, %(rate)s of the sales.") if not place else _(
            "%(plan)s: %(cost)s, %(rate)s of the sales; %(more)s against today."
        )  # fmt: skip
        said.append(told % facts)
    return said


def _signed(amount: Decimal, currency: str) -> str:
    sign = "+" if amount > 0 else ""
    return f"{sign}{formats.money(amount, currency)}"


def _months(report: Mapping[str, Any], plans: Sequence[str], currency: str, words: ReaderWords) -> cells.Section:
    rows = []
    for month, units, sales, costs in report["months"]:
        rates = [formats.percent(rate_of(Decimal(cost), Decimal(sales)) or 0) for cost in costs]
        told = [part for cost, rate in zip(costs, rates, strict=True) for part in (_money(cost, currency), rate)]
        rows.append((month_words(month, words), f"{units:,}", _money(sales, currency), *told))
    heads = [head for plan in plans for head in (f"#{plan}", "#" + _("of sales"))]
    title = _("By month of the contract, in %(currency)s") % {"currency": currency}
    head = (_("Month"), "#" + _("Units sold"), "#" + _("Sales amount"), *heads)
    return cells.table(title, head, rows, empty=_("No deal was contracted in that time."))


def _payees(report: Mapping[str, Any], plans: Sequence[str], currency: str) -> cells.Section:
    names = payee_names([(kind, key) for kind, key, _costs in report["payees"]])
    kinds = dict(Plan.PayeeKind.choices)
    rows = []
    for kind, key, costs in report["payees"]:
        more = [cells.badge(*_mark(Decimal(cost) - Decimal(costs[0]), currency)) for cost in costs[1:]]
        rows.append((names[kind, key], kinds[kind], *(_money(cost, currency) for cost in costs), *more))
    tried = ["#" + _("%(plan)s: more or less") % {"plan": plan} for plan in plans[1:]]
    head = (_("Payee"), _("Paid to"), *(f"#{plan}" for plan in plans), *tried)
    note = _("The first %(n)s; all are in the file.") % {"n": SHOWN} if report["payees_in_all"] > SHOWN else ""
    title = _("Who gains and who loses, in %(currency)s") % {"currency": currency}
    return cells.table(title, head, rows, empty=_("Nobody earns anything."), note=note)


def _mark(more: Decimal, currency: str) -> tuple[str, str, str]:
    if not more:
        return _("the same"), "muted", "dash-circle"
    if more > 0:
        return _signed(more, currency), "good", "arrow-up-circle"
    return _signed(more, currency), "bad", "arrow-down-circle"


def _due(report: Mapping[str, Any], plans: Sequence[str], currency: str) -> cells.Section:
    rows = [(str(MOMENTS[when]), *(_money(amount, currency) for amount in amounts)) for when, amounts in report["due"]]
    title = _("When it falls due, in %(currency)s") % {"currency": currency}
    note = _("Once every milestone is reached; retention is counted at handover.")
    return cells.table(title, (_("Milestone"), *(f"#{plan}" for plan in plans)), rows, empty=_("Nothing."), note=note)


def _in_words(job: Job, project: Project, plans: Sequence[str]) -> list[cells.Section]:
    found = []
    for tried, plan in zip(job.arguments["tries"], plans[1:], strict=True):
        # what a plan says in words does not hang on who is paid
        rules = read_version(tried["rules"], version_id="", series_id="", currency=project.currency, onsite=False)
        found.append(cells.words(_("%(plan)s, in words") % {"plan": plan}, plan_in_words(rules)))
    return found


def _reckoned(job: Job, currency: str, words: ReaderWords) -> list[str]:
    asked, curve = job.arguments, job.arguments["curve"]
    if curve is None:
        first, last = (month_words(asked[name], words) for name in ("first", "last"))
        facts = {"first": first, "last": last}
        return [
            _("The project's deals contracted from %(first)s to %(last)s that are not cancelled.") % facts,
            _("Plans of today are all that are approved, laid over all deals: their figures are the ledger's."),
            _(
                "The plan tried is taken to be in force on all days, in place of those of the agency that could apply"
                " to the same deals; it counts from the beginning of its period, or from the first month."
            ),
        ]
    first = date.fromisoformat(curve["first"])
    parts = [(METHODS[method], curve["methods"].get(method, "0")) for method in Method]
    mix = "; ".join(f"{name} {formats.percent(part)}" for name, part in parts if part != "0")
    facts = {
        "first": words.month(first.year, first.month),
        "units": ", ".join(map(str, curve["units"])),
        "price": cells.money_with(Decimal(curve["price"]), currency),
        "mix": mix,
    }
    return [
        _("Made-up sales from %(first)s on: %(units)s units by month at %(price)s. %(mix)s.") % facts,
        _("All are brought by one broker of the agency, and meet every plan's conditions; plans tried only for walk-ins"
          " have walk-ins."),
        _("Plans of today are the agency's in force today, as if they had no last day."),
    ]  # fmt: skip


def _money(amount: str, currency: str) -> Any:
    return cells.money(Decimal(amount), currency)
