"""Whatever a service refuses, the admin says it in words; and the door is everybody's door."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from channels_platform.accounts.models import User
from channels_platform.adminkit.refusals import WORDS, words_for

pytestmark = pytest.mark.django_db

SERVICES = ("projects/services", "brokers/services", "leads/services", "channels_platform/accounts/services")
# where money goes is asked for and confirmed in the portal and on the finance pages, which have words of their own
ELSEWHERE = {"accounts", "identities"}


def _codes() -> set[str]:
    files = [file for folder in SERVICES for file in Path(settings.BASE_DIR, folder).rglob("*.py")]
    files = [file for file in files if file.stem not in ELSEWHERE]
    files += [
        Path(settings.BASE_DIR, f"commissions/{name}.py")
        for name in (
            "services/plans",
            "services/simulations",
            "services/contests",
            "services/contest_rounds",
            "engine/contests",
        )
    ]
    return {code for file in files for code in re.findall(r'code="([a-z_]+)"', file.read_text())}


def test_every_refusal_of_the_services_behind_the_admin_has_words() -> None:
    codes = _codes()
    assert len(codes) > 30
    assert codes - set(WORDS) == set()


def test_an_unknown_code_falls_back_to_what_the_service_said() -> None:
    assert words_for("brand_new", "the detail") == "the detail"
    assert words_for("brand_new") == "This can't be done."


def test_the_admins_login_page_leads_to_everybodys(client: Any) -> None:
    response = client.get(reverse("admin:login"), {"next": "/admin/leads/referral/"})
    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next=/admin/leads/referral/"


@pytest.mark.parametrize("is_staff", [True, False])
def test_who_is_let_in_already_goes_on(is_staff: bool, enter: Any) -> None:
    client = enter("marketing")
    User.objects.filter(username="a-marketing").update(is_staff=is_staff)
    assert client.get(reverse("admin:login"), {"next": "/admin/leads/deal/"}).url == "/admin/leads/deal/"
    assert client.get(reverse("admin:login"), {"next": "https://elsewhere.example/"}).url == reverse("admin:index")


def test_staff_flag_alone_opens_nothing(enter: Any) -> None:
    client = enter("reception")
    User.objects.filter(username="a-reception").update(is_staff=True)
    assert client.get(reverse("admin:login")).status_code == 403
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_password_is_changed_where_everybody_does(enter: Any) -> None:
    assert enter("marketing").get(reverse("admin:password_change")).url == reverse("account_change_password")
