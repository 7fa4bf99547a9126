"""Many clients at once in the list of referrals: chosen, looked at, done with a reason, told one by one."""

from typing import Any

import pytest
from django.urls import reverse

from brokers.models import Broker
from brokers.services.agencies import create_broker
from channels_platform.accounts.models import User
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job, OutboxMessage
from channels_platform.jobs.services import deliver_message
from leads.admin import many
from leads.models import BulkAct, Referral
from projects.services.projects import set_policy
from tests.admin.conftest import CLIENT, SPOUSE, Cast, address, complaints, said

pytestmark = pytest.mark.django_db
LIST = "/admin/leads/referral/"


@pytest.fixture
def colleague(cast: Cast) -> Broker:
    return create_broker(actor=cast.manager, agency=cast.owner.agency, username="wu", name="Wu", password="unused")


def _choose(client: Any, kind: str, *referrals: Referral, query: str = "", **more: Any) -> Any:
    data = {"action": f"many_{kind}", "_selected_action": [one.pk for one in referrals], "index": 0, **more}
    return client.post(f"{LIST}{query}", data)


def _step(client: Any, page: Any, step: str, **fields: Any) -> Any:
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in data.items() if value not in (None, "")} | fields
    return client.post(page.context["here"], data | {"step": step})


def test_choose_look_and_do(cast: Cast, enter: Any, colleague: Broker) -> None:
    li, rivals = cast.file(CLIENT), cast.file(SPOUSE, broker=cast.rival)
    client = enter("marketing")
    asked = _choose(client, "transfer", li, rivals)
    assert asked.status_code == 200 and "2 clients chosen" in said(asked)
    assert "no-store" in asked.headers["Cache-Control"]
    offered = set(asked.context["form"].fields["receiver"].queryset)
    assert offered == {colleague, cast.owner, cast.rival}
    looked = _step(client, asked, "look", receiver=colleague.pk, reason="On leave.")
    for text in ("1 client goes to Wu (Bright Homes).", "Reason: On leave.", "They can be transferred back",
                 "The client is another agency", rivals.number, "Transfer 1 client"):  # fmt: skip
        assert text in said(looked), text
    assert not BulkAct.objects.exists()
    changed = _step(client, looked, "change")
    assert changed.context["form"]["reason"].value() == "On leave." and changed.context["plan"] is None
    done = _step(client, looked, "do")
    again = _step(client, looked, "do")
    assert done.status_code == again.status_code == 302 and done.url == again.url
    act = BulkAct.objects.get()
    li.refresh_from_db()
    rivals.refresh_from_db()
    assert (li.broker, rivals.broker) == (colleague, cast.rival)
    page = said(client.get(done.url))
    for text in ("1 client transferred.", "1 client left out.", "Transferred to Wu", "On leave.", li.number):
        assert text in page, text
    assert done.url == reverse("admin:leads_referral_many_result", args=[act.pk])
    assert Event.objects.filter(action="referral.handed_over").count() == 1
    story = said(client.get(address(Referral, "change", li.pk)))
    assert "Handed over to a colleague" in story and "On leave." in story


def test_faults_stand_beside_their_fields_and_nothing_is_done(cast: Cast, enter: Any, settings: Any) -> None:
    li, client = cast.file(), enter("marketing_manager")
    asked = _choose(client, "extend", li)
    for fields, wrong in (
        ({"days": settings.PROTECTION_EXTENSION_DAYS + 1, "reason": "x"}, ["days"]),
        ({"days": 0, "reason": "x"}, ["days"]),
        ({"days": 5, "reason": " "}, ["reason"]),
    ):
        response = _step(client, asked, "do", **fields)
        assert (response.status_code, list(complaints(response))) == (422, wrong)
    outsider = _step(client, _choose(client, "transfer", li), "do", receiver=cast.rival.pk, reason="x")
    assert (outsider.status_code, list(complaints(outsider))) == (422, ["receiver"])
    assert not BulkAct.objects.exists()


def test_all_of_the_present_filter_are_chosen_and_stay_chosen(cast: Cast, enter: Any, monkeypatch: Any) -> None:
    mine = [cast.file(f"1381000{n:04d}") for n in range(3)]
    cast.file(SPOUSE, broker=cast.rival)
    client = enter("marketing_manager")
    query = f"?agency__id__exact={cast.owner.agency_id}"
    asked = _choose(client, "release", mine[0], query=query, select_across=1)
    assert "3 clients chosen" in said(asked)
    cast.file("13810009999")
    done = _step(client, _step(client, asked, "look", reason="Cleaning up."), "do")
    assert "3 clients released." in said(client.get(done.url))
    monkeypatch.setattr(many, "MOST", 2)
    _choose(client, "release", mine[0], query=query, select_across=1)
    assert "At most 2 clients" in said(client.get(LIST))


def test_more_than_can_be_waited_for_are_a_job_with_its_table(cast: Cast, enter: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(many, "AT_ONCE", 1)
    chosen = [cast.file(CLIENT), cast.file(SPOUSE)]
    client = enter("marketing_manager", language="zh-hans")
    asked = _choose(client, "extend", *chosen)
    assert "已选 2 位客户" in said(asked)
    looked = _step(client, asked, "look", days=7, reason="展会")
    assert "延长 2 位客户的保护" in said(looked) and "What will happen" not in said(looked)
    done = _step(client, looked, "do")
    job = Job.objects.get()
    assert done.url == reverse("jobs:detail", args=[job.pk])
    assert not Event.objects.filter(action="referral.extended").exists()
    assert deliver_message(OutboxMessage.objects.latest("pk").pk)
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 2)
    assert job.result_url in said(client.get(done.url))
    page = said(client.get(job.result_url))
    assert "已延长" in page and "Extended" not in page
    table = b"".join(client.get(reverse("jobs:result", args=[job.pk])).streaming_content).decode("utf-8-sig")
    assert all(one.number in table for one in chosen) and table.startswith("编号")


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("marketing", ["many_transfer"]),
        ("marketing_manager", ["many_transfer", "many_extend", "many_release"]),
        ("finance", []),
        ("auditor", []),
    ],
)
def test_each_role_is_offered_its_acts_and_refused_the_others(
    role: str, offered: list[str], cast: Cast, enter: Any
) -> None:
    li, client = cast.file(), enter(role)
    page = client.get(LIST)
    form = page.context["action_form"]
    assert [name for name, _label in (form.fields["action"].choices if form else []) if name] == offered
    for kind in ("transfer", "extend", "release"):
        allowed = f"many_{kind}" in offered
        data = {"chosen": li.pk.hex, "reason": "x", "step": "do"}
        response = client.post(reverse("admin:leads_referral_many", args=[kind]), data if not allowed else {})
        assert response.status_code == (404 if allowed else 403), kind
    assert not BulkAct.objects.exists()


def test_what_is_beyond_reach_is_not_there(cast: Cast, enter: Any) -> None:
    here, there = cast.file(), cast.file(SPOUSE, project=cast.elsewhere)
    client = enter("marketing_manager")
    url = reverse("admin:leads_referral_many", args=["release"])
    for chosen in (there.pk.hex, f"{here.pk.hex},{there.pk.hex}", "nonsense", ""):
        assert client.post(url, {"chosen": chosen, "reason": "x", "step": "do"}).status_code == 404
    assert client.get(url).status_code == 405
    assert client.post(reverse("admin:leads_referral_many", args=["delete"])).status_code == 404
    assert _choose(client, "release", there).status_code == 404
    assert client.post(LIST, {"action": "many_release", "_selected_action": "zzz", "index": 0}).status_code == 404
    assert not BulkAct.objects.exists() and not Event.objects.filter(action="referral.withdrawn").exists()


def test_a_result_is_for_who_asked_while_its_projects_are_theirs(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    done = _step(client, _step(client, _choose(client, "release", cast.file()), "look", reason="x"), "do")
    assert client.get(done.url).status_code == 200
    assert enter("auditor", all_projects=True).get(done.url).status_code == 404
    User.objects.get(username="a-marketing_manager").projects.clear()
    assert client.get(done.url).status_code == 404


def test_looking_at_many_asks_the_database_no_more_than_at_few(
    cast: Cast, enter: Any, django_assert_max_num_queries: Any
) -> None:
    set_policy(project=cast.here, actor=cast.manager, exclusive_from="filing", visit_within_hours=None)
    chosen = [cast.file(f"1381000{n:04d}") for n in range(12)]
    client = enter("marketing_manager")
    asked = _choose(client, "extend", *chosen)
    with django_assert_max_num_queries(30):
        _step(client, asked, "look", days=3, reason="x")
