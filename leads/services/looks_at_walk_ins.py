"""Looks at walk-ins: filed around their arrival, or turned into filings more often than others."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from channels_platform.accounts.models import User
from leads.holders import FILER, filers
from leads.models import Referral, RiskSignal
from leads.services.looks import FEWEST, LOOKS_BACK, SHARE_SPAN, TIMES_THE_NORM, raised, rows_of, week
from leads.states import SignalKind

BEFORE_WALK_IN, AFTER_WALK_IN = timedelta(minutes=15), timedelta(minutes=60)

_AROUND_WALK_INS = """
SELECT DISTINCT ON (r.id) r.id, n.visited_at, n.recorded_by_id::text
FROM leads_referral r
JOIN leads_referralphone p ON p.referral_id = r.id
JOIN leads_naturalvisit n ON n.phone_id = p.phone_id AND n.project_id = r.project_id
     AND n.visited_at BETWEEN r.filed_at - %(after)s AND r.filed_at + %(before)s
WHERE r.filed_at > %(since)s AND r.filed_at <= %(now)s
ORDER BY r.id, n.visited_at
"""

# How many of each broker's filings were of people who had walked in before; the norm is all others' in the project.
_TURNED = f"""
SELECT broker_id, project_id, filed, turned, all_filed - filed AS others_filed, all_turned - turned AS others_turned
FROM (
    SELECT broker_id, project_id, count(*) AS filed, count(*) FILTER (WHERE walked_in) AS turned,
           sum(count(*)) OVER project AS all_filed, sum(count(*) FILTER (WHERE walked_in)) OVER project AS all_turned
    FROM (
        SELECT {FILER} AS broker_id, r.project_id, EXISTS (
            SELECT 1 FROM leads_referralphone p
            JOIN leads_naturalvisit n ON n.phone_id = p.phone_id AND n.project_id = r.project_id
            WHERE p.referral_id = r.id AND n.visited_at < r.filed_at AND n.visited_at > r.filed_at - %(span)s
        ) AS walked_in
        FROM leads_referral r
        WHERE r.filed_at > %(since)s AND r.filed_at <= %(now)s
    ) filings
    GROUP BY broker_id, project_id
    WINDOW project AS (PARTITION BY project_id)
) brokers
WHERE turned >= %(fewest)s AND turned * greatest(all_filed - filed, 1) > %(times)s * (all_turned - turned) * filed
"""  # noqa: S608 - put together of the constants above only

# Of the walk-ins that each person recorded, which broker filed them afterwards, if one did: the first.
_RECORDED = f"""
met AS MATERIALIZED (
    SELECT n.project_id, n.recorded_by_id AS person_id, (
        SELECT {FILER} FROM leads_referral r JOIN leads_referralphone p ON p.referral_id = r.id
        WHERE p.phone_id = n.phone_id AND r.project_id = n.project_id AND r.filed_at > n.visited_at
          AND r.filed_at <= %(now)s
        ORDER BY r.filed_at, r.id LIMIT 1
    ) AS broker_id
    FROM leads_naturalvisit n
    WHERE n.visited_at > %(since)s AND n.visited_at <= %(now)s AND n.recorded_by_id IS NOT NULL
)
"""  # noqa: S608 - put together of the constants above only

# Of the referred clients that each consultant received first, whose they were if they had walked in before the filing.
_RECEIVED = f"""
met AS MATERIALIZED (
    SELECT r.project_id, c.user_id AS person_id, CASE WHEN EXISTS (
        SELECT 1 FROM leads_referralphone p
        JOIN leads_naturalvisit n ON n.phone_id = p.phone_id AND n.project_id = r.project_id
        WHERE p.referral_id = r.id AND n.visited_at < r.filed_at AND n.visited_at > r.filed_at - %(span)s
    ) THEN {FILER} END AS broker_id
    FROM leads_visit v
    JOIN leads_referral r ON r.id = v.referral_id AND r.first_visited_at = v.arrived_at
    JOIN leads_consultant c ON c.id = v.consultant_id
    WHERE v.confirmed AND v.arrived_at > %(since)s AND v.arrived_at <= %(now)s
)
"""  # noqa: S608 - put together of the constants above only
_MET = {"recorded": _RECORDED, "received": _RECEIVED}

_GIVEN = """
SELECT person_id, project_id, people, turned, all_people - people, all_turned - turned
FROM (
    SELECT person_id, project_id, count(*) AS people, count(broker_id) AS turned,
           sum(count(*)) OVER project AS all_people, sum(count(broker_id)) OVER project AS all_turned
    FROM met GROUP BY person_id, project_id
    WINDOW project AS (PARTITION BY project_id)
) persons
WHERE turned >= %(fewest)s AND all_people > people
  AND turned * (all_people - people) > %(times)s * (all_turned - turned) * people
"""

# The same of one person and one broker; the norm is that broker's part of what all others met.
_PAIRS = """
, persons AS (SELECT project_id, person_id, count(*) AS people FROM met GROUP BY 1, 2),
pairs AS (
    SELECT project_id, person_id, broker_id, count(*) AS turned FROM met WHERE broker_id IS NOT NULL GROUP BY 1, 2, 3
),
shares AS (
    SELECT person_id, broker_id, project_id, people, turned,
           (SELECT sum(o.people) FROM persons o WHERE o.project_id = pairs.project_id) - people AS others,
           sum(turned) OVER (PARTITION BY project_id, broker_id) - turned AS others_turned
    FROM pairs JOIN persons USING (project_id, person_id)
)
SELECT person_id, broker_id, project_id, people, turned, others, others_turned FROM shares
WHERE turned >= %(fewest)s AND others > 0 AND turned * others > %(times)s * others_turned * people
"""


def around_walk_ins(now: datetime) -> Iterator[RiskSignal]:
    values = {"after": AFTER_WALK_IN, "before": BEFORE_WALK_IN, "since": now - LOOKS_BACK, "now": now}
    rows = {row[0]: row[1:] for row in rows_of(_AROUND_WALK_INS, values)}
    people = {str(one.pk): str(one) for one in User.objects.filter(pk__in=[who for _at, who in rows.values() if who])}
    found = list(Referral.objects.filter(pk__in=list(rows)))
    by = filers(found)
    for referral in found:
        walked_in_at, recorded_by = rows[referral.pk]
        yield raised(
            SignalKind.FILED_AFTER_WALK_IN,
            by[referral.pk],
            referral.project_id,
            now,
            once=str(referral.pk),
            referral_id=referral.pk,
            minutes=int((referral.filed_at - walked_in_at).total_seconds() // 60),
            recorded_by=people.get(recorded_by or "", ""),
        )


def turned(now: datetime) -> Iterator[RiskSignal]:
    values = {
        "span": SHARE_SPAN, "since": now - SHARE_SPAN, "now": now, "fewest": FEWEST, "times": TIMES_THE_NORM,
    }  # fmt: skip
    for broker_id, project_id, filed, turned, others_filed, others_turned in rows_of(_TURNED, values):
        yield raised(
            SignalKind.WALK_INS_TURNED,
            broker_id,
            project_id,
            now,
            once=f"{broker_id}:{project_id}:{week(now)}",
            filed=filed,
            turned=turned,
            others_filed=int(others_filed),
            others_turned=int(others_turned),
        )


def given(now: datetime) -> Iterator[RiskSignal]:
    """About persons of the site: by whom the clients were recorded, or received."""
    for how, met in _MET.items():
        for person_id, project_id, *figures in rows_of(f"WITH {met}{_GIVEN}", _values(now)):
            yield raised(
                SignalKind.WALK_INS_GIVEN,
                None,
                project_id,
                now,
                once=f"{how}:{person_id}:{project_id}:{week(now)}",
                person_id=person_id,
                **_figures(how, figures),
            )


def given_to_one(now: datetime) -> Iterator[RiskSignal]:
    """About a person of the site and a broker together."""
    for how, met in _MET.items():
        for person_id, broker_id, project_id, *figures in rows_of(f"WITH {met}{_PAIRS}", _values(now)):
            yield raised(
                SignalKind.WALK_INS_PAIR,
                broker_id,
                project_id,
                now,
                once=hashlib.sha256(f"{how}:{person_id}:{broker_id}:{project_id}:{week(now)}".encode()).hexdigest(),
                person_id=person_id,
                **_figures(how, figures),
            )


def _values(now: datetime) -> dict[str, object]:
    return {"since": now - SHARE_SPAN, "span": SHARE_SPAN, "now": now, "fewest": FEWEST, "times": TIMES_THE_NORM}


def _figures(how: str, found: list[Any]) -> dict[str, Any]:
    return {"how": how, **dict(zip(("people", "turned", "others", "others_turned"), map(int, found), strict=True))}
