"""What nobody can type into a filter is told as a wrong filter, and never breaks a list."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from brokers.forms import ApplyForm
from brokers.models import Agreement
from brokers.services.agreements import approve_agreement, draft_agreement
from channels_platform.lib import clock
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


def test_today_is_the_sites_day_and_not_that_of_greenwich(cast: Cast, enter: Any) -> None:
    """At 01:00 on the 3rd in Shanghai it is the 2nd in Greenwich still."""
    first = date(2026, 3, 3)
    draft = draft_agreement(actor=cast.author, agency=cast.owner.agency, project=cast.here, from_on=first)
    approve_agreement(actor=cast.manager, agreement=draft)
    client, found = enter("marketing_manager"), []
    for hour in (15, 17):
        with clock.at(datetime(2026, 3, 2, hour, tzinfo=UTC)):
            answer = client.get(address(Agreement, "changelist"), {"in_force": "yes"})
        found.append(draft.pk in {one.pk for one in answer.context["cl"].result_list})
        with clock.at(datetime(2026, 3, 2, hour, tzinfo=UTC)):
            ended = ApplyForm({"licence_until": "2026-03-02"})
            found.append("licence_until" in ended.errors)
    assert found == [False, False, True, True]


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
