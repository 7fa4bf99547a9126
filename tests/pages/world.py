"""The cast of the page tests: Golden Lake and those who meet there."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from brokers.models import Agency, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from leads.models import Consultant, Referral
from leads.services.filing import file_referral
from projects.models import PayingCompany, Project
from projects.services.projects import create_project, set_policy

PASSWORD = "a-good-long-password"
CLIENT_PHONE = "13800005678"


@dataclass
class World:
    """One project, an owner agency and a rival, and the people on site."""

    project: Project
    agency: Agency
    rival: Agency
    owner: Broker
    colleague: Broker
    manager: Broker
    outsider: Broker
    reception: User
    consultant: Consultant
    site_manager: User

    def policy(self, **rules: Any) -> None:
        set_policy(project=self.project, actor=None, **rules)

    def file(self, broker: Broker | None = None, phone: str = CLIENT_PHONE, **more: Any) -> Referral:
        broker = broker or self.owner
        return file_referral(
            actor=broker.user,
            broker=broker,
            project=more.pop("project", self.project),
            client_name=more.pop("client_name", "张伟"),
            phones=more.pop("phones", [phone]),
            **more,
        )


def staff(username: str, role: Role, *projects: Project, name: str = "") -> User:
    user = User.objects.create_user(username, password=PASSWORD, role=role, name=name or username)
    user.projects.set(projects)
    return user


def agree(agency: Agency, project: Project, author: User, approver: User) -> None:
    draft = draft_agreement(actor=author, agency=agency, project=project, from_on=date(2020, 1, 1))
    approve_agreement(actor=approver, agreement=draft)


def make_project(company: PayingCompany, code: str = "GL", name: str = "Golden Lake", **rules: Any) -> Project:
    return create_project(
        actor=None, code=code, name=name, company=company, status="open", policy={"lead_time_minutes": 0, **rules}
    )


def broker(agency: Agency, username: str, name: str, role: Role = Role.BROKER) -> Broker:
    return create_broker(actor=None, agency=agency, username=username, name=name, password=PASSWORD, role=role)


def make_world(**rules: Any) -> World:
    company = PayingCompany.objects.create(code="LAKE", name="Lake Co.")
    project = make_project(company, **rules)
    agency = create_agency(actor=None, code="BRIGHT", name="Bright Homes", kind="referral")
    rival = create_agency(actor=None, code="RIVER", name="River Realty", kind="referral")
    author = staff("marketing", Role.MARKETING, project)
    approver = staff("site-manager", Role.MARKETING_MANAGER, project, name="Chen")
    for one in (agency, rival):
        agree(one, project, author, approver)
    host = staff("consultant", Role.CONSULTANT, project, name="Zhao")
    return World(
        project=project,
        agency=agency,
        rival=rival,
        owner=broker(agency, "owner", "Lin"),
        colleague=broker(agency, "colleague", "Wu"),
        manager=broker(agency, "manager", "Sun", Role.AGENCY_ADMIN),
        outsider=broker(rival, "outsider", "Qian"),
        reception=staff("reception", Role.RECEPTION, project, name="Li"),
        consultant=Consultant.objects.create(user=host, project=project),
        site_manager=approver,
    )
