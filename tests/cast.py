"""A named cast on one project's site, and short words for what they do, each at a time of its own.

The owner files first; the rival works for another agency; the colleague for the owner's; the
outsider's agency has no agreement. Everything goes through the services.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from brokers.models import Agency, Agreement, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from leads.models import AttributionDecision, Consultant, Deal, NaturalVisit, Referral, ReferralPhone, Visit
from leads.selectors import claim_spans
from leads.services.deals import Buyer, cancel_deal, contract_deal, hand_over_deal, subscribe_deal
from leads.services.disputes import decide_deal
from leads.services.filing import file_referral
from leads.services.phones import add_phone
from leads.services.visits import confirm_visit, record_natural_visit
from leads.services.withdrawal import withdraw_referral
from projects.models import PayingCompany, Project
from projects.services.projects import create_project, set_policy

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LI, WANG, ZHAO, SUN = "13800000001", "13800000002", "13800000003", "13800000004"
WHOLE, HALF = Fraction(1), Fraction(1, 2)


def after(**span: float) -> datetime:
    """Return the instant so long after the start."""
    return START + timedelta(**span)


def person(role: Role | str, **fields: Any) -> User:
    """Return a new account of a role, of all projects unless told otherwise."""
    fields.setdefault("all_projects", True)
    return User.objects.create(username=f"{role}-{secrets.token_hex(4)}", name=str(role), role=role, **fields)


def agency_with_broker(name: str, *, kind: str = "referral", phone: str = "") -> Broker:
    """Return the one broker of a new agency."""
    agency = create_agency(actor=None, code=f"{name}-{secrets.token_hex(4)}", name=name, kind=kind)
    return broker_of(agency, name, phone=phone)


def broker_of(agency: Agency, name: str, **fields: Any) -> Broker:
    """Return a new broker of an agency."""
    return create_broker(
        actor=None, agency=agency, username=f"{name}-{secrets.token_hex(4)}", name=name, **{"phone": "", **fields}
    )


def project_of(company: PayingCompany | None = None, *, zone: str = "Asia/Shanghai", **fields: Any) -> Project:
    """Return a new open project with its first policy."""
    code = f"p-{secrets.token_hex(4)}"
    company = company or PayingCompany.objects.create(code=code, name="Lake Co.", timezone=zone)
    values = {"name": "Golden Lake", "timezone": zone, "status": Project.Status.OPEN, "currency": "CNY"} | fields
    return create_project(actor=None, code=code, company=company, **values)


@dataclass
class Site:
    """One project and its people."""

    project: Project
    manager: User
    second_manager: User
    reception: User
    owner: Broker
    colleague: Broker
    rival: Broker
    outsider: Broker

    def agree(self, broker: Broker, *, from_on: date = date(2020, 1, 1), **fields: Any) -> Agreement:
        draft = draft_agreement(
            actor=self.manager, agency=broker.agency, project=self.project, from_on=from_on, **fields
        )
        return approve_agreement(actor=self.second_manager, agreement=draft)

    def policy(self, **rules: Any) -> None:
        set_policy(project=self.project, actor=self.manager, **rules)

    def file(self, broker: Broker, *phones: str, at: datetime = START, **fields: Any) -> Referral:
        with clock.at(at):
            return file_referral(
                actor=broker.user,
                broker=broker,
                project=self.project,
                client_name=fields.pop("client_name", "Li Ming"),
                phones=phones,
                **fields,
            )

    def visit(self, referral: Referral, *, at: datetime, phones: tuple[str, ...] = (), override: str = "") -> Visit:
        with clock.at(at):
            actor = self.manager if override else self.reception
            return confirm_visit(actor=actor, referral=fresh(referral), phones=phones, override_reason=override)

    def walk_in(self, phone: str, *, at: datetime) -> NaturalVisit:
        with clock.at(at):
            return record_natural_visit(actor=self.reception, project=self.project, phone=phone)

    def add(self, referral: Referral, phone: str, *, at: datetime) -> ReferralPhone:
        with clock.at(at):
            return add_phone(actor=referral.broker.user, referral=fresh(referral), phone=phone)

    def withdraw(self, referral: Referral, *, at: datetime) -> Referral:
        with clock.at(at):
            return withdraw_referral(actor=referral.broker.user, referral=fresh(referral))

    def subscribe(self, *phones: str, at: datetime, visitor: Referral | None = None, **fields: Any) -> Deal:
        values = {
            "price": Decimal("1000000.00"),
            "method": "lump_sum",
            "first_payment_amount": Decimal("1000000.00"),
        } | fields
        with clock.at(at):
            return subscribe_deal(
                actor=self.manager,
                project=self.project,
                buyers=[Buyer("Li Ming", phone) for phone in phones],
                visitor=visitor,
                **values,
            )

    def contract(self, deal: Deal, *, at: datetime) -> Deal:
        with clock.at(at):
            return contract_deal(actor=self.manager, deal=deal)

    def hand_over(self, deal: Deal, *, at: datetime) -> Deal:
        with clock.at(at):
            return hand_over_deal(actor=self.manager, deal=deal)

    def cancel(self, deal: Deal, *, at: datetime) -> Deal:
        with clock.at(at):
            return cancel_deal(actor=self.manager, deal=deal, reason="changed their mind")

    def decide(self, deal: Deal, *shares: tuple[Referral, Fraction], at: datetime) -> AttributionDecision:
        with clock.at(at):
            return decide_deal(actor=self.manager, deal=deal, shares=shares, reason="evidence heard")

    def consultant(self, **fields: Any) -> Consultant:
        return Consultant.objects.create(user=person(Role.CONSULTANT), project=self.project, **fields)


def open_site(*, zone: str = "Asia/Shanghai", **policy: Any) -> Site:
    """Return a site whose first three brokers may file; `policy`: fields that differ from the usual."""
    owner = agency_with_broker("owner")
    site = Site(
        project=project_of(zone=zone, policy=policy),
        manager=person(Role.MARKETING_MANAGER),
        second_manager=person(Role.MARKETING_MANAGER),
        reception=person(Role.RECEPTION),
        owner=owner,
        colleague=broker_of(owner.agency, "colleague"),
        rival=agency_with_broker("rival"),
        outsider=agency_with_broker("outsider"),
    )
    site.agree(site.owner)
    site.agree(site.rival)
    return site


def fresh(referral: Referral) -> Referral:
    """Return the referral as it is stored now."""
    return Referral.objects.select_related("policy", "project", "broker__user").get(pk=referral.pk)


def state(referral: Referral, *, at: datetime) -> str:
    """Return the state that holds at an instant."""
    return str(fresh(referral).state_at(at))


def held(referral: Referral, *, at: datetime) -> list[tuple[str, datetime, datetime]]:
    """Return the spans held, as known at an instant: last digits of the phone, from, until."""
    return sorted((claim.phone.last4, claim.starts_at, end) for claim, end in claim_spans(fresh(referral), at))


def shares(deal: Deal) -> dict[Any, Fraction]:
    """Return the deal's fractions by referral id; empty: natural."""
    return {share.referral_id: share.fraction for share in deal.shares.filter(ended_at__isnull=True)}
