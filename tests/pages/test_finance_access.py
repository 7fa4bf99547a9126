"""Who may enter which finance page, for every address of them."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from brokers.models import PayoutAccount
from brokers.services.accounts import ask_account
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from commissions import urls
from commissions.models import (
    Adjustment,
    Advance,
    AdvanceLimit,
    BankResult,
    Invoice,
    LedgerCheck,
    ObjectionFile,
    Payee,
    PayeeHold,
    Reconciliation,
    ReportView,
    Statement,
    WriteOff,
)
from commissions.reports.asked import read_asked
from commissions.reports.catalogue import REPORTS
from commissions.services.debts import ask_write_off
from commissions.services.ledger_checks import check_ledger
from commissions.services.payee_holds import set_hold
from commissions.services.report_views import keep_view
from commissions.services.statements import contest_lines
from leads.models import PaymentFile, PaymentRow, PaymentSource
from tests.pages.finance import ask_by_hand, everything, open_till, wait_for_a_person
from tests.pages.money import compared_by, own_month
from tests.pages.world import make_project, staff
from tests.services.leads.disputed import photo

pytestmark = pytest.mark.django_db

READ = {"finance", "finance_approver", "marketing_manager", "auditor"}
PREPARE, PAY = {"finance"}, {"finance", "finance_approver"}
PAGES = {
    "balances": READ,
    "more": READ,
    "balances_csv": READ,
    "balance": READ,
    "hold_new": PAY,
    "holds": READ,
    "hold": READ,
    "repayment_new": PREPARE,
    "write_off_new": PREPARE,
    "liability": READ,
    "liability_xlsx": READ,
    "debts": READ,
    "write_off": READ,
    "adjustment_new": PREPARE,
    "adjustments": READ,
    "adjustment": READ,
    "adjustment_file": READ,
    "advances": READ,
    "advance_new": PREPARE,
    "advance": READ,
    "advance_limit_new": PREPARE,
    "advance_limit": READ,
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
    "results": PAY,
    "result": PAY,
    "line_answer": PAY,
    "line_leave_out": PREPARE,
    "reconciliations": READ,
    "reconciliation": READ,
    "reconciliation_xlsx": READ,
    "invoice_file": READ,
    "accounts": READ,
    "account_new": PREPARE,
    "account": READ,
    "account_close": PAY,
    "bank": READ,
    "bank_template": PREPARE,
    "tax": READ,
    "tax_xlsx": READ,
    "tax_identity": PREPARE,
    "payments": READ,
    "payments_csv": READ,
    "payment_new": PREPARE,
    "payment_imports": PREPARE,
    "payment_import": READ,
    "payment_source_new": PREPARE,
    "payment_source": PREPARE,
    "waiting_payments": READ,
    "waiting_payment": READ,
    "reports": READ,
    "report": READ,
    "report_keep": READ,
    "report_xlsx": READ,
    "report_csv": READ,
    "report_exports": READ,
    "report_schedule": READ,
    "report_view_remove": READ,
    "months": READ,
    "month_close": PREPARE,
    "month": READ,
    "statement": READ,
    "statement_pdf": READ,
    "statement_xlsx": READ,
    "objection": PREPARE,
    "objection_file": READ,
    "proof": READ,
    "proof_run": {"finance", "finance_approver", "auditor"},
    "proof_check": READ,
}
POSTED = {
    "balances_csv",
    "batch_bank",
    "batch_csv",
    "batch_xlsx",
    "liability_xlsx",
    "payments_csv",
    "proof_run",
    "report_csv",
    "report_xlsx",
    "statement_pdf",
    "statement_xlsx",
    "tax_xlsx",
}
BARE = {
    "account_new",
    "accounts",
    "adjustments",
    "advance_limit_new",
    "advance_new",
    "advances",
    "balances",
    "balances_csv",
    "bank",
    "batch_new",
    "batches",
    "debts",
    "holds",
    "liability",
    "liability_xlsx",
    "months",
    "more",
    "payment_imports",
    "payment_new",
    "payment_source_new",
    "payments",
    "payments_csv",
    "proof",
    "proof_run",
    "reconciliations",
    "report_exports",
    "reports",
    "tax",
    "tax_xlsx",
    "waiting_payments",
}
OF_BALANCE = ("balance", "repayment_new", "write_off_new", "adjustment_new", "hold_new")
# Named, not an object: everybody who reads any has them, each within the own projects.
NAMED = {"report", "report_keep", "report_xlsx", "report_csv"}
# A shared view is everybody's to schedule, its owner's alone to remove.
SHARED, OWN = {"report_schedule"}, {"report_view_remove"}
EVERYBODYS = {"proof_check"}  # one proof is of all projects; what it shows of them differs


def test_every_finance_address_is_in_the_table():
    assert {pattern.name for pattern in urls.urlpatterns} == set(PAGES)


@pytest.fixture
def till(world):
    made = open_till(world)
    made.pay()
    made.cancel()
    payee = Payee.objects.get(agency=world.agency)
    compared_by(world.manager.user, world.project.company)
    month = own_month(world)
    contest_lines(actor=world.owner.user, statement=month, lines=[month.lines.get().pk], text="No.", files=[photo()])
    set_hold(actor=made.second, payee=payee, project=world.project, reason="asked for")
    ask_write_off(actor=made.second, payee=payee, project=world.project, amount=Decimal(1), reason="small")
    ask_by_hand(made)
    ask_account(actor=None, party=world.agency, holder="x", bank_name="Bank", account="6222020200012345")
    BankResult.objects.create(batch=made.batch, name="x", digest="x", read_at=clock.now())
    asked = read_asked(REPORTS["cost"], made.finance, {})
    keep_view(actor=made.finance, asked=asked, name="Costs", shared=True)
    check_ledger()
    wait_for_a_person(made)
    return made


def address(till, name, *, missing=False):
    payee = Payee.objects.get(agency=till.world.agency)
    month = Statement.objects.get(payee__broker=till.world.owner)
    keys = {
        "month_close": [till.world.project.company.code],
        "month": [month.closing_of_id],
        **{key: [month.pk] for key in ("statement", "statement_pdf", "statement_xlsx")},
        "objection": [month.pk, month.lines.get().pk],
        "objection_file": [month.pk, ObjectionFile.objects.get().attachment_id],
        "line": [till.batch.pk, till.agency_line.pk],
        "line_answer": [till.batch.pk, till.agency_line.pk],
        "line_leave_out": [till.batch.pk, till.agency_line.pk],
        "payment_import": [PaymentFile.objects.get().pk],
        "payment_source": [PaymentSource.objects.get().pk],
        "waiting_payment": [PaymentRow.objects.get().pk],
        **{key: [Reconciliation.objects.get().pk] for key in ("reconciliation", "reconciliation_xlsx")},
        "invoice_file": [till.batch.pk, till.agency_line.pk, Invoice.objects.get().attachment_id],
        "result": [till.batch.pk, BankResult.objects.get().pk],
        **{key: [PayoutAccount.objects.get().pk] for key in ("account", "account_close")},
        "bank_template": [till.world.project.company_id],
        "tax_identity": [till.world.owner.pk],
        "hold": [PayeeHold.objects.get().pk],
        "write_off": [WriteOff.objects.get().pk],
        "adjustment": [Adjustment.objects.get().pk],
        "adjustment_file": [Adjustment.objects.get().pk],
        "advance": [Advance.objects.get().pk],
        "advance_limit": [AdvanceLimit.objects.get(state="asked").pk],
        "proof_check": [LedgerCheck.objects.get().pk],
        **{key: [payee.pk, till.world.project.pk] for key in OF_BALANCE},
        **{key: ["cost"] for key in NAMED},
        **{key: [ReportView.objects.get().pk] for key in SHARED | OWN},
    }.get(name, [till.batch.pk])
    if name in BARE:
        keys = []
    if missing and name in NAMED:
        return reverse(f"finance:{name}", args=["nothing"])
    others = [key + 1 if isinstance(key, int) else uuid4() for key in keys]
    return reverse(f"finance:{name}", args=others if missing else keys)


def ask(client, name, where):
    return client.post(where) if name in POSTED else client.get(where)


@pytest.mark.parametrize("role", list(Role))
def test_each_role_enters_its_own_pages_and_no_other(till, role):
    people = {"broker": till.world.owner.user, "agency_admin": till.world.manager.user}
    user = people.get(role) or staff(f"the-{role}", role, till.world.project)
    client = Client()
    client.force_login(user)
    before = everything() if role not in READ else None
    for name, roles in PAGES.items():
        status = ask(client, name, address(till, name)).status_code
        found = (404,) if name in OWN else (200, 302)
        assert status in (found if role in roles else (403,)), name
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
        if role in roles and name not in BARE | NAMED | SHARED | EVERYBODYS:
            assert ask(client, name, address(till, name)).status_code == 404, name


def test_missing_objects_are_not_found(till):
    people = {"finance": till.finance, "finance_approver": till.approver}
    for name, roles in PAGES.items():
        if name not in BARE:
            client = Client()
            client.force_login(people["finance" if "finance" in roles else "finance_approver"])
            assert ask(client, name, address(till, name, missing=True)).status_code == 404, name


def test_more_lists_the_further_places_with_what_is_there(till):
    client = Client()
    client.force_login(till.finance)
    page = client.get("/finance/more/").content.decode()
    assert 'href="/finance/owed/"' in page and "What payees owe back after cancellations" in page
