"""The cast: a manager and colleagues of every role, an owner and a rival, a project here and one elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

import channels_platform.urls  # noqa: F401 - the admin's pages come with the addresses
from brokers.models import Agency, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.accounts.models import User
from channels_platform.lib import clock
from commissions.models import PlanVersion
from commissions.services.plans import approve_plan_version, draft_plan_version
from commissions.services.runs import run_commissions
from leads.models import Consultant, Deal, Referral
from leads.services.deals import Buyer, contract_deal, subscribe_deal
from leads.services.filing import file_referral
from leads.services.payments import record_payment
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


RULES: dict[str, Any] = {
    "payee": "agency",
    "applies_to": "referred",
    "basis": "price",
    "measure": "units",
    "period": "month",
    "scope": "agency",
    "mode": "marginal",
    "tiers": [{"from": "0", "rate": "0.06"}, {"from": "20", "rate": "0.062"}],
    "release": {
        "lump_sum": [{"when": "fully_collected", "fraction": "1"}],
        "instalment": [{"when": "first_payment", "fraction": "0.5"}, {"when": "fully_collected", "fraction": "0.5"}],
        "mortgage": [{"when": "first_payment", "fraction": "0.5"}, {"when": "loan_released", "fraction": "0.5"}],
    },
    "retention": {"fraction": "0.1", "until": "handover"},
}


@pytest.fixture
def planner(cast: Cast) -> User:
    """A second manager: drafts the plans that the manager of the cast approves."""
    return _person("planner", "marketing_manager", all_projects=True)


@pytest.fixture
def plan(cast: Cast, planner: User) -> PlanVersion:
    version = draft_plan_version(actor=planner, project=cast.here, agency=cast.owner.agency, **RULES)
    return approve_plan_version(actor=cast.manager, version=version)


@pytest.fixture
def paid_deal(cast: Cast, plan: PlanVersion) -> Deal:
    """A referred deal, contracted and half paid, with its commission in the ledger."""
    cast.file()
    deal = cast.subscribe(CLIENT)
    contract_deal(actor=cast.manager, deal=deal)
    record_payment(actor=None, deal=deal, amount=Decimal("384000"), reference="BANK-1")
    run_commissions(project=cast.here)
    deal.refresh_from_db()
    return deal


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    """Forget the overview's figures of the test before."""
    client = cache._cache.get_client()
    for key in client.scan_iter(match=f"{settings.REDIS_PREFIX}:*overview:*", count=1000):
        client.delete(key)


def address(model: Any, page: str, *args: Any) -> str:
    """The address of a model's page: `address(Deal, "act", deal.pk, "cancel")`."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def do(client: Client, obj: Any, act: str, **data: Any) -> Any:
    """Do an act on an object's page."""
    return client.post(address(type(obj), "act", obj.pk, act), data)


def said(response: Any) -> str:
    return str(response.content.decode())


def complaints(response: Any) -> dict[str, list[str]]:
    """What the page's form complains of, by field; empty for an answer without a form."""
    context = getattr(response, "context_data", None) or {}
    form = context.get("form") or getattr(context.get("adminform"), "form", None)
    return {name: list(map(str, errors)) for name, errors in form.errors.items()} if form is not None else {}
