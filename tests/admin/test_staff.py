"""The developer's own people: made without a password, within what the maker may see."""

from typing import Any

import pytest
from django.test import Client

from channels_platform.accounts.models import User
from channels_platform.audit.models import Event
from channels_platform.jobs.models import Job
from channels_platform.lib import clock
from tests.admin.conftest import Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db

PERSON = {"username": "wang", "name": "Wang", "role": "marketing", "email": "wang@example.com", "phone": "13922223333"}


def _post(client: Any, cast: Cast, **changed: Any) -> Any:
    return client.post(address(User, "add"), PERSON | {"projects": [cast.here.pk]} | changed)


def test_person_is_made_with_role_and_projects_and_invited(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    response = _post(client, cast)
    user = User.objects.get(username="wang")
    assert response.url == address(User, "act", user.pk, "invite")
    assert (user.role, list(user.projects.all()), user.is_staff) == ("marketing", [cast.here], True)
    assert not user.has_usable_password()
    assert "/accounts/invitation/" in client.post(response.url).context["shown"].text
    event = Event.objects.get(action="staff.created")
    assert event.after["projects"] == ["HERE"]
    assert "13922223333" not in str(event.after)


def test_flag_of_the_admins_door_follows_the_role(cast: Cast, enter: Any) -> None:
    _post(enter("marketing_manager"), cast, role="reception")
    assert not User.objects.get(username="wang").is_staff


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"role": "broker"}, "role"),
        ({"phone": "12"}, "phone"),
        ({"username": "manager"}, "username"),
        ({"all_projects": "on"}, "all_projects"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(changed: Any, field: str, cast: Cast, enter: Any) -> None:
    before = User.objects.count() + 1
    response = _post(enter("marketing_manager"), cast, **changed)
    assert list(complaints(response)) == [field]
    assert User.objects.count() == before


def test_projects_beyond_ones_own_cannot_be_given(cast: Cast, enter: Any) -> None:
    response = _post(enter("marketing_manager"), cast, projects=[cast.elsewhere.pk])
    assert list(complaints(response)) == ["projects"]
    assert not User.objects.filter(username="wang").exists()


def test_projects_beyond_ones_own_stay_when_others_change(cast: Cast, enter: Any) -> None:
    colleague = User.objects.create_user("colleague", role="marketing", name="Colleague")
    colleague.projects.set([cast.here, cast.elsewhere])
    data = {"name": "Colleague", "role": "finance", "email": "", "phone": "", "projects": []}
    response = enter("marketing_manager").post(address(User, "change", colleague.pk), data)
    assert response.status_code == 302, complaints(response)
    colleague.refresh_from_db()
    assert (colleague.role, list(colleague.projects.all())) == ("finance", [cast.elsewhere])
    assert Event.objects.get(action="staff.changed").before["role"] == "marketing"


def test_nobody_raises_or_disables_themselves(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    own = User.objects.get(username="a-marketing_manager")
    data = {"name": "Me", "role": "finance_approver", "email": "", "phone": "", "all_projects": "on"}
    assert client.post(address(User, "change", own.pk), data).status_code == 302
    own.refresh_from_db()
    assert (own.name, own.role, own.all_projects) == ("Me", "marketing_manager", False)
    assert do(client, own, "disable", reason="Holiday.").status_code == 422
    assert User.objects.get(pk=own.pk).is_active


def test_disabled_person_is_out_at_once(cast: Cast, enter: Any) -> None:
    other = enter("marketing")
    person = User.objects.get(username="a-marketing")
    assert do(enter("marketing_manager"), person, "disable", reason="Left.").status_code == 302
    assert other.get(address(User, "changelist")).status_code in (302, 403)
    assert Event.objects.get(action="staff.disabled").reason == "Left."


def test_agency_people_are_shown_but_changed_under_their_agency(cast: Cast, enter: Any) -> None:
    client = enter("marketing_manager")
    assert client.get(address(User, "change", cast.owner.user_id)).context["has_change_permission"] is False
    assert client.post(address(User, "change", cast.owner.user_id), {"role": "finance"}).status_code == 403
    assert "disable" not in said(client.get(address(User, "change", cast.owner.user_id)))


def test_superuser_is_out_of_a_managers_reach(cast: Cast, enter: Any) -> None:
    root = User.objects.create_superuser("root", "root@example.com", "unused-in-tests", role="auditor")
    client = enter("marketing_manager")
    assert client.post(address(User, "change", root.pk), {"role": "finance"}).status_code == 403
    assert do(client, root, "disable", reason="Coup.").status_code == 422
    assert User.objects.get(pk=root.pk).is_active


def test_no_page_shows_a_password_hash(cast: Cast, enter: Any) -> None:
    page = said(enter("marketing_manager").get(address(User, "change", cast.manager.pk)))
    assert cast.manager.password not in page


@pytest.mark.parametrize("role", ["marketing", "finance", "auditor"])
def test_others_do_not_manage_people(role: str, cast: Cast, enter: Any) -> None:
    assert _post(enter(role), cast).status_code == 403


def test_a_jobs_result_is_offered_to_who_had_it_made_and_to_nobody_else(cast: Cast, enter: Any) -> None:
    facts = {"kind": "ledger-check", "starter": cast.manager, "state": "done", "created_at": clock.now()}
    Job.objects.create(result_url="/made/by/the/manager/", finished_at=clock.now(), **facts)
    mine = Client()
    mine.force_login(cast.manager)
    assert "/made/by/the/manager/" in mine.get("/admin/jobs/job/").content.decode()
    assert "/made/by/the/manager/" not in enter("auditor").get("/admin/jobs/job/").content.decode()
