"""Many deals at once, written straight into the tables: for what is measured, not for what is judged."""

from django.db import connection

from brokers.models import Broker
from projects.models import Project

_REFERRALS = """
INSERT INTO leads_referral (id, number, project_id, policy_id, agency_id, broker_id, client_name, client_masked, note,
                            state, reason, state_before_won, filed_at, filed_on)
SELECT gen_random_uuid(), 'R-' || %(tag)s || '-' || n, %(project)s, %(policy)s, %(agency)s,
       (%(brokers)s::uuid[])[1 + n %% %(people)s], '', '', '', 'won', '', 'visited',
       timestamptz '2026-01-01 09:00+08' + n * interval '5 minutes', date '2026-01-01'
FROM generate_series(1, %(deals)s) n
"""
_DEALS = """
INSERT INTO leads_deal (id, number, project_id, price, method, first_payment_amount, state, subscribed_at,
                        contracted_at, cancel_reason, facts)
SELECT gen_random_uuid(), 'D-' || %(tag)s || '-' || lpad(n::text, 7, '0'), %(project)s, 1000000 + (n %% 977) * 1000,
       'lump_sum', 1000000, 'contracted', timestamptz '2026-01-02 09:00+08' + n * interval '5 minutes',
       timestamptz '2026-01-03 09:00+08' + n * interval '5 minutes', '', 2
FROM generate_series(1, %(deals)s) n
"""
_SHARES = """
INSERT INTO leads_dealshare (deal_id, referral_id, numerator, denominator, since)
SELECT d.id, r.id, 1, 1, d.subscribed_at
FROM leads_deal d JOIN leads_referral r ON r.number = 'R' || ltrim(substr(d.number, 2, 2 + length(%(tag)s)))
     || ltrim(substr(d.number, 3 + length(%(tag)s) + 1), '0')
WHERE d.project_id = %(project)s AND d.number LIKE 'D-' || %(tag)s || '-%%'
"""
_PAYMENTS = """
INSERT INTO leads_payment (id, project_id, deal_id, amount, source, received_at, reference, sequence, recorded_at)
SELECT gen_random_uuid(), project_id, id, price, 'own', contracted_at + interval '1 day', 'bank ' || number, 3,
       contracted_at + interval '1 day'
FROM leads_deal WHERE project_id = %(project)s AND number LIKE 'D-' || %(tag)s || '-%%'
"""


def many_deals(*, project: Project, brokers: list[Broker], deals: int, tag: str = "bulk") -> None:
    """Make contracted, collected deals, a referral each, five minutes apart, in turn by these brokers of one agency."""
    values = {
        "tag": tag,
        "project": project.pk,
        "policy": project.policies.first().pk,
        "agency": brokers[0].agency_id,
        "brokers": [broker.pk for broker in brokers],
        "people": len(brokers),
        "deals": deals,
    }
    with connection.cursor() as cursor:
        for statement in (_REFERRALS, _DEALS, _SHARES, _PAYMENTS):
            cursor.execute(statement, values)
        cursor.execute("ANALYZE leads_deal, leads_dealshare, leads_referral, leads_payment")
