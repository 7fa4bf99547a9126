"""Gathering what the rules judge: one statement of findings, whatever the number of checks.

Written in SQL because it is the hot path of filing; `selectors.live_by_clock` and `selectors.holding`
say the same to querysets, but for one thing: here a claim that begins in a moment holds already. It was made
by a server whose clock is ahead.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from brokers.models import Broker
from brokers.states import AgencyStatus
from channels_platform.lib import clock
from channels_platform.prepared import Prepared
from leads.attribution.types import FilingFacts, PhoneFindings, Rules
from leads.models import Referral
from leads.states import NOT_COUNTED
from projects.models import Policy, Project
from projects.states import PhoneMode, ProjectStatus


def rules_of(policy: Policy, project: Project) -> Rules:
    """Return a policy version as the pure rules read it."""
    return Rules(
        exclusive_from=policy.exclusive_from,
        protection_days=policy.protection_days,
        window_end=policy.window_end,
        visit_within_hours=policy.visit_within_hours,
        lead_time_minutes=policy.lead_time_minutes,
        lookback_days=policy.lookback_days,
        revisit_extends=policy.revisit_extends,
        max_protection_days=policy.max_protection_days,
        masked=policy.phone_mode == PhoneMode.MASKED,
        daily_filing_limit=policy.daily_filing_limit,
        credit_days=policy.credit_days,
        proxy_purchase=policy.proxy_purchase,
        zone=project.zone,
    )


# Natural visits count closed at the far end of the look-back; a look-back of 0 days has no far end (NULL): none count.
_FINDINGS = """
    EXISTS (SELECT 1 FROM accounts_user WHERE is_active AND phone_id = ANY(%(phones)s)) AS own,
    EXISTS (
        SELECT 1 FROM leads_naturalvisit
        WHERE phone_id = ANY(%(phones)s) AND project_id = %(project)s
            AND visited_at BETWEEN %(natural_from)s AND %(natural_until)s
    ) AS known_to_site,
    EXISTS (
        SELECT 1 FROM leads_referralphone AS filed JOIN leads_referral AS r ON r.id = filed.referral_id
        WHERE filed.phone_id = ANY(%(phones)s) AND r.project_id = %(project)s AND r.broker_id = %(broker)s
            AND r.id IS DISTINCT FROM %(besides)s
            AND r.state IN ('filed', 'visited')
            AND NOT (r.state = 'filed' AND COALESCE(r.lapse_at <= %(now)s, FALSE))
            AND COALESCE(r.window_ends_at > %(now)s, TRUE)
    ) AS already_referred,
    EXISTS (
        SELECT 1 FROM leads_claim
        WHERE phone_id = ANY(%(phones)s) AND project_id = %(project)s AND referral_id IS DISTINCT FROM %(besides)s
            AND live AND ends_at > %(now)s AND COALESCE(lapses_at > %(now)s, TRUE)
    ) AS held_by_another
"""
# A filing counts for who made it: what was taken over does not, what was handed over still does.
_FILED_TODAY = """
    SELECT (
        SELECT count(*) FROM leads_referral AS r
        WHERE r.broker_id = %(broker)s AND r.project_id = %(project)s AND r.filed_on = %(today)s
            AND r.reason <> ALL(%(not_counted)s)
            AND NOT EXISTS (SELECT 1 FROM leads_handover AS h WHERE h.referral_id = r.id)
    ) + (
        SELECT count(*) FROM leads_handover AS h JOIN leads_referral AS r ON r.id = h.referral_id
        WHERE h.former_id = %(broker)s AND h.at >= %(today)s::date - 1
            AND r.project_id = %(project)s AND r.filed_on = %(today)s AND r.reason <> ALL(%(not_counted)s)
            AND NOT EXISTS (SELECT 1 FROM leads_handover AS e WHERE e.referral_id = r.id AND e.id < h.id)
    )
"""
_FILING = Prepared(
    f"""
SELECT
    EXISTS (
        SELECT 1 FROM brokers_agreement AS agreement
        WHERE agreement.project_id = %(project)s AND agreement.agency_id = broker.agency_id
            AND agreement.state = 'approved' AND agreement.from_on <= %(today)s
            AND (agreement.to_on IS NULL OR agreement.to_on >= %(today)s OR agreement.auto_renew)
    ),
    broker.is_active AND account.is_active AND agency.status = %(active)s,
    CASE WHEN %(limited)s THEN ({_FILED_TODAY}) ELSE 0 END,
    EXISTS (
        SELECT 1 FROM leads_claim
        WHERE phone_id = ANY(%(phones)s) AND project_id = %(project)s AND live
            AND (ends_at <= %(now)s OR lapses_at <= %(now)s)
    ),
    {_FINDINGS}
FROM brokers_broker AS broker
JOIN accounts_user AS account ON account.id = broker.user_id
JOIN brokers_agency AS agency ON agency.id = broker.agency_id
WHERE broker.id = %(broker)s
"""  # noqa: S608 - put together of the constants above only
)
_FINDINGS_ALONE = Prepared("SELECT" + _FINDINGS)
_FILED_TODAY_ALONE = Prepared(_FILED_TODAY)


@dataclass(frozen=True, slots=True)
class Judged:
    """Facts of a filing, and whether past claims on its phones wait to be closed."""

    facts: FilingFacts
    past_claims: bool


def gather_filing(
    *, project: Project, broker: Broker, rules: Rules, phone_ids: Collection[int] | None, now: datetime
) -> Judged:
    """Return what a filing is judged by, in one statement. `phone_ids` None: they did not parse."""
    today = clock.local_date(now, rules.zone)
    row = _row(
        _FILING,
        _phone_facts(project, broker.pk, rules, phone_ids or (), now, now, None)
        | _day_facts(today)
        | {"active": AgencyStatus.ACTIVE, "limited": rules.daily_filing_limit is not None},
    )
    agreement_in_force, active, filed_today, past_claims, *found = row
    facts = FilingFacts(
        project_open=project.status == ProjectStatus.OPEN,
        agreement_in_force=agreement_in_force,
        broker_active=active,
        filed_today=filed_today,
        findings=None if phone_ids is None else PhoneFindings(*found),
    )
    return Judged(facts, past_claims)


def count_filed_today(*, project: Project, broker_id: Any, today: date) -> int:
    """Return how many filings of today use up the broker's limit."""
    facts = {"broker": broker_id, "project": project.pk} | _day_facts(today)
    return int(_row(_FILED_TODAY_ALONE, facts)[0])


def gather_findings(
    *,
    project: Project,
    broker_id: Any,
    rules: Rules,
    phone_ids: Collection[int],
    now: datetime,
    natural_as_of: datetime,
    besides: Referral,
) -> PhoneFindings:
    """Return what is known of phones of an existing referral, itself left out, in one statement."""
    facts = _phone_facts(project, broker_id, rules, phone_ids, now, natural_as_of, besides.pk)
    return PhoneFindings(*_row(_FINDINGS_ALONE, facts))


def _phone_facts(
    project: Project,
    broker_id: Any,
    rules: Rules,
    phone_ids: Collection[int],
    now: datetime,
    natural_as_of: datetime,
    besides: Any,
) -> dict[str, Any]:
    look_back = timedelta(hours=24 * rules.lookback_days)
    return {
        "project": project.pk,
        "broker": broker_id,
        "phones": list(phone_ids),
        "now": now,
        "natural_from": natural_as_of - look_back if rules.lookback_days else None,
        "natural_until": natural_as_of,
        "besides": besides,
    }


def _day_facts(today: date) -> dict[str, Any]:
    return {"today": today, "not_counted": [str(reason) for reason in NOT_COUNTED]}


def _row(statement: Prepared, facts: dict[str, Any]) -> tuple[Any, ...]:
    row = statement.fetch(facts)
    if row is None:
        raise Broker.DoesNotExist
    return row
