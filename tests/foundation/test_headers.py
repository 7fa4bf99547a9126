"""The content security policy: strict on every page, relaxed for the admin only."""

import pytest

from projects.models import PayingCompany
from projects.services.projects import create_project

pytestmark = pytest.mark.django_db


def _policy(client, address: str) -> dict[str, str]:
    header = client.get(address, follow=False)["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


def test_pages_allow_scripts_and_styles_of_our_own_only(client):
    policy = _policy(client, "/accounts/login/")
    assert policy["script-src"] == policy["style-src"] == policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"


def test_only_the_admin_may_evaluate(admin_client):
    assert "'unsafe-eval'" in _policy(admin_client, "/admin/")["script-src"]
    assert "unsafe" not in " ".join(_policy(admin_client, "/accounts/login/").values())
    assert "unsafe" not in " ".join(_policy(admin_client, "/administer/").values())


def test_every_answer_says_what_browsers_must_not_do(client):
    answer = client.get("/accounts/login/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


def test_data_may_load_nothing_at_all(client):
    assert _policy(client, "/api/v1/projects/") == {"default-src": "'none'", "frame-ancestors": "'none'"}


def test_the_camera_is_for_the_scan_page_alone(client, django_user_model):
    assert client.get("/accounts/login/")["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"
    client.force_login(django_user_model.objects.create_user("chief", is_superuser=True))
    company = PayingCompany.objects.create(code="LAKE", name="Lake Co.")
    create_project(actor=None, code="GL", name="Golden Lake", company=company, status="open", policy={})
    assert client.get("/desk/scan/")["Permissions-Policy"] == "camera=(self), microphone=(), geolocation=()"
    for elsewhere in ("/desk/", "/desk/find/", "/portal/"):
        assert "camera=()" in client.get(elsewhere)["Permissions-Policy"]
