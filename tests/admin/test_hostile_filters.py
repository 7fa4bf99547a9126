"""What nobody can type into a filter is told as a wrong filter, and never breaks a list."""

from typing import Any

import pytest

from brokers.models import Agreement
from channels_platform.notices.models import Delivery
from commissions.models import Accrual
from leads.models import Deal, Referral
from tests.admin.conftest import Cast, address

pytestmark = pytest.mark.django_db

HOSTILE = ["\x00", "1e3", "'\"<script>", "99999999999999999999999", "\u202e"]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Referral, "state__exact"),
        (Deal, "agency"),
        (Deal, "method__exact"),
        (Accrual, "deal"),
        (Delivery, "state"),
        (Agreement, "in_force"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(cast: Cast, enter: Any, model: Any, name: str, value: str) -> None:
    answer = enter("marketing_manager").get(address(model, "changelist"), {name: value})
    assert answer.status_code in (200, 302)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize(("model", "field"), [(Referral, "filed_at"), (Deal, "subscribed_at")])
def test_days_at_the_ends_of_time_are_days(cast: Cast, enter: Any, model: Any, field: str, day: str) -> None:
    cast.file()
    cast.subscribe()
    client = enter("marketing_manager")
    for end in ("_from", "_to"):
        answer = client.get(address(model, "changelist"), {field + end: day})
        assert answer.status_code == 200
        shown = (day > "2026") == (end == "_to")
        assert answer.context["cl"].result_count == (1 if shown else 0)
