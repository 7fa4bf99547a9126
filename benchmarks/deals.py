"""Deals by the hundred thousand, straight into the tables: contracted, collected, each with one share."""

from typing import Any

from benchmarks.seed import UUID7

_REFERRALS = """
INSERT INTO leads_referral (
    id, number, project_id, policy_id, agency_id, broker_id, client_name, client_masked, note, state, reason,
    state_before_won, filed_at, filed_on, first_visited_at
)
SELECT {uuid}, %(prefix)s || lpad(n::text, 9, '0'), %(project)s, %(policy)s,
    (SELECT agency_id FROM brokers_broker WHERE id = (%(brokers)s::uuid[])[1 + n %% array_length(%(brokers)s::uuid[], 1)]),
    (%(brokers)s::uuid[])[1 + n %% array_length(%(brokers)s::uuid[], 1)],
    %(token)s, '张**', ''::bytea, 'won', '', 'visited', at, at::date, at
FROM (
    SELECT n, timestamptz '2026-01-02 00:00+08' + n * interval '30 seconds' AS at FROM generate_series(1, %(deals)s) AS n
) AS filed
"""
_DEALS = """
INSERT INTO leads_deal (
    id, number, project_id, price, method, first_payment_amount, loan_amount, state, subscribed_at, contracted_at,
    cancel_reason, facts
)
SELECT {uuid}, replace(number, 'referral', 'deal'), project_id, 800000 + (right(number, 5)::integer %% 997) * 1000,
    'lump_sum', 100000, NULL, 'contracted', filed_at + interval '1 day', filed_at + interval '2 days', '', 3
FROM leads_referral WHERE number LIKE %(prefix)s || '%%'
"""
_SHARES = """
INSERT INTO leads_dealshare (deal_id, referral_id, numerator, denominator, since)
SELECT deal.id, referral.id, 1, 1, deal.subscribed_at
FROM leads_deal AS deal JOIN leads_referral AS referral ON referral.number = replace(deal.number, 'deal', 'referral')
WHERE referral.number LIKE %(prefix)s || '%%'
"""
_PAYMENTS = """
INSERT INTO leads_payment (id, project_id, deal_id, amount, source, received_at, reference, sequence, recorded_at)
SELECT {uuid}, project_id, id, price, 'own', contracted_at + interval '1 hour', number, 3, now()
FROM leads_deal WHERE number LIKE replace(%(prefix)s, 'referral', 'deal') || '%%'
"""


def seed_deals(cursor: Any, *, facts: dict[str, Any], deals: int) -> None:
    """Insert deals of one project whose numbers start with the given prefix (it holds the word `referral`)."""
    given = facts | {"deals": deals}
    cursor.execute(_REFERRALS.format(uuid=UUID7.format(at="at")), given)
    cursor.execute(_DEALS.format(uuid=UUID7.format(at="filed_at")), given)
    cursor.execute(_SHARES, given)
    cursor.execute(_PAYMENTS.format(uuid=UUID7.format(at="contracted_at")), given)
    cursor.execute("VACUUM ANALYZE")
