"""A project's history as a stream, in the order it came: one statement, read in chunks, phones by their ids alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from leads.holders import FILER

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened: `kind`, of which referral or deal, and what was recorded with it."""

    kind: str
    subject: str
    at: datetime
    recorded: dict[str, Any]


# Two facts of one instant stand as the audit trail has them.
_HISTORY = f"""
SELECT r.filed_at AS at, COALESCE(e.id, 0) AS place, r.id::text AS tie, 'filed' AS kind, r.id::text AS subject,
    jsonb_build_object(
        'broker', {FILER}, 'policy', r.policy_id, 'on', r.filed_on, 'reason', r.reason, 'state', r.state,
        'lapse_at', r.lapse_at, 'window_ends_at', r.window_ends_at, 'number', r.number, 'agency', r.agency_id,
        'judged', e.after -> 'judged',
        'phones', (SELECT jsonb_agg(p.phone_id ORDER BY p.position) FROM leads_referralphone AS p
                   WHERE p.referral_id = r.id),
        'added', (SELECT count(*) FROM audit_event AS a WHERE a.target_kind = 'leads.referral'
                  AND a.target_id = r.id::text AND a.action = 'referral.phone_added')
    ) AS recorded
FROM leads_referral AS r
LEFT JOIN LATERAL (
    SELECT id, after FROM audit_event WHERE target_kind = 'leads.referral' AND target_id = r.id::text
        AND action IN ('referral.filed', 'referral.rejected') ORDER BY id LIMIT 1
) AS e ON TRUE
WHERE r.project_id = %(project)s
UNION ALL
SELECT v.arrived_at, COALESCE((
        SELECT id FROM audit_event WHERE target_kind = 'leads.referral' AND target_id = v.referral_id::text
            AND action IN ('referral.visited', 'referral.visited_again', 'visit.refused')
        ORDER BY id OFFSET v.nth LIMIT 1
    ), 0), v.id::text, 'visit', v.referral_id::text,
    jsonb_build_object('reason', v.reason, 'fits', v.judged -> 'fits_mask', 'own', v.judged -> 'findings' -> 'own',
        'override', COALESCE((v.judged ->> 'override')::boolean, v.override_reason <> ''))
FROM (
    SELECT *, row_number() OVER (PARTITION BY referral_id ORDER BY arrived_at, id) - 1 AS nth
    FROM leads_visit WHERE project_id = %(project)s
) AS v
UNION ALL
SELECT n.recorded_at, COALESCE((
        SELECT min(id) FROM audit_event WHERE target_kind = 'leads.naturalvisit' AND target_id = n.id::text
    ), 0), n.id::text, 'walk_in', n.phone_id::text, jsonb_build_object('at', n.visited_at)
FROM leads_naturalvisit AS n WHERE n.project_id = %(project)s
UNION ALL
SELECT COALESCE(e.at, d.subscribed_at), COALESCE(e.id, 0), d.id::text, 'deal', d.id::text,
    jsonb_build_object(
        'number', d.number, 'price', d.price::text, 'at', d.subscribed_at, 'visitor', d.visitor_id, 'state', d.state,
        'kept', d.attributed_by -> 'phones',
        'buyers', (SELECT jsonb_agg(DISTINCT b.phone_id) FROM leads_dealbuyer AS b WHERE b.deal_id = d.id),
        'shares', (SELECT jsonb_object_agg(s.referral_id, s.numerator || '/' || s.denominator)
                   FROM leads_dealshare AS s WHERE s.deal_id = d.id AND s.ended_at IS NULL)
    )
FROM leads_deal AS d
LEFT JOIN LATERAL (
    SELECT id, at FROM audit_event WHERE target_kind = 'leads.deal' AND target_id = d.id::text
        AND action = 'deal.subscribed' ORDER BY id LIMIT 1
) AS e ON TRUE
WHERE d.project_id = %(project)s
UNION ALL
SELECT c.decided_at, COALESCE((
        SELECT min(id) FROM audit_event WHERE target_kind = 'leads.deal' AND target_id = c.deal_id::text
            AND action = 'deal.decided' AND at >= c.decided_at
    ), 0), c.id::text, 'decided', c.deal_id::text,
    jsonb_build_object('shares', (SELECT jsonb_object_agg(s.referral_id, s.numerator || '/' || s.denominator)
                                  FROM leads_dealshare AS s WHERE s.decision_id = c.id))
FROM leads_attributiondecision AS c JOIN leads_deal AS d ON d.id = c.deal_id WHERE d.project_id = %(project)s
UNION ALL
SELECT h.at, COALESCE((
        SELECT min(id) FROM audit_event WHERE target_kind = 'leads.referral' AND target_id = h.referral_id::text
            AND action = 'referral.handed_over' AND at >= h.at
    ), 0), h.id::text, 'handed_over', h.referral_id::text, jsonb_build_object('broker', h.successor_id)
FROM leads_handover AS h JOIN leads_referral AS r ON r.id = h.referral_id WHERE r.project_id = %(project)s
UNION ALL
SELECT e.at, e.id, '', e.action, e.target_id,
    CASE e.action WHEN 'referral.extended' THEN jsonb_build_object('days', e.after -> 'days') ELSE '{{}}'::jsonb END
FROM audit_event AS e
WHERE e.target_kind IN ('leads.referral', 'leads.deal', 'brokers.broker') AND e.project_id = %(project)s
    AND e.action IN (
        'referral.withdrawn', 'referral.extended', 'referral.phone_added', 'deal.cancelled', 'phone.refused'
    )
ORDER BY 1, 2, 3
"""  # noqa: S608 - constants
_COUNT = """
SELECT (SELECT count(*) FROM leads_referral WHERE project_id = %(project)s)
    + (SELECT count(*) FROM leads_visit WHERE project_id = %(project)s)
    + (SELECT count(*) FROM leads_naturalvisit WHERE project_id = %(project)s)
    + (SELECT count(*) FROM leads_deal WHERE project_id = %(project)s)
"""


def count_history(project_id: Any) -> int:
    """Return about how many facts there are, for progress."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"project": project_id})
        return int(cursor.fetchone()[0])


def read_history(project_id: Any) -> Iterator[Fact]:
    """Yield what happened in a project, in its order, out of a cursor on the server: one snapshot, never whole here."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_HISTORY, {"project": project_id})
        while rows := cursor.fetchmany(CHUNK):
            for at, _place, _tie, kind, subject, recorded in rows:
                yield Fact(kind, subject, at, json.loads(recorded) if isinstance(recorded, str) else recorded)
