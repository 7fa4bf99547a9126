"""Nothing jumps while a portal page loads, on a phone with a slow network."""

import pytest

from leads.services.visits import confirm_visit
from tests.pages.money import give_plan, sell
from tests.pages.world import make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WATCH = """
    window.shifts = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) {
            if (entry.hadRecentInput) continue;
            const moved = entry.sources.map(one => (one.node && one.node.outerHTML || '').slice(0, 120));
            window.shifts.push([entry.value, moved]);
        }
    }).observe({type: 'layout-shift', buffered: true});
"""
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200 * 1024, "uploadThroughput": 90 * 1024}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_nothing_jumps_while_a_page_loads(visitor, transactional_db, language):
    world = make_world(exclusive_from="filing")
    give_plan(world)
    give_plan(world, "broker", bonuses=[], tiers=[{"from": "0", "rate": "0.005"}])
    sell(world)
    live = world.file(phone="13800000001")
    for n in range(2, 12):
        confirm_visit(actor=world.reception, referral=world.file(phone=f"138000000{n:02}"))
    at = visitor("phone", language)
    page = at.sign_in("owner")
    page.add_init_script(WATCH)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW)
    one = f"/portal/clients/{live.pk}/"
    jumped = {}
    for path in (
        "/portal/", "/portal/clients/", "/portal/clients/new/", "/portal/clients/kept/", "/portal/clients/sheets/new/",
        "/portal/ranking/", "/portal/money/", one, f"{one}slip/",
    ):  # fmt: skip
        at.open(path)
        page.wait_for_load_state("networkidle")
        shifts = page.evaluate("window.shifts")
        if sum(value for value, _sources in shifts) > 0.01:
            jumped[path] = shifts
    assert jumped == {}
