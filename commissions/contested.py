"""What a contested line of a statement keeps from being paid, until finance has answered it.

All that is unpaid of the line's deal, referral and component waits, whenever it was posted, and also what would be
netted: figures of one thing are paid or netted together. Where that is a debt, what was repaid or written off of it
waits with it: alone it would be paid out. The ledger does not move.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from commissions.models import Payee
from projects.models import PayingCompany

_REPAID = "('repayment', 'write_off')"

# Whether a ledger entry `e` is of a line that is contested. A repayment itself never waits: its debt would be netted.
_OF_ITS_LINE = f"""
EXISTS (SELECT 1 FROM commissions_objection o
        JOIN commissions_statementline sl ON sl.id = o.line_id
        JOIN commissions_statement st ON st.id = sl.statement_id
        WHERE o.state = 'open' AND st.payee_id = e.payee_id AND sl.project_id = e.project_id AND sl.kind = e.kind
          AND sl.deal_id IS NOT DISTINCT FROM e.deal_id AND sl.referral_id IS NOT DISTINCT FROM e.referral_id
          AND sl.kind NOT IN {_REPAID})
"""  # noqa: S608 - constants

# Whether it is of a payee who contests something.
_OF_ITS_PAYEE = """
e.payee_id IN (SELECT st.payee_id FROM commissions_objection o
               JOIN commissions_statementline sl ON sl.id = o.line_id
               JOIN commissions_statement st ON st.id = sl.statement_id WHERE o.state = 'open')
"""

# What was repaid or written off is of what the payee owed back then of all that is not contested, first: of debts less
# what was payable, as a repayment is of no more than both together. Where more was repaid than that, it was of the
# contested debt: it waits from the repayment on at which that was the most, and what was owed back then waits with it.
# What was repaid before there was such a debt is none of it. A debt in a draft, which it has to leave, is one.
_WAITS_ALONG = f"""
e.id IN (
    SELECT id FROM (
        SELECT *, bool_or(contested AND owed < 0 AND owed_then < 0) OVER place AS owes_contested
        FROM (
            SELECT *, sum(amount) OVER component AS owed,
                   sum(amount) FILTER (WHERE id < upto) OVER component AS owed_then,
                   sum(amount) FILTER (WHERE id < upto AND NOT contested AND NOT repaid) OVER place AS others
            FROM (
                SELECT *, first_value(CASE WHEN beyond > 0 THEN id END) OVER (
                           PARTITION BY payee_id, project_id ORDER BY beyond DESC NULLS LAST, id DESC) AS upto
                FROM (
                    SELECT *, CASE WHEN repaid THEN sum(amount) FILTER (WHERE repaid) OVER by_then - greatest(
                               -coalesce(sum(amount) FILTER (WHERE NOT repaid AND NOT contested) OVER by_then, 0), 0)
                           END AS beyond
                    FROM (
                        SELECT *, kind IN {_REPAID} AND id > min(id) FILTER (WHERE contested AND amount < 0)
                                   OVER (PARTITION BY payee_id, project_id) AS repaid
                        FROM (
                            SELECT e.*, {_OF_ITS_LINE} AS contested
                            FROM commissions_ledgerentry e
                            WHERE e.account = 'payable' AND NOT e.settles AND {_OF_ITS_PAYEE} AND NOT EXISTS (
                                SELECT 1 FROM commissions_payoutentry i
                                JOIN commissions_payoutline l ON l.id = i.line_id
                                JOIN commissions_payoutbatch b ON b.id = l.batch_id
                                WHERE i.entry_id = e.id AND i.live
                                  AND NOT (b.state IN ('draft', 'submitted') AND l.state = 'open' AND {_OF_ITS_LINE})
                            )
                        ) unpaid
                    ) dated
                    WINDOW by_then AS (PARTITION BY payee_id, project_id ORDER BY id)
                ) running
            ) bound
            WINDOW place AS (PARTITION BY payee_id, project_id),
                   component AS (PARTITION BY payee_id, project_id, kind, deal_id, referral_id)
        ) owing
        WINDOW place AS (PARTITION BY payee_id, project_id)
    ) placed
    WHERE owes_contested AND id <= upto AND (repaid OR others < 0)
)
"""  # noqa: S608 - constants

# Whether a ledger entry `e` is of something contested.
IS_CONTESTED = f"({_OF_ITS_LINE} OR {_WAITS_ALONG})"

_LINES = f"""
SELECT DISTINCT l.id FROM commissions_payoutline l
JOIN commissions_payoutbatch b ON b.id = l.batch_id AND b.state IN ('draft', 'submitted')
JOIN commissions_payoutentry i ON i.line_id = l.id AND i.live
JOIN commissions_ledgerentry e ON e.id = i.entry_id
WHERE l.id = ANY(%(lines)s) AND l.state = 'open' AND {_OF_ITS_LINE}
"""  # noqa: S608 - constants

_WAITING = f"""
SELECT e.payee_id, sum(e.amount) FROM commissions_ledgerentry e
JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
JOIN projects_project p ON p.id = e.project_id
WHERE e.account = 'payable' AND NOT e.settles
  AND p.company_id = %(company)s AND t.currency = %(currency)s
  AND (t.posted_at <= %(cutoff)s OR e.kind = 'advance_settled')
  AND {_OF_ITS_PAYEE}
  AND NOT EXISTS (SELECT 1 FROM commissions_payoutentry i WHERE i.entry_id = e.id AND i.live)
  AND ({IS_CONTESTED})
GROUP BY 1 HAVING sum(e.amount) <> 0
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Contested:
    """Why a payout line waits: something in it is contested."""

    def __str__(self) -> str:
        return _("Contested: a line of a statement in it waits for finance's answer.")


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a draft leaves of a payee because it is contested; below 0 where it would be netted."""

    payee: Payee
    gross: Decimal


def contested_lines(line_ids: Iterable[UUID]) -> dict[UUID, Contested]:
    """Return which of these payout lines are open, not approved yet, and contain something contested."""
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"lines": list(line_ids)})
        return {row[0]: Contested() for row in cursor.fetchall()}


def contested_at(*, company: PayingCompany, currency: str, cutoff_at: datetime) -> list[Waiting]:
    """Return what a draft at the cut-off would leave, being contested; the most first."""
    values: dict[str, Any] = {"company": company.pk, "currency": currency, "cutoff": cutoff_at}
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, values)
        rows = cursor.fetchall()
    payees = Payee.objects.select_related("agency", "broker__user", "broker__agency").in_bulk([row[0] for row in rows])
    found = [Waiting(payees[payee_id], gross) for payee_id, gross in rows]
    return sorted(found, key=lambda one: (-one.gross, str(one.payee)))
