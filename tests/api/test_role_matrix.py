"""Every address of the site, for every role: one's own, another's, and what is not there.

An address that no table knows fails. Another's object is a 404 like one that never was.
"""

import re

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client, override_settings
from django.urls import URLPattern, get_resolver

from channels_platform.accounts.admin_access import has_model_permission
from channels_platform.accounts.permissions import Can, Role
from tests.api.table import NOTHING_THERE, ROWS, Row
from tests.api.world import build_world

ROLES = [role.value for role in Role]
METHODS = ("get", "post", "patch", "delete")
PARAMETER = re.compile(r"<[^>]+>")
IN_ADMIN = {"marketing", "marketing_manager", "finance", "auditor"}
ADMIN_ROUTE = re.compile(r"admin/(?P<app>\w+)/(?P<model>\w+)/(?P<rest>.*)$")
ADMIN_OBJECT = {"<path:object_id>/", "<path:object_id>/change/", "<path:object_id>/history/"}
ADMIN_LISTS = {"", "find/", "import/", "import/template/", "process_import/", "export/", "add/"}
# The files of a dispute have their own test: tests/admin/test_disputes.py.
ADMIN_OTHERS = {
    "<path:object_id>/delete/", "<path:object_id>/do/<slug:act>/", "<uuid:object_id>/files/<uuid:file_id>/",
}  # fmt: skip
ADMIN_OF_ITS_OWN = {
    "admin/", "admin/search/", "admin/login/", "admin/logout/", "admin/password_change/", "admin/password_change/done/",
    "admin/autocomplete/", "admin/jsi18n/", "admin/r/<path:content_type_id>/<path:object_id>/", "admin/(?P<url>.*)$",
    "admin/brokers/agencyapplication/papers/<int:file_id>/",
    "admin/leads/referral/what-if/<uuid:job_id>/",  # tests/admin/test_what_if.py
    "admin/commissions/planversion/add/figures/",  # tests/admin/test_plan_editor.py
    # tests/admin/test_simulation.py
    "admin/commissions/planversion/simulate/", "admin/commissions/planversion/simulation/<uuid:job_id>/",
    # tests/admin/test_many.py
    "admin/leads/referral/many/<slug:kind>/", "admin/leads/referral/many/<uuid:act_id>/result/",
}  # fmt: skip
# What is taken in from files by who cannot add it here one by one.
IMPORTED_BY = {"leads.naturalvisit": Can.RECORD_NATURAL_VISIT}
# What has no project: every role that sees such things sees all of them (of jobs, those who read the audit trail).
WITHOUT_PROJECT = {
    "brokers.agency", "brokers.agencyapplication", "brokers.agencygrade", "brokers.store", "brokers.broker",
    "projects.payingcompany", "projects.holiday", "accounts.user", "jobs.periodicrun", "jobs.job",
}  # fmt: skip


def routes(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


def in_admin(route):
    found = ADMIN_ROUTE.match(route)
    return bool(
        route in ADMIN_OF_ITS_OWN
        or "app_label" in route
        or (found and found["rest"] in ADMIN_OBJECT | ADMIN_LISTS | ADMIN_OTHERS)
    )


def test_every_address_is_in_a_table():
    there = set(routes())
    known = {row.route for row in ROWS} | set(NOTHING_THERE)
    assert {route for route in there - known if not in_admin(route)} == set()
    assert known - there == set()


pytestmark = pytest.mark.django_db  # without it the module, run alone, finds no tables


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    return tmp_path_factory.mktemp("media")


@pytest.fixture(autouse=True)
def _media_of_its_own(settings, media):
    """The world's files are where they were put, for every test."""
    settings.MEDIA_ROOT = media


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, media):
    """One world for all: each request is undone."""
    with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=media), transaction.atomic():
        yield build_world()
        transaction.set_rollback(True)


def fill(row: Row, world, role, where):
    tokens = {"invitation": world.invitation, "application": world.application}
    names = [tokens.get(kind) or world.named(kind, role=role, where=where) for kind in row.of]
    values = iter(names)
    return "/" + (row.path or PARAMETER.sub(lambda _found: str(next(values)), row.route))


def ask(client, method, url):
    """Send the request and undo what it did."""
    body = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
    if not url.startswith("/api/") and method == "post":
        body = {"data": {}}
    try:
        with transaction.atomic():
            answer = getattr(client, method)(url, **body)
            if answer.streaming:
                b"".join(answer.streaming_content)
            raise Undone
    except Undone:
        return answer


class Undone(Exception):
    pass


def sign_in(user):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", ROLES)
def test_who_may_does_and_who_may_not_is_refused(world, role):
    """A role does with its own what the table says, and is refused (403) everything else."""
    client = sign_in(world.near.people[role])
    faults = []
    for row in ROWS:
        for method in METHODS:
            allowed = getattr(row, method)
            if not allowed:
                continue
            url = fill(row, world, role, "near")
            status = ask(client, method, url).status_code
            client.force_login(world.near.people[role])
            if role in allowed and (
                status in (401, 403, 405) or (status >= 500 and row.route != "readyz") or (status == 404 and row.of)
            ):
                faults.append(f"{method} {row.route}: {status} though {role} may")
            if role not in allowed and status != 403:
                faults.append(f"{method} {row.route}: {status} though {role} may not")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("where", ["far", "missing"])
def test_anothers_is_not_there(world, role, where):
    """What is another agency's or another project's cannot be told from what never was."""
    client = sign_in(world.near.people[role])
    faults = []
    for row in ROWS:
        if (
            not row.of
            or row.of in (("invitation",), ("application",))
            or (row.of == ("agency",) and where == "far" and role != "agency_admin")
        ):
            # all agencies are known to the staff who work with agencies
            continue
        for method in METHODS:
            if role in getattr(row, method):
                status = ask(client, method, fill(row, world, role, where)).status_code
                if status != 404:
                    faults.append(f"{method} {row.route}: {status}")
    assert not faults, "\n".join(faults)


def test_the_unknown_are_asked_to_sign_in(world):
    client = Client(raise_request_exception=False)
    faults = []
    for row in ROWS:
        for method in METHODS:
            if not getattr(row, method):
                continue
            answer = ask(client, method, fill(row, world, "broker", "near"))
            asked = answer.status_code == 401 or (answer.status_code == 302 and "/login/" in answer.headers["Location"])
            if row.anonymous == "asked" and not asked:
                faults.append(f"{method} {row.route}: {answer.status_code}")
            if row.anonymous == "let" and answer.status_code >= 500 and row.route != "readyz":
                faults.append(f"{method} {row.route}: {answer.status_code}")
    assert not faults, "\n".join(faults)


def admin_urls(world, where, role=Role.MARKETING.value):
    """Yield (label, rest of the address, url) of every model in the admin."""
    near, other = world.jobs[role], world.jobs[Role.CONSULTANT.value]
    world.near.rows["jobs.job"], world.far.rows["jobs.job"] = near, other
    for route in routes():
        found = ADMIN_ROUTE.match(route)
        if not found or not in_admin(route) or route in ADMIN_OF_ITS_OWN:
            continue
        label = f"{found['app']}.{found['model']}"
        side = world.far if where == "far" else world.near
        pk = "00000000-0000-7000-8000-000000000000" if where == "missing" else side.rows.get(label)
        if "object_id" in found["rest"] and pk is None:
            continue
        url = "/" + route.replace("<path:object_id>", str(pk)).replace("<slug:act>", "nothing")
        yield label, found["rest"], url


def verb_of(rest):
    adding = dict.fromkeys(("add/", "import/", "import/template/", "process_import/"), "add")
    return {**adding, "<path:object_id>/delete/": "delete"}.get(rest, "view")


@pytest.mark.parametrize("role", ROLES)
def test_the_admin_shows_what_the_role_table_lets_it(world, role):
    user = world.near.people[role]
    client = sign_in(user)
    faults = []
    for label, rest, url in admin_urls(world, "near", role):
        app, model = label.split(".")
        may = role in IN_ADMIN and has_model_permission(user, f"{app}.{verb_of(rest)}_{model}")
        if rest.endswith("history/"):
            may = may and user.can(Can.SEE_AUDIT)
        if "import/" in rest and label in IMPORTED_BY:
            may = user.can(IMPORTED_BY[label])
        status = ask(client, "get", url).status_code
        if status >= 500 or (status == 200 and not may):
            faults.append(f"{url}: {status}")
        if may and rest in ADMIN_OBJECT | {""} and label not in ("accounts.user",) and status not in (200, 302):
            faults.append(f"{url}: {status} though {role} may")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("role", sorted(IN_ADMIN))
@pytest.mark.parametrize("where", ["far", "missing"])
def test_the_admin_knows_nothing_of_other_projects(world, role, where):
    client = sign_in(world.near.people[role])
    shown = [
        f"{url}: {status}"
        for label, rest, url in admin_urls(world, where, role)
        if "object_id" in rest and not (where == "far" and label in WITHOUT_PROJECT)
        for status in [ask(client, "get", url).status_code]
        if status not in (302, 403, 404, 405)
    ]
    assert not shown, "\n".join(shown)


def test_the_admin_asks_the_unknown_to_sign_in(world):
    client = Client(raise_request_exception=False)
    for _label, _rest, url in admin_urls(world, "near"):
        answer = ask(client, "get", url)
        assert answer.status_code == 302 and "/login/" in answer.headers["Location"], url


def test_every_model_in_the_admin_has_an_object_to_try(world):
    list(admin_urls(world, "near"))
    labels = {model._meta.label_lower for model in admin.site._registry}
    foreign = {"auth.group", "account.emailaddress", "mfa.authenticator"}
    assert labels - foreign - set(world.near.rows) == set()
