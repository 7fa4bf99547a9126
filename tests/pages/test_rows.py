"""Lists ask the database once per kind of thing, not once per row."""

from datetime import timedelta

import pytest

from channels_platform.lib import clock
from leads.services.visits import confirm_visit, record_natural_visit
from tests.pages.money import draft_payout, give_plan, sell

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(world):
    """Several of everything that a list may show."""
    give_plan(world)
    give_plan(world, "broker")
    sell(world)
    draft_payout(world)
    noon = clock.now().astimezone(world.project.zone).replace(hour=12, minute=0)
    with clock.at(noon - timedelta(hours=3)):
        for n in range(3):
            world.file(phones=[f"1390000121{n}", f"1390{n}001220"], expected_arrival=noon + timedelta(hours=n))
            came = world.file(world.colleague, phone=f"1390000131{n}")
            confirm_visit(actor=world.reception, referral=came)
            record_natural_visit(actor=world.reception, project=world.project, phone=f"1370000333{n}")
    return world, noon


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("manager", "/portal/"),
        ("manager", "/portal/clients/?tab=all"),
        ("manager", "/portal/clients/new/"),
        ("manager", "/portal/money/"),
        ("manager", "/portal/money/statements/"),
        ("manager", "/portal/brokers/"),
        ("reception", "/desk/"),
        ("reception", "/desk/natural/"),
        ("reception", "/desk/find/?project=GL&q=1220"),
        ("site_manager", "/desk/deals/"),
    ],
)
def test_no_query_per_row(busy, as_person, no_n_plus_one, who, address):
    world, noon = busy
    with clock.at(noon):
        assert as_person(getattr(world, who)).get(address).status_code == 200
