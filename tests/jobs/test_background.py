"""Jobs somebody waits for: progress, result, failure."""

import pytest
from celery import shared_task
from django.contrib.auth import get_user_model

from channels_platform.jobs.models import Job, JobState, OutboxMessage
from channels_platform.jobs.services import Settled, create_job, deliver_message, job_at_work, report_progress

pytestmark = pytest.mark.django_db
TASK = "channels_platform.jobs.tasks.heartbeat"


@shared_task(name="tests.work")
def work(job_id: str) -> None:
    with job_at_work(job_id):
        raise RuntimeError


@pytest.fixture
def chen():
    return get_user_model().objects.create_user("chen")


@pytest.fixture
def job(chen) -> Job:
    return create_job(kind="export", task=TASK, starter=chen, arguments={"batch": "b-1"}, total=40)


def test_created_job_is_queued_with_its_task(job):
    message = OutboxMessage.objects.get()
    assert (message.task, message.arguments) == (TASK, {"job_id": str(job.pk)})
    assert (job.state, job.percent, job.is_over) == (JobState.QUEUED, 0, False)


def test_progress_is_seen_by_others_and_the_end_is_recorded(job):
    with job_at_work(job.pk) as mine:
        report_progress(mine, done=10)
        seen = Job.objects.get(pk=job.pk)
        assert (seen.state, seen.done, seen.total, seen.percent) == (JobState.RUNNING, 10, 40, 25)
        mine.report = {"rows": 40}
    job.refresh_from_db()
    assert (job.state, job.percent, job.report, job.is_over) == (JobState.DONE, 100, {"rows": 40}, True)
    assert job.finished_at >= job.started_at


def test_failure_is_recorded_by_code_and_not_tried_again(job):
    with pytest.raises(Settled) as raised, job_at_work(job.pk) as mine:
        mine.errors.append({"row": 3, "code": "invalid_phone"})
        raise RuntimeError("13800001234")
    assert isinstance(raised.value.__cause__, RuntimeError)
    job.refresh_from_db()
    assert (job.state, job.errors) == (JobState.FAILED, [{"row": 3, "code": "invalid_phone"}, {"code": "RuntimeError"}])
    with pytest.raises(Settled), job_at_work(job.pk):
        raise AssertionError


def test_interrupted_job_begins_again_from_nothing(job):
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, done=30, errors=[{"row": 1}])
    with job_at_work(job.pk) as mine:
        assert (mine.done, mine.errors) == (0, [])


def test_job_that_is_done_is_not_done_twice(job):
    with job_at_work(job.pk):
        pass
    with pytest.raises(Settled), job_at_work(job.pk):
        raise AssertionError
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_outbox_takes_a_settled_job_for_delivered(chen):
    job = create_job(kind="export", task="tests.work", starter=chen)
    message = OutboxMessage.objects.get()
    assert deliver_message(message.pk) is True
    job.refresh_from_db()
    assert job.state == JobState.FAILED
