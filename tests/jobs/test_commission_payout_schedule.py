"""The monthly draft: by the company's calendar, once a month, whatever happens to the process."""

from datetime import time

import pytest

from channels_platform.jobs.models import PeriodicRun
from channels_platform.lib import clock
from commissions import tasks
from commissions.models import PayoutBatch, ScheduledPayout
from commissions.services import schedule
from commissions.services.payouts import void_batch
from commissions.services.schedule import last_due, schedule_payouts
from projects.models import Holiday, PayingCompany
from tests.services.commissions.cast import AT_CONTRACT, Cast, at


@pytest.fixture
def cast(db) -> Cast:
    made = Cast()
    made.agency("A1", brokers=["B1"])
    made.plan("A1", release=AT_CONTRACT)
    made.company.payout_day, made.company.payout_time = 5, time(9, 0)
    made.company.save()
    return made


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("04-05 09:00", "04-05 09:00"),
        ("04-05 08:59", "03-05 09:00"),
        ("04-30 23:59", "04-05 09:00"),
        ("01-05 08:59", "2025-12-05 09:00"),
    ],
)
def test_due_is_the_latest_payout_instant_by_the_companys_own_calendar(cast, now, due):
    expected = at(due) if len(due) == 11 else at("12-05 09:00").replace(year=2025)
    assert last_due(cast.company, at(now)) == expected
    cast.company.timezone = "America/New_York"
    assert last_due(cast.company, at("04-05 20:59")).date().isoformat() == "2026-03-05"
    assert last_due(cast.company, at("04-05 21:00")).date().isoformat() == "2026-04-05"


def test_what_was_payable_at_the_cutoff_is_drafted_once(cast):
    cast.contracted("B1")
    cast.run()
    cast.now = at("04-06 09:00")
    cast.contracted("B1")
    cast.run()
    with clock.at(at("04-07 09:00")):
        assert schedule_payouts() == {"drafted": 1, "nothing_payable": 0, "failed": 0}
        assert schedule_payouts() == {"drafted": 0, "nothing_payable": 0, "failed": 0}
    batch = PayoutBatch.objects.get()
    assert (batch.prepared_by, batch.cutoff_at, batch.lines.get().gross) == (None, at("04-05 09:00"), 10000)
    with clock.at(at("05-05 09:00")):
        assert schedule_payouts()["drafted"] == 1


def test_a_payout_day_at_a_weekend_is_drafted_on_the_next_working_day_up_to_the_cutoff_day(cast):
    """5 April 2026 is a Sunday, and Monday the Qingming holiday: Tuesday, for what March brought."""
    Holiday.objects.create(day=at("04-06 00:00").date(), name="Qingming")
    PayingCompany.objects.filter(pk=cast.company.pk).update(working_days_only=True, cutoff_day=31)
    cast.contracted("B1")
    cast.run()
    cast.now = at("04-02 09:00")
    cast.contracted("B1")
    cast.run()
    with clock.at(at("04-07 08:59")):
        assert schedule_payouts() == {"drafted": 0, "nothing_payable": 1, "failed": 0}, "March's, long over"
    with clock.at(at("04-07 09:00")):
        assert schedule_payouts()["drafted"] == 1
        assert schedule_payouts() == {"drafted": 0, "nothing_payable": 0, "failed": 0}
    batch = PayoutBatch.objects.get()
    assert (batch.lines.get().gross, batch.tax_month.month) == (10000, 3)
    assert [str(one.month) for one in ScheduledPayout.objects.order_by("month")] == ["2026-03-01", "2026-04-01"]


def test_a_month_with_nothing_to_pay_is_done_too(cast):
    with clock.at(at("04-07 09:00")):
        assert schedule_payouts() == {"drafted": 0, "nothing_payable": 1, "failed": 0}
        assert schedule_payouts() == {"drafted": 0, "nothing_payable": 0, "failed": 0}
    assert ScheduledPayout.objects.get().batch is None


def test_a_voided_draft_is_not_made_again(cast):
    cast.contracted("B1")
    cast.run()
    with clock.at(at("04-07 09:00")):
        schedule_payouts()
        void_batch(actor=cast.finance, batch=PayoutBatch.objects.get(), reason="paid by hand")
        assert schedule_payouts() == {"drafted": 0, "nothing_payable": 0, "failed": 0}
    with clock.at(at("05-05 09:00")):
        assert schedule_payouts()["drafted"] == 1


def test_each_currency_has_its_own(cast):
    other = Cast(currency="USD", company=cast.company)
    other.agency("U1", brokers=["V1"])
    other.plan("U1", release=AT_CONTRACT)
    for one, broker in ((cast, "B1"), (other, "V1")):
        one.contracted(broker)
        one.run()
    with clock.at(at("04-07 09:00")):
        assert schedule_payouts()["drafted"] == 2
    assert sorted(PayoutBatch.objects.values_list("currency", flat=True)) == ["CNY", "USD"]


def test_one_companys_failure_holds_up_no_other_and_is_made_good(cast, monkeypatch):
    other = Cast()
    other.agency("X1", brokers=["Y1"])
    other.plan("X1", release=AT_CONTRACT)
    for one, broker in ((cast, "B1"), (other, "Y1")):
        one.contracted(broker)
        one.run()
    draft = schedule.draft_batch

    def interrupted(**given):
        if given["company"] == cast.company:
            raise OSError("the disk is full")
        return draft(**given)

    with clock.at(at("04-07 09:00")):
        with monkeypatch.context() as patch:
            patch.setattr(schedule, "draft_batch", interrupted)
            assert schedule_payouts() == {"drafted": 1, "nothing_payable": 0, "failed": 1}
        assert schedule_payouts() == {"drafted": 1, "nothing_payable": 0, "failed": 0}
    assert PayoutBatch.objects.count() == 2


def test_the_tasks_leave_their_rows(cast):
    cast.contracted("B1")
    with clock.at(at("04-07 09:00")):
        tasks.run_changed_projects()
        tasks.run_changed_projects()
        tasks.schedule_payouts()
    runs = PeriodicRun.objects.order_by("id").values_list("job", "error")
    assert list(runs) == [("run-commissions", ""), ("schedule-payouts", "")]
    assert PeriodicRun.objects.first().counts["nothing_payable"] == 1
