"""Who may enter which finance page, for every address of them."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from channels_platform.accounts.permissions import Role
from commissions import urls
from commissions.models import Payee, PayeeHold, WriteOff
from commissions.services.debts import ask_write_off
from commissions.services.payee_holds import set_hold
from tests.pages.finance import everything, open_till
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db

READ = {"finance", "finance_approver", "marketing_manager", "auditor"}
PREPARE, PAY = {"finance"}, {"finance", "finance_approver"}
PAGES = {
    "balances": READ,
    "balances_csv": READ,
    "balance": READ,
    "hold_new": PAY,
    "holds": READ,
    "hold": READ,
    "repayment_new": PREPARE,
    "write_off_new": PREPARE,
    "debts": READ,
    "write_off": READ,
    "batches": READ,
    "batch_new": PREPARE,
    "batch": READ,
    "line": READ,
    "batch_submit": PREPARE,
    "batch_approve": {"finance_approver"},
    "batch_return": PAY,
    "batch_void": PAY,
    "batch_reissue": PREPARE,
    "batch_pay": PAY,
    "batch_xlsx": READ,
    "batch_csv": READ,
    "batch_bank": PAY,
    "payments": READ,
    "payments_csv": READ,
    "payment_new": PREPARE,
}
EXPORTS = {"batch_xlsx", "batch_csv", "batch_bank", "balances_csv", "payments_csv"}
BARE = {"balances", "balances_csv", "payments_csv", "debts", "holds", "batches", "batch_new", "payments", "payment_new"}


def test_every_finance_address_is_in_the_table():
    assert {pattern.name for pattern in urls.urlpatterns} == set(PAGES)


@pytest.fixture
def till(world):
    made = open_till(world)
    made.pay()
    made.cancel()
    payee = Payee.objects.get(agency=world.agency)
    set_hold(actor=made.second, payee=payee, project=world.project, reason="asked for")
    ask_write_off(actor=made.second, payee=payee, project=world.project, amount=Decimal(1), reason="small")
    return made


def address(till, name, *, missing=False):
    payee = Payee.objects.get(agency=till.world.agency)
    keys = {
        "line": [till.batch.pk, till.agency_line.pk],
        "hold": [PayeeHold.objects.get().pk],
        "write_off": [WriteOff.objects.get().pk],
        **{key: [payee.pk, till.world.project.pk] for key in ("balance", "hold_new", "repayment_new", "write_off_new")},
    }.get(name, [till.batch.pk])
    if name in BARE:
        keys = []
    return reverse(f"finance:{name}", args=[uuid4() for _key in keys] if missing else keys)


def ask(client, name, where):
    return client.post(where) if name in EXPORTS else client.get(where)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_enters_its_own_pages_and_no_other(till, role):
    people = {"broker": till.world.owner.user, "agency_admin": till.world.manager.user}
    user = people.get(role) or staff(f"the-{role}", role, till.world.project)
    client = Client()
    client.force_login(user)
    before = everything() if role not in READ else None
    for name, roles in PAGES.items():
        status = ask(client, name, address(till, name)).status_code
        assert status in ((200, 302) if role in roles else (403,)), name
        if role not in roles:
            assert client.post(address(till, name), {"reason": "x", "decision": "approve"}).status_code in (403, 405), (
                name
            )
    assert before is None or everything() == before


def test_the_unknown_are_asked_to_sign_in(till):
    for name in PAGES:
        answer = ask(Client(), name, address(till, name))
        assert answer.status_code == 302, name
        assert answer["Location"].startswith("/accounts/login/"), name


@pytest.mark.parametrize("role", ["finance", "finance_approver"])
def test_people_of_another_project_find_nothing(till, role):
    hill = make_project(till.world.project.company, code="HILL", name="Green Hill")
    client = Client()
    client.force_login(staff("elsewhere", role, hill))
    for name, roles in PAGES.items():
        if role in roles and name not in BARE:
            assert ask(client, name, address(till, name)).status_code == 404, name


def test_missing_objects_are_not_found(till):
    people = {"finance": till.finance, "finance_approver": till.approver}
    for name, roles in PAGES.items():
        if name not in BARE:
            client = Client()
            client.force_login(people["finance" if "finance" in roles else "finance_approver"])
            assert ask(client, name, address(till, name, missing=True)).status_code == 404, name
