"""The page that shows the proof of the ledger: who reads what of it, and proving it now."""

import pytest
from django.test import Client
from django.urls import reverse

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.jobs.models import Job, JobState, OutboxMessage
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden
from commissions.models import LedgerCheck, Payee
from commissions.services.ledger_checks import check_for_job, check_ledger, start_check
from tests.pages.finance import open_till
from tests.pages.world import make_project, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(world):
    return open_till(world)


def page(user, name="proof", *args):
    client = Client()
    client.force_login(user)
    return client.get(reverse(f"finance:{name}", args=args)).content.decode()


def differing(project, **more):
    """Keep a check that found one thing in a project, and one of the whole ledger."""
    payee = Payee.objects.first()
    found = {"check": "entitlement", "what": "deal", "name": "D-77 commission", "expected": "1 / 0", "found": "2"}
    here = {**found, "project": str(project.pk), "payee": str(payee.pk)}
    whole = {**found, "check": "seal", "what": "seal", "name": "#7", "project": "", "payee": ""}
    now = clock.now()
    return LedgerCheck.objects.create(
        started_at=now, finished_at=now, ok=False, found=2, counts={"deals": 7}, differences=[here, whole], **more
    )


def test_before_the_first_check_the_page_says_what_will_be_here(till):
    text = page(till.auditor)
    assert "Nothing was checked yet" in text
    assert "Check now" in text


def test_it_shows_the_last_result_and_those_before_it(till):
    differing(till.world.project, asked_by=till.finance)
    check_ledger()
    text = page(till.auditor)
    assert "Everything agrees" in text
    assert text.count("/finance/proof/") >= 3
    assert "Chen F" in text
    assert "D-77" not in text


def test_differences_are_told_in_words_to_who_sees_their_project(till):
    check = differing(till.world.project)
    text = page(till.finance, "proof_check", check.pk)
    assert "The ledger differs from what the facts entitle to" in text
    assert "D-77 commission" in text
    assert "1 more difference is not shown here" in text  # the seal is of the whole ledger
    User.objects.filter(pk=till.auditor.pk).update(all_projects=True)
    everything = page(User.objects.get(pk=till.auditor.pk), "proof_check", check.pk)
    assert "D-77 commission" in everything
    assert "#7" in everything


def test_who_sees_other_projects_reads_only_that_something_differs(till):
    check = differing(till.world.project)
    hill = make_project(till.world.project.company, code="HILL", name="Green Hill")
    text = page(staff("elsewhere", Role.FINANCE, hill), "proof_check", check.pk)
    assert "D-77" not in text
    assert "2 differences" in text
    assert "2 more differences are not shown here" in text


def test_a_check_asked_for_runs_as_a_job_and_leads_to_its_result(till):
    client = Client()
    client.force_login(till.auditor)
    answer = client.post(reverse("finance:proof_run"))
    job = Job.objects.get()
    assert answer["Location"] == reverse("jobs:detail", args=[job.pk])
    assert OutboxMessage.objects.get().arguments == {"job_id": str(job.pk)}
    check_for_job(job_id=job.pk)
    job.refresh_from_db()
    check = LedgerCheck.objects.get()
    assert (job.state, job.report, check.asked_by, check.ok) == (JobState.DONE, {"differences": 0}, till.auditor, True)
    assert job.result_url == reverse("finance:proof_check", args=[check.pk])


def test_agency_people_cannot_have_the_ledger_checked(till):
    for user in (till.world.owner.user, till.world.manager.user):
        with pytest.raises(Forbidden):
            start_check(actor=user)
    assert not Job.objects.exists()


def test_a_manager_reads_the_proof_and_does_not_ask_for_one(till):
    text = page(staff("boss", Role.MARKETING_MANAGER, till.world.project))
    assert "Check now" not in text
