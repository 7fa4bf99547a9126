"""Risk signals in the admin: about whom, by what, how often such were right; judged by somebody else."""

from typing import Any

import pytest

from channels_platform.accounts.models import User
from channels_platform.lib import clock
from leads.models import RiskSignal
from tests.admin.conftest import Cast, address, complaints, do

pytestmark = pytest.mark.django_db


def _given(cast: Cast, person: User, once: str) -> RiskSignal:
    figures = {"how": "recorded", "people": 5, "turned": 4, "others": 10, "others_turned": 1}
    return RiskSignal.objects.create(
        kind="walk_ins_given", person=person, project=cast.here, evidence=figures, once=once, found_at=clock.now()
    )


def test_a_signal_about_the_site_is_read_and_judged_and_counts_for_its_kind(cast: Cast, enter: Any) -> None:
    manager = enter("marketing_manager")
    reception = User.objects.create_user("desk", password="unused", role="reception", name="Li Desk")
    first, second = _given(cast, reception, "1"), _given(cast, reception, "2")
    assert do(manager, first, "confirm", reason="The list was sold.").status_code == 302
    page = manager.get(address(RiskSignal, "changelist")).content.decode()
    for words in ("Li Desk", "1 of 1 judged signal of this kind was confirmed."):
        assert words in page
    page = manager.get(address(RiskSignal, "change", second.pk)).content.decode()
    for words in (
        "brokers filed 4 afterwards",
        "1 of 1 judged signal of this kind was confirmed.",
        "Others of this person",
    ):
        assert words in page


def test_nobody_judges_a_signal_about_themselves(cast: Cast, enter: Any) -> None:
    manager = enter("marketing_manager")
    signal = _given(cast, User.objects.get(username="a-marketing_manager"), "1")
    assert "about yourself" in str(complaints(do(manager, signal, "dismiss", reason="Nothing.")))
    signal.refresh_from_db()
    assert signal.state == "open"
