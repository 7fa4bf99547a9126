"""What is owed back: repaid, or given up by two people; netting stays exact either way."""

from decimal import Decimal

import pytest

from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Forbidden, Invalid, NotAllowed
from channels_platform.lib.money import NotAnAmount
from commissions.models import LedgerEntry, Repayment, WriteOff
from commissions.services.debts import owed_back
from commissions.services.payouts import ask_write_off, decide_write_off, record_repayment
from tests.services.commissions.cast import Cast, figures, person


@pytest.fixture
def owing(cast) -> Cast:
    """A1 was paid 10,000.00 for a deal that was cancelled since."""
    cast.plan("A1")
    deal = cast.collected("B1")
    cast.run()
    cast.paid()
    cast.cancel(deal)
    cast.run()
    return cast


def repay(cast: Cast, amount: str, reference: str = "bank 1") -> Repayment:
    with clock.at(cast.later()):
        return record_repayment(
            actor=cast.finance,
            payee=cast.payee("A1"),
            project=cast.project,
            amount=Decimal(amount),
            reference=reference,
        )


def ask(cast: Cast, amount: str) -> WriteOff:
    with clock.at(cast.later()):
        return ask_write_off(
            actor=cast.finance,
            payee=cast.payee("A1"),
            project=cast.project,
            amount=Decimal(amount),
            reason="the agency is wound up",
        )


def test_a_repayment_takes_from_the_debt_and_later_payouts_net_the_rest(owing):
    repay(owing, "4000.00")
    assert owing.figures("A1") == figures(payable="-6000.00", paid="6000.00")
    assert owing.run().changed == 0

    owing.collected("B1")
    owing.run()
    batch = owing.paid()
    assert batch.lines.get().gross == 4000
    assert owing.figures("A1") == figures(earned="10000.00", paid="10000.00")
    assert owed_back(payee_id=owing.payee("A1").pk, project_id=owing.project.pk) == 0


def test_a_bank_reference_is_recorded_once(owing):
    repay(owing, "1.00")
    with pytest.raises(Duplicate):
        repay(owing, "1.00")
    assert Repayment.objects.count() == 1
    assert owing.figures("A1")["payable"] == "-9999.00"


@pytest.mark.parametrize(
    ("amount", "code"), [("10000.01", "more_than_owed"), ("0.00", "not_positive"), ("-1.00", "not_positive")]
)
def test_no_more_is_repaid_than_is_owed(owing, amount, code):
    before = LedgerEntry.objects.count()
    with pytest.raises(Invalid) as refusal:
        repay(owing, amount)
    assert refusal.value.code == code
    assert LedgerEntry.objects.count() == before


def test_an_amount_the_currency_cannot_express_is_refused(owing):
    with pytest.raises(NotAnAmount):
        repay(owing, "1.001")


def test_what_a_live_line_nets_already_is_not_repaid_beside_it(owing):
    owing.collected("B1", price="2000000.00")
    owing.run()
    owing.drafted()
    with pytest.raises(Invalid) as refusal:
        repay(owing, "1.00")
    assert refusal.value.code == "more_than_owed"


def test_a_write_off_becomes_the_companys_expense_once_another_approves(owing):
    asked = ask(owing, "10000.00")
    assert owing.figures("A1")["payable"] == "-10000.00"
    with clock.at(owing.later()):
        decide_write_off(actor=owing.approver, write_off=asked, approve=True)
    assert owing.figures("A1") == figures(earned="10000.00", paid="10000.00")
    assert owing.run().changed == 0

    owing.collected("B1")
    owing.run()
    assert owing.paid().lines.get().gross == 10000
    assert owing.figures("A1") == figures(earned="20000.00", paid="20000.00")


def test_who_asked_never_decides(owing):
    both = person(Role.FINANCE, is_superuser=True)
    owing.finance = both
    asked = ask(owing, "1.00")
    with pytest.raises(Forbidden) as refusal:
        decide_write_off(actor=both, write_off=asked, approve=True)
    assert refusal.value.code == "own_request"
    for outsider in (owing.manager, None):
        with pytest.raises(Forbidden):
            decide_write_off(actor=outsider, write_off=asked, approve=True)
    asked.refresh_from_db()
    assert (asked.state, owing.figures("A1")["payable"]) == ("asked", "-10000.00")


def test_a_declined_write_off_changes_nothing_and_is_decided(owing):
    asked = ask(owing, "5000.00")
    with clock.at(owing.later()):
        with pytest.raises(Invalid) as refusal:
            decide_write_off(actor=owing.approver, write_off=asked, approve=False, answer=" ")
        assert (refusal.value.code, refusal.value.field) == ("reason_required", "answer")
        decided = decide_write_off(actor=owing.approver, write_off=asked, approve=False, answer="They pay in May.")
        assert (decided.state, decided.answer) == ("declined", "They pay in May.")
        with pytest.raises(NotAllowed):
            decide_write_off(actor=owing.approver, write_off=asked, approve=True)
    assert owing.figures("A1")["payable"] == "-10000.00"


def test_a_write_off_of_what_is_no_longer_owed_is_refused(owing):
    asked = ask(owing, "8000.00")
    repay(owing, "5000.00")
    with pytest.raises(Invalid) as refusal:
        decide_write_off(actor=owing.approver, write_off=asked, approve=True)
    assert refusal.value.code == "more_than_owed"
    asked.refresh_from_db()
    assert asked.state == "asked"
