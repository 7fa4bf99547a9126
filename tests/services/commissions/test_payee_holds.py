"""Holds by hand: what a payee has payable waits, in a project or in all, until a day or until another lifts it."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, transaction

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed, Refused
from commissions.batch_sheets import held_at, payable_at
from commissions.exports.bank import transfers_of
from commissions.models import PayeeHold
from commissions.selectors import balances
from commissions.services.payee_holds import lift_payee_hold, set_hold
from commissions.services.payouts import approve_batch, return_batch
from tests.accounts_at_banks import open_accounts
from tests.services.commissions.cast import Cast, ledger_state, person


@pytest.fixture
def paying(cast) -> Cast:
    """10,000.00 is payable to A1 and 3,000.00 to its broker B1; 10,000.00 to A2."""
    cast.plan("A1", bonuses=[{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}])
    cast.plan("A2")
    cast.collected("B1")
    cast.collected("C1")
    cast.run()
    return cast


def hold(cast: Cast, name: str = "A1", **given: Any) -> PayeeHold:
    with clock.at(cast.later()):
        fields = {"actor": cast.finance, "payee": cast.payee(name), "project": cast.project, "reason": "checked"}
        return set_hold(**{**fields, **given})


def payees(batch: Any) -> set[str]:
    return {str(line.payee) for line in batch.lines.filter(state="open")}


def test_what_is_held_is_not_drafted_and_says_why(paying):
    before = ledger_state(paying.project)
    held = hold(paying, reason="account is being checked")
    asked = {"company": paying.company, "currency": "CNY", "cutoff_at": paying.now}
    with clock.at(paying.now):
        assert [str(one.payee) for one in payable_at(**asked)] == ["A2", "B1"]
        [left] = held_at(**asked)
        amounts = {str(one.payee): f"{one.held:.2f}" for one in balances(paying.finance, project=paying.project)}
    assert (str(left.payee), f"{left.gross:.2f}") == ("A1", "10000.00")
    assert str(left.hold).startswith("Held: A1 in Golden Lake, by hand, since")
    assert str(left.hold).endswith("account is being checked")
    assert amounts == {"A1": "10000.00", "B1": "0.00", "A2": "0.00"}
    assert payees(paying.drafted()) == {"A2", "B1"}
    assert ledger_state(paying.project) == before
    event = Event.objects.get(action="hold.set")
    assert (event.target_id, event.reason) == (str(held.pk), "account is being checked")


def test_a_hold_ends_by_itself_and_begins_on_its_day(paying):
    hold(paying, from_at=paying.now + timedelta(days=2), until_at=paying.now + timedelta(days=4))
    asked = {"company": paying.company, "currency": "CNY", "cutoff_at": paying.now}
    found = []
    for days in (1, 2, 3.9, 4):
        with clock.at(paying.now + timedelta(days=days)):
            found.append((len(held_at(**asked)), "A1" in [str(one.payee) for one in payable_at(**asked)]))
    assert found == [(0, True), (1, False), (1, False), (0, True)]


def test_a_hold_on_all_projects_is_theirs_who_see_all(paying):
    somebody = person(Role.FINANCE, all_projects=False)
    somebody.projects.add(paying.project)
    other = Cast(company=paying.company, now=paying.now)
    with clock.at(other.now):
        for project in (None, other.project):
            with pytest.raises(Forbidden) as refusal:
                set_hold(actor=somebody, payee=paying.payee("A1"), project=project, reason="x")
            assert refusal.value.code == "beyond_reach"
    assert not PayeeHold.objects.exists()
    hold(paying, project=None)
    assert payees(paying.drafted()) == {"A2", "B1"}


def test_a_submitted_batch_is_not_approved_with_a_held_line_and_the_bank_file_leaves_it_out(paying):
    batch = paying.submitted()
    hold(paying, "B1", actor=paying.approver)
    with clock.at(paying.later()):
        with pytest.raises(Invalid) as refusal:
            approve_batch(actor=paying.approver, batch=batch)
        assert refusal.value.code == "lines_held"
        assert payees(return_batch(actor=paying.approver, batch=batch, reason="held")) == {"A1", "A2"}
    lift_payee_hold(actor=paying.finance, hold=PayeeHold.objects.get(), reason="all is well")
    approved = paying.approved()
    hold(paying, "B1")
    open_accounts(approved)
    assert "B1" not in {one.payee for one in transfers_of(approved).found}


def test_another_person_lifts_it_once(paying):
    held = hold(paying)
    with clock.at(paying.later()):
        lift = partial(lift_payee_hold, hold=held)
        for actor, reason, code in (
            (paying.finance, "x", "own_hold"),
            (paying.approver, " ", "reason_required"),
            (paying.manager, "x", "forbidden"),
        ):
            with pytest.raises(Refused) as refusal:
                lift(actor=actor, reason=reason)
            assert refusal.value.code == code
        lifted = lift(actor=paying.approver, reason="account is right")
        assert (lifted.lifted_by, lifted.state_at(clock.now())) == (paying.approver, "lifted")
        with pytest.raises(NotAllowed):
            lift(actor=paying.approver, reason="again")
    assert payees(paying.drafted()) == {"A1", "A2", "B1"}


def test_what_makes_no_sense_is_refused(paying):
    day = timedelta(days=1)
    first = hold(paying, until_at=paying.now + 9 * day)
    for given, code in (
        ({"reason": " "}, "reason_required"),
        ({"from_at": paying.now + 10 * day, "until_at": paying.now + 9 * day}, "span_reversed"),
        ({"from_at": paying.now - 3 * day, "until_at": paying.now - day}, "past"),
        ({"from_at": paying.now + 8 * day}, "held_already"),
    ):
        with pytest.raises(Refused) as refusal:
            hold(paying, **given)
        assert refusal.value.code == code
    assert list(PayeeHold.objects.all()) == [first]
    hold(paying, from_at=paying.now + 9 * day + timedelta(hours=9))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": "another"}, "Cannot update"),
        ({"until_at": None}, "Cannot update"),
        ({"lifted_by_id": "setter", "lifted_at": "now", "lifted_reason": "mine"}, "lifted_by_another"),
        ({"lifted_at": "now"}, "lifted_by_another"),
    ],
)
def test_the_database_keeps_a_hold_and_its_second_look(paying, change, said):
    held = hold(paying, until_at=paying.now + timedelta(days=9))
    given = {"setter": held.set_by_id, "now": paying.now}
    with pytest.raises((IntegrityError, InternalError), match=said), transaction.atomic():
        PayeeHold.objects.update(**{name: given.get(value, value) for name, value in change.items()})
