"""A project's history as a stream, client by client, each in the order it came; phones by their ids alone.

Two filings touch each other by a phone that both have, or by a deal; what nothing ties together can be judged apart.
So the history is read in knots - what is tied together, whole - and no more of it is in memory than a chunk's worth.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import connection

from leads.holders import FILER, HOLDER
from leads.states import NOT_COUNTED

CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened: `kind`, of which referral or deal, what was recorded with it, and in which knot."""

    kind: str
    subject: str
    at: datetime
    recorded: dict[str, Any]
    knot: str


# A knot is named by one of its phones; a filing or deal that has none, by itself. Of a referral called r:
_NAMED = """COALESCE(
    (SELECT min(p.phone_id) FROM leads_referralphone AS p WHERE p.referral_id = r.id)::text, r.id::text
)"""
_OF_DEALS = f"""
    SELECT d.id AS deal, b.phone_id::text AS name FROM leads_deal AS d JOIN leads_dealbuyer AS b ON b.deal_id = d.id
    WHERE d.project_id = %(project)s
    UNION
    SELECT d.id, one ->> 'phone' FROM leads_deal AS d, jsonb_array_elements(d.attributed_by -> 'phones') AS one
    WHERE d.project_id = %(project)s
    UNION
    SELECT d.id, {_NAMED} FROM leads_deal AS d JOIN leads_referral AS r ON r.id = d.visitor_id
    WHERE d.project_id = %(project)s
    UNION
    SELECT d.id, {_NAMED} FROM leads_deal AS d JOIN leads_dealshare AS s ON s.deal_id = d.id
    JOIN leads_referral AS r ON r.id = s.referral_id WHERE d.project_id = %(project)s
"""  # noqa: S608 - constants
# What ties phones together: to be one referral's, or to have to do with one deal.
_TIES = f"""
SELECT array_agg(p.phone_id::text) FROM leads_referralphone AS p JOIN leads_referral AS r ON r.id = p.referral_id
WHERE r.project_id = %(project)s AND p.phone_id IS NOT NULL GROUP BY p.referral_id HAVING count(*) > 1
UNION ALL
SELECT array_agg(name) FROM ({_OF_DEALS}) AS of_deal GROUP BY deal HAVING count(*) > 1
"""  # noqa: S608 - constants
# Two facts of one instant stand as the audit trail has them. How many filings used up the filer's day is counted here,
# for it ties together what nothing else does; it hangs on no rule that may change (domain 4.1, `daily_filing_limit`).
_HISTORY = f"""
WITH filing AS (
    SELECT r.*, {_NAMED} AS name, {FILER} AS filer, COALESCE(e.id, 0) AS place, e.after -> 'judged' AS judged,
        r.reason <> ALL(%(not_counted)s) AS counts
    FROM (
        SELECT id, number, policy_id, agency_id, broker_id, state, reason, filed_at, filed_on, lapse_at, window_ends_at
        FROM leads_referral WHERE project_id = %(project)s
    ) AS r
    LEFT JOIN LATERAL (
        SELECT id, after FROM audit_event WHERE target_kind = 'leads.referral' AND target_id = r.id::text
            AND action IN ('referral.filed', 'referral.rejected') ORDER BY id LIMIT 1
    ) AS e ON TRUE
), named AS (
    SELECT id::text AS subject, name FROM filing
    UNION ALL
    SELECT d.id::text, COALESCE(one.name, d.id::text) FROM leads_deal AS d
    LEFT JOIN (SELECT deal, min(name) AS name FROM ({_OF_DEALS}) AS of_deal GROUP BY deal) AS one ON one.deal = d.id
    WHERE d.project_id = %(project)s
), added AS (
    SELECT e.at, e.id, e.target_id, {HOLDER} AS holder, (e.at AT TIME ZONE %(zone)s)::date AS local_on
    FROM audit_event AS e JOIN filing AS r ON r.id::text = e.target_id
    WHERE e.target_kind = 'leads.referral' AND e.project_id = %(project)s AND e.action = 'referral.phone_added'
), fact AS (
SELECT r.filed_at AS at, r.place, r.id::text AS tie, 'filed' AS kind, r.id::text AS subject,
    jsonb_build_object(
        'broker', r.filer, 'policy', r.policy_id, 'on', r.filed_on, 'reason', r.reason, 'state', r.state,
        'lapse_at', r.lapse_at, 'window_ends_at', r.window_ends_at, 'number', r.number, 'agency', r.agency_id,
        'judged', r.judged,
        'filed_today', count(*) FILTER (WHERE r.counts) OVER (
            PARTITION BY r.filer, r.filed_on ORDER BY r.filed_at, r.place, r.id::text
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        'phones', (SELECT jsonb_agg(p.phone_id ORDER BY p.position) FROM leads_referralphone AS p
                   WHERE p.referral_id = r.id),
        'added', (SELECT count(*) FROM audit_event AS a WHERE a.target_kind = 'leads.referral'
                  AND a.target_id = r.id::text AND a.action = 'referral.phone_added')
    ) AS recorded
FROM filing AS r
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
    AND e.action IN ('referral.withdrawn', 'referral.extended', 'deal.cancelled', 'phone.refused')
UNION ALL
SELECT a.at, a.id, '', 'referral.phone_added', a.target_id, jsonb_build_object('filed_today', count(f.id))
FROM added AS a LEFT JOIN filing AS f
    ON f.counts AND f.filer = a.holder AND f.filed_on = a.local_on AND (f.filed_at, f.place) < (a.at, a.id)
GROUP BY a.at, a.id, a.target_id
), knotted AS (
    SELECT fact.*, COALESCE(tied.knot, named.name, fact.subject) AS knot
    FROM fact LEFT JOIN named ON named.subject = fact.subject
    LEFT JOIN unnest(%(names)s::text[], %(knots)s::text[]) AS tied (name, knot)
        ON tied.name = COALESCE(named.name, fact.subject)
)
SELECT kind, subject, at, recorded, knot FROM knotted
ORDER BY min(at) OVER (PARTITION BY knot COLLATE "C"), knot COLLATE "C", at, place, tie
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


def read_history(project_id: Any, zone: Any) -> Iterator[Fact]:
    """Yield what happened in a project out of a cursor on the server: one snapshot, never whole here.

    Shape: knot by knot in the order they began, each in its own order. What is tied together while this begins is read
    apart, and then does not come out as it is on record.
    """
    names, knots = _tied(project_id)
    asked = {
        "project": project_id,
        "zone": str(zone),
        "not_counted": [str(reason) for reason in NOT_COUNTED],
        "names": names,
        "knots": knots,
    }
    with connection.chunked_cursor() as cursor:
        cursor.execute(_HISTORY, asked)
        while rows := cursor.fetchmany(CHUNK):
            for kind, subject, at, recorded, knot in rows:
                yield Fact(kind, subject, at, json.loads(recorded) if isinstance(recorded, str) else recorded, knot)


def whole_knots(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    """Yield the facts in chunks of about `CHUNK` that part no knot."""
    chunk: list[Fact] = []
    for _knot, tied in groupby(facts, key=attrgetter("knot")):
        chunk.extend(tied)
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _tied(project_id: Any) -> tuple[list[str], list[str]]:
    """Return the names that are tied to others, and the knot of each; what stands alone is not listed."""
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while (higher := above.setdefault(name, name)) != name:
            above[name] = above[higher]
            name = higher
        return name

    with connection.chunked_cursor() as cursor:
        cursor.execute(_TIES, {"project": project_id})
        while rows := cursor.fetchmany(CHUNK):
            for ((first, *others),) in rows:
                for other in others:
                    above[top(other)] = top(first)
    return list(above), [top(name) for name in above]
