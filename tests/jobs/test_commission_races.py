"""Money's races: runs while payments arrive, two schedulers, two approvals. One wins, nothing is missing or double."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from decimal import Decimal
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from brokers.models import Agreement
from brokers.services.agreements import end_agreement
from brokers.states import Ending
from channels_platform.accounts.permissions import Role
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Invalid, NotAllowed
from commissions import locks
from commissions.batch_facts import digest_of, facts_of
from commissions.exports.bank import transfers_of
from commissions.models import (
    Accrual,
    ApprovalRule,
    BatchApproval,
    Invoice,
    LedgerEntry,
    PayoutBatch,
    PayoutEntry,
    ScheduledPayout,
)
from commissions.services import invoices
from commissions.services.payouts import approve_batch, attach_invoice, draft_batch
from commissions.services.plans import approve_plan_version
from commissions.services.runs import bring_up_to_date, run_commissions
from commissions.services.schedule import schedule_payouts
from leads.models import DealOutbox
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, figures, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]


@pytest.fixture
def cast(transactional_db) -> Cast:
    made = Cast()
    made.agency("A1", brokers=["B1"])
    made.plan("A1")
    return made


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Let all begin together, each on a connection of its own; return what each returned, or its refusal."""
    gate = Barrier(len(works))

    def go(work: Callable[[], Any]) -> Any:
        try:
            gate.wait(20)
            return work()
        except (Duplicate, NotAllowed) as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(go, works))


def later(work: Callable[..., Any], *, day: str = "04-07 09:00", **given: Any) -> Callable[[], Any]:
    def go() -> Any:
        with clock.at(at(day)):
            return work(**given)

    return go


def test_runs_at_once_while_payments_arrive_post_each_difference_once(cast):
    deals = [cast.contracted("B1", price="100000.00") for _ in range(6)]

    def pay(deal):
        return lambda: cast.receive(deal, "100000.00")

    runs = [later(run_commissions, project=cast.project) for _ in range(4)]
    at_once(*runs, *map(pay, deals), later(bring_up_to_date), later(bring_up_to_date))
    later(bring_up_to_date)()
    assert cast.figures("A1") == figures(earned="6000.00", payable="6000.00")
    assert Accrual.objects.count() == 6
    keys = LedgerEntry.objects.order_by().values("deal", "account").annotate(total=Sum("amount"))
    assert {row["total"] for row in keys if row["account"] == "payable"} == {1000}
    assert not DealOutbox.objects.exists()


def test_a_run_left_out_because_another_was_at_work_is_made_by_the_next(cast):
    cast.collected("B1")
    results = at_once(*[later(bring_up_to_date) for _ in range(6)])
    assert sum(result["changed"] for result in results) == 1
    assert {result["failed"] for result in results} == {0}


def test_the_monthly_draft_started_many_times_is_made_once(cast):
    cast.collected("B1")
    cast.run()
    results = at_once(*[later(schedule_payouts) for _ in range(8)])
    assert sum(result["drafted"] for result in results) == 1
    assert {result["failed"] for result in results} == {0}
    assert (PayoutBatch.objects.count(), ScheduledPayout.objects.count()) == (1, 1)
    assert PayoutEntry.objects.filter(live=True).count() == 1


def test_drafts_at_once_never_share_an_entry(cast):
    cast.collected("B1")
    cast.run()
    results = at_once(*[later(draft_batch, actor=cast.finance, company=cast.company) for _ in range(8)])
    refused = [result for result in results if isinstance(result, NotAllowed)]
    assert [refusal.code for refusal in refused] == ["nothing_payable"] * 7
    assert PayoutBatch.objects.count() == 1


def test_of_two_approvals_exactly_one_wins(cast):
    cast.collected("B1")
    cast.run()
    batch = cast.submitted()
    approvers = [cast.approver, *(person(Role.FINANCE_APPROVER) for _ in range(7))]
    results = at_once(*[later(approve_batch, actor=actor, batch=batch) for actor in approvers])
    winners = [result for result in results if isinstance(result, PayoutBatch)]
    assert len(winners) == 1
    assert {result.code for result in results if isinstance(result, NotAllowed)} == {"not_allowed"}
    batch.refresh_from_db()
    assert batch.approved_by == winners[0].approved_by


def test_of_approvals_at_once_exactly_as_many_count_as_are_needed(cast):
    ApprovalRule.objects.create(company=cast.company, from_amount=0, approvals=3)
    cast.collected("B1")
    cast.run()
    batch = cast.submitted()
    approvers = [cast.approver, *(person(Role.FINANCE_APPROVER) for _ in range(3))]
    results = at_once(*[later(approve_batch, actor=actor, batch=batch) for actor in approvers for _ in range(2)])
    assert sum(isinstance(result, PayoutBatch) for result in results) == 3
    given = BatchApproval.objects.filter(batch=batch, voided_at=None)
    assert (given.count(), len(set(given.values_list("approver", flat=True)))) == (3, 3)
    batch.refresh_from_db()
    assert batch.state == "approved"


def test_an_approval_and_a_change_at_once_end_with_an_approval_of_what_is_there_or_none(cast):
    cast.collected("B1")
    cast.run()
    batch = cast.submitted()
    line, seen = batch.lines.get(), digest_of(facts_of(batch))
    changing = later(
        attach_invoice, actor=cast.finance, line=line, number="INV-NEW", amount=line.gross, vat_rate="0.06"
    )
    _changed, approved = at_once(changing, later(approve_batch, actor=cast.approver, batch=batch, seen=seen))
    batch.refresh_from_db()
    given = list(batch.approvals.filter(voided_at=None))
    if isinstance(approved, NotAllowed):
        assert (approved.code, batch.state, given) == ("batch_changed", "submitted", [])
    else:
        assert (batch.state, given[0].digest) == ("approved", digest_of(facts_of(batch)))


def test_of_two_overlapping_plans_exactly_one_is_approved(cast):
    cast.agency("A2", brokers=["C1"])
    drafts = [cast.plan("A2", applies_to=kind, approved=False) for kind in ("referred", "all")]
    results = at_once(
        *[later(approve_plan_version, actor=cast.manager, version=draft) for draft in drafts for _ in range(3)]
    )
    approved = [result for result in results if not isinstance(result, NotAllowed)]
    assert len(approved) == 1
    assert {draft.plan.versions.filter(state="approved").count() for draft in drafts} == {0, 1}


def test_payees_new_to_two_projects_at_once_are_made_once(cast):
    other = Cast()
    other.agencies, other.brokers = dict(cast.agencies), dict(cast.brokers)
    other.agree("A1")
    other.plan("A1", release=AT_CONTRACT)
    cast.collected("B1")
    other.contracted("B1")
    results = at_once(*[later(run_commissions, project=one.project) for one in (cast, other) for _ in range(2)])
    assert sum(run.changed for run in results) == 2
    assert cast.figures("A1")["earned"] == other.figures("A1")["earned"] == "10000.00"


@pytest.mark.parametrize("first", ["ending", "approval"])
def test_an_agreement_ended_for_interception_as_its_batch_is_approved_waits_for_the_other(cast, first):
    """Whoever comes second sees what the first did: a hold that is there is never approved past."""
    cast.collected("B1")
    cast.run()
    batch = cast.submitted()
    agreement = Agreement.objects.get(agency=cast.agencies["A1"])
    ending = later(
        end_agreement, actor=cast.manager, agreement=agreement, reason="at the door", ending=Ending.INTERCEPTION
    )
    approval = later(approve_batch, actor=cast.approver, batch=batch)
    works = {"ending": ending, "approval": approval}
    second = next(name for name in works if name != first)
    done, go_on = Event(), Event()

    def hold_on() -> Any:
        try:
            with transaction.atomic():
                works[first]()
                done.set()
                go_on.wait(20)
        finally:
            connection.close()

    def come_second() -> Any:
        try:
            return works[second]()
        except Invalid as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold_on)
        assert done.wait(20)
        coming = pool.submit(come_second)
        assert wait([coming], timeout=0.7).not_done, "the second waits for the first"
        go_on.set()
        holding.result(20)
        answer = coming.result(20)
    batch.refresh_from_db()
    if first == "ending":
        assert (answer, batch.state) == ("lines_held", "submitted")
    else:
        assert (answer.is_holding, batch.state) == (True, "approved")
        assert "A1" not in transfers_of(batch).lacking


@pytest.mark.parametrize("held", [True, False])
def test_one_number_of_an_issuer_is_one_paper_for_two_companies_at_once(cast, monkeypatch, held):
    other = Cast(now=cast.later())
    other.agencies, other.brokers = cast.agencies, cast.brokers
    other.agree("A1")
    other.plan("A1")
    works = []
    for one, number in ((cast, "a-1"), (other, "A-1")):
        one.collected("B1")
        one.run()
        line = one.drafted().lines.get()
        given = {"amount": line.gross, "vat_rate": Decimal("0.06")}
        works.append(later(attach_invoice, actor=one.finance, line=line, number=number, **given))
    if not held:
        monkeypatch.setattr(locks, "lock_papers", lambda issuers: None)
    # each looks before either has written
    monkeypatch.setattr(invoices, "void_approvals", lambda *args, **more: time.sleep(0.5))
    answers = at_once(*works)
    assert sum(isinstance(answer, Duplicate) for answer in answers) == (1 if held else 0)
    assert Invoice.objects.count() == (1 if held else 2)
