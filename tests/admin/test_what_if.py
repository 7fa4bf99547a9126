"""What if, on a project's page: the rules in force to start from, a job to wait for, a page with what came of it."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from leads.services.whatif import RULES
from projects.models import Policy, Project
from projects.selectors import current_policy
from tests.admin.conftest import Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db


def _rules(cast: Cast, **changed: Any) -> dict[str, Any]:
    rules = {name: getattr(current_policy(cast.here), name) for name in RULES} | changed
    return {name: value for name, value in rules.items() if value is not None and value is not False}


def _asked(cast: Cast, client: Client, **changed: Any) -> Job:
    response = do(client, cast.here, "what-if", **_rules(cast, **changed))
    assert response.status_code == 302, complaints(response)
    job = Job.objects.latest("pk")
    assert response.url == reverse("jobs:detail", args=[job.pk])
    assert deliver_message(OutboxMessage.objects.latest("pk").pk)
    job.refresh_from_db()
    assert job.state == "done", job.errors
    return job


def test_form_starts_from_the_rules_in_force(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    assert address(Project, "act", cast.here.pk, "what-if") in said(
        client.get(address(Project, "change", cast.here.pk))
    )
    form = client.get(address(Project, "act", cast.here.pk, "what-if")).context["form"]
    assert list(form.fields) == ["first", "last", *RULES]
    assert {name: form[name].value() for name in RULES} == {
        name: getattr(current_policy(cast.here), name) for name in RULES
    }


def test_answer_says_who_would_have_the_client_and_what_moves(cast: Cast, enter: Any) -> None:
    first, second = cast.file(), cast.file(broker=cast.rival)
    deal = cast.subscribe()
    client = enter("marketing_manager")
    job = _asked(cast, client, exclusive_from="never")
    waiting = said(client.get(reverse("jobs:detail", args=[job.pk])))
    assert job.result_url in waiting
    page = said(client.get(job.result_url))
    for text in (first.number, second.number, deal.number, "1,280,000.00", "Lost"):
        assert text in page
    assert "Protection starts: Nothing is protected; the deal decides instead of From the filing" in page
    assert address(type(first), "change", first.pk) in page and address(type(deal), "change", deal.pk) in page
    assert "1 deal would go to others: 1,280,000.00 CNY (price × share) would change hands." in page
    file = client.get(reverse("jobs:result", args=[job.pk]))
    assert second.number in b"".join(file.streaming_content).decode("utf-8-sig")
    assert Policy.objects.filter(project=cast.here).count() == 1


def test_answer_speaks_chinese(cast: Cast, enter: Any) -> None:
    cast.file()
    cast.file(broker=cast.rival)
    cast.subscribe()
    client = enter("marketing_manager", language="zh-hans")
    job = _asked(cast, client, exclusive_from="visit", protection_days=7)
    page = said(client.get(job.result_url))
    assert "按其他规则" in page
    assert "No other referral" not in page and "Outcome" not in page and "On record" not in page
    with job.result_file.open("rb") as file:
        assert file.read().decode("utf-8-sig").startswith("编号")


def test_faults_stand_beside_their_fields(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    wrong = do(client, cast.here, "what-if", **_rules(cast, protection_days=0))
    assert (wrong.status_code, list(complaints(wrong))) == (422, ["protection_days"])
    wrong = do(client, cast.here, "what-if", **_rules(cast, first="2026-03-02", last="2026-03-01"))
    assert (wrong.status_code, list(complaints(wrong))) == (422, ["last"])
    wrong = do(client, cast.here, "what-if", **_rules(cast, first="soon"))
    assert (wrong.status_code, list(complaints(wrong))) == (422, ["first"])
    assert not Job.objects.exists()


@pytest.mark.parametrize("role", ["marketing", "finance", "auditor"])
def test_other_roles_neither_ask_nor_read(role: str, cast: Cast, enter: Any) -> None:
    job = _asked(cast, enter("marketing_manager"))
    client = enter(role, all_projects=True)
    assert client.get(address(Project, "act", cast.here.pk, "what-if")).status_code == 403
    assert do(client, cast.here, "what-if", **_rules(cast)).status_code == 403
    assert client.get(job.result_url).status_code == 403
    assert "what-if" not in said(client.get(address(Project, "change", cast.here.pk)))


def test_result_is_for_who_asked_while_the_project_is_theirs(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    job = _asked(cast, client)
    other = User.objects.create_user(
        "other", password="unused-in-tests", role=Role.MARKETING_MANAGER, all_projects=True
    )
    stranger = Client()
    stranger.force_login(other)
    assert stranger.get(job.result_url).status_code == 404
    assert client.get(job.result_url).status_code == 200
    User.objects.get(username="a-marketing_manager").projects.clear()
    pages = (job.result_url, *(reverse(name, args=[job.pk]) for name in ("jobs:detail", "jobs:result")))
    api = [f"/api/v1/jobs/{job.pk}/{tail}" for tail in ("", "result/")]
    assert [client.get(page).status_code for page in (*pages, *api)] == [404] * 5


def test_project_of_others_is_not_asked_about(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    assert do(client, cast.elsewhere, "what-if", **_rules(cast)).status_code == 404
    assert not Event.objects.filter(action="whatif.ran").exists()


def test_days_asked_for_are_kept_with_the_question(cast: Cast, enter: Any) -> None:
    job = _asked(cast, enter("marketing_manager"), first="2026-03-01", last="2026-03-31")
    assert (job.arguments["first"], job.arguments["last"]) == ("2026-03-01", "2026-03-31")
    event = Event.objects.get(action="whatif.ran")
    assert date.fromisoformat(event.after["first"]) == date(2026, 3, 1)
