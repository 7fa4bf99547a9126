"""Deals in the admin: their moves are acts over the services, their facts are read-only."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from channels_platform.audit.models import Event
from leads.models import Deal, Dispute, Payment, Referral
from leads.services.disputes import raise_dispute
from projects.services.units import create_unit
from tests.admin.conftest import CLIENT, SPOUSE, Cast, address, complaints, do, said

pytestmark = pytest.mark.django_db

SUBSCRIPTION = {
    "unit": "", "consultant": "", "visitor_number": "", "price": "1280000.00", "method": "instalment",
    "first_payment_amount": "384000.00", "loan_amount": "", "at": "", "buyer_0_name": "张三", "buyer_0_phone": CLIENT,
}  # fmt: skip


def _shares(deal: Deal) -> dict[str, Fraction]:
    held = deal.shares.filter(ended_at__isnull=True).select_related("referral")
    return {share.referral.number: share.fraction for share in held}


def test_subscription_is_recorded_and_attributed(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    unit = create_unit(actor=None, project=cast.here, building="1", number="101", area="89", list_price="1280000")
    response = enter("marketing").post(address(Deal, "add"), SUBSCRIPTION | {"project": cast.here.pk, "unit": unit.pk})
    assert response.status_code == 302, complaints(response)
    deal = Deal.objects.get()
    assert (deal.price, deal.unit, _shares(deal)) == (Decimal(1280000), unit, {referral.number: Fraction(1)})
    assert response.url.endswith(address(Deal, "changelist"))
    assert Event.objects.get(action="deal.subscribed").actor.username == "a-marketing"


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"buyer_0_phone": ""}, ["buyer_0_phone"]),
        ({"price": "0"}, ["price"]),
        ({"price": "1280000.001"}, ["price"]),
        ({"first_payment_amount": "1280000.01"}, ["first_payment_amount"]),
        ({"visitor_number": "R-nobody"}, ["visitor_number"]),
    ],
)
def test_faulty_subscription_is_refused_beside_the_field(changed: Any, fields: Any, cast: Cast, enter: Any) -> None:
    response = enter("marketing").post(address(Deal, "add"), SUBSCRIPTION | {"project": cast.here.pk} | changed)
    assert list(complaints(response)) == fields
    assert not Deal.objects.exists()


def test_unit_with_a_live_deal_cannot_be_sold_again(cast: Cast, enter: Any) -> None:
    unit = create_unit(actor=None, project=cast.here, building="1", number="101", area="89", list_price="1280000")
    cast.subscribe(CLIENT, unit=unit)
    response = enter("marketing").post(
        address(Deal, "add"), SUBSCRIPTION | {"project": cast.here.pk, "unit": unit.pk, "buyer_0_phone": SPOUSE}
    )
    assert list(complaints(response)) == ["unit"]
    assert Deal.objects.count() == 1


def test_contract_and_handover_are_recorded_at_the_projects_own_time(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    client = enter("marketing")
    response = do(client, deal, "contract", at="2026-03-02T09:00")
    assert response.status_code == 302, complaints(response)
    deal.refresh_from_db()
    assert deal.contracted_at.astimezone(cast.here.zone).strftime("%Y-%m-%d %H:%M") == "2026-03-02 09:00"
    assert do(client, deal, "handover").status_code == 302
    deal.refresh_from_db()
    assert deal.state == "handed_over"


def test_a_move_in_the_future_is_refused_beside_the_field(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    response = do(enter("marketing"), deal, "contract", at="2027-01-01T09:00")
    assert (response.status_code, list(complaints(response))) == (422, ["at"])
    deal.refresh_from_db()
    assert deal.state == "subscribed"


def test_a_move_that_is_no_longer_possible_is_said_so(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    client = enter("marketing")
    do(client, deal, "contract")
    again = client.post(address(Deal, "act", deal.pk, "contract"), {}, follow=True)
    assert "no longer possible" in said(again)
    assert Event.objects.filter(action="deal.contracted").count() == 1


def test_cancelling_asks_why_and_gives_the_referral_back(cast: Cast, enter: Any) -> None:
    referral = cast.file(CLIENT)
    deal = cast.subscribe(CLIENT)
    client = enter("marketing")
    assert list(complaints(do(client, deal, "cancel"))) == ["reason"]
    assert do(client, deal, "cancel", reason="Loan refused.").status_code == 302
    deal.refresh_from_db()
    referral.refresh_from_db()
    assert (deal.state, deal.cancel_reason, referral.state) == ("cancelled", "Loan refused.", "filed")


def test_amendment_keeps_both_the_old_and_the_new(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    client = enter("marketing")
    response = do(
        client, deal, "amend", price="1300000", reason="Parking added.", buyer_0_name="李四", buyer_0_phone=SPOUSE
    )
    assert response.status_code == 302, complaints(response)
    amendment = deal.amendments.get()
    assert (amendment.before["price"], amendment.after["price"]) == ("1280000.0000", "1300000")
    assert [str(buyer.phone) for buyer in deal.buyers.all()] == ["138****0002"]
    assert "Parking added." in said(client.get(address(Deal, "change", deal.pk)))


def test_amendment_of_nothing_is_refused(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    response = do(enter("marketing"), deal, "amend", reason="Nothing.")
    assert response.status_code == 422
    assert not deal.amendments.exists()


def test_finance_records_payments_once(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    client = enter("finance")
    payment = {"amount": "384000.00", "source": "own", "reference": "BANK-7", "received_at": ""}
    assert do(client, deal, "payment", **payment).status_code == 302
    again = do(client, deal, "payment", **payment)
    assert (again.status_code, list(complaints(again))) == (422, ["reference"])
    assert Payment.objects.get().amount == Decimal(384000)
    refund = do(client, deal, "payment", **payment | {"amount": "-1000.00", "reference": "BANK-8"})
    assert refund.status_code == 302
    assert "Collected: 383,000.00 CNY of 1,280,000.00 CNY." in said(client.get(address(Deal, "change", deal.pk)))
    beyond = do(client, deal, "payment", **payment | {"amount": "-383000.01", "reference": "BANK-9"})
    assert (beyond.status_code, list(complaints(beyond))) == (422, ["amount"])


@pytest.mark.parametrize("amount", ["0", "1.001", "1e3x", ""])
def test_an_amount_that_is_none_is_refused(amount: str, cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    response = do(enter("finance"), deal, "payment", amount=amount, source="own", reference="B")
    assert list(complaints(response)) == ["amount"]
    assert not Payment.objects.exists()


def test_who_may_do_what_to_a_deal(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    allowed = {
        "marketing": {"contract", "amend", "cancel", "expected"},
        "marketing_manager": {"contract", "amend", "cancel", "expected", "decide"},
        "finance": {"payment"},
        "auditor": set(),
    }
    for role, acts in allowed.items():
        client = enter(role)
        for act in ("contract", "payment", "amend", "expected", "decide", "cancel"):
            status = client.get(address(Deal, "act", deal.pk, act)).status_code
            assert status == (200 if act in acts else 403), (role, act)


def test_expected_dates_are_kept_and_emptied(cast: Cast, enter: Any) -> None:
    deal = cast.subscribe(CLIENT)
    client = enter("marketing")
    day = f"{deal.subscribed_at.year + 1}-05-12"
    assert do(client, deal, "expected", full_payment_due_on=day, handover_expected_on=day).status_code == 302
    assert do(client, deal, "expected", full_payment_due_on="", handover_expected_on=day).status_code == 302
    deal.refresh_from_db()
    assert (deal.full_payment_due_on, str(deal.handover_expected_on)) == (None, day)
    refused = do(client, deal, "expected", handover_expected_on="2001-01-01")
    assert complaints(refused) == {"handover_expected_on": ["Choose a day from the subscription on, within ten years."]}


# ---- who brought it ----


def test_manager_decides_who_brought_it(cast: Cast, enter: Any) -> None:
    own, rival = cast.file(CLIENT), cast.file(SPOUSE, broker=cast.rival)
    deal = cast.subscribe(CLIENT)
    shares = {"referral_0": own.number, "fraction_0": "1/3", "referral_1": rival.number.lower(), "fraction_1": "2/3"}
    response = do(enter("marketing_manager"), deal, "decide", reason="Both brought her.", **shares)
    assert response.status_code == 302, complaints(response)
    assert _shares(deal) == {own.number: Fraction(1, 3), rival.number: Fraction(2, 3)}
    assert deal.decisions.get().reason == "Both brought her."


@pytest.mark.parametrize(
    ("shares", "field"),
    [
        ({"fraction_0": "0.5"}, "__all__"),
        ({"fraction_0": "half"}, "fraction_0"),
        ({"fraction_0": "0"}, "fraction_0"),
        ({"fraction_0": "0.333333333333", "referral_1": "the rival's", "fraction_1": "0.666666666667"}, "__all__"),
        ({"referral_0": "R-nobody", "fraction_0": "1"}, "referral_0"),
        ({"referral_0": "", "fraction_0": ""}, "__all__"),
        ({"fraction_0": "1", "natural": "on"}, "natural"),
    ],
)
def test_shares_that_are_none_are_refused(shares: Any, field: str, cast: Cast, enter: Any) -> None:
    own, rival = cast.file(CLIENT), cast.file(SPOUSE, broker=cast.rival)
    deal = cast.subscribe(CLIENT)
    given = {"referral_0": own.number, "reason": "Because."} | shares
    if "referral_1" in shares:
        given["referral_1"] = rival.number
    response = do(enter("marketing_manager"), deal, "decide", **given)
    assert (response.status_code, list(complaints(response))) == (422, [field])
    assert _shares(deal) == {own.number: Fraction(1)}


def test_natural_deal_has_to_be_said(cast: Cast, enter: Any) -> None:
    own = cast.file(CLIENT)
    deal = cast.subscribe(CLIENT)
    assert do(enter("marketing_manager"), deal, "decide", natural="on", reason="Walked in.").status_code == 302
    assert _shares(deal) == {}
    own.refresh_from_db()
    assert own.state == "lost"


@pytest.fixture
def dispute(cast: Cast) -> Dispute:
    cast.file(CLIENT)
    cast.file(SPOUSE, broker=cast.rival)
    deal = cast.subscribe(CLIENT, SPOUSE)
    return raise_dispute(actor=cast.rival.user, agency=cast.rival.agency, claim_text="All ours.", deal=deal)


def test_dispute_is_decided_with_shares(dispute: Dispute, cast: Cast, enter: Any) -> None:
    rival = Referral.objects.get(agency=cast.rival.agency)
    client = enter("marketing_manager")
    assert "All ours." in said(client.get(address(Dispute, "change", dispute.pk)))
    form = client.get(address(Dispute, "act", dispute.pk, "decide")).context["form"]
    assert [form[f"fraction_{n}"].value() for n in (0, 1)] == ["0.5", "0.5"]
    given = {"referral_0": rival.number, "fraction_0": "1", "referral_1": "", "fraction_1": ""}
    assert do(client, dispute, "decide", reason="Rival was first.", **given).status_code == 302
    dispute.refresh_from_db()
    assert (dispute.state, dispute.decision) == ("decided", "Rival was first.")
    assert _shares(dispute.deal) == {rival.number: Fraction(1)}


def test_dispute_is_decided_without_a_change(dispute: Dispute, enter: Any) -> None:
    client = enter("marketing_manager")
    assert list(complaints(do(client, dispute, "close"))) == ["decision"]
    assert do(client, dispute, "close", decision="As it was.").status_code == 302
    again = client.post(address(Dispute, "act", dispute.pk, "close"), {"decision": "Twice."}, follow=True)
    assert "no longer possible" in said(again)
    dispute.refresh_from_db()
    assert dispute.decision == "As it was."


def test_only_managers_decide(dispute: Dispute, enter: Any) -> None:
    for role in ("marketing", "finance", "auditor"):
        assert do(enter(role), dispute, "close", decision="Mine.").status_code == 403
    dispute.refresh_from_db()
    assert dispute.state == "open"
