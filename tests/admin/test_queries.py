"""Lists and pages ask the database the same number of questions however many rows they show."""

from typing import Any

import pytest
import zeal
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from brokers.models import Agency, Agreement, Broker
from brokers.services.agencies import create_agency, create_broker
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.adminkit import paginator
from channels_platform.audit.models import Event
from commissions.models import Accrual, LedgerEntry, LedgerTransaction, PlanVersion
from commissions.services.plans import approve_plan_version, draft_plan_version
from commissions.services.runs import run_commissions
from leads.models import Claim, Deal, Dispute, NaturalVisit, Payment, Referral, Visit
from leads.services.deals import contract_deal
from leads.services.disputes import raise_dispute
from leads.services.payments import record_payment
from leads.services.visits import confirm_visit, record_natural_visit
from projects.models import Unit
from projects.services.units import create_unit
from tests.admin.conftest import RULES, START, Cast, address

pytestmark = pytest.mark.django_db

LISTS = [Agency, Agreement, Broker, Referral, Claim, Visit, NaturalVisit, Deal, Payment, Dispute, Unit, PlanVersion,
         Accrual, LedgerEntry, LedgerTransaction, Event]  # fmt: skip


def _more(cast: Cast, planner: Any, n: int) -> None:
    """One more row in every list, each with relations of its own."""
    agency = create_agency(actor=cast.manager, code=f"A{n}", name=f"Agency {n}", kind="referral")
    broker = create_broker(actor=cast.manager, agency=agency, username=f"b{n}", name=f"Broker {n}", password="unused")
    paper = draft_agreement(actor=cast.author, agency=agency, project=cast.here, from_on=START.date())
    approve_agreement(actor=cast.manager, agreement=paper)
    version = draft_plan_version(actor=planner, project=cast.here, agency=agency, **RULES)
    approve_plan_version(actor=cast.manager, version=version)
    phone = f"1381000{n:04d}"
    referral = cast.file(phone, broker=broker)
    confirm_visit(actor=cast.manager, referral=referral)
    record_natural_visit(actor=cast.manager, project=cast.here, phone=f"1382000{n:04d}")
    unit = create_unit(
        actor=None, project=cast.here, phase=f"P{n}", building=str(n), number="1", area="80", list_price="1"
    )
    deal = cast.subscribe(phone, unit=unit)
    contract_deal(actor=cast.manager, deal=deal)
    record_payment(actor=None, deal=deal, amount=deal.first_payment_amount, reference=f"BANK-{n}")
    raise_dispute(actor=broker.user, agency=agency, claim_text="Mine.", deal=deal)
    run_commissions(project=cast.here)


def _questions(client: Any, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


def test_lists_do_not_ask_once_per_row(cast: Cast, enter: Any, planner: Any) -> None:
    client = enter("marketing_manager", all_projects=True)
    _more(cast, planner, 1)
    for model in LISTS:
        _questions(client, address(model, "changelist"))
    few = {model: _questions(client, address(model, "changelist")) for model in LISTS}
    for n in range(2, 6):
        _more(cast, planner, n)
    many = {model: _questions(client, address(model, "changelist")) for model in LISTS}
    assert {m._meta.label: many[m] - few[m] for m in LISTS if many[m] > few[m]} == {}
    assert max(many.values()) <= 30


def test_pages_of_a_busy_object_do_not_ask_once_per_row(cast: Cast, enter: Any, planner: Any) -> None:
    for n in range(1, 4):
        _more(cast, planner, n)
    client = enter("marketing_manager", all_projects=True)
    pages = [address(model, "change", model.objects.first().pk) for model in LISTS]
    for page in pages:
        with zeal.zeal_context():
            assert client.get(page).status_code == 200


def test_overview_asks_little_and_the_second_time_less(cast: Cast, enter: Any, planner: Any) -> None:
    _more(cast, planner, 1)
    client = enter("marketing_manager", all_projects=True)
    first = _questions(client, reverse("admin:index"))
    assert first <= 45
    assert _questions(client, reverse("admin:index")) < first - 10


def test_long_lists_are_not_counted_to_their_end(
    cast: Cast, enter: Any, planner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paginator, "MOST_COUNTED", 2)
    for n in range(1, 5):
        _more(cast, planner, n)
    client = enter("marketing_manager", all_projects=True)
    with CaptureQueriesContext(connection) as asked:
        page = client.get(address(Referral, "changelist")).content.decode()
    assert "more than 2 referrals" in page
    counts = [one["sql"] for one in asked if "COUNT(" in one["sql"] and "leads_referral" in one["sql"]]
    assert counts
    assert all("LIMIT 3" in sql for sql in counts)
