"""The people and things the API's tests are about, made through the services."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework.test import APIClient

from brokers.models import Agency, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.accounts.services.tokens import issue_token
from leads.models import Consultant
from projects.models import PayingCompany, Project
from projects.services.projects import create_project
from projects.services.units import create_unit

STAFF = (
    Role.MARKETING,
    Role.MARKETING_MANAGER,
    Role.RECEPTION,
    Role.CONSULTANT,
    Role.FINANCE,
    Role.FINANCE_APPROVER,
    Role.AUDITOR,
)


@dataclass
class Cast:
    """A project with two agencies that both sell it, one person per role, and a second project nobody here works on.

    `owner` files clients; `rival` is a broker of the other agency; the staff are named by their role.
    """

    project: Project
    elsewhere: Project
    agency: Agency
    other_agency: Agency
    owner: Broker
    colleague: Broker
    manager_of_agency: Broker
    rival: Broker
    staff: dict[str, User]
    keys: dict[Any, str] = field(default_factory=dict)

    def other_boss(self) -> Broker:
        """Return the manager of the other agency."""
        return create_broker(
            actor=None,
            agency=self.other_agency,
            username="other-boss",
            name="Boss",
            role=Role.AGENCY_ADMIN,
            password="x",
        )

    def client(self, who: Any) -> APIClient:
        """Return a client that comes with the person's key."""
        user = self.staff[who] if isinstance(who, str) else getattr(who, "user", who)
        if user.pk not in self.keys:
            self.keys[user.pk] = issue_token(user=user, actor=user)[1]
        return APIClient(headers={"Authorization": f"Token {self.keys[user.pk]}"})


RULES = {
    "exclusive_from": "filing",
    "protection_days": 30,
    "visit_within_hours": 72,
    "lead_time_minutes": 0,
    "lookback_days": 90,
}


def make_project(code: str, company: PayingCompany, actor: User, **policy: Any) -> Project:
    return create_project(
        actor=actor, code=code, name=f"Project {code}", status="open", company=company, policy={**RULES, **policy}
    )


def agree(agency: Agency, project: Project, author: User, approver: User) -> Any:
    agreement = draft_agreement(actor=author, agency=agency, project=project, from_on=date(2020, 1, 1))
    return approve_agreement(actor=approver, agreement=agreement)


def make_cast(**policy: Any) -> Cast:
    company = PayingCompany.objects.create(code="LAKE", name="Lake Co.")
    root = User.objects.create_user("root", "", "a-long-password", role=Role.MARKETING, all_projects=True)
    project = make_project("P1", company, root, **policy)
    elsewhere = make_project("P9", PayingCompany.objects.create(code="OVER", name="Far Co."), root, **policy)
    staff = {}
    for role in STAFF:
        staff[role.value] = User.objects.create_user(
            f"{role.value}-1", "", "a-long-password", role=role, name=role.value
        )
        staff[role.value].projects.add(project)
    manager = staff[Role.MARKETING_MANAGER]
    agency = create_agency(actor=root, code="A1", name="Bright Homes", kind="referral")
    other = create_agency(actor=root, code="A2", name="Far Homes", kind="referral")
    for one in (agency, other):
        agree(one, project, root, manager)
    people = {
        name: create_broker(actor=root, agency=of, username=name, name=name, password="a-long-password", role=role)
        for name, of, role in (
            ("owner", agency, Role.BROKER),
            ("colleague", agency, Role.BROKER),
            ("boss", agency, Role.AGENCY_ADMIN),
            ("rival", other, Role.BROKER),
        )
    }
    Consultant.objects.create(user=staff[Role.CONSULTANT], project=project)
    create_unit(
        actor=root, project=project, building="1", number="101", area=Decimal("88.00"), list_price=Decimal(1_000_000)
    )
    return Cast(
        project=project,
        elsewhere=elsewhere,
        agency=agency,
        other_agency=other,
        owner=people["owner"],
        colleague=people["colleague"],
        manager_of_agency=people["boss"],
        rival=people["rival"],
        staff=staff,
    )


def filing(phone: str = "13800000001", **fields: Any) -> dict[str, Any]:
    return {"project": "P1", "client_name": "张伟", "phones": [phone], **fields}
