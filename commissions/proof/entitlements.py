"""Every balance recomputed from facts by the pure engine, and compared with the ledger and the commission lines."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import structlog
from django.db import connection, transaction

from commissions.deal_facts import deal_stream
from commissions.engine.calculate import Calculator
from commissions.engine.types import Entitlement
from commissions.plan_facts import approved_series
from commissions.proof.differences import Difference, Report
from leads.models import DealOutbox
from projects.models import Project

log = structlog.get_logger(__name__)

# Runs come every quarter of an hour: what has waited this long has not been waiting for one.
OVERDUE = timedelta(hours=2)
_CHUNK = 5_000
_NONE = "'00000000-0000-0000-0000-000000000000'::uuid"
_NULL = "\\N"

_STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS proof_target (
    deal_id uuid NOT NULL, payee_kind text NOT NULL, party_id uuid NOT NULL, referral_id uuid, kind text NOT NULL,
    version_id uuid NOT NULL, earned numeric NOT NULL, released numeric NOT NULL, retained numeric NOT NULL,
    pending numeric NOT NULL, explanation jsonb NOT NULL
) ON COMMIT DELETE ROWS;
TRUNCATE proof_target
"""

_TARGET = f"""
target AS MATERIALIZED (
    SELECT t.deal_id, coalesce(a.id, b.id, {_NONE}) AS payee_id, coalesce(t.referral_id, {_NONE}) AS referral_id,
           t.kind, t.version_id, t.earned, t.pending, t.retained, t.released - t.retained AS payable, t.explanation
    FROM proof_target t
    LEFT JOIN commissions_payee a ON t.payee_kind = 'agency' AND a.agency_id = t.party_id
    LEFT JOIN commissions_payee b ON t.payee_kind = 'broker' AND b.broker_id = t.party_id
)
"""  # noqa: S608 - constants

# What was paid or withheld was payable before.
_HELD = f"""
held AS MATERIALIZED (
    SELECT deal_id, payee_id, coalesce(referral_id, {_NONE}) AS referral_id, kind,
           -coalesce(sum(amount) FILTER (WHERE account = 'expense'), 0) AS earned,
           coalesce(sum(amount) FILTER (WHERE account = 'pending'), 0) AS pending,
           coalesce(sum(amount) FILTER (WHERE account = 'retained'), 0) AS retained,
           coalesce(sum(amount) FILTER (WHERE account IN ('payable', 'paid', 'tax')), 0) AS payable
    FROM commissions_ledgerentry WHERE project_id = %(project)s AND deal_id IS NOT NULL
    GROUP BY 1, 2, 3, 4
)
"""  # noqa: S608 - constants

_LINES = f"""
line AS MATERIALIZED (
    SELECT deal_id, payee_id, coalesce(referral_id, {_NONE}) AS referral_id, kind, version_id, explanation,
           earned, pending, retained, released - retained AS payable
    FROM commissions_accrual WHERE project_id = %(project)s
)
"""  # noqa: S608 - constants


def _compared(one: str, other: str) -> str:
    """Compare two tables of figures by key; what a difference names is the deal."""
    return f"""
    SELECT %(project)s::uuid, 'deal', coalesce(d.number, x.deal_id::text) || ' ' || x.kind, nullif(x.payee_id, {_NONE}),
           concat_ws(' / ', x.e1, x.e2, x.e3, x.e4), concat_ws(' / ', x.f1, x.f2, x.f3, x.f4)
    FROM (
        SELECT deal_id, payee_id, referral_id, kind, e1, e2, e3, e4, f1, f2, f3, f4
        FROM (SELECT deal_id, payee_id, referral_id, kind, {_named(one, "e")} FROM {one}) p
        FULL JOIN (SELECT deal_id, payee_id, referral_id, kind, {_named(other, "f")} FROM {other}) q
             USING (deal_id, payee_id, referral_id, kind)
        WHERE (coalesce(e1, 0), coalesce(e2, 0), coalesce(e3, 0), coalesce(e4, 0))
           <> (coalesce(f1, 0), coalesce(f2, 0), coalesce(f3, 0), coalesce(f4, 0))
    ) x
    LEFT JOIN leads_deal d ON d.id = x.deal_id
    ORDER BY 3
    """  # noqa: S608 - constants


def _named(table: str, letter: str) -> str:
    figures = ("earned", "pending", "retained", "payable")
    return ", ".join(f"{table}.{name} AS {letter}{place}" for place, name in enumerate(figures, 1))


_AGAINST_FACTS = f"WITH {_TARGET}, {_HELD} {_compared('target', 'held')}"
_AGAINST_LINES = f"WITH {_LINES}, {_HELD} {_compared('line', 'held')}"

# The line of each entitlement: there, of its plan version, explained as the engine explains it.
_EXPLAINED = f"""
WITH {_TARGET}, {_LINES}
SELECT %(project)s::uuid, 'deal', coalesce(d.number, t.deal_id::text) || ' ' || t.kind, nullif(t.payee_id, {_NONE}),
       'plan version ' || t.version_id,
       CASE WHEN l.deal_id IS NULL THEN '-' WHEN l.version_id <> t.version_id THEN 'plan version ' || l.version_id
            ELSE 'another explanation' END
FROM target t
LEFT JOIN line l USING (deal_id, payee_id, referral_id, kind)
LEFT JOIN leads_deal d ON d.id = t.deal_id
WHERE l.deal_id IS NULL OR (l.version_id, l.explanation) IS DISTINCT FROM (t.version_id, t.explanation)
ORDER BY 3
"""  # noqa: S608 - constants


def check_entitlements(report: Report, *, now: datetime) -> None:
    """Recompute every project and compare, project by project; memory does not grow with deals.

    Where a run is due, what differs from the facts waits for it (`counts["run_due"]`); lines and ledger, which runs
    move together, agree at any time.
    """
    for project in Project.objects.order_by("code"):
        report.count("projects")
        values = {"project": project.pk}
        report.sql("line", _AGAINST_LINES, values)
        due = list(DealOutbox.objects.filter(project=project).values_list("what", "written_at"))
        overdue = [written_at for what, written_at in due if what != "later" and written_at < now - OVERDUE]
        if overdue:
            words = {"expected": "a run", "found": f"waiting since {min(overdue):%Y-%m-%d %H:%M} UTC"}
            report.add([Difference("run_overdue", "project", project.code, project=str(project.pk), **words)])
        if not _stage(report, project, now):
            continue
        if due:
            report.count("run_due")
            continue
        report.sql("entitlement", _AGAINST_FACTS, values)
        report.sql("explanation", _EXPLAINED, values)


def _stage(report: Report, project: Project, now: datetime) -> bool:
    """Stage what the project's facts entitle to; say whether the engine could tell."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_STAGE)
            waiting: list[str] = []
            for entitlement in _entitlements(report, project, now):
                waiting.append(_row(entitlement))
                if len(waiting) >= _CHUNK:
                    _copy(cursor, waiting)
            _copy(cursor, waiting)
    except Exception as error:
        log.exception("proof_failed", project_id=str(project.pk))
        found = type(error).__name__
        report.add([Difference("computable", "project", project.code, "", found, project=str(project.pk))])
        return False
    return True


def _entitlements(report: Report, project: Project, now: datetime) -> Iterator[Entitlement]:
    series = approved_series(project)
    calculator = Calculator(series, zone=project.zone, currency=project.currency, as_of=now)
    adds_up = series if calculator.needs_totals else ()
    with deal_stream(project, as_of=now, adds_up=adds_up) as stream:
        for lump in stream.lumps:
            calculator.observe(lump)
        for deal in stream:
            report.count("deals")
            for entitlement in calculator.entitle(deal):
                report.count("entitlements")
                yield entitlement


def _row(row: Entitlement) -> str:
    kind, party = row.payee
    cells: list[Any] = [row.deal_id, kind, party, row.referral_id or _NULL, _escaped(row.kind), row.version_id]
    cells += [row.earned, row.released, row.retained, row.pending]
    return "\t".join(map(str, cells)) + "\t" + json.dumps(row.explanation).replace("\\", "\\\\") + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _copy(cursor: Any, waiting: list[str]) -> None:
    cursor.copy_expert("COPY proof_target FROM STDIN", StringIO("".join(waiting)))
    waiting.clear()
