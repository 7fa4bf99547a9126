"""The cast: a manager and colleagues of every role, an owner and a rival, a project here and one elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from brokers.models import Agency, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.models import User
from channels_platform.lib import clock
from leads.models import Consultant, Deal, Referral
from leads.services.deals import Buyer, subscribe_deal
from leads.services.filing import file_referral
from projects.models import PayingCompany, Project
from projects.services.projects import create_project

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CLIENT, SPOUSE = "13800000001", "13800000002"


@dataclass
class Cast:
    """Who is there; `here` is the project of everybody with a scope, `elsewhere` of nobody but those who see all."""

    here: Project
    elsewhere: Project
    owner: Broker
    rival: Broker
    author: User
    manager: User

    def file(self, phone: str = CLIENT, *, project: Project | None = None, broker: Broker | None = None) -> Referral:
        return file_referral(
            actor=None, broker=broker or self.owner, project=project or self.here, client_name="张三", phones=[phone]
        )

    def subscribe(self, *phones: str, project: Project | None = None, **more: Any) -> Deal:
        terms: dict[str, Any] = {
            "price": Decimal("1280000"),
            "method": "instalment",
            "first_payment_amount": Decimal("384000"),
        }
        buyers = [Buyer(name="张三", phone=phone) for phone in phones or (CLIENT,)]
        return subscribe_deal(actor=None, project=project or self.here, buyers=buyers, **(terms | more))


def _person(username: str, role: str, **more: Any) -> User:
    return User.objects.create_user(username, password="unused-in-tests", role=role, **more)


@pytest.fixture(autouse=True)
def _march() -> Any:
    with clock.at(START):
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    manager = _person("manager", "marketing_manager", all_projects=True)
    author = _person("author", "marketing", all_projects=True)
    company = PayingCompany.objects.create(code="LAKE", name="Lake Co.")
    rules = {"exclusive_from": "filing", "lead_time_minutes": 0, "lookback_days": 0}
    projects = [
        create_project(actor=manager, code=code, name=name, company=company, status="open", policy=rules)
        for code, name in (("HERE", "Golden Lake"), ("ELSE", "Far Hills"))
    ]
    brokers = []
    for code, name in (("OWN", "Bright Homes"), ("RIV", "Rival Homes")):
        agency = create_agency(actor=manager, code=code, name=name, kind="referral")
        for project in projects:
            agreement = draft_agreement(actor=author, agency=agency, project=project, from_on=date(2026, 1, 1))
            approve_agreement(actor=manager, agreement=agreement)
        brokers.append(
            create_broker(actor=manager, agency=agency, username=code.lower(), name=f"{name} broker", password="unused")
        )
    return Cast(projects[0], projects[1], brokers[0], brokers[1], author, manager)


@pytest.fixture
def enter(cast: Cast) -> Callable[..., Client]:
    """Sign a person of a role in; those with a scope see `here` only."""

    def sign_in(role: str, *, all_projects: bool = False, language: str = "en") -> Client:
        user = User.objects.filter(username=f"a-{role}").first()
        if user is None:
            user = _person(f"a-{role}", role, all_projects=all_projects, name=f"A {role}")
            user.projects.add(cast.here)
        User.objects.filter(pk=user.pk).update(language=language)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def consultant(cast: Cast) -> Consultant:
    return Consultant.objects.create(user=_person("wang", "consultant", name="Wang"), project=cast.here)


@pytest.fixture
def onsite(cast: Cast) -> Agency:
    return create_agency(actor=cast.manager, code="SITE", name="On Site Co.", kind="onsite")


@pytest.fixture
def later() -> Callable[[timedelta], Any]:
    """Let time pass: `with later(timedelta(days=1)): ...`."""
    return lambda span: clock.at(START + span)
