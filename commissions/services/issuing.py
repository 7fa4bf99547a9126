"""The statements of a month, out of the ledger's entries: staged, explained, written down. Set-based."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any
from uuid import UUID

from django.db import connection

from commissions.engine.rerating import Laid, first_to_reach, length_of, rates, reached_tier
from commissions.engine.types import Scope, ZeroReason
from commissions.models import ClosedMonth
from commissions.services.settlement import UUID7

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS statement_key (
    id bigint GENERATED ALWAYS AS IDENTITY, payee_id uuid NOT NULL, currency varchar(3) NOT NULL,
    project_id uuid NOT NULL, deal_id uuid, referral_id uuid, kind varchar(80) NOT NULL, version_id uuid,
    earned numeric NOT NULL, clawed_back numeric NOT NULL, released numeric NOT NULL, kept numeric NOT NULL,
    paid numeric NOT NULL, tax numeric NOT NULL, explanation jsonb NOT NULL, no_accrual boolean NOT NULL,
    before jsonb, cause jsonb, nature varchar(10)
) ON COMMIT DELETE ROWS;
TRUNCATE statement_key
"""

# Earned and taken back are told entry by entry: what was earned and lost within the month shows as both.
_KEYS = """
INSERT INTO statement_key (payee_id, currency, project_id, deal_id, referral_id, kind, version_id,
                           earned, clawed_back, released, kept, paid, tax, explanation, no_accrual)
SELECT e.payee_id, t.currency, e.project_id, e.deal_id, e.referral_id, e.kind,
       (array_agg(e.version_id ORDER BY e.id DESC) FILTER (WHERE e.version_id IS NOT NULL))[1],
       coalesce(-sum(e.amount) FILTER (WHERE e.account = 'expense' AND e.amount < 0), 0),
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'expense' AND e.amount > 0), 0),
       coalesce(-sum(e.amount) FILTER (WHERE e.account IN ('expense', 'pending')), 0),
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'retained'), 0),
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'paid'), 0),
       coalesce(sum(e.amount) FILTER (WHERE e.account = 'tax'), 0),
       coalesce((array_agg(e.explanation ORDER BY e.id DESC) FILTER (WHERE t.kind = 'accrual'))[1],
                (array_agg(e.explanation ORDER BY e.id DESC))[1]),
       bool_and(t.kind <> 'accrual')
FROM commissions_ledgertransaction t
JOIN projects_project p ON p.id = t.project_id AND p.company_id = %(company)s
JOIN commissions_ledgerentry e ON e.transaction_id = t.id
WHERE t.posted_at >= %(starts)s AND t.posted_at < %(ends)s
GROUP BY 1, 2, 3, 4, 5, 6
"""

_BEFORE = """
UPDATE statement_key k SET before = (
    SELECT e.explanation FROM commissions_ledgerentry e
    JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
    WHERE e.project_id = k.project_id AND e.deal_id = k.deal_id AND e.payee_id = k.payee_id AND e.kind = k.kind
      AND e.referral_id IS NOT DISTINCT FROM k.referral_id AND t.kind = 'accrual' AND t.posted_at < %(starts)s
    ORDER BY e.id DESC LIMIT 1
) WHERE deal_id IS NOT NULL AND NOT no_accrual
"""

_NATURES = """
UPDATE statement_key SET nature = CASE
    WHEN deal_id IS NULL THEN 'other'
    WHEN no_accrual THEN 'paid'
    WHEN jsonb_exists(explanation, 'zero') THEN 'taken_back'
    WHEN before IS NULL THEN 'new'
    WHEN earned <> clawed_back THEN 'adjusted'
    ELSE 'released' END
"""

_CHANGED = """
SELECT k.id, k.nature, k.payee_id, k.project_id, v.plan_id, r.broker_id, k.before, k.explanation, d.number
FROM statement_key k
JOIN commissions_planversion v ON v.id = k.version_id
JOIN leads_deal d ON d.id = k.deal_id
LEFT JOIN leads_referral r ON r.id = k.referral_id
WHERE k.kind = 'commission' AND k.nature IN ('adjusted', 'taken_back')
ORDER BY d.number, k.id
"""

# The deals of payees under plans, each as its latest entry up to the month's end explains it.
_LAID = """
SELECT DISTINCT ON (e.payee_id, e.deal_id, e.referral_id)
       e.payee_id, v.plan_id, r.broker_id, e.explanation, d.contracted_at, d.number, r.filed_at,
       (d.contracted_at AT TIME ZONE p.timezone)::date, y.agency_id IS NOT NULL, coalesce(a.kind = 'onsite', false)
FROM commissions_ledgerentry e
JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
JOIN commissions_planversion v ON v.id = e.version_id
JOIN leads_deal d ON d.id = e.deal_id
JOIN projects_project p ON p.id = e.project_id
JOIN commissions_payee y ON y.id = e.payee_id
LEFT JOIN brokers_agency a ON a.id = y.agency_id
LEFT JOIN leads_referral r ON r.id = e.referral_id
WHERE e.payee_id = ANY(%(payees)s) AND v.plan_id = ANY(%(plans)s) AND e.kind = 'commission' AND t.kind = 'accrual'
  AND t.posted_at < %(ends)s
ORDER BY e.payee_id, e.deal_id, e.referral_id, e.id DESC
"""

_CAUSES = """
UPDATE statement_key k SET cause = c.cause
FROM jsonb_to_recordset(%s::jsonb) AS c (id bigint, cause jsonb) WHERE c.id = k.id
"""

_STATEMENTS = f"""
WITH sums AS (
    SELECT e.payee_id, t.currency, bool_or(t.posted_at >= %(starts)s) AS moved,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'pending' AND t.posted_at < %(starts)s), 0) AS pending_0,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'retained' AND t.posted_at < %(starts)s), 0) AS retained_0,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'payable' AND t.posted_at < %(starts)s), 0) AS payable_0,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'pending'), 0) AS pending,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'retained'), 0) AS retained,
           coalesce(sum(e.amount) FILTER (WHERE e.account = 'payable'), 0) AS payable
    FROM commissions_ledgertransaction t
    JOIN projects_project p ON p.id = t.project_id AND p.company_id = %(company)s
    JOIN commissions_ledgerentry e ON e.transaction_id = t.id
    WHERE t.posted_at < %(ends)s
    GROUP BY 1, 2
),
moves AS (
    SELECT payee_id, currency, sum(earned) AS earned, sum(clawed_back) AS clawed_back, sum(released) AS released,
           sum(paid) AS paid, sum(tax) AS tax
    FROM statement_key GROUP BY 1, 2
),
found AS (
    SELECT s.*, m.earned, m.clawed_back, m.released, m.paid, m.tax, coalesce(a.name, u.name, '') AS named
    FROM sums s
    JOIN commissions_payee y ON y.id = s.payee_id
    LEFT JOIN brokers_agency a ON a.id = y.agency_id
    LEFT JOIN brokers_broker b ON b.id = y.broker_id
    LEFT JOIN accounts_user u ON u.id = b.user_id
    LEFT JOIN moves m ON m.payee_id = s.payee_id AND m.currency = s.currency
    WHERE s.moved OR s.pending <> 0 OR s.retained <> 0 OR s.payable <> 0
    ORDER BY named, s.payee_id, s.currency
)
INSERT INTO commissions_statement (id, number, closing_of_id, payee_id, payee_name, currency,
    opening_pending, opening_retained, opening_payable, earned, clawed_back, released, paid, tax,
    pending, retained, payable, state, issued_at)
SELECT {UUID7}, 'S-' || %(label)s || '-' || lpad(nextval('statement_number')::text, 6, '0'), %(closing)s, payee_id,
       left(named, 150), currency, pending_0, retained_0, payable_0,
       coalesce(earned, 0), coalesce(clawed_back, 0), coalesce(released, 0), coalesce(paid, 0), coalesce(tax, 0),
       pending, retained, payable, 'issued', %(now)s
FROM found
"""  # noqa: S608 - constants

_LINES = f"""
INSERT INTO commissions_statementline (id, statement_id, place, project_id, deal_id, referral_id, kind, nature, unit,
    contracted_on, price, earned, clawed_back, released, kept, paid, tax, explanation, before, cause)
SELECT {UUID7}, s.id,
       row_number() OVER (
           PARTITION BY s.id
           ORDER BY array_position(ARRAY['adjusted', 'taken_back', 'new', 'released', 'paid', 'other'], k.nature::text),
                    p.code, d.number, k.kind, k.id
       ),
       k.project_id, k.deal_id, k.referral_id, k.kind, k.nature, coalesce(n.building || '-' || n.number, ''),
       CASE WHEN d.contracted_at < %(ends)s THEN (d.contracted_at AT TIME ZONE p.timezone)::date END,
       coalesce((k.explanation ->> 'price')::numeric, d.price),
       k.earned, k.clawed_back, k.released, k.kept, k.paid, k.tax, k.explanation, k.before, k.cause
FROM statement_key k
JOIN commissions_statement s ON s.closing_of_id = %(closing)s AND s.payee_id = k.payee_id AND s.currency = k.currency
JOIN projects_project p ON p.id = k.project_id
LEFT JOIN leads_deal d ON d.id = k.deal_id
LEFT JOIN projects_unit n ON n.id = d.unit_id
"""  # noqa: S608 - constants


def issue_statements(closed: ClosedMonth) -> int:
    """Write the statements of a month that has just been closed, with their lines; return how many.

    A payee has one where the month moved something or something is unpaid at its end.
    Locks:  the caller has closed the month: nothing is posted in it any more.
    Writes: Statement, StatementLine.
    """
    values: dict[str, Any] = {
        "company": closed.company_id,
        "closing": closed.pk,
        "starts": closed.starts_at,
        "ends": closed.ends_at,
        "label": f"{closed.month:%Y%m}",
        "now": closed.closed_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        for statement in (_KEYS, _BEFORE, _NATURES):
            cursor.execute(statement, values)
        cursor.execute(_CHANGED)
        causes = _causes(cursor.fetchall(), values)
        cursor.execute(_CAUSES, [json.dumps([{"id": pk, "cause": cause} for pk, cause in causes.items()])])
        cursor.execute(_STATEMENTS, values)
        issued = int(cursor.rowcount)
        cursor.execute(_LINES, values)
    return issued


class _Periods:
    """Payees' live deals by plan and period, read when the first rise of a tier asks for them."""

    def __init__(self, payees: Iterable[UUID], plans: Iterable[UUID], ends: Any) -> None:
        self._deals: dict[tuple[Any, ...], list[Laid]] = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(_LAID, {"payees": list(payees), "plans": list(plans), "ends": ends})
            for payee, plan, broker, text, contracted_at, number, filed_at, on, is_agency, onsite in cursor.fetchall():
                said = _read(text)
                alone = _seen_whole(said.get("scope"), is_agency=is_agency, onsite=onsite)
                if contracted_at is None or not alone or "slices" not in said:
                    continue
                key = (payee, plan, said["period"], broker if said["scope"] == Scope.BROKER else None)
                self._deals[key].append(Laid(contracted_at, number, filed_at, length_of(said), on))

    def reached_by(self, payee: UUID, plan: UUID, broker: UUID | None, said: Mapping[str, Any], start: Fraction) -> Any:
        key = (payee, plan, said["period"], broker if said["scope"] == Scope.BROKER else None)
        deal = first_to_reach(self._deals.get(key, ()), start)
        if deal is None:
            return None
        reached = said["slices"][0]["from"]
        return {"reached": reached, "deal": deal.number, "on": deal.contracted_on.isoformat()}


def _seen_whole(scope: str | None, *, is_agency: bool, onsite: bool) -> bool:
    """Whether all deals that a scope counts are the payee's own: what is others' is not named to it."""
    return onsite if scope == Scope.PROJECT else is_agency or scope == Scope.BROKER


def _causes(changed: list[tuple[Any, ...]], values: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Return what rated earlier deals anew, by the staged line's id, where one deal of the payee's own did."""
    rows = [(*row[:6], _read(row[6]), _read(row[7]), row[8]) for row in changed]
    rerated = [row for row in rows if row[1] == "adjusted" and rates(row[6]) != rates(row[7]) and row[7].get("slices")]
    if not rerated:
        return {}
    cancelled = [row for row in rows if row[7].get("zero") == ZeroReason.CANCELLED]
    periods = _Periods({row[2] for row in rerated}, {row[4] for row in rerated}, values["ends"])
    causes: dict[int, dict[str, Any]] = {}
    for pk, _nature, payee, project, plan, broker, before, now, _number in rerated:
        start = reached_tier(before, now)
        if start is not None:
            cause = periods.reached_by(payee, plan, broker, now, start)
        else:
            cause = _cancellation([row for row in cancelled if row[2:5] == (payee, project, plan)], now)
        if cause is not None:
            causes[pk] = cause
    return causes


def _cancellation(cancelled: list[tuple[Any, ...]], now: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the latest cancellation of the period that a deal was rated down in."""
    found = [(row[7]["on"], row[8]) for row in cancelled if row[6].get("period", now["period"]) == now["period"]]
    on, number = max(found, default=(None, None))
    return None if on is None else {"cancelled": number, "on": on}


def _read(stored: Any) -> dict[str, Any]:
    found = json.loads(stored) if isinstance(stored, str) else stored
    return dict(found or {})
