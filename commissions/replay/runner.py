"""Feeding a scenario through the services, at its own times, in a transaction that is rolled back."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max

from brokers.models import Agency, AgencyGrade, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from brokers.services.grades import keep_grade, set_agency_grade
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.crypto import separate_index
from channels_platform.lib.errors import Duplicate, Invalid, NotAllowed, Refused
from channels_platform.lib.phones import InvalidPhone
from commissions.models import PayoutLine
from commissions.replay.reader import AgencySetup, Event, PlanSetup, Scenario, ScenarioFault
from commissions.services.payouts import approve_batch, attach_invoice, draft_batch, pay_batch, submit_batch
from commissions.services.plans import approve_plan_version, draft_plan_version
from commissions.services.runs import run_commissions
from leads.models import Deal, Referral
from leads.services.deals import Buyer, cancel_deal, contract_deal, hand_over_deal, subscribe_deal
from leads.services.disputes import decide_deal
from leads.services.filing import file_referral
from leads.services.payments import record_payment
from leads.services.phones import PhoneRefused, add_phone
from leads.services.visits import confirm_visit, record_natural_visit
from leads.services.withdrawal import withdraw_referral
from projects.models import PayingCompany, Project
from projects.services.projects import create_project, set_policy
from projects.services.units import create_unit

OK = "ok"


class _RolledBack(Exception):
    """Ends the rehearsal; nothing of it stays."""


@dataclass
class Cast:
    """Everybody and everything of the scenario, by the names it gives them."""

    manager: User
    second_manager: User
    finance: User
    approver: User
    project: Project
    agencies: dict[str, Agency] = field(default_factory=dict)
    brokers: dict[str, Broker] = field(default_factory=dict)
    referrals: dict[str, Referral] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)
    # Numbers sort as the scenario's names do, whatever the names are made of.
    deal_ranks: dict[str, int] = field(default_factory=dict)


def replay(scenario: Scenario, report: Callable[[Cast, list[str]], dict[str, Any]]) -> dict[str, Any]:
    """Return the report on the scenario as it went; the database is as it was before.

    Phones are matched under a key of the rehearsal's own, so that it meets none of the real ones.
    Raises: ScenarioFault for a setup that the services refuse.
    """
    result: dict[str, Any] = {}
    try:
        with separate_index(secrets.token_bytes(32)), transaction.atomic():
            start = scenario.events[0].at if scenario.events else scenario.as_of
            with clock.at(start):
                cast = _set_up(scenario)
                names = {event.fields["deal"] for event in scenario.events if event.type == "subscribe"}
                cast.deal_ranks = {name: rank for rank, name in enumerate(sorted(names))}
            outcomes = [_play(cast, event, prefix=cast.project.code) for event in scenario.events]
            with clock.at(scenario.as_of):
                run_commissions(project=cast.project, as_of=scenario.as_of)
                result = report(cast, outcomes)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            raise _RolledBack
    except _RolledBack:
        return result


def _set_up(scenario: Scenario) -> Cast:
    """Make the project, agencies, brokers and plans, under codes nobody else has."""
    prefix = f"replay-{secrets.token_hex(4)}"
    people = [
        User.objects.create(username=f"{prefix}-{i}", name=role, role=role, all_projects=True)
        for i, role in enumerate((Role.MARKETING_MANAGER, Role.MARKETING_MANAGER, Role.FINANCE, Role.FINANCE_APPROVER))
    ]
    company = PayingCompany.objects.create(code=prefix, name=scenario.name[:120], timezone=scenario.zone.key)
    try:
        project = create_project(
            actor=people[0],
            code=prefix,
            name=scenario.code[:120],
            timezone=scenario.zone.key,
            currency=scenario.currency,
            company=company,
            status=Project.Status.OPEN,
            policy=scenario.policy,
        )
        manager, second, finance, approver = people
        cast = Cast(manager, second, finance, approver, project)
        grades = _set_up_grades(cast, scenario)
        for i, agency in enumerate(scenario.agencies):
            _set_up_agency(cast, agency, f"{prefix}-a{i}", scenario)
            _grade_agency(cast, agency, grades)
        for plan in scenario.plans:
            _set_up_plan(cast, plan)
    except (Refused, ValidationError) as error:
        detail = getattr(error, "facts", {}).get("faults") or error
        raise ScenarioFault("setup", f"is refused ({detail})") from error
    return cast


def _set_up_agency(cast: Cast, setup: AgencySetup, code: str, scenario: Scenario) -> None:
    agency = create_agency(actor=cast.manager, code=code, name=setup.code[:120], kind=setup.kind)
    cast.agencies[setup.code] = agency
    from_on, to_on = setup.agreement
    draft = draft_agreement(actor=cast.manager, agency=agency, project=cast.project, from_on=from_on, to_on=to_on)
    approve_agreement(actor=cast.second_manager, agreement=draft)
    for i, name in enumerate(setup.brokers):
        cast.brokers[name] = create_broker(
            actor=cast.manager,
            agency=agency,
            username=f"{code}-b{i}",
            name=name[:80],
            phone=scenario.broker_phones.get(name, ""),
        )


def _set_up_grades(cast: Cast, scenario: Scenario) -> dict[str, AgencyGrade]:
    """Have the grades that the scenario names, by code: those that are here, and what is missing."""
    named = {code for agency in scenario.agencies for _, code in agency.grades if code}
    named |= {code for plan in scenario.plans for code in plan.version.conditions.agency_grade}
    known = {grade.code: grade for grade in AgencyGrade.objects.filter(code__in=named)}
    last = AgencyGrade.objects.aggregate(last=Max("rank"))["last"] or 0
    for rank, code in enumerate(sorted(named - set(known)), start=last + 1):
        known[code] = keep_grade(actor=cast.manager, grade=AgencyGrade(code=code, name=code, rank=rank))
    return known


def _grade_agency(cast: Cast, setup: AgencySetup, grades: dict[str, AgencyGrade]) -> None:
    """Enter each grade that is another on its own day, as nobody can enter one for the past."""
    held = ""
    for day, code in setup.grades:
        if code == held:
            continue
        held = code
        with clock.at(datetime.combine(day, time(), tzinfo=cast.project.zone)):
            set_agency_grade(
                actor=cast.manager,
                agency=cast.agencies[setup.code],
                grade=grades.get(code),
                from_on=day,
                reason="scenario",
            )


def _set_up_plan(cast: Cast, setup: PlanSetup) -> None:
    given = setup.fields
    version = draft_plan_version(
        actor=cast.manager,
        project=cast.project,
        agency=cast.agencies[setup.agency],
        from_on=setup.version.from_on,
        to_on=setup.version.to_on,
        **{
            name: given[name]
            for name in ("payee", "applies_to", "basis", "measure", "period", "scope", "mode", "tiers", "release")
        },
        bonuses=given.get("bonuses") or [],
        retention=given.get("retention"),
        grades=given.get("grades") or [],
        conditions=given.get("conditions"),
        caps=given.get("caps"),
    )
    approve_plan_version(actor=cast.second_manager, version=version, reason="scenario", rehearsal=True)


def _play(cast: Cast, event: Event, *, prefix: str) -> str:
    """Let one event happen at its time and return its outcome."""
    try:
        with clock.at(event.at), transaction.atomic():
            return _EVENTS[event.type](cast, event, prefix)
    except (PhoneRefused, InvalidPhone) as refusal:
        return refusal.code
    except Duplicate as refusal:
        return refusal.code
    except (NotAllowed, Invalid, ValidationError):
        return NotAllowed.code


def _referral(cast: Cast, name: str) -> Referral:
    if name not in cast.referrals:
        raise NotAllowed(f"no referral {name}")
    return Referral.objects.select_related("policy", "project", "broker").get(pk=cast.referrals[name].pk)


def _deal(cast: Cast, event: Event) -> Deal:
    name = event.fields["deal"]
    if name not in cast.deals:
        raise NotAllowed(f"no deal {name}")
    return cast.deals[name]


def _file(cast: Cast, event: Event, prefix: str) -> str:
    name = event.fields["referral"]
    broker = cast.brokers.get(event.fields["broker"])
    if broker is None or name in cast.referrals:
        raise NotAllowed("unknown broker or repeated name")
    referral = file_referral(
        actor=broker.user,
        broker=broker,
        project=cast.project,
        client_name=name,
        phones=event.fields["phones"],
        number=f"{prefix}-R{len(cast.referrals):06d}",
    )
    cast.referrals[name] = referral
    return referral.reason or OK


def _visit(cast: Cast, event: Event, prefix: str) -> str:
    reason = event.fields.get("reason", "")
    if event.fields.get("override") and not reason:
        raise NotAllowed("an override needs its reason")
    visit = confirm_visit(
        actor=cast.manager,
        referral=_referral(cast, event.fields["referral"]),
        phones=event.fields.get("phones", ()),
        override_reason=reason if event.fields.get("override") else "",
    )
    return visit.reason or OK


def _natural_visit(cast: Cast, event: Event, prefix: str) -> str:
    record_natural_visit(actor=cast.manager, project=cast.project, phone=event.fields["phone"])
    return OK


def _add_phone(cast: Cast, event: Event, prefix: str) -> str:
    referral = _referral(cast, event.fields["referral"])
    add_phone(actor=referral.broker.user, referral=referral, phone=event.fields["phone"])
    return OK


def _withdraw(cast: Cast, event: Event, prefix: str) -> str:
    referral = _referral(cast, event.fields["referral"])
    withdraw_referral(actor=referral.broker.user, referral=referral)
    return OK


def _policy(cast: Cast, event: Event, prefix: str) -> str:
    set_policy(project=cast.project, actor=cast.manager, **event.fields["policy"])
    return OK


def _subscribe(cast: Cast, event: Event, prefix: str) -> str:
    fields = event.fields
    if fields["deal"] in cast.deals:
        raise NotAllowed("a repeated name")
    visitor = _referral(cast, fields["visitor"]) if "visitor" in fields else None
    unit = None
    if "unit" in fields:
        home = fields["unit"]
        unit = create_unit(
            actor=cast.manager, project=cast.project, number=fields["deal"][:40], list_price=fields["price"], **home
        )
    cast.deals[fields["deal"]] = subscribe_deal(
        actor=cast.manager,
        project=cast.project,
        price=fields["price"],
        method=fields["method"],
        first_payment_amount=fields["first_payment_amount"],
        loan_amount=fields.get("loan_amount"),
        buyers=[Buyer("", phone) for phone in fields["buyers"]],
        visitor=visitor,
        unit=unit,
        number=f"{prefix}-D{cast.deal_ranks[fields['deal']]:06d}",
    )
    return OK


def _contract(cast: Cast, event: Event, prefix: str) -> str:
    contract_deal(actor=cast.manager, deal=_deal(cast, event))
    return OK


def _handover(cast: Cast, event: Event, prefix: str) -> str:
    hand_over_deal(actor=cast.manager, deal=_deal(cast, event))
    return OK


def _cancel(cast: Cast, event: Event, prefix: str) -> str:
    cancel_deal(actor=cast.manager, deal=_deal(cast, event), reason="scenario")
    return OK


def _payment(cast: Cast, event: Event, prefix: str) -> str:
    record_payment(
        actor=cast.finance,
        deal=_deal(cast, event),
        amount=event.fields["amount"],
        source=event.fields.get("source", "own"),
        reference=event.fields.get("reference", f"replay {secrets.token_hex(8)}"),
    )
    return OK


def _decide(cast: Cast, event: Event, prefix: str) -> str:
    shares = [(_referral(cast, name), fraction) for name, fraction in event.fields["shares"]]
    decide_deal(actor=cast.manager, deal=_deal(cast, event), shares=shares, reason="scenario")
    return OK


def _payout(cast: Cast, event: Event, prefix: str) -> str:
    """Bring the ledger up to date, then draft, submit, approve and pay all that is payable."""
    run_commissions(project=cast.project)
    try:
        batch = draft_batch(actor=cast.finance, company=cast.project.company, currency=cast.project.currency)
    except Refused as refusal:
        if refusal.code != "nothing_payable":
            raise
        return OK
    lines = list(PayoutLine.objects.filter(batch=batch).select_related("payee"))
    for i, line in enumerate(lines):
        if not line.payee.is_individual:
            attach_invoice(
                actor=cast.finance, line=line, number=f"{batch.number}-{i}", amount=line.gross, vat_rate="0.06"
            )
    submit_batch(actor=cast.finance, batch=batch)
    approve_batch(actor=cast.approver, batch=batch)
    results = [
        {"line": line.pk, "bank_reference": f"{batch.number}-{i}", "failed": False} for i, line in enumerate(lines)
    ]
    pay_batch(actor=cast.finance, batch=batch, results=results)
    return OK


_EVENTS: dict[str, Callable[[Cast, Event, str], str]] = {
    "natural_visit": _natural_visit,
    "file": _file,
    "add_phone": _add_phone,
    "visit": _visit,
    "withdraw": _withdraw,
    "policy": _policy,
    "subscribe": _subscribe,
    "contract": _contract,
    "handover": _handover,
    "cancel": _cancel,
    "payment": _payment,
    "decide": _decide,
    "payout": _payout,
}
