"""The statements' shared parts. Only constants are put into SQL; what people ask for goes in as values."""

from collections.abc import Mapping, Sequence

from commissions.reports.types import Asked, Dim, Report

LEDGER = """
FROM commissions_ledgerentry e
JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
JOIN projects_project p ON p.id = e.project_id
JOIN projects_payingcompany c ON c.id = p.company_id
JOIN commissions_payee y ON y.id = e.payee_id
LEFT JOIN brokers_broker yb ON yb.id = y.broker_id
LEFT JOIN accounts_user yu ON yu.id = yb.user_id
JOIN brokers_agency h ON h.id = coalesce(y.agency_id, yb.agency_id)
LEFT JOIN leads_deal d ON d.id = e.deal_id
LEFT JOIN leads_referral r ON r.id = e.referral_id
LEFT JOIN brokers_broker rb ON rb.id = coalesce(r.broker_id, y.broker_id)
LEFT JOIN accounts_user ru ON ru.id = rb.user_id
LEFT JOIN commissions_payoutline l ON l.id = t.line_id
LEFT JOIN commissions_payoutbatch b ON b.id = l.batch_id
"""

# A payee's name, and the name of the broker who filed (or is paid in person).
PAYEE = "CASE WHEN y.agency_id IS NOT NULL THEN h.name ELSE coalesce(nullif(yu.name, ''), yu.username) END"
BROKER = "coalesce(nullif(ru.name, ''), ru.username)"
POSTED_ON = "(t.posted_at AT TIME ZONE p.timezone)::date"

# Two words have two meanings each: `none` asks for entries without a deal, or without a broker.
LEDGER_CONDITIONS = {
    "project": "p.code = %(project)s",
    "company": "c.code = %(company)s",
    "agency": "h.code = %(agency)s",
    "broker": "(lower(ru.username) = lower(%(broker)s) OR strpos(lower(ru.name), lower(%(broker)s)) > 0)",
    "currency": "t.currency = %(currency)s",
    "account": "e.account = %(account)s",
    "what": "t.kind = %(what)s",
    "payee": "e.payee_id = %(payee)s::uuid",
    "who": "rb.id = %(who)s::uuid",
    "who:none": "rb.id IS NULL",
    "deal": "d.number = %(deal)s",
    "deal:none": "e.deal_id IS NULL",
    "batch": "b.number = %(batch)s",
    "tax_month": "b.tax_month = %(tax_month)s",
    "part": "e.referral_id IS NOT NULL",
    "first": f"{POSTED_ON} >= %(first)s",
    "last": f"{POSTED_ON} <= %(last)s",
}

# The project's part of a deal's rows: p and c are its project and company, d the deal.
DEAL_CONDITIONS = {
    "project": "p.code = %(project)s",
    "company": "c.code = %(company)s",
    "currency": "p.currency = %(currency)s",
    "state": "d.state = %(state)s",
    "method": "d.method = %(method)s",
    "deal": "d.number = %(deal)s",
    "agency": "EXISTS (SELECT 1 FROM leads_dealshare ds JOIN leads_referral dr ON dr.id = ds.referral_id"
    " JOIN brokers_agency da ON da.id = dr.agency_id"
    " WHERE ds.deal_id = d.id AND ds.ended_at IS NULL AND da.code = %(agency)s)",
    "first": "(coalesce(d.contracted_at, d.subscribed_at) AT TIME ZONE p.timezone)::date >= %(first)s",
    "last": "(coalesce(d.contracted_at, d.subscribed_at) AT TIME ZONE p.timezone)::date <= %(last)s",
}


def where(asked: Asked, conditions: Mapping[str, str], *always: str) -> str:
    """Return the WHERE of what is asked, within the reader's scope.

    `conditions`: the constant condition of each filter; `always`: what holds whatever is asked.
    Raises: KeyError for a filter without a condition.
    """
    found = [*always, *_in_scope(asked.report, asked)]
    for name, text in asked.words.items():
        if name not in ("by", "then", "span", "from", "to"):
            found.append(conditions[f"{name}:none" if text == "none" and f"{name}:none" in conditions else name])
    found += [conditions[end] for end in ("first", "last") if getattr(asked, end) is not None]
    return f"WHERE {' AND '.join(found)}" if found else ""


def _in_scope(report: Report, asked: Asked) -> list[str]:
    if asked.scope.projects is None:
        return []
    return ["c.id = ANY(%(companies)s)" if report.whole_companies else "p.id = ANY(%(projects)s)"]


def columns_of(dims: Sequence[Dim]) -> str:
    """Return the dims' columns for a SELECT, each followed by a comma."""
    return "".join(f"{expression} AS {name}, " for dim in dims for name, expression in dim.select)


def grouping(dims: Sequence[Dim]) -> str:
    """Return GROUP BY over the dims' columns and the currency that follows them."""
    many = sum(len(dim.select) for dim in dims) + 1
    return "GROUP BY " + ", ".join(str(place) for place in range(1, many + 1))


def order_of(dims: Sequence[Dim]) -> str:
    """Return the dims' columns as an order, the currency first."""
    return ", ".join(["currency", *(name for dim in dims for name, _expression in dim.select)])


def aged(expression: str, days: str, bounds: Sequence[int], *, name: str) -> str:
    """Return sums of an expression by age: up to each bound of days, and beyond the last; each with a comma before."""
    parts, over = [], ""
    for bound in bounds:
        until = f"{days} <= {bound}"
        parts.append(f", coalesce(sum({expression}) FILTER (WHERE {over}{until}), 0) AS {name}_{bound}")
        over = f"{days} > {bound} AND "
    parts.append(f", coalesce(sum({expression}) FILTER (WHERE {days} > {bounds[-1]}), 0) AS {name}_over")
    return "".join(parts)
