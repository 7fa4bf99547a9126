"""The tidying of what is past its end: lapsed and expired referrals get their state written down.

No rule waits for it: whoever looks judges by the clock. It works in batches of rows nobody else
holds, each batch one statement and one transaction, so two sweeps share the work and a killed one
leaves whole batches.
"""

from django.db import connection, transaction

from channels_platform.lib import clock

BATCH = 5_000

_SWEEP = """
WITH due AS MATERIALIZED (
    SELECT id, state AS before,
        CASE
            WHEN state = 'filed' AND lapse_at <= %(now)s
                AND NOT (COALESCE(window_ends_at <= %(now)s, FALSE) AND window_ends_at < lapse_at)
            THEN 'lapsed' ELSE 'expired'
        END AS after
    FROM leads_referral
    WHERE {due}
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE leads_referral AS referral SET state = due.after FROM due WHERE referral.id = due.id
    RETURNING referral.id, referral.number, referral.project_id, referral.agency_id, due.before, due.after
), closed AS (
    UPDATE leads_claim AS claim
    SET live = FALSE,
        released_at = CASE
            WHEN claim.lapses_at <= %(now)s AND claim.lapses_at < claim.ends_at
            THEN GREATEST(claim.lapses_at, claim.starts_at) ELSE claim.released_at
        END
    FROM moved
    WHERE claim.referral_id = moved.id AND claim.live
        AND (claim.ends_at <= %(now)s OR claim.lapses_at <= %(now)s)
), events AS (
    INSERT INTO audit_event
        (at, action, target_kind, target_id, target_label, project_id, agency_id, before, after, reason, request_id)
    SELECT %(now)s, 'referral.' || after, 'leads.referral', id::text, number, project_id, agency_id,
        jsonb_build_object('state', before), jsonb_build_object('state', after), '', ''
    FROM moved
)
SELECT count(*) FILTER (WHERE after = 'lapsed'), count(*) FILTER (WHERE after = 'expired') FROM moved
"""
_LAPSE_DUE = "state = 'filed' AND lapse_at <= %(now)s"
_EXPIRY_DUE = "state IN ('filed', 'visited') AND window_ends_at <= %(now)s"


def sweep_expiries(*, batch: int = BATCH) -> dict[str, int]:
    """Write down every lapse and expiry that is due; return `{"lapsed", "expired"}`.

    Locks:  due referrals, skipping those that others hold.
    Writes: Referral, Claim, audit events.
    Source: domain 4.1, 7.
    """
    counts = {"lapsed": 0, "expired": 0}
    for due in (_LAPSE_DUE, _EXPIRY_DUE):
        while True:
            lapsed, expired = _sweep_batch(due, batch)
            counts["lapsed"] += lapsed
            counts["expired"] += expired
            if lapsed + expired < batch:
                break
    return counts


def _sweep_batch(due: str, batch: int) -> tuple[int, int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SWEEP.format(due=due), {"now": clock.now(), "batch": batch})
        lapsed, expired = cursor.fetchone()
        return lapsed, expired
