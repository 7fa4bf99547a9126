"""Setting the stage through the services: companies, projects, people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from brokers.models import Agency, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import draft_agreement, end_agreement
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.accounts.services.staff import create_staff
from channels_platform.audit.services import record
from channels_platform.lib import clock
from commissions.demo import names
from commissions.demo.accounts import open_accounts
from commissions.demo.cast import CONSULTANTS_PER_PROJECT, HOME_AGENCY, HOME_BROKER, AgencySpec, Cast, ProjectSpec
from leads.models import Consultant
from leads.services.duty import place_consultant
from projects.models import PayingCompany, Permit, Project, Unit
from projects.services.details import keep_company, keep_detail
from projects.services.projects import create_project

# the project of the demo accounts that stand on one site
HOME_SITE = "LAKE"


@dataclass
class Stage:
    """Everybody and everything by the names that the script gives them."""

    staff: dict[str, User] = field(default_factory=dict)
    reception: dict[str, User] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    companies: dict[str, PayingCompany] = field(default_factory=dict)
    agencies: dict[str, Agency] = field(default_factory=dict)
    brokers: dict[str, Broker] = field(default_factory=dict)
    consultants: dict[str, list[Consultant]] = field(default_factory=dict)
    units: dict[str, Iterator[Unit]] = field(default_factory=dict)


def set_stage(cast: Cast, *, rng: Random, start: datetime) -> Stage:
    """Make companies, projects and people, dated to the weeks before `start`.

    Writes: through the services.
    """
    stage = Stage()
    with clock.at(start - timedelta(days=20)):
        _lead(stage)
        for company in cast.companies:
            made = PayingCompany(
                code=company.code,
                name=company.name,
                address=company.address,
                tax_number=company.tax_number,
                timezone=company.timezone,
                minimum_amount=company.minimum,
            )
            stage.companies[company.code] = keep_company(actor=stage.staff["manager"], company=made)
        for project in cast.projects:
            _project(stage, project, rng)
        _staff(stage, cast, rng)
    with clock.at(start - timedelta(days=6)):
        for agency in cast.agencies:
            _agency(stage, agency)
    _open_accounts(stage)
    return stage


def _lead(stage: Stage) -> None:
    """The first person of all, as `createsuperuser` would make one; the rest is taken in by that one."""
    manager = User(
        username="marketing_manager", name="沈知行", role=Role.MARKETING_MANAGER, all_projects=True, is_staff=True
    )
    manager.set_unusable_password()
    manager.save(force_insert=True)
    record("staff.created", actor=None, target=manager, after={"role": str(manager.role)})
    stage.staff["manager"] = manager


def _project(stage: Stage, spec: ProjectSpec, rng: Random) -> None:
    manager = stage.staff["manager"]
    project = create_project(
        actor=manager,
        code=spec.code,
        name=spec.name,
        city=spec.city,
        district=spec.district,
        address=f"{spec.district}{names.STORES[len(spec.code)][:2]}路 {rng.randrange(1, 300)} 号",
        timezone=spec.timezone,
        currency=spec.currency,
        company=stage.companies[spec.company],
        status=Project.Status.OPEN,
        policy=spec.policy,
        first_payment_days=7,
        loan_days=60,
        full_payment_days=90,
        handover_expected_on=(clock.now() + timedelta(days=700)).date(),
    )
    stage.projects[spec.code] = project
    permit = Permit(
        project=project,
        number=f"云房预售（示例）第 {rng.randrange(1000, 9999)} 号",
        issued_on=(clock.now() - timedelta(days=40)).date(),
        scope="1-4",
    )
    keep_detail(actor=manager, detail=permit)


def _staff(stage: Stage, cast: Cast, rng: Random) -> None:
    """Take in the developer's people: one of each role for the demo accounts, and their colleagues."""
    manager = stage.staff["manager"]
    everywhere = (
        ("second_manager", "manager2", "陆景行", Role.MARKETING_MANAGER),
        ("marketing", "marketing", "许清扬", Role.MARKETING),
        ("finance", "finance", "陈若水", Role.FINANCE),
        ("finance_approver", "finance_approver", "顾明哲", Role.FINANCE_APPROVER),
        ("auditor", "auditor", "贺远", Role.AUDITOR),
    )
    for key, username, name, role in everywhere:
        stage.staff[key] = create_staff(actor=manager, username=username, name=name, role=role, all_projects=True)
    for spec in cast.projects:
        project, at_home = stage.projects[spec.code], spec.code == HOME_SITE
        stage.reception[spec.code] = create_staff(
            actor=manager,
            username="reception" if at_home else f"reception.{spec.code.lower()}",
            name=names.person(rng),
            role=Role.RECEPTION,
            projects=[project],
        )
        stage.consultants[spec.code] = [
            _consultant(stage, project, f"{spec.code.lower()}.{n + 1}", names.person(rng))
            for n in range(CONSULTANTS_PER_PROJECT)
        ]


def _consultant(stage: Stage, project: Project, username: str, name: str) -> Consultant:
    if username == f"{HOME_SITE.lower()}.1":
        username = "consultant"
    manager = stage.staff["manager"]
    user = create_staff(actor=manager, username=username, name=name, role=Role.CONSULTANT, projects=[project])
    return place_consultant(actor=manager, user=user, project=project)


def _agency(stage: Stage, spec: AgencySpec) -> None:
    marketing = stage.staff["marketing"]
    agency = create_agency(
        actor=marketing,
        code=spec.code,
        name=spec.name,
        kind=spec.kind,
        licence_no=f"DEMO-{spec.code}",
    )
    stage.agencies[spec.code] = agency
    home = spec.code == HOME_AGENCY
    for place, broker in enumerate(spec.brokers):
        username = broker.key.lower()
        if home and place <= HOME_BROKER:
            username = "agency_admin" if broker.is_manager else "broker"
        stage.brokers[broker.key] = create_broker(
            actor=marketing,
            agency=agency,
            username=username,
            name=broker.name,
            phone=broker.phone,
            store=broker.store,
            role=Role.AGENCY_ADMIN if broker.is_manager else Role.BROKER,
            recruited_by=marketing if place % 3 == 0 else None,
        )


def leave_for_today(stage: Stage, cast: Cast) -> None:
    """What waits for somebody now: agreements drafted and not approved, one that was ended.

    Writes: through the services.
    """
    marketing, manager = stage.staff["marketing"], stage.staff["manager"]
    for spec in cast.agencies:
        agency = stage.agencies[spec.code]
        for wanted in spec.agreements:
            if wanted.state == "draft":
                draft_agreement(
                    actor=marketing,
                    agency=agency,
                    project=stage.projects[wanted.project],
                    from_on=wanted.from_on,
                    to_on=wanted.to_on,
                )
            elif wanted.state == "ended":
                found = agency.agreements.get(project=stage.projects[wanted.project])
                end_agreement(actor=manager, agreement=found, reason="合作终止，双方协商一致")


def _open_accounts(stage: Stage) -> None:
    open_accounts()
    stage.staff["manager"].refresh_from_db()
