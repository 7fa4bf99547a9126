"""Races of advances: a limit is used once, and what is released settles once, however many work at it."""

from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from django.db import transaction

from channels_platform.accounts.permissions import Role
from channels_platform.lib.errors import Invalid, NotAllowed
from commissions.locks import lock_company
from commissions.services.advances import decide_advance
from commissions.services.payouts import draft_batch
from commissions.services.runs import run_commissions
from tests.jobs.test_commission_races import at_once, later
from tests.services.commissions.advancing import advanced, ask, give_limit, outstanding
from tests.services.commissions.cast import Cast, person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial]


@pytest.fixture
def cast(transactional_db) -> Cast:
    made = Cast()
    made.agency("A1", brokers=["B1"])
    made.plan("A1")
    made.deal = made.contracted("B1", method="instalment", first="500000.00")
    made.run()
    give_limit(made, "4000.00", fee_rate="0")
    return made


def test_two_approvals_at_once_use_a_companys_limit_once(cast):
    other = Cast(company=cast.company, now=cast.later())
    other.agencies, other.brokers = cast.agencies, cast.brokers
    other.agree("A1")
    other.plan("A1")
    other.contracted("B1")
    other.run()
    give_limit(cast, "0")
    give_limit(cast, "4000.00", project=None)
    asked = [ask(one, "3000.00") for one in (cast, other)]

    def decide(advance):
        work = later(decide_advance, actor=person(Role.FINANCE_APPROVER), advance=advance, approve=True)

        def go():
            try:
                return work()
            except Invalid as refusal:
                return refusal.code

        return go

    answers = at_once(*map(decide, asked))
    assert [answer for answer in answers if isinstance(answer, str)] == ["over_limit"]
    assert sorted([outstanding(cast), outstanding(other)]) == ["0.00", "3000.00"]


def test_one_advance_is_granted_once(cast):
    asked = ask(cast, "3000.00")
    works = [
        later(decide_advance, actor=person(Role.FINANCE_APPROVER), advance=asked, approve=True) for _person in range(2)
    ]
    answers = at_once(*works)
    assert sum(isinstance(answer, NotAllowed) for answer in answers) == 1
    assert outstanding(cast) == "3000.00"


def test_a_run_settles_once_the_draft_under_way_is_done(cast):
    advanced(cast, "4000.00")
    cast.paid()
    cast.receive(cast.deal, "500000.00")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_company(cast.company.pk)
            run = pool.submit(at_once, later(run_commissions, project=cast.project))
            assert not wait([run], timeout=1).done
        run.result(20)
    assert outstanding(cast) == "0.00"


def test_runs_and_drafts_at_once_settle_an_advance_once(cast):
    advanced(cast, "4000.00")
    cast.paid()
    cast.receive(cast.deal, "500000.00")
    runs = [later(run_commissions, project=cast.project) for _ in range(3)]
    drafts = [later(draft_batch, actor=cast.finance, company=cast.company) for _ in range(2)]
    at_once(*runs, *drafts)
    later(run_commissions, project=cast.project)()
    assert outstanding(cast) == "0.00"
    assert cast.figures("A1")["payable"] == "1000.00"
