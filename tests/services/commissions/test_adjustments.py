"""Adjustments by hand: one asks, another decides, and every list says what they are."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InternalError, connection, transaction

from channels_platform.accounts.permissions import Role
from channels_platform.files.models import Attachment
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.lib.money import NotAnAmount
from commissions.exports.rows import deal_columns, deal_rows
from commissions.models import Adjustment, LedgerEntry
from commissions.services.adjustments import ask_adjustment, decide_adjustment
from commissions.services.debts import owed_back
from projects.models import PayingCompany
from projects.services.details import keep_company
from projects.services.projects import change_project, create_project
from tests.services.commissions.cast import Cast, figures, person
from tests.services.files.test_keep_file import PDF


@pytest.fixture
def earning(cast) -> Cast:
    """A1 has 10,000.00 payable."""
    cast.plan("A1")
    cast.collected("B1")
    cast.run()
    return cast


def ask(cast: Cast, amount: str, **more) -> Adjustment:
    with clock.at(cast.later()):
        return ask_adjustment(
            actor=cast.finance,
            payee=cast.payee("A1"),
            project=more.pop("project", cast.project),
            amount=Decimal(amount),
            reason=more.pop("reason", "launch support, call 13812345678"),
            **more,
        )


def decide(cast: Cast, asked: Adjustment, *, approve: bool = True, **more) -> Adjustment:
    with clock.at(cast.later()):
        return decide_adjustment(actor=more.pop("actor", cast.approver), adjustment=asked, approve=approve, **more)


def test_an_approved_adjustment_is_paid_with_the_next_payout_and_says_what_it_is(earning):
    asked = ask(earning, "500.00")
    assert earning.figures("A1") == figures(earned="10000.00", payable="10000.00")
    decide(earning, asked)
    assert earning.figures("A1") == figures(earned="10500.00", payable="10500.00")
    assert earning.run().changed == 0
    batch = earning.paid()
    assert batch.lines.get().gross == Decimal("10500")
    assert earning.figures("A1") == figures(earned="10500.00", paid="10500.00")
    heads = [column.heading for column in deal_columns()]
    with deal_rows(batch) as rows:
        found = [dict(zip(heads, [column.take(row) for column in deal_columns()], strict=True)) for row in rows]
    [said] = [row for row in found if not row["Deal"]]
    assert (said["Component"], said["Gross"]) == (f"Adjustment {asked.number}", Decimal("500"))
    assert said["How it comes about"] == (
        "adjustment: launch support, call 138****5678 (asked for by finance, approved by finance_approver)"
    )


def test_two_adjustments_of_one_payout_stay_two(earning):
    for amount in ("500.00", "-200.00"):
        decide(earning, ask(earning, amount))
    batch = earning.drafted()
    with deal_rows(batch) as rows:
        amounts = sorted(row[17] for row in rows if not row[3])
    assert amounts == [Decimal("-200"), Decimal("500")]
    assert batch.lines.get().gross == Decimal("10300")


def test_what_is_taken_beyond_payable_is_owed_back_and_netted(earning):
    decide(earning, ask(earning, "-12000.00"))
    assert earning.figures("A1") == figures(earned="-2000.00", payable="-2000.00")
    assert owed_back(payee_id=earning.payee("A1").pk, project_id=earning.project.pk) == 2000


def test_who_asked_never_decides(earning):
    both = person(Role.FINANCE, is_superuser=True)
    earning.finance = both
    asked = ask(earning, "1.00")
    with pytest.raises(Forbidden) as refusal:
        decide(earning, asked, actor=both)
    assert refusal.value.code == "own_request"
    for outsider in (earning.manager, None):
        with pytest.raises(Forbidden):
            decide(earning, asked, actor=outsider)
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.update(state="declined", decided_by=both, decided_at=earning.now)
    asked.refresh_from_db()
    assert (asked.state, earning.figures("A1")["payable"]) == ("asked", "10000.00")


@pytest.mark.parametrize(
    ("amount", "reason", "code"),
    [
        ("0", "x", "not_zero"),
        ("1.00", " ", "reason_required"),
        ("1.001", "x", "invalid_amount"),
        ("10000000000000", "x", "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused(earning, amount, reason, code):
    with pytest.raises((Invalid, NotAnAmount)) as refusal:
        ask(earning, amount, reason=reason)
    assert refusal.value.code == code
    assert not Adjustment.objects.exists()


def test_a_decline_says_why_and_posts_nothing(earning):
    asked, entries = ask(earning, "5.00"), LedgerEntry.objects.count()
    for nothing in ("", " \u200b "):
        with pytest.raises(Invalid) as refusal:
            decide(earning, asked, approve=False, answer=nothing)
        assert (refusal.value.code, refusal.value.field) == ("reason_required", "answer")
    decide(earning, asked, approve=False, answer="paid already")
    with pytest.raises(NotAllowed):
        decide(earning, asked)
    asked.refresh_from_db()
    assert (asked.state, asked.answer, asked.transaction_id) == ("declined", "paid already", None)
    assert LedgerEntry.objects.count() == entries


def test_the_paper_is_kept_with_what_was_asked(earning, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    asked = ask(earning, "5.00", attachment=SimpleUploadedFile("letter.pdf", PDF))
    assert asked.attachment.name == "letter.pdf"
    with pytest.raises(Invalid) as refusal:
        ask(earning, "5.00", attachment=SimpleUploadedFile("tool.exe", b"MZ\x00\x01"))
    assert (refusal.value.code, refusal.value.field) == ("file_type", "attachment")
    assert (Adjustment.objects.count(), Attachment.objects.count()) == (1, 1)


def test_the_database_keeps_what_was_asked_and_decides_it_once(earning):
    asked = ask(earning, "5.00")
    for change in ({"amount": 6}, {"reason": "another"}, {"payee": earning.payee("A1"), "number": "ADJ-1"}):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            Adjustment.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Adjustment.objects.update(state="approved", decided_by=earning.approver, decided_at=earning.now)
    decide(earning, asked)
    for work in (lambda: Adjustment.objects.update(answer="x"), lambda: _delete(asked)):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            work()


def _delete(asked: Adjustment) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM commissions_adjustment WHERE id = %s", [asked.pk])


def test_a_project_whose_only_money_is_an_adjustment_keeps_its_company_currency_and_zone(earning):
    cast = earning
    with clock.at(cast.later()):
        second = create_project(
            actor=cast.author, code="second", name="Second", currency="CNY", company=cast.company, status="open"
        )
        other = PayingCompany.objects.create(code="other", name="Other")
        change_project(actor=cast.author, project=second, company=other)  # nothing hangs on it yet
        moved = decide(cast, ask(cast, "500.00", project=second))
        assert LedgerEntry.objects.filter(project=second).exists() and moved.state == "approved"
        for field, value in (("company", cast.company), ("currency", "USD")):
            with pytest.raises(Invalid) as refusal:
                change_project(actor=cast.author, project=second, **{"company": other, "currency": "CNY", field: value})
            assert (refusal.value.code, refusal.value.field) == ("fixed_by_use", field)
        other.timezone = "Asia/Tokyo"
        with pytest.raises(Invalid) as refusal:
            keep_company(actor=cast.author, company=other)
        assert (refusal.value.code, refusal.value.field) == ("fixed_by_use", "timezone")
