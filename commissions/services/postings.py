"""Writing a run down: targets are staged, compared in the database with what the ledger holds, the difference posted.

All of it is set-based: a run over 100,000 deals sends its targets by COPY and then a handful of statements.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import StringIO
from typing import Any

from django.db import connection

from commissions import locks
from commissions.engine.types import Entitlement, ZeroReason
from commissions.models import CommissionRun
from commissions.services.payees import PayeeBook
from projects.models import Project

_CHUNK = 5_000
# as good as NULL for comparing: what belongs to no referral is an on-site agency's
_NONE = "'00000000-0000-0000-0000-000000000000'::uuid"

_STAGES = """
CREATE TEMPORARY TABLE IF NOT EXISTS commission_target (
    deal_id uuid NOT NULL, payee_id uuid NOT NULL, referral_id uuid, kind varchar(80) NOT NULL,
    version_id uuid NOT NULL, earned numeric NOT NULL, released numeric NOT NULL, retained numeric NOT NULL,
    pending numeric NOT NULL, explanation jsonb NOT NULL
) ON COMMIT DELETE ROWS;
CREATE INDEX IF NOT EXISTS commission_target_deal ON commission_target (deal_id);
CREATE TEMPORARY TABLE IF NOT EXISTS commission_move (
    deal_id uuid NOT NULL, payee_id uuid NOT NULL, referral_id uuid, kind varchar(80) NOT NULL,
    version_id uuid, pending numeric NOT NULL, retained numeric NOT NULL, payable numeric NOT NULL, explanation jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS commission_posting (
    transaction_id bigint NOT NULL, deal_id uuid NOT NULL, payee_id uuid NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS commission_gone (id bigint NOT NULL) ON COMMIT DELETE ROWS;
TRUNCATE commission_target, commission_move, commission_posting, commission_gone
"""

_COPY = "COPY commission_target FROM STDIN"

# What the ledger holds is the sum of its entries; what was paid or withheld was payable before, so the three are one.
_MOVES = f"""
INSERT INTO commission_move
SELECT deal_id, payee_id, nullif(referral, {_NONE}), kind, t.version_id,
       coalesce(t.pending, 0) - coalesce(h.pending, 0) AS pending,
       coalesce(t.retained, 0) - coalesce(h.retained, 0) AS retained,
       coalesce(t.released - t.retained, 0) - coalesce(h.payable, 0) AS payable,
       t.explanation
FROM (
    SELECT deal_id, payee_id, coalesce(referral_id, {_NONE}) AS referral, kind,
           coalesce(sum(amount) FILTER (WHERE account = 'pending'), 0) AS pending,
           coalesce(sum(amount) FILTER (WHERE account = 'retained'), 0) AS retained,
           coalesce(sum(amount) FILTER (WHERE account IN ('payable', 'paid', 'tax')), 0) AS payable
    FROM commissions_ledgerentry
    WHERE project_id = %(project)s AND deal_id IS NOT NULL
    GROUP BY 1, 2, 3, 4
) h
FULL JOIN (SELECT *, coalesce(referral_id, {_NONE}) AS referral FROM commission_target) t
     USING (deal_id, payee_id, referral, kind)
WHERE coalesce(t.pending, 0) <> coalesce(h.pending, 0)
   OR coalesce(t.retained, 0) <> coalesce(h.retained, 0)
   OR coalesce(t.released - t.retained, 0) <> coalesce(h.payable, 0)
"""  # noqa: S608 - a constant

# A row the facts no longer give: its last plan version, from the line that is kept for it.
_GONE = f"""
UPDATE commission_move m SET version_id = a.version_id, explanation = %(gone)s::jsonb
FROM commissions_accrual a
WHERE m.explanation IS NULL AND a.deal_id = m.deal_id AND a.payee_id = m.payee_id AND a.kind = m.kind
  AND coalesce(a.referral_id, {_NONE}) = coalesce(m.referral_id, {_NONE})
"""  # noqa: S608 - a constant

_POSTINGS = """
INSERT INTO commission_posting
SELECT nextval(pg_get_serial_sequence('commissions_ledgertransaction', 'id')), deal_id, payee_id
FROM (SELECT DISTINCT deal_id, payee_id FROM commission_move) moved
"""

# Of temporary tables the planner knows nothing by itself; for a few rows that does not matter.
_MANY = 10_000
_ANALYSE = "ANALYZE commission_move (deal_id, payee_id), commission_posting (deal_id, payee_id)"

_TRANSACTIONS = """
INSERT INTO commissions_ledgertransaction (id, project_id, kind, currency, posted_at, run_id)
SELECT transaction_id, %(project)s, 'accrual', %(currency)s, %(posted_at)s, %(run)s FROM commission_posting
"""

_ENTRIES = """
INSERT INTO commissions_ledgerentry (transaction_id, project_id, payee_id, account, amount, settles,
                                     deal_id, referral_id, kind, version_id, explanation)
SELECT p.transaction_id, %(project)s, m.payee_id, a.account, a.amount, false,
       m.deal_id, m.referral_id, m.kind, m.version_id, coalesce(m.explanation, %(gone)s::jsonb)
FROM commission_move m
JOIN commission_posting p USING (deal_id, payee_id)
CROSS JOIN LATERAL (VALUES
    ('expense', -(m.pending + m.retained + m.payable)),
    ('pending', m.pending), ('retained', m.retained), ('payable', m.payable)
) a (account, amount)
WHERE a.amount <> 0
"""

_SAME_KEY = f"""
a.deal_id = t.deal_id AND a.payee_id = t.payee_id AND a.kind = t.kind
AND coalesce(a.referral_id, {_NONE}) = coalesce(t.referral_id, {_NONE})
"""

_CHANGED_LINES = f"""
UPDATE commissions_accrual a
SET version_id = t.version_id, earned = t.earned, released = t.released, retained = t.retained, pending = t.pending,
    explanation = t.explanation, run_id = %(run)s
FROM commission_target t
WHERE a.project_id = %(project)s AND {_SAME_KEY}
  AND (a.version_id, a.earned, a.released, a.retained, a.pending, a.explanation)
      IS DISTINCT FROM (t.version_id, t.earned, t.released, t.retained, t.pending, t.explanation)
"""  # noqa: S608 - a constant

_NEW_LINES = f"""
INSERT INTO commissions_accrual (project_id, deal_id, payee_id, referral_id, kind, version_id,
                                 earned, released, retained, pending, explanation, run_id)
SELECT %(project)s, t.deal_id, t.payee_id, t.referral_id, t.kind, t.version_id,
       t.earned, t.released, t.retained, t.pending, t.explanation, %(run)s
FROM commission_target t
LEFT JOIN commissions_accrual a ON a.project_id = %(project)s AND {_SAME_KEY}
WHERE a.id IS NULL
"""  # noqa: S608 - a constant

# EXCEPT compares by hashing, whatever the planner believes of tables that have just grown.
_GONE_LINES = f"""
INSERT INTO commission_gone
SELECT a.id FROM (
    SELECT deal_id, payee_id, coalesce(referral_id, {_NONE}) AS referral, kind
    FROM commissions_accrual WHERE project_id = %(project)s
    EXCEPT SELECT deal_id, payee_id, coalesce(referral_id, {_NONE}), kind FROM commission_target
) g
JOIN commissions_accrual a ON a.deal_id = g.deal_id AND a.payee_id = g.payee_id AND a.kind = g.kind
     AND coalesce(a.referral_id, {_NONE}) = g.referral
"""  # noqa: S608 - a constant

_IN_LEDGER = f"""
EXISTS (SELECT 1 FROM commissions_ledgerentry e
        WHERE e.project_id = a.project_id AND e.deal_id = a.deal_id AND e.payee_id = a.payee_id
          AND e.kind = a.kind AND coalesce(e.referral_id, {_NONE}) = coalesce(a.referral_id, {_NONE}))
"""  # noqa: S608 - a constant

# What was posted once is kept at 0, so that it can be explained; what never was is as if it had not been.
_EMPTIED_LINES = f"""
UPDATE commissions_accrual a
SET earned = 0, released = 0, retained = 0, pending = 0, explanation = %(gone)s::jsonb, run_id = %(run)s
FROM commission_gone g
WHERE a.id = g.id AND a.explanation <> %(gone)s::jsonb AND {_IN_LEDGER}
"""  # noqa: S608 - a constant
_FORGOTTEN_LINES = f"""
DELETE FROM commissions_accrual a USING commission_gone g WHERE a.id = g.id AND NOT {_IN_LEDGER}
"""  # noqa: S608 - a constant

_GONE_EXPLANATION = json.dumps({"zero": ZeroReason.NO_LONGER_DUE.value})


_NULL = "\\N"


@lru_cache(maxsize=256)
def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


class Posting:
    """One run's writing. `targets` first, then `apply`, in one transaction under the project's run lock."""

    def __init__(self, *, run: CommissionRun, project: Project) -> None:
        self.project = project
        self.values: dict[str, Any] = {
            "project": project.pk,
            "currency": project.currency,
            "run": run.pk,
            "posted_at": run.started_at,
            "gone": _GONE_EXPLANATION,
        }
        self._payees = PayeeBook()
        self._waiting: list[Entitlement] = []

    @contextmanager
    def targets(self) -> Iterator[Callable[[Entitlement], None]]:
        """Take entitlements one by one and stage them in chunks."""
        self._execute(_STAGES)
        yield self._add
        self._flush()

    def apply(self) -> int:
        """Post the differences and rewrite the lines; return how many lines moved money.

        Writes: LedgerTransaction, LedgerEntry, Accrual.
        """
        moved = self._execute(_MOVES)
        if moved:
            self._execute(_GONE)
            locks.join_posting()
            self._execute(_POSTINGS)
            if moved >= _MANY:
                self._execute(_ANALYSE)
            self._execute(_TRANSACTIONS)
            self._execute(_ENTRIES)
        for statement in (_CHANGED_LINES, _NEW_LINES):
            self._execute(statement)
        if self._execute(_GONE_LINES):
            self._execute(_EMPTIED_LINES)
            self._execute(_FORGOTTEN_LINES)
        return moved

    def _add(self, entitlement: Entitlement) -> None:
        self._waiting.append(entitlement)
        if len(self._waiting) >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        self._payees.ensure(row.payee for row in self._waiting)
        text = "".join(map(self._line, self._waiting))
        self._waiting.clear()
        with connection.cursor() as cursor:
            cursor.copy_expert(_COPY, StringIO(text))

    def _line(self, row: Entitlement) -> str:
        """One row as COPY reads it; what people typed is in kinds, and in JSON, which escapes all but the backslash."""
        explanation = json.dumps(row.explanation).replace("\\", "\\\\")
        return (
            f"{row.deal_id}\t{self._payees[row.payee]}\t{row.referral_id or _NULL}\t{_escaped(row.kind)}\t"
            f"{row.version_id}\t{row.earned!s}\t{row.released!s}\t{row.retained!s}\t{row.pending!s}\t{explanation}\n"
        )

    def _execute(self, statement: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, self.values)
            return max(int(cursor.rowcount), 0)
