"""An agreement ended for interception holds what its agency and brokers have unpaid there, until another lifts it."""

import csv
from functools import partial
from io import StringIO

import pytest
from django.db import IntegrityError, InternalError, transaction

from brokers.models import Agreement
from brokers.services.agreements import end_agreement, lift_hold
from brokers.states import Ending
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed, Refused
from commissions.batch_sheets import held_at, payable_at, totals_of
from commissions.exports.tables import bank_csv, deals_csv
from commissions.models import LedgerEntry
from commissions.selectors import balances
from commissions.services.payouts import approve_batch, draft_batch, pay_batch, return_batch, submit_batch
from tests.services.commissions.cast import Cast, figures, ledger_state, person


@pytest.fixture
def paying(cast) -> Cast:
    """10,000.00 is payable to A1 and 3,000.00 to its broker B1; 10,000.00 to A2."""
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}])
    cast.plan("A2")
    cast.collected("B1")
    cast.collected("C1")
    cast.run()
    return cast


def agreement_of(cast: Cast, agency: str = "A1") -> Agreement:
    return Agreement.objects.get(agency=cast.agencies[agency], project=cast.project)


def intercept(cast: Cast, agency: str = "A1") -> Agreement:
    with clock.at(cast.later()):
        return end_agreement(
            actor=cast.manager,
            agreement=agreement_of(cast, agency),
            reason="took clients at the door",
            ending=Ending.INTERCEPTION,
        )


def lift(cast: Cast, agency: str = "A1") -> Agreement:
    with clock.at(cast.later()):
        return lift_hold(actor=cast.author, agreement=agreement_of(cast, agency), reason="it was somebody else")


def payees(batch) -> set[str]:
    return {str(line.payee) for line in batch.lines.filter(state="open")}


def refused(call, kind=Invalid) -> str:
    with pytest.raises(kind) as refusal:
        call()
    return refusal.value.code


def test_what_is_held_is_not_drafted_and_the_ledger_stays_as_it_is(paying):
    before, entries = ledger_state(paying.project), LedgerEntry.objects.count()
    intercept(paying)
    assert paying.run().changed == 0
    assert (ledger_state(paying.project), LedgerEntry.objects.count()) == (before, entries)
    assert paying.figures("A1") == figures(earned="10000.00", payable="10000.00")

    asked = {"company": paying.company, "currency": "CNY", "cutoff_at": paying.now}
    assert [str(one.payee) for one in payable_at(**asked)] == ["A2"]
    assert [(str(one.payee), f"{one.gross:.2f}") for one in held_at(**asked)] == [("A1", "10000.00"), ("B1", "3000.00")]
    words = "Held: the agreement of A1 for Golden Lake ended for interception on"
    assert str(held_at(**asked)[0].hold).startswith(words)
    assert payees(paying.drafted()) == {"A2"}
    held = {str(one.payee): f"{one.held:.2f}" for one in balances(paying.finance, project=paying.project)}
    assert held == {"A1": "10000.00", "B1": "3000.00", "A2": "0.00"}


def test_earning_goes_on_while_held_and_the_next_payout_takes_all_once_lifted(paying):
    deal = paying.contracted("B1")
    intercept(paying)
    paying.receive(deal, "1000000.00")
    paying.run()
    assert paying.figures("A1") == figures(earned="20000.00", payable="20000.00")
    assert payees(paying.drafted()) == {"A2"}
    lift(paying)
    assert payees(paying.drafted()) == {"A1", "B1"}


def test_another_ending_holds_nothing(paying):
    with clock.at(paying.later()):
        end_agreement(actor=paying.manager, agreement=agreement_of(paying), reason="we part as friends")
    assert agreement_of(paying).ending == Ending.AGREED
    assert payees(paying.drafted()) == {"A1", "B1", "A2"}


def test_a_submitted_batch_with_held_lines_is_not_approved_but_goes_on_without_them(paying):
    batch = paying.submitted()
    mine = {line.pk for line in batch.lines.all() if str(line.payee) in ("A1", "B1")}
    intercept(paying)
    with clock.at(paying.later()):
        with pytest.raises(Invalid) as refusal:
            approve_batch(actor=paying.approver, batch=batch)
        assert (refusal.value.code, set(refusal.value.facts["lines"])) == ("lines_held", {str(pk) for pk in mine})
        batch.refresh_from_db()
        assert (batch.state, payees(batch)) == ("submitted", {"A1", "B1", "A2"}), "a refusal changes nothing"

        returned = return_batch(actor=paying.approver, batch=batch, reason="A1 is held")
        assert payees(returned) == {"A2"}
        assert set(Event.objects.filter(action="batch.draft").latest("id").after["left"]) == {str(pk) for pk in mine}
        assert (totals_of([returned])[returned.pk].lines, totals_of([returned])[returned.pk].left) == (1, 2)
        assert [row[0] for row in csv.reader(StringIO("".join(deals_csv(returned))))][1:] == ["A2"]
        submit_batch(actor=paying.finance, batch=batch)
        assert approve_batch(actor=paying.approver, batch=batch).state == "approved"
    lift(paying)
    assert payees(paying.drafted()) == {"A1", "B1"}


def test_a_draft_lets_go_of_what_is_held_when_it_is_submitted(paying):
    batch = paying.invoiced(paying.drafted())
    intercept(paying)
    with clock.at(paying.later()):
        assert payees(submit_batch(actor=paying.finance, batch=batch)) == {"A2"}


def test_a_draft_of_held_lines_only_is_not_submitted(paying):
    batch = paying.drafted()
    intercept(paying)
    intercept(paying, "A2")
    with clock.at(paying.later()):
        assert refused(lambda: submit_batch(actor=paying.finance, batch=batch), NotAllowed) == "all_held"
    assert payees(batch) == {"A1", "B1", "A2"}


def test_a_draft_that_lost_all_its_lines_on_its_return_is_not_submitted(paying):
    batch = paying.drafted()
    with clock.at(paying.later()):
        submit_batch(actor=paying.finance, batch=batch)
    intercept(paying)
    intercept(paying, "A2")
    with clock.at(paying.later()):
        return_batch(actor=paying.finance, batch=batch, reason="held")
        assert refused(lambda: submit_batch(actor=paying.finance, batch=batch), NotAllowed) == "all_held"


def test_of_an_approved_batch_the_bank_file_leaves_out_what_is_held_and_what_the_bank_did_is_recorded(paying):
    batch = paying.approved()
    intercept(paying)
    assert [row[1] for row in csv.reader(StringIO("".join(bank_csv(batch))))][1:] == ["A2"]
    results = [
        {"line": line.pk, "bank_reference": "X1", "failed": str(line.payee) == "A1"} for line in batch.lines.all()
    ]
    with clock.at(paying.later()):
        pay_batch(actor=paying.finance, batch=batch, results=results)
    assert paying.figures("B1")["paid"] == "2560.00", "what the bank paid before it knew is a fact"
    assert paying.figures("A1")["payable"] == "10000.00"
    with clock.at(paying.later()), pytest.raises(NotAllowed):
        draft_batch(actor=paying.finance, company=paying.company)


def test_a_hold_is_of_its_project_and_what_is_owed_back_there_is_netted_as_ever(cast):
    """A1 owes 10,000.00 back in the project it is held in, and has 16,000.00 payable in another of the company."""
    cast.plan("A1")
    first = cast.collected("B1")
    cast.run()
    cast.paid()
    cast.cancel(first)
    cast.run()
    other = Cast(company=cast.company, now=cast.now)
    other.agencies, other.brokers = cast.agencies, cast.brokers
    other.agree("A1")
    other.plan("A1")
    other.collected("B1", price="1600000.00")
    other.run()
    cast.now = other.now
    intercept(cast)
    with clock.at(cast.later()):
        batch = draft_batch(actor=cast.finance, company=cast.company)
    assert [f"{line.gross:.2f}" for line in batch.lines.all()] == ["6000.00"]


def test_only_a_manager_ends_for_interception_and_another_one_lifts_it(paying):
    agreement = agreement_of(paying)
    with clock.at(paying.later()):
        for actor in (None, person(Role.MARKETING), paying.finance):
            with pytest.raises(Forbidden):
                end_agreement(actor=actor, agreement=agreement, reason="x", ending=Ending.INTERCEPTION)
        assert refused(lambda: lift_hold(actor=paying.author, agreement=agreement, reason="x"), NotAllowed)
    intercept(paying)
    with clock.at(paying.later()):
        for actor, reason, code in (
            (paying.manager, "x", "own_ending"),
            (paying.author, " ", "reason_required"),
            (paying.finance, "x", "forbidden"),
        ):
            assert refused(partial(lift_hold, actor=actor, agreement=agreement, reason=reason), Refused) == code
    lifted = lift(paying)
    assert (lifted.lifted_by, lifted.lifted_reason, lifted.is_holding) == (paying.author, "it was somebody else", False)
    actions = Event.objects.filter(target_kind="brokers.agreement", target_id=str(agreement.pk)).order_by("id")
    assert [(one.action, one.reason) for one in actions][2:] == [
        ("agreement.ended", "took clients at the door"),
        ("agreement.hold_lifted", "it was somebody else"),
    ]
    with clock.at(paying.later()), pytest.raises(NotAllowed):
        lift_hold(actor=paying.author, agreement=agreement, reason="again")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"lifted_by_id": "ender", "lifted_at": "now", "lifted_reason": "mine"}, "agreement_hold_lifted_by_another"),
        ({"lifted_at": "now"}, "agreement_hold_lifted_by_another"),
        ({"ending": "agreed"}, "Cannot update"),
        ({"ended_reason": "another"}, "Cannot update"),
        ({"state": "approved", "ending": ""}, "Cannot update"),
    ],
)
def test_the_database_keeps_an_ending_and_its_second_look(paying, change, refusal):
    agreement = intercept(paying)
    given = {"ender": agreement.ended_by_id, "now": paying.now}
    with pytest.raises((IntegrityError, InternalError), match=refusal), transaction.atomic():
        Agreement.objects.filter(pk=agreement.pk).update(**{k: given.get(v, v) for k, v in change.items()})


def test_the_database_takes_no_interception_without_a_person_and_a_reason(paying):
    with pytest.raises(IntegrityError, match="agreement_interception_by_someone"), transaction.atomic():
        Agreement.objects.update(state="ended", ending="interception")
    with pytest.raises(IntegrityError, match="agreement_ended_somehow"), transaction.atomic():
        Agreement.objects.update(state="ended")
