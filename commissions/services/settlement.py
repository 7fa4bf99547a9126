"""Payable entries into payout lines, and paid lines into the ledger: set-based, one snapshot each."""

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from channels_platform.lib import clock
from channels_platform.lib.money import minor_digits
from commissions.contested import IS_CONTESTED
from commissions.holds import HOLDS
from commissions.models import Invoice, PayoutBatch, PayoutEntry, PayoutLine
from commissions.states import LineState

# The payable entries nobody took into a live line yet, up to the cut-off; what settles an advance comes first, whenever
# it was posted. Those a payout itself posted (`settles`) end others and are never taken; so what is not taken always
# adds up to a payee's balance less what live unpaid lines hold. What is contested waits.
UNSETTLED = f"""
SELECT e.id, e.payee_id, e.project_id, e.amount
FROM commissions_ledgerentry e
JOIN commissions_ledgertransaction t ON t.id = e.transaction_id
JOIN projects_project p ON p.id = e.project_id
WHERE e.account = 'payable' AND NOT e.settles
  AND p.company_id = %(company)s AND t.currency = %(currency)s
  AND (t.posted_at <= %(cutoff)s OR e.kind = 'advance_settled')
  AND NOT EXISTS (SELECT 1 FROM commissions_payoutentry i WHERE i.entry_id = e.id AND i.live)
  AND NOT ({IS_CONTESTED})
"""  # noqa: S608 - constants

# Of these, what is held waits until nothing holds it: what a payee has above zero in a project that a hold is on. The
# rest is free for the next payout.
UNSETTLED_OR_HELD = f"""
unsettled AS MATERIALIZED ({UNSETTLED}),
held AS MATERIALIZED (
    SELECT payee_id, project_id, sum(u.amount) AS amount
    FROM unsettled u JOIN ({HOLDS}) h USING (payee_id, project_id)
    GROUP BY 1, 2 HAVING sum(u.amount) > 0
),
free AS MATERIALIZED (
    SELECT u.* FROM unsettled u
    WHERE NOT EXISTS (SELECT 1 FROM held h WHERE h.payee_id = u.payee_id AND h.project_id = u.project_id)
)
"""  # noqa: S608 - constants

# UUID version 7, as lib.ids makes them
UUID7 = """
encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
    substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid
"""

_GATHER = f"""
WITH {UNSETTLED_OR_HELD},
due AS (
    SELECT payee_id, sum(amount) AS gross FROM free
    WHERE %(payees)s::uuid[] IS NULL OR payee_id = ANY(%(payees)s)
    GROUP BY payee_id
    HAVING sum(amount) > 0 AND sum(amount) >= %(minimum)s
),
lines AS (
    INSERT INTO commissions_payoutline (id, batch_id, payee_id, gross, tax, net, state, bank_reference, bank_answer)
    SELECT {UUID7}, %(batch)s, payee_id, gross, 0, gross, 'open', '', '' FROM due
    RETURNING id, payee_id
)
INSERT INTO commissions_payoutentry (line_id, entry_id, live)
SELECT l.id, u.id, true FROM free u JOIN lines l USING (payee_id)
"""  # noqa: S608 - constants

# What lines settle, by key: deal, referral and component. A line's tax is laid over its keys by rounding the running
# sum, so that the parts are exact and add up; exports show the parts that paying posts.
LINE_KEYS = """
keys AS MATERIALIZED (
    SELECT l.id AS line_id, l.payee_id, l.tax, l.gross, e.project_id, e.deal_id, e.referral_id, e.kind,
           (array_agg(e.version_id ORDER BY e.id DESC))[1] AS version_id, sum(e.amount) AS amount,
           max(e.id) AS last_entry_id
    FROM commissions_payoutline l
    JOIN commissions_payoutentry i ON i.line_id = l.id
    JOIN commissions_ledgerentry e ON e.id = i.entry_id
    WHERE l.id = ANY(%(lines)s)
    GROUP BY l.id, e.project_id, e.deal_id, e.referral_id, e.kind
    HAVING sum(e.amount) <> 0
),
laid AS (
    SELECT *, row_number() OVER line AS place,
           round(tax * sum(amount) OVER line / gross, %(digits)s) AS upto
    FROM keys
    WINDOW line AS (PARTITION BY line_id ORDER BY project_id, deal_id, referral_id, kind ROWS UNBOUNDED PRECEDING)
),
cut AS (
    SELECT *, upto - coalesce(lag(upto) OVER (PARTITION BY line_id ORDER BY place), 0) AS withheld FROM laid
)
"""

_PAY = f"""
WITH {LINE_KEYS},
postings AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('commissions_ledgertransaction', 'id')) AS id, line_id, project_id
    FROM (SELECT DISTINCT line_id, project_id FROM keys) found
),
transactions AS (
    INSERT INTO commissions_ledgertransaction (id, project_id, kind, currency, posted_at, line_id, actor_id)
    SELECT id, project_id, 'payout', %(currency)s, %(now)s, line_id, %(actor)s FROM postings
)
INSERT INTO commissions_ledgerentry (transaction_id, project_id, payee_id, account, amount, settles,
                                     deal_id, referral_id, kind, version_id, explanation)
SELECT p.id, c.project_id, c.payee_id, a.account, a.amount, a.account = 'payable',
       c.deal_id, c.referral_id, c.kind, c.version_id, %(explanation)s::jsonb
FROM cut c
JOIN postings p USING (line_id, project_id)
CROSS JOIN LATERAL (VALUES
    ('payable', -c.amount), ('paid', c.amount - c.withheld), ('tax', c.withheld)
) a (account, amount)
WHERE a.amount <> 0
"""  # noqa: S608 - constants

# A returned line's payment, taken back entry by entry; what it had settled is free for another line.
_RETURN = """
WITH posted AS MATERIALIZED (
    SELECT t.line_id, e.project_id, e.payee_id, e.account, e.amount, e.settles, e.deal_id, e.referral_id, e.kind,
           e.version_id
    FROM commissions_ledgertransaction t
    JOIN commissions_ledgerentry e ON e.transaction_id = t.id
    WHERE t.line_id = ANY(%(lines)s) AND t.kind = 'payout'
),
postings AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('commissions_ledgertransaction', 'id')) AS id, line_id, project_id
    FROM (SELECT DISTINCT line_id, project_id FROM posted) found
),
transactions AS (
    INSERT INTO commissions_ledgertransaction (id, project_id, kind, currency, posted_at, line_id, actor_id)
    SELECT id, project_id, 'returned', %(currency)s, %(now)s, line_id, %(actor)s FROM postings
)
INSERT INTO commissions_ledgerentry (transaction_id, project_id, payee_id, account, amount, settles,
                                     deal_id, referral_id, kind, version_id, explanation)
SELECT p.id, o.project_id, o.payee_id, o.account, -o.amount, o.settles,
       o.deal_id, o.referral_id, o.kind, o.version_id, %(explanation)s::jsonb
FROM posted o JOIN postings p USING (line_id, project_id)
"""


def gather_lines(batch: PayoutBatch, *, minimum: Decimal, payees: Sequence[UUID] | None = None) -> int:
    """Write the lines of a batch that is yet to be saved, with their entries; return how many entries.

    `payees`: only theirs.

    Locks:  the caller holds the company.
    Writes: PayoutLine, PayoutEntry; their batch is only looked for at the commit.
    """
    values: dict[str, Any] = {
        "company": batch.company_id,
        "currency": batch.currency,
        "cutoff": batch.cutoff_at,
        "batch": batch.pk,
        "minimum": minimum,
        "payees": None if payees is None else list(payees),
        "now": batch.prepared_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, values)
        return int(cursor.rowcount)


def post_payment(batch: PayoutBatch, line_ids: Sequence[UUID], *, actor: Any, now: datetime) -> None:
    """Move what paid lines hold from payable to paid and tax, deal by deal.

    Locks:  the caller holds the batch.
    Writes: LedgerTransaction, one per line and project; LedgerEntry.
    """
    values = {
        "lines": list(line_ids),
        "currency": batch.currency,
        "digits": minor_digits(batch.currency),
        "now": now,
        "actor": getattr(actor, "pk", None),
        "explanation": json.dumps({"payout": batch.number}),
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAY, values)


def post_return(batch: PayoutBatch, line_ids: Sequence[UUID], *, actor: Any, now: datetime) -> None:
    """Move what returned lines had been paid back to payable, deal by deal, the tax withheld with it.

    Locks:  the caller holds the batch.
    Writes: LedgerTransaction, one per line and project; LedgerEntry.
    """
    values = {
        "lines": list(line_ids),
        "currency": batch.currency,
        "now": now,
        "actor": getattr(actor, "pk", None),
        "explanation": json.dumps({"returned": batch.number}),
    }
    with connection.cursor() as cursor:
        cursor.execute(_RETURN, values)


def release_lines(batch: PayoutBatch, line_ids: Sequence[UUID], state: LineState, **more: Any) -> None:
    """Let go of lines' entries, for another batch to take; an invoice may be handed in again with that.

    `more`: what else of the lines is to be set.
    Locks:  the caller holds the batch.
    Writes: PayoutLine, PayoutEntry, Invoice.
    """
    lines = PayoutLine.objects.filter(batch=batch, pk__in=line_ids)
    lines.update(state=state, **more)
    PayoutEntry.objects.filter(line__in=lines, live=True).update(live=False)
    Invoice.objects.filter(line__in=lines, live=True).update(live=False)


def let_leave(batch: PayoutBatch, line_ids: Sequence[UUID]) -> None:
    """Let lines leave a batch that goes on without them: it counts them in no figure any more.

    Locks:  the caller holds the batch.
    Writes: PayoutLine, PayoutEntry, Invoice.
    """
    release_lines(batch, line_ids, LineState.VOID, left_at=clock.now())
