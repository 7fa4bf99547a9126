"""Contests in the admin: drafted in a form, approved by a second person, rounds posted as they were shown."""

from datetime import date, timedelta
from typing import Any

import pytest

from channels_platform.lib import clock
from commissions.models import Contest, ContestRound, LedgerEntry
from commissions.services.contest_rounds import close_rounds
from leads.services.visits import confirm_visit
from tests.admin.conftest import CLIENT, SPOUSE, START, Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db
FORM = {
    "name": "Spring visits", "measure": "visits", "period": "weekly", "from_on": "2026-03-02", "to_on": "2026-03-29",
    "agency_kind": "", "prizes": "800\n500.50\n",
}  # fmt: skip


def _draft(cast: Cast, enter: Any, role: str = "marketing", **changed: Any) -> Any:
    return enter(role).post(address(Contest, "add"), FORM | {"project": cast.here.pk} | changed)


def _over(cast: Cast, enter: Any) -> ContestRound:
    """A contest approved, a visit of the owner's and one of the rival's in its first week, and the week over."""
    assert _draft(cast, enter).status_code == 302
    assert do(enter("marketing_manager"), Contest.objects.get(), "approve").status_code == 302
    for phone, broker in ((CLIENT, cast.owner), (SPOUSE, cast.rival)):
        confirm_visit(actor=cast.manager, referral=cast.file(phone, broker=broker))
    with clock.at(START + timedelta(days=7)):
        close_rounds()
    return ContestRound.objects.get()


def test_contest_is_drafted_as_written_and_said_in_words(cast: Cast, enter: Any) -> None:
    response = _draft(cast, enter)
    assert response.status_code == 302, complaints(response)
    contest = Contest.objects.get()
    assert (contest.prizes, contest.from_on, contest.state) == (["800.00", "500.50"], date(2026, 3, 2), "draft")
    page = said(enter("marketing").get(address(Contest, "change", contest.pk)))
    assert "Prizes from the first place on: 800.00 CNY + 500.50 CNY." in page
    changed = FORM | {"prizes": "900"}
    assert enter("marketing").post(address(Contest, "change", contest.pk), changed).status_code == 302
    contest.refresh_from_db()
    assert contest.prizes == ["900.00"]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"prizes": "12,80"}, "prizes"), ({"prizes": "5\n6"}, "prizes"), ({"to_on": "2026-03-01"}, "to_on")],
)
def test_faults_stand_beside_their_field(cast: Cast, enter: Any, given: Any, field: str) -> None:
    assert field in complaints(_draft(cast, enter, **given))
    assert not Contest.objects.exists()


def test_the_author_approves_neither(cast: Cast, enter: Any) -> None:
    assert _draft(cast, enter, "marketing_manager").status_code == 302
    response = do(enter("marketing_manager"), Contest.objects.get(), "approve")
    assert "somebody else has to approve it" in said(response)
    assert Contest.objects.get().state == "draft"
    assert do(enter("marketing"), Contest.objects.get(), "approve").status_code == 403


def test_a_round_is_posted_as_it_was_shown(cast: Cast, enter: Any) -> None:
    one = _over(cast, enter)
    manager = enter("marketing_manager")
    page = said(manager.get(address(ContestRound, "change", one.pk)))
    assert "places 1-2 shared, 1 visit, 1/2 of 800.00 + 500.50 = 650.25 CNY" in page
    asked = manager.get(address(ContestRound, "act", one.pk, "approve"))
    assert "650.25 CNY" in said(asked)
    stale = do(manager, one, "approve", seen="0" * 32)
    assert "open this page again" in said(stale)
    assert not LedgerEntry.objects.filter(transaction__kind="contest").exists()
    seen = asked.context["form"].fields["seen"].initial
    assert do(manager, one, "approve", seen=seen).status_code == 302
    one.refresh_from_db()
    assert one.state == "posted"
    entry = LedgerEntry.objects.filter(transaction__kind="contest").first()
    assert "Spring visits" in said(enter("auditor").get(address(LedgerEntry, "change", entry.pk)))
    assert "650.25" in said(manager.get(address(ContestRound, "change", one.pk)))


def test_rounds_of_foreign_projects_are_not_found(cast: Cast, enter: Any) -> None:
    one = _over(cast, enter)
    manager = enter("marketing_manager")
    manager_user = manager.get(address(ContestRound, "changelist")).wsgi_request.user
    manager_user.projects.set([cast.elsewhere])
    assert do(manager, one, "decline", reason="Not mine.").status_code == 404
    assert manager.get(address(Contest, "change", one.contest_id)).status_code == 404
    one.refresh_from_db()
    assert one.state == "proposed"


def test_what_waits_is_on_the_overview(cast: Cast, enter: Any) -> None:
    _over(cast, enter)
    assert "1 contest round to approve" in said(enter("marketing_manager").get("/admin/"))
