"""The overview: exact figures, within what the reader sees, and what waits for the reader."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from brokers.services.agreements import draft_agreement
from commissions.models import PlanVersion
from commissions.services.plans import draft_plan_version
from leads.models import Deal
from leads.services.deals import cancel_deal
from leads.services.visits import confirm_visit
from tests.admin.conftest import CLIENT, RULES, SPOUSE, Cast, said

pytestmark = pytest.mark.django_db


def _open(client: Any, **query: Any) -> Any:
    return client.get(reverse("admin:index"), query)


def _figures(response: Any) -> dict[str, tuple[str, str]]:
    return {str(card["name"]): (card["now"], card["before"]) for card in response.context["figures"]}


def test_this_month_stands_against_the_same_days_of_last_month(cast: Cast, enter: Any, later: Any) -> None:
    with later(timedelta(hours=-24 * 28)):
        confirm_visit(actor=cast.manager, referral=cast.file(CLIENT))
    with later(timedelta(days=-10)):
        cast.file("13800000007")
    visited = cast.file(SPOUSE)
    confirm_visit(actor=cast.manager, referral=visited)
    cast.file("13800000003", broker=cast.rival)
    cast.file(SPOUSE, broker=cast.rival)
    cast.subscribe(SPOUSE)
    assert _figures(_open(enter("marketing"))) == {
        "Filings": ("2", "1"),
        "Visits": ("1", "1"),
        "Deals": ("1", "0"),
        "Conversion": ("100\u00a0%", "0\u00a0%"),
    }


def test_cancelled_deals_and_refused_filings_do_not_count(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    assert cast.file(CLIENT, broker=cast.rival).state == "rejected"
    cancel_deal(actor=cast.manager, deal=cast.subscribe(CLIENT), reason="Changed their mind.")
    figures = _figures(_open(enter("marketing")))
    assert (figures["Filings"][0], figures["Deals"][0]) == ("1", "0")


def test_weeks_without_anything_are_there_too(cast: Cast, enter: Any, later: Any) -> None:
    with later(timedelta(days=-8)):
        cast.file(CLIENT)
    cast.file(SPOUSE)
    weeks = _open(enter("marketing"), weeks="4").context["weeks"]
    assert [counts for _week, counts in weeks] == [[0, 0, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]]


def test_figures_are_of_ones_own_projects(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    cast.file(CLIENT, project=cast.elsewhere)
    response = _open(enter("marketing"))
    assert _figures(response)["Filings"][0] == "1"
    assert [row["name"] for row in response.context["projects"]] == ["Golden Lake"]
    assert cast.elsewhere.name not in said(response)
    assert _figures(_open(enter("auditor", all_projects=True)))["Filings"][0] == "2"


def test_filters_stay_in_the_address_and_narrow(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    cast.file(SPOUSE, broker=cast.rival)
    client = enter("marketing")
    response = _open(client, project=cast.here.pk, agency=cast.rival.agency.pk, weeks="26")
    assert _figures(response)["Filings"][0] == "1"
    assert [row["name"] for row in response.context["agencies"]] == ["Rival Homes"]
    assert f'value="{cast.rival.agency.pk}" selected' in " ".join(said(response).split())
    assert len(response.context["weeks"]) == 26


@pytest.mark.parametrize("query", [{"project": "x"}, {"agency": "x"}, {"weeks": "x"}, {"weeks": "100000"}])
def test_nonsense_in_the_address_is_passed_over(query: Any, cast: Cast, enter: Any) -> None:
    assert _open(enter("marketing"), **query).status_code == 200


def test_a_foreign_project_in_the_address_shows_nothing_of_it(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT, project=cast.elsewhere)
    response = _open(enter("marketing"), project=cast.elsewhere.pk)
    assert _figures(response)["Filings"][0] == "0"


def test_shared_deal_counts_for_both_agencies(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    cast.file(SPOUSE, broker=cast.rival)
    cast.subscribe(CLIENT, SPOUSE)
    rows = {row["name"]: row["cells"] for row in _open(enter("marketing")).context["agencies"]}
    assert rows == {"Bright Homes": [1, 0, 1], "Rival Homes": [1, 0, 1]}


def test_commission_owed_is_the_ledgers(enter: Any, paid_deal: Deal) -> None:
    response = _open(enter("finance"))
    # pending, retained, payable, paid, tax
    assert response.context["money"] == [("CNY", ["38,400.00", "3,840.00", "34,560.00", "0.00", "0.00"])]


def test_marketing_is_shown_no_money(enter: Any, paid_deal: Deal) -> None:
    response = _open(enter("marketing"))
    assert response.context["money"] is None
    assert "34,560.00" not in said(response)


def test_what_waits_is_what_the_reader_can_do(cast: Cast, enter: Any, planner: Any) -> None:
    draft_agreement(actor=cast.author, agency=cast.owner.agency, project=cast.here, from_on=date(2026, 6, 1))
    draft_agreement(actor=cast.author, agency=cast.owner.agency, project=cast.elsewhere, from_on=date(2026, 6, 1))
    draft_plan_version(actor=planner, project=cast.here, agency=cast.owner.agency, **RULES)
    manager = enter("marketing_manager")
    needs = _open(manager).context["needs"]
    assert [need["words"] for need in needs] == ["1 agreement to approve", "1 commission plan to approve"]
    for need in needs:
        response = manager.get(need["url"])
        assert response.context["cl"].result_count == need["count"]
    assert _open(enter("marketing")).context["needs"] == []


def test_own_drafts_do_not_wait_for_oneself(cast: Cast, enter: Any, planner: Any) -> None:
    draft_plan_version(actor=planner, project=cast.here, agency=cast.owner.agency, **RULES)
    client = enter("marketing_manager")
    assert len(_open(client).context["needs"]) == 1
    PlanVersion.objects.update(author=client.get(reverse("admin:index")).wsgi_request.user)
    assert _open(client).context["needs"] == []


def test_numbers_stand_in_tables_without_scripts(cast: Cast, enter: Any) -> None:
    cast.file(CLIENT)
    page = said(_open(enter("marketing")))
    assert page.count('<details class="cp-numbers" open>') == 3
    assert "Bright Homes" in page
    assert "//cdn" not in page and "https://" not in page.replace("https://www.w3.org", "")


def test_conversion_without_a_visit_is_no_number(cast: Cast, enter: Any) -> None:
    assert _figures(_open(enter("marketing")))["Conversion"] == ("–", "–")
