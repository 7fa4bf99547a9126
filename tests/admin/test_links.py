"""Nobody is led to what they may not open: every link of every page that a role reaches opens for that role."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.admin.conftest import address
from tests.admin.test_pages import MODELS, ROLES, world  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db

# Acts that a GET would begin, leaving, other languages, files.
_LEFT_ALONE = re.compile(r"^/(static|media|i18n|accounts/logout)|/export/|\.(csv|xlsx|pdf)$")


def links_of(page: str) -> set[str]:
    found = {address.replace("&amp;", "&").partition("#")[0] for address in re.findall(r'href="(/[^"]*)"', page)}
    return {address for address in found if not _LEFT_ALONE.search(address)}


@pytest.mark.parametrize("role", list(ROLES))
def test_every_link_that_a_role_is_shown_opens_for_it(world: dict[str, Any], enter: Any, role: str) -> None:  # noqa: F811
    client: Client = enter(role)
    pages = {"/admin/"}
    for label, rights in ROLES[role].items():
        if "v" in rights:
            model = MODELS[label]
            pages |= {address(model, "changelist"), address(model, "change", world[label].pk)}
    # a list opens whatever its filters
    led: dict[str, tuple[str, str]] = {}
    for page in sorted(pages):
        answer = client.get(page)
        if answer.status_code == 200:
            for link in links_of(answer.content.decode()):
                led.setdefault(link.partition("?")[0], (link, page))
    closed = {}
    for link, page in sorted(led.values()):
        status = client.get(link).status_code
        if status >= 400:
            closed[link] = (status, page)
    assert closed == {}
