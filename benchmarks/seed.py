"""Rows by the million, straight into the tables: what a long-used database holds."""

from typing import Any

# Time-ordered ids like the product's own (UUIDv7), made by the server.
UUID7 = "(lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid"

_PHONES = """
INSERT INTO privacy_phone (digest, ciphertext, masked, last4)
SELECT sha256(('seed' || n)::bytea), %(token)s, '138****' || lpad((n %% 10000)::text, 4, '0'), lpad((n %% 10000)::text, 4, '0')
FROM generate_series(%(first)s, %(last)s) AS n
"""
_REFERRALS = """
INSERT INTO leads_referral (
    id, number, project_id, policy_id, agency_id, broker_id, client_name, client_masked, note, state, reason,
    state_before_won, filed_at, filed_on, lapse_at, window_starts_at, window_ends_at, first_visited_at
)
SELECT {uuid}, 'S-' || lpad(n::text, 9, '0'), %(project)s, %(policy)s,
    (%(agencies)s::uuid[])[1 + n %% array_length(%(agencies)s::uuid[], 1)],
    (%(brokers)s::uuid[])[1 + n %% array_length(%(brokers)s::uuid[], 1)],
    %(token)s, '张**', ''::bytea, %(state)s, '', '', at, at::date, at + interval '72 hours',
    NULL, NULL, NULL
FROM (
    SELECT n, %(until)s::timestamptz - (%(last)s - n) * interval '15 seconds' AS at
    FROM generate_series(%(first)s, %(last)s) AS n
) AS filed
"""
_REFERRAL_PHONES = """
INSERT INTO leads_referralphone (referral_id, phone_id, masked, position, added_at)
SELECT referral.id, phone.id, phone.masked, 0, referral.filed_at
FROM (SELECT id, filed_at, row_number() OVER (ORDER BY number) AS n FROM leads_referral WHERE number LIKE 'S-%%' AND number >= %(from)s) AS referral
JOIN (SELECT id, masked, row_number() OVER (ORDER BY id) AS n FROM privacy_phone WHERE id > %(after)s) AS phone USING (n)
"""
_EVENTS = """
INSERT INTO audit_event (at, action, target_kind, target_id, target_label, project_id, agency_id, before, after, reason, request_id)
SELECT filed_at, 'referral.filed', 'leads.referral', id::text, number, project_id, agency_id, '{}', '{"state": "filed"}', '', ''
FROM leads_referral WHERE number LIKE 'S-%%' AND number >= %(from)s
"""


def seed_referrals(cursor: Any, *, facts: dict[str, Any], first: int, last: int, state: str, until: Any) -> None:
    """Insert referrals number `first`..`last`, each with its phone and its event."""
    cursor.execute("SELECT COALESCE(max(id), 0) FROM privacy_phone")
    after = cursor.fetchone()[0]
    span = facts | {
        "first": first,
        "last": last,
        "state": state,
        "until": until,
        "after": after,
        "from": f"S-{first:09d}",
    }
    cursor.execute(_PHONES, span)
    cursor.execute(_REFERRALS.format(uuid=UUID7.format(at="at")), span)
    cursor.execute(_REFERRAL_PHONES, span)
    cursor.execute(_EVENTS, span)


def analyse(cursor: Any) -> None:
    cursor.execute("VACUUM ANALYZE")
