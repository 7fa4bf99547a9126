"""A job's page belongs to the one who started it."""

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.urls import reverse

from channels_platform.jobs.models import Job
from channels_platform.jobs.services import create_job, job_at_work, report_progress

pytestmark = pytest.mark.django_db


@pytest.fixture
def chen(client):
    chen = get_user_model().objects.create_user("chen")
    client.force_login(chen)
    return chen


@pytest.fixture
def job(chen) -> Job:
    return create_job(kind="export", task="channels_platform.jobs.tasks.heartbeat", starter=chen, total=40)


def test_waiting_page_asks_again(client, job):
    page = client.get(reverse("jobs:detail", args=[job.pk])).content.decode()
    assert f'hx-get="/jobs/{job.pk}/"' in page


def test_progress_is_a_fragment_with_counts(client, job):
    Job.objects.update(state="running")
    report_progress(job, done=10)
    answer = client.get(reverse("jobs:detail", args=[job.pk]), headers={"HX-Request": "true"}).content.decode()
    assert "10 of 40" in answer
    assert "<html" not in answer


def test_finished_job_offers_its_file_and_asks_no_more(client, job):
    with job_at_work(job.pk) as mine:
        mine.result_file.save("batch.csv", ContentFile(b"a,b\n"), save=False)
    page = client.get(reverse("jobs:detail", args=[job.pk])).content.decode()
    assert "hx-get" not in page
    answer = client.get(reverse("jobs:result", args=[job.pk]))
    assert b"".join(answer.streaming_content) == b"a,b\n"
    assert answer["Content-Disposition"] == 'attachment; filename="batch.csv"'


def test_failed_job_says_so_with_its_code(client, job):
    Job.objects.update(state="failed", errors=[{"row": 3, "code": "invalid_phone"}])
    page = client.get(reverse("jobs:detail", args=[job.pk])).content.decode()
    assert "Row 3" in page
    assert "invalid_phone" in page


@pytest.mark.parametrize("name", ["jobs:detail", "jobs:result"])
def test_somebody_else_finds_nothing(client, job, name):
    client.force_login(get_user_model().objects.create_user("rival"))
    assert client.get(reverse(name, args=[job.pk])).status_code == 404


def test_nobody_is_sent_to_sign_in(client, job):
    client.logout()
    assert client.get(reverse("jobs:detail", args=[job.pk])).status_code == 302


def test_result_of_an_unfinished_job_is_not_there(client, job):
    assert client.get(reverse("jobs:result", args=[job.pk])).status_code == 404
