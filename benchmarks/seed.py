"""Rows by the million, straight into the tables: what a long-used database holds."""

from datetime import timedelta
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
    %(token)s, '张**', ''::bytea, state, CASE state WHEN 'rejected' THEN 'protected' ELSE '' END, '', at, at::date,
    CASE WHEN state <> 'rejected' THEN at + CASE WHEN plain THEN interval '72 hours' ELSE interval '5 days' END END,
    CASE WHEN NOT plain AND state <> 'rejected' THEN at END,
    CASE WHEN NOT plain AND state <> 'rejected' THEN at + interval '30 days' END,
    CASE WHEN state IN ('visited', 'won', 'lost', 'expired') THEN at + interval '3 hours' END
FROM (
    SELECT n, at, %(state)s <> 'lived' AS plain, CASE
        WHEN %(state)s <> 'lived' THEN %(state)s
        WHEN draw < 10 THEN 'rejected'
        WHEN at > %(until)s - interval '72 hours' THEN
            CASE WHEN draw < 70 THEN 'filed' WHEN draw < 95 THEN 'visited' ELSE 'withdrawn' END
        WHEN at > %(until)s - interval '27 days' THEN
            CASE WHEN draw < 35 THEN 'visited' WHEN draw < 38 THEN 'won'
                WHEN draw < 43 THEN 'lost' ELSE 'lapsed' END
        ELSE
            CASE WHEN draw < 13 THEN 'won' WHEN draw < 20 THEN 'lost'
                WHEN draw < 45 THEN 'expired' WHEN draw < 47 THEN 'withdrawn' ELSE 'lapsed' END
    END AS state
    FROM (
        SELECT n, n::bigint * 7919 %% 10007 %% 100 AS draw, %(until)s::timestamptz - (%(last)s - n) * %(every)s::interval AS at
        FROM generate_series(%(first)s, %(last)s) AS n
    ) AS spread
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
# One in twenty also names a phone that another filing has: a spouse, a second number.
_SECOND_PHONES = """
INSERT INTO leads_referralphone (referral_id, phone_id, masked, position, added_at)
SELECT referral_id, other_phone, other_masked, 1, added_at
FROM (
    SELECT referral_id, added_at, row_number() OVER (ORDER BY phone_id) AS n,
        lead(phone_id) OVER (ORDER BY phone_id) AS other_phone, lead(masked) OVER (ORDER BY phone_id) AS other_masked
    FROM leads_referralphone WHERE phone_id > %(after)s
) AS beside
WHERE n %% 20 = 0 AND other_phone IS NOT NULL
"""
_CLAIMS = """
INSERT INTO leads_claim (id, referral_id, project_id, phone_id, starts_at, ends_at, lapses_at, released_at, live)
SELECT {uuid}, r.id, r.project_id, p.phone_id, r.filed_at, r.window_ends_at,
    CASE WHEN r.state IN ('filed', 'lapsed') THEN r.lapse_at END, NULL, r.state IN ('filed', 'visited', 'won')
FROM leads_referral AS r JOIN leads_referralphone AS p ON p.referral_id = r.id
WHERE r.number LIKE 'S-%%' AND r.number >= %(from)s AND r.state <> 'rejected'
"""
_VISITS = """
INSERT INTO leads_visit (
    id, referral_id, project_id, arrived_at, local_on, confirmed, reason, override_reason, assigned_because, assigned_facts
)
SELECT {uuid}, id, project_id, first_visited_at, first_visited_at::date, TRUE, '', '', '', '{{}}'
FROM leads_referral WHERE number LIKE 'S-%%' AND number >= %(from)s AND first_visited_at IS NOT NULL
"""
_DEALS = """
INSERT INTO leads_deal (
    id, number, project_id, price, method, first_payment_amount, state, subscribed_at, contracted_at, cancel_reason, facts
)
SELECT {uuid}, replace(number, 'S-', 'D-'), project_id, 1000000, 'lump_sum', 100000, 'contracted',
    filed_at + interval '1 day', filed_at + interval '2 days', '', 2
FROM leads_referral WHERE number LIKE 'S-%%' AND number >= %(from)s AND state = 'won'
"""
_BUYERS = """
INSERT INTO leads_dealbuyer (deal_id, phone_id, name, name_masked, position)
SELECT d.id, p.phone_id, %(token)s, '张**', 0
FROM leads_referral AS r JOIN leads_referralphone AS p ON p.referral_id = r.id
JOIN leads_deal AS d ON d.number = replace(r.number, 'S-', 'D-')
WHERE r.number LIKE 'S-%%' AND r.number >= %(from)s AND r.state = 'won'
"""
_SHARES = """
INSERT INTO leads_dealshare (deal_id, referral_id, numerator, denominator, since)
SELECT d.id, r.id, 1, 1, d.subscribed_at
FROM leads_referral AS r JOIN leads_deal AS d ON d.number = replace(r.number, 'S-', 'D-')
WHERE r.number LIKE 'S-%%' AND r.number >= %(from)s AND r.state = 'won'
"""
# A lived-in table reaches back so far, however many rows it has.
LIVED_DAYS = 180


def seed_referrals(cursor: Any, *, facts: dict[str, Any], first: int, last: int, state: str, until: Any) -> None:
    """Insert referrals number `first`..`last`, each with its phone and its event.

    `state`: that of all, one every 15 seconds; or `lived`: as half a year leaves them, with claims, visits and deals.
    """
    every = timedelta(days=LIVED_DAYS) / (last - first + 1) if state == "lived" else timedelta(seconds=15)
    cursor.execute("SELECT COALESCE(max(id), 0) FROM privacy_phone")
    after = cursor.fetchone()[0]
    span = facts | {
        "first": first,
        "last": last,
        "state": state,
        "until": until,
        "every": every,
        "after": after,
        "from": f"S-{first:09d}",
    }
    cursor.execute(_PHONES, span)
    cursor.execute(_REFERRALS.format(uuid=UUID7.format(at="at")), span)
    cursor.execute(_REFERRAL_PHONES, span)
    cursor.execute(_EVENTS, span)
    if state == "lived":
        cursor.execute(_CLAIMS.format(uuid=UUID7.format(at="r.filed_at")), span)
        cursor.execute(_VISITS.format(uuid=UUID7.format(at="first_visited_at")), span)
        cursor.execute(_DEALS.format(uuid=UUID7.format(at="filed_at")), span)
        cursor.execute(_BUYERS, span)
        cursor.execute(_SHARES, span)
        cursor.execute(_SECOND_PHONES, span)  # after the claims: a phone has one that lives


def analyse(cursor: Any) -> None:
    cursor.execute("VACUUM ANALYZE")
