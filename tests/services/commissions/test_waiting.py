"""What a line waits for on its whole way: from the milestone to the bank, and back where it is owed."""

from datetime import date
from decimal import Decimal

import pytest
import zeal

from brokers.models import Agreement
from brokers.services.agreements import end_agreement
from brokers.states import Ending
from channels_platform.lib import clock
from commissions.models import Accrual
from commissions.waiting import expected_of, why_nothing, with_waits
from leads.models import Deal, Referral
from leads.services.expected_dates import expect_dates
from tests.services.commissions.cast import AT_CONTRACT

pytestmark = pytest.mark.django_db

KEPT = {"retention": {"fraction": "0.1", "until": "handover"}}


@pytest.fixture
def sold(cast):
    """A mortgage at 1 %: 5,000 released on the first payment, a tenth of it kept."""
    cast.plan("A1", **KEPT)
    deal = cast.contracted("B1", method="mortgage", first="400000.00")
    cast.receive(deal, "400000.00")
    cast.run()
    return deal


def waits(cast, deal, name="A1"):
    with clock.at(cast.now):
        (line,) = with_waits([Accrual.objects.select_related("project", "deal").get(deal=deal, payee=cast.payee(name))])
    return [
        (wait.wait.step.value, str(wait.amount.quantize(Decimal("0.01"))), wait.wait.whose.value) for wait in line.waits
    ]


LOAN, KEPT_THEN = ("release", "4500.00", "lender"), ("retention", "1000.00", "developer")


def test_a_line_says_at_each_step_whose_move_it_is(cast, sold):
    assert waits(cast, sold) == [("cut_off", "4500.00", "finance"), LOAN, KEPT_THEN]
    batch = cast.drafted()
    assert waits(cast, sold)[0] == ("invoice", "4500.00", "agency")
    cast.invoiced(batch)
    assert waits(cast, sold)[0] == ("submission", "4500.00", "finance")


def test_once_submitted_it_waits_for_the_approver_then_for_the_bank_and_paid_for_nothing(cast, sold):
    cast.submitted()
    assert waits(cast, sold)[0] == ("approval", "4500.00", "approver")


def test_approved_it_waits_for_the_bank(cast, sold):
    cast.approved()
    assert waits(cast, sold)[0] == ("bank", "4500.00", "finance")


def test_what_is_paid_waits_for_nothing_and_what_was_paid_of_a_cancelled_deal_is_owed_back(cast, sold):
    cast.paid()
    assert waits(cast, sold) == [LOAN, KEPT_THEN]
    cast.cancel(sold)
    cast.run()
    assert waits(cast, sold) == [("owed_back", "-4500.00", "payee")]


def test_what_another_deals_debt_uses_up_is_netted(cast, sold):
    cast.paid()
    cast.cancel(sold)
    other = cast.contracted("B1", method="mortgage", first="200000.00", price="500000.00")
    cast.receive(other, "200000.00")
    cast.run()
    assert waits(cast, other)[0] == ("netting", "2250.00", "finance")


def test_below_the_companys_minimum_it_is_carried_on(cast, sold):
    cast.company.minimum_amount = 5000
    cast.company.save()
    assert waits(cast, sold)[0] == ("minimum", "4500.00", "finance")


def test_held_it_waits_for_the_manager_and_says_why(cast, sold):
    with clock.at(cast.now):
        agreement = Agreement.objects.get(agency=cast.agencies["A1"])
        end_agreement(actor=cast.manager, agreement=agreement, reason="seen", ending=Ending.INTERCEPTION)
    assert waits(cast, sold)[0] == ("hold", "4500.00", "manager")


def test_the_next_payout_has_its_day_and_a_day_past_is_overdue(cast, sold):
    expect_dates(actor=cast.manager, deal=sold, loan_expected_on=date(2026, 5, 12))
    with clock.at(cast.now.replace(month=5, day=13)):
        (line,) = with_waits(Accrual.objects.select_related("project", "deal"))
    payout, loan, _kept = line.waits
    # paid on the 5th of each month
    assert (payout.wait.expected_on, payout.overdue) == (date(2026, 6, 5), False)
    assert (loan.wait.expected_on, loan.overdue) == (date(2026, 5, 12), True)
    assert loan.sentence == "45\xa0% more is released when the loan is paid out (expected 12 May 2026)."


def test_a_projects_usual_times_stand_in_for_a_deals_own(cast, sold):
    project = cast.project
    project.loan_days, project.handover_expected_on = 45, date(2027, 6, 30)
    sold.refresh_from_db()
    signed = clock.local_date(sold.contracted_at, project.zone)
    found = expected_of(sold, project)
    assert ((found["loan_released"] - signed).days, found["handover"]) == (45, date(2027, 6, 30))
    sold.handover_expected_on = date(2027, 3, 1)
    assert expected_of(sold, project)["handover"] == date(2027, 3, 1)


def test_a_won_referral_without_a_line_says_why(cast):
    cast.plan("A1", release=AT_CONTRACT, to_on=date(2026, 2, 1))
    deal = cast.contracted("B1")
    other = cast.contracted("C1")
    cast.run()
    assert not Accrual.objects.exists()
    said = [why_nothing(Referral.objects.get(shares__deal=one), one) for one in (deal, other)]
    assert "no commission plan was in force when it was subscribed" in said[0]
    assert "there is no commission plan for such a deal" in said[1]


def test_a_page_of_lines_asks_a_fixed_number_of_times(cast, sold, django_assert_num_queries):
    for _ in range(3):
        cast.contracted("B2")
    cast.run()
    lines = list(Accrual.objects.select_related("project", "deal"))
    assert len(lines) == 4
    with clock.at(cast.now), zeal.zeal_context(), django_assert_num_queries(5):
        with_waits(lines)
    assert Deal.objects.count() == 4
