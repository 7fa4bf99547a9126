"""Saved views, files fetched again, schedules: once a period, in the reader's scope of that day, a link and no data."""

from datetime import time

import pytest
from django.core import mail
from django.utils.translation import override

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, JobState
from channels_platform.jobs.selectors import get_job
from channels_platform.jobs.services import Settled
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid
from channels_platform.notices.models import Notice
from channels_platform.notices.services.delivering import deliver_due
from commissions.models import ReportDelivery, ReportSchedule, ReportView
from commissions.reports.asked import read_asked
from commissions.reports.catalogue import REPORTS
from commissions.services.exporting import ExportForm
from commissions.services.report_exports import export_report, start_report_export, write_report_export
from commissions.services.report_schedules import last_due, make_scheduled_report, make_scheduled_reports
from commissions.services.report_views import (
    asked_by,
    end_schedule,
    keep_view,
    remove_view,
    schedule_view,
    visible_views,
)
from tests.services.commissions.cast import AT_CONTRACT, Cast, at, person


@pytest.fixture
def sold(cast) -> Cast:
    cast.plan("A1", release=AT_CONTRACT)
    cast.contracted("B1")
    cast.run()
    cast.finance.email = "finance@example.com"
    cast.finance.save()
    return cast


def asked(cast, user=None, **words):
    with clock.at(cast.now):
        return read_asked(REPORTS["commission"], user or cast.finance, words)


def keep(cast, name="Mine", *, shared=False, **words):
    return keep_view(actor=cast.finance, asked=asked(cast, **words), name=name, shared=shared)


def schedule(cast, view, *, actor=None, every="month", day=1, hour=8):
    with clock.at(cast.now):
        return schedule_view(
            actor=actor or cast.finance, view=view, every=every, day=day, at=time(hour), form=ExportForm.CSV
        )


def refusal(work, **fields):
    before = (list(ReportView.objects.values()), list(ReportSchedule.objects.values()), Event.objects.count())
    with pytest.raises((Invalid, Forbidden)) as refused:
        work(**fields)
    assert (list(ReportView.objects.values()), list(ReportSchedule.objects.values()), Event.objects.count()) == before
    return refused.value.code


def test_a_view_keeps_its_filters_and_last_month_stays_last_month(sold):
    view = keep(sold, span="last_month", by="agency", then="")
    assert view.query == "by=agency&span=last_month"
    with clock.at(at("07-20 09:00")):
        read = asked_by(view, sold.finance)
    assert (read.first, read.last) == (at("06-01 00:00").date(), at("06-30 00:00").date())
    assert Event.objects.get(action="report_view.kept").after["report"] == "commission"


def test_a_view_is_its_owners_unless_shared_and_is_read_in_the_readers_scope(sold):
    keep(sold, "Mine")
    shared = keep(sold, "Ours", shared=True, span="all")
    other = person(Role.FINANCE, all_projects=False)
    assert [view.name for view in visible_views(other)] == ["Ours"]
    assert asked_by(shared, other).scope.projects == ()
    for role in (Role.AGENCY_ADMIN, Role.BROKER, Role.RECEPTION):
        assert not visible_views(person(role))
    assert refusal(remove_view, actor=other, view=shared) == "forbidden"


def test_a_name_is_needed_once_and_faults_are_not_kept(sold):
    keep(sold, "Mine")
    assert refusal(keep_view, actor=sold.finance, asked=asked(sold), name=" Mine ") == "name_taken"
    assert refusal(keep_view, actor=sold.finance, asked=asked(sold), name="  ") == "name_required"
    wrong = asked(sold, span="own", **{"from": "x"})
    assert refusal(keep_view, actor=sold.finance, asked=wrong, name="Wrong") == "bad_filter"
    assert refusal(keep_view, actor=person(Role.RECEPTION), asked=asked(sold), name="No") == "forbidden"
    assert refusal(keep_view, actor=None, asked=asked(sold), name="No") == "forbidden"


def test_a_removed_view_takes_its_schedules_along(sold):
    view = keep(sold, shared=True)
    schedule(sold, view)
    schedule(sold, view, actor=sold.approver)
    remove_view(actor=sold.finance, view=view)
    assert not ReportSchedule.objects.exists()
    assert Event.objects.filter(action="report_view.removed", actor=sold.finance).exists()


def test_a_schedule_is_ones_own_and_set_anew_is_the_same(sold):
    view = keep(sold)
    assert schedule(sold, view).pk == schedule(sold, view, every="week", day=0).pk
    own = ReportSchedule.objects.get()
    assert (own.every, own.day) == ("week", 0)
    terms = {"view": view, "at": time(8), "form": "csv"}
    assert refusal(schedule_view, actor=sold.approver, every="week", day=0, **terms) == "forbidden"
    assert refusal(schedule_view, actor=sold.finance, every="week", day=7, **terms) == "out_of_range"
    assert refusal(schedule_view, actor=sold.finance, every="month", day=29, **terms) == "out_of_range"
    assert refusal(end_schedule, actor=sold.approver, schedule=own) == "forbidden"
    end_schedule(actor=sold.finance, schedule=own)
    assert not ReportSchedule.objects.exists()


def test_periods_are_the_calendars(sold):
    view = keep(sold)
    monthly = schedule(sold, view, day=5)
    assert last_due(monthly, at("03-05 08:00")) == at("03-05 08:00")
    assert last_due(monthly, at("03-05 07:59")) == at("02-05 08:00")
    weekly = schedule(sold, view, every="week", day=4)
    assert last_due(weekly, at("03-12 23:00")) == at("03-06 08:00")


def test_a_period_is_made_once_and_none_from_before_the_schedule(sold):
    one = schedule(sold, keep(sold, span="last_month"))
    with clock.at(sold.now):
        assert make_scheduled_reports() == {"started": 0, "not_allowed": 0, "failed": 0}
    with clock.at(at("04-01 07:59")):
        assert make_scheduled_report(schedule_id=one.pk) is None
    with clock.at(at("04-03 10:00")):
        assert make_scheduled_reports()["started"] == 1
        assert make_scheduled_reports()["started"] == 0
        assert make_scheduled_report(schedule_id=one.pk) is None
    with clock.at(at("06-10 10:00")):
        assert make_scheduled_reports()["started"] == 1
    assert [str(one.period) for one in ReportDelivery.objects.order_by("period")] == ["2026-04-01", "2026-06-01"]
    assert Job.objects.count() == 2


def test_the_mail_has_a_link_and_no_figure_and_comes_once(sold):
    with override("en"):
        schedule(sold, keep(sold, "Commission of last month", span="last_month"))
    with clock.at(at("04-01 08:05")):
        make_scheduled_reports()
        job = Job.objects.get()
        write_report_export(job_id=job.pk)
        Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)
        write_report_export(job_id=job.pk)
        deliver_due()
    job.refresh_from_db()
    content = job.result_file.read().decode()
    assert "10000.00" in content
    (sent,) = mail.outbox
    assert f"/jobs/{job.pk}/" in sent.body
    assert "Commission of last month" in sent.subject
    assert "000.00" not in sent.body
    assert sent.attachments == []
    assert Notice.objects.get().recipient == sold.finance


def test_who_may_not_see_money_any_more_gets_no_file(sold):
    view = keep(sold, shared=True)
    schedule(sold, view, actor=sold.approver)
    sold.approver.role = Role.RECEPTION
    sold.approver.save()
    with clock.at(at("04-01 08:05")):
        assert make_scheduled_reports() == {"started": 0, "not_allowed": 1, "failed": 0}
        assert make_scheduled_reports()["not_allowed"] == 0
    assert not Job.objects.exists()


def test_a_job_writes_what_a_direct_export_has_in_the_language_it_was_asked_in(sold):
    with override("zh-hans"), clock.at(sold.now):
        job = start_report_export(actor=sold.finance, asked=asked(sold), form=ExportForm.CSV, rows=1)
        direct = b"".join(export_report(actor=sold.finance, asked=asked(sold), form=ExportForm.CSV, rows=1).pieces)
    with clock.at(sold.now):
        write_report_export(job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.DONE, 1)
    assert job.result_file.read() == direct
    assert "楼盘" in direct.decode()
    with pytest.raises(Settled):
        write_report_export(job_id=job.pk)
    assert Event.objects.filter(action="report.exported", actor=sold.finance).count() == 2


def test_a_file_is_fetched_again_only_while_all_it_holds_is_ones_own(sold):
    reader = person(Role.FINANCE, all_projects=False)
    reader.projects.set([sold.project])
    job = start_report_export(actor=reader, asked=asked(sold, reader), form=ExportForm.CSV, rows=1)
    assert get_job(viewer=reader, job_id=job.pk) == job
    assert get_job(viewer=sold.finance, job_id=job.pk) is None
    reader.projects.clear()
    assert get_job(viewer=reader, job_id=job.pk) is None
    with clock.at(sold.now):
        write_report_export(job_id=job.pk)
    job.refresh_from_db()
    # written after the project was taken away, it holds nothing of it
    assert len(job.result_file.read().decode().splitlines()) == 1
    reader.role = Role.RECEPTION
    reader.save()
    assert get_job(viewer=reader, job_id=job.pk) is None


def test_a_report_leaves_only_with_who_sees_money_and_never_as_a_bank_file(sold):
    for role in (Role.RECEPTION, Role.BROKER, Role.AGENCY_ADMIN):
        for service in (export_report, start_report_export):
            assert refusal(service, actor=person(role), asked=asked(sold), form=ExportForm.CSV, rows=1) == "forbidden"
    code = refusal(export_report, actor=sold.finance, asked=asked(sold), form=ExportForm.BANK, rows=1)
    assert code == "invalid"
