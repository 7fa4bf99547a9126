"""Figures in the admin are read, with their reasons; nothing there can be changed."""

from decimal import Decimal
from typing import Any

import pytest

from channels_platform.audit.models import Event
from commissions.models import Accrual, LedgerEntry, LedgerTransaction
from leads.models import Deal, Payment
from tests.admin.conftest import Cast, address, said

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Accrual, LedgerEntry, LedgerTransaction, Payment, Event])
@pytest.mark.parametrize("role", ["marketing_manager", "finance", "auditor"])
def test_facts_are_read_only_for_everybody(model: Any, role: str, cast: Cast, enter: Any, paid_deal: Deal) -> None:
    client, row = enter(role, all_projects=True), model.objects.order_by("pk").first()
    before = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
    data = {"amount": "1", "earned": "1", "action": "forged", "reason": "forged", "currency": "USD"}
    assert client.post(address(model, "change", row.pk), data).status_code == 403
    assert client.post(address(model, "add"), data).status_code == 403
    assert client.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    assert {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields} == before


def test_commission_line_says_why(enter: Any, paid_deal: Deal) -> None:
    line = Accrual.objects.get(deal=paid_deal)
    assert (line.earned, line.released, line.retained) == (Decimal("76800"), Decimal("38400"), Decimal("3840"))
    page = said(enter("finance").get(address(Accrual, "change", line.pk)))
    assert "units 0-1 of March 2026 at 6\u00a0% of 1,280,000.00" in page
    assert "45\u00a0% more is released when the full price is collected." in page
    assert "76,800.00" in page


def test_deals_page_leads_to_its_commission(enter: Any, paid_deal: Deal) -> None:
    client = enter("finance")
    url = f"{address(Accrual, 'changelist')}?deal={paid_deal.pk}"
    assert url in said(client.get(address(Deal, "change", paid_deal.pk)))
    response = client.get(url)
    assert [line.deal for line in response.context["cl"].result_list] == [paid_deal]
    assert paid_deal.number in said(response)


def test_deals_page_is_silent_about_money_for_marketing(enter: Any, paid_deal: Deal) -> None:
    assert "What this deal earns" not in said(enter("marketing").get(address(Deal, "change", paid_deal.pk)))


def test_a_transactions_entries_sum_to_zero_on_its_page(enter: Any, paid_deal: Deal) -> None:
    transaction = LedgerTransaction.objects.first()
    page = said(enter("finance").get(address(LedgerTransaction, "change", transaction.pk)))
    assert "-76,800.00" in page
    assert "34,560.00" in page


def test_an_objects_history_is_its_part_of_the_audit_trail(enter: Any, paid_deal: Deal) -> None:
    response = enter("marketing_manager").get(address(Deal, "history", paid_deal.pk), follow=True)
    events = list(response.context["cl"].result_list)
    assert {event.target_id for event in events} == {str(paid_deal.pk)}
    assert {"deal.subscribed", "deal.contracted", "payment.recorded"} <= {event.action for event in events}
    assert enter("marketing").get(address(Deal, "history", paid_deal.pk)).status_code == 403


def test_audit_trail_is_filtered_by_action_person_and_day(cast: Cast, enter: Any, paid_deal: Deal) -> None:
    client, url = enter("auditor"), address(Event, "changelist")

    def actions(**query: Any) -> set[str]:
        return {event.action for event in client.get(url, query).context["cl"].result_list}

    assert actions(action="deal.") == {"deal.subscribed", "deal.contracted"}
    assert "deal.contracted" in actions(actor__id__exact=str(cast.manager.pk))
    assert "deal.subscribed" not in actions(actor__id__exact=str(cast.manager.pk))
    assert actions(at_from="2030-01-01") == set()
    assert actions(q=paid_deal.number) == {"deal.subscribed", "deal.contracted", "payment.recorded"}


def test_an_event_shows_what_changed(cast: Cast, enter: Any, paid_deal: Deal) -> None:
    event = Event.objects.get(action="deal.contracted")
    page = said(enter("auditor").get(address(Event, "change", event.pk)))
    assert paid_deal.number in page
    assert "contracted_at" in page
