"""What a portal page weighs on a phone: everything on the first visit, the page alone after."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from whitenoise.compress import Compressor

from leads.services.visits import confirm_visit
from tests.pages.money import draft_payout, give_plan, sell

pytestmark = pytest.mark.django_db
FIRST, AFTER = 120 * 1024, 30 * 1024
_ASSET = re.compile(rb'(?:src|href)="(/static/[^"#]+)')
_KEPT_BY_THE_PHONE = re.compile(rb'rel="(?:apple-touch-icon|manifest)"\s+href="([^"]+)"')


def sent(name: str) -> int:
    """How many bytes of an asset go over the network: as compressed in production, where that is smaller."""
    path = Path(finders.find(name))
    whole = path.read_bytes()
    if not Compressor(quiet=True).should_compress(path.name):
        return len(whole)
    return min(len(whole), len(gzip.compress(whole, 9)))


def weight(client, address: str) -> tuple[int, int]:
    """Return (bytes of page and all assets, bytes of the page) of an address."""
    answer = client.get(address, HTTP_ACCEPT_ENCODING="gzip")
    assert answer.status_code == 200, address
    body = answer.content
    page = len(body)
    html = gzip.decompress(body) if answer.get("Content-Encoding") == "gzip" else body
    later = set(_KEPT_BY_THE_PHONE.findall(html))
    assets = {asset.decode().removeprefix("/static/") for asset in _ASSET.findall(html) if asset not in later}
    return page + sum(sent(name) for name in assets), page


@pytest.fixture
def addresses(world):
    give_plan(world)
    give_plan(world, "broker")
    sell(world)
    draft_payout(world)
    referrals = [world.file(phone=f"138000{n:05}", client_name="欧阳修") for n in range(30)]
    confirm_visit(actor=world.reception, referral=referrals[0])
    one = f"/portal/clients/{referrals[0].pk}/"
    return [
        "/portal/", "/portal/clients/", "/portal/clients/new/", "/portal/clients/kept/", "/portal/clients/sheets/new/",
        "/portal/ranking/", "/portal/money/", "/portal/money/statements/", one, f"{one}slip/", f"{one}phone/",
        f"{one}filed/", f"{one}withdraw/", f"{one}contest/",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_portal_pages_are_light_first_and_after(world, addresses, as_person, language):
    client = as_person(world.owner)
    client.cookies["django_language"] = language
    weights = {address: weight(client, address) for address in addresses}
    heavy = {address: found for address, found in weights.items() if found[0] > FIRST or found[1] > AFTER}
    assert heavy == {}, weights
    assert min(first for first, _after in weights.values()) > 60_000, "the assets were not counted"
