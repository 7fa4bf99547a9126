"""The main job through the API alone: from a filed client to a paid, explained commission."""

import pytest

from channels_platform.accounts.models import User
from commissions.models import PayoutBatch
from commissions.services.runs import run_commissions
from tests.accounts_at_banks import open_accounts
from tests.api.cast import filing

PLAN = {
    "project": "P1",
    "agency": "A1",
    "payee": "agency",
    "applies_to": "referred",
    "from": "2020-01-01",
    "to": None,
    "basis": "price",
    "measure": "units",
    "period": "plan",
    "scope": "agency",
    "mode": "marginal",
    "tiers": [{"from": "0", "rate": "0.06"}, {"from": "20", "rate": "0.062"}],
    "bonuses": [{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}],
    "release": {"lump_sum": [{"when": "fully_collected", "fraction": "1"}]},
    "retention": {"fraction": "0.1", "until": "handover"},
}


@pytest.fixture
def post(cast):
    def send(who, path, body=None, status=201):
        answer = cast.client(who).post(f"/api/v1/{path}", body or {}, format="json")
        assert answer.status_code == status, answer.content
        return answer.json()

    return send


@pytest.fixture
def sold(cast, post):
    plan = post("marketing_manager", "plans/", {**PLAN, "release": FULL_RELEASE})
    another = type(cast.staff["marketing"]).objects.create_user(
        "manager-2", role="marketing_manager", all_projects=True
    )
    post(another, f"plans/{plan['id']}/approve/", status=200)
    referral = post(cast.owner, "referrals/", filing())
    visit = post("reception", f"referrals/{referral['id']}/visit/", status=200)
    assert (visit["result"], visit["referral"]["state"]) == ("ok", "visited")
    deal = post(
        "marketing",
        "deals/",
        {
            "project": "P1",
            "price": "1280000.00",
            "method": "lump_sum",
            "first_payment_amount": "384000.00",
            "buyers": [{"name": "张伟", "phone": "138 0000 0001"}],
        },
    )
    return referral, deal


STEPS = [{"when": "fully_collected", "fraction": "1"}]
FULL_RELEASE = {"lump_sum": STEPS, "instalment": STEPS, "mortgage": STEPS}


def test_from_a_filed_client_to_a_paid_commission(cast, post, sold):
    referral, deal = sold
    assert deal["shares"] == [{"referral": referral["id"], "number": referral["number"], "fraction": "1"}]
    assert deal["buyers"] == [{"name": "张**", "phone": "138****0001"}]
    assert post("marketing", f"deals/{deal['id']}/contract/", status=200)["state"] == "contracted"
    paid = post("finance", f"deals/{deal['id']}/payments/", {"amount": "1280000.00", "reference": "B-1"})
    assert (paid["amount"], paid["source"]) == ("1280000.00", "own")
    again = cast.client("finance").post(
        f"/api/v1/deals/{deal['id']}/payments/", {"amount": "1280000.00", "reference": "B-1"}, format="json"
    )
    assert (again.status_code, again.json()["code"]) == (409, "duplicate")

    run_commissions(project=cast.project)
    rows = cast.client("finance").get("/api/v1/commissions/?deal=" + deal["number"]).json()["results"]
    by_kind = {row["kind"]: row for row in rows}
    commission = by_kind["commission"]
    figures = ("payee", "earned", "released", "retained", "payable", "pending")
    assert [commission[name] for name in figures] == ["A1", "76800.00", "76800.00", "7680.00", "69120.00", "0.00"]
    assert "6\u00a0%" in commission["explanation"] and "1,280,000.00" in commission["explanation"]
    assert (by_kind["bonus:cash"]["payee"], by_kind["bonus:cash"]["earned"]) == ("owner", "3000.00")

    balances = cast.client("finance").get("/api/v1/balances/").json()["results"]
    [agency] = [row for row in balances if row["payee"] == "A1"]
    assert (agency["earned"], agency["payable"], agency["retained"]) == ("76800.00", "69120.00", "7680.00")

    batch = post("finance", "payout-batches/", {"company": "LAKE"})
    lines = {line["payee"]: line for line in batch["lines"]}
    assert (lines["A1"]["gross"], lines["A1"]["net"]) == ("69120.00", "69120.00")
    assert (lines["owner"]["gross"], lines["owner"]["tax"]) == ("3000.00", "440.00")
    post("finance", f"payout-batches/{batch['id']}/submit/", status=200)
    early = cast.client("finance_approver").post(f"/api/v1/payout-batches/{batch['id']}/approve/")
    assert (early.status_code, early.json()["code"]) == (422, "invoice_needed")
    assert [error["field"] for error in early.json()["errors"]] == [f"lines.{lines['A1']['id']}"]
    invoice = {"number": "F-77", "amount": "69120.00", "vat_rate": "0.06"}
    boss = cast.manager_of_agency
    assert post(boss, f"lines/{lines['A1']['id']}/invoice/", invoice)["vat_rate"] == "0.06"
    assert post("finance_approver", f"payout-batches/{batch['id']}/approve/", status=200)["state"] == "approved"
    url = f"/api/v1/payout-batches/{batch['id']}/export/"
    sheet = cast.client("finance").get(url + "?format=xlsx")
    assert b"".join(sheet.streaming_content).startswith(b"PK") and "attachment" in sheet.headers["Content-Disposition"]
    nowhere = cast.client("finance").get(url + "?format=bank")
    assert (nowhere.status_code, nowhere.json()["code"]) == (422, "accounts_missing")
    open_accounts(PayoutBatch.objects.get(pk=batch["id"]))
    bank = b"".join(cast.client("finance").get(url + "?format=bank").streaming_content).decode("utf-8-sig")
    assert "69120.00" in bank and "2560.00" in bank
    assert cast.client("finance").get(url + "?format=exe").status_code == 400
    results = [{"line": line["id"], "bank_reference": f"T-{name}"} for name, line in lines.items()]
    assert post("finance", f"payout-batches/{batch['id']}/pay/", results, 200)["state"] == "paid"

    mine = cast.client(boss).get("/api/v1/balances/").json()["results"]
    assert {row["payee"]: (row["payable"], row["paid"]) for row in mine} == {"A1": ("0.00", "69120.00")}
    own = cast.client(cast.owner).get("/api/v1/balances/").json()["results"]
    assert [(row["payee"], row["paid"], row["tax"]) for row in own] == [("owner", "2560.00", "440.00")]
    assert cast.client(cast.rival).get("/api/v1/balances/").json()["results"] == []


def test_a_history_names_no_staff_to_the_agency(cast, sold):
    referral, _deal = sold
    url = f"/api/v1/referrals/{referral['id']}/history/"
    told = cast.client(cast.owner).get(url).json()["results"]
    seen = cast.client("marketing").get(url).json()["results"]
    assert [step["action"] for step in told] == ["referral.filed", "referral.visited", "referral.won"]
    assert {step["actor"] for step in told} == {None}
    assert "reception" in {step["actor"] for step in seen}


def test_a_cancelled_deal_gives_back_what_was_earned(cast, post, sold):
    _referral, deal = sold
    gone = post("marketing", f"deals/{deal['id']}/cancel/", {"reason": "moved abroad"}, 200)
    assert (gone["state"], gone["cancel_reason"]) == ("cancelled", "moved abroad")
    twice = cast.client("marketing").post(f"/api/v1/deals/{deal['id']}/cancel/", {"reason": "again"}, format="json")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_allowed")


def test_an_amended_price_is_written_with_the_currencys_digits(post, sold):
    _referral, deal = sold
    changed = post("marketing", f"deals/{deal['id']}/amend/", {"price": "1300000", "reason": "parking place"}, 200)
    assert changed["price"] == "1300000.00"


@pytest.mark.parametrize("price", ["1280000.001", "0", "-1", "1e3", "1_000", "１００", "", None, 1280000, "9" * 20])
def test_a_price_that_is_none(cast, price):
    body = {
        "project": "P1", "price": price, "method": "lump_sum", "first_payment_amount": "0",
        "buyers": [{"phone": "13800000001"}],
    }  # fmt: skip
    answer = cast.client("marketing").post("/api/v1/deals/", body, format="json")
    assert answer.status_code == 422
    assert "price" in {error["field"] for error in answer.json()["errors"]}


def test_one_home_has_one_live_deal(cast, post):
    unit = cast.client("marketing").get("/api/v1/projects/P1/units/").json()["results"][0]
    body = {
        "project": "P1", "unit": unit["id"], "price": "1000000", "method": "lump_sum", "first_payment_amount": "1",
        "buyers": [{"phone": "13800000001"}],
    }  # fmt: skip
    post("marketing", "deals/", body)
    second = cast.client("marketing").post("/api/v1/deals/", body, format="json")
    assert (second.status_code, second.json()["code"]) == (409, "unit_taken")


def test_a_dispute_is_decided_by_the_manager(cast, post):
    post(cast.owner, "referrals/", filing())
    lost = post(cast.rival, "referrals/", filing())
    assert lost["reason"] == "unavailable"
    boss = cast.other_boss()
    dispute = post(boss, "disputes/", {"referral": lost["id"], "claim_text": "She is ours."})
    assert (dispute["state"], dispute["agency"]) == ("open", "A2")
    decided = post("marketing_manager", f"disputes/{dispute['id']}/decide/", {"reason": "First come."}, 200)
    assert (decided["state"], decided["decision"]) == ("decided", "First come.")


def test_a_deal_is_shared_anew_by_a_decision(cast, post, sold):
    referral, deal = sold
    body = {"deal": deal["id"], "claim_text": "Both of us brought him."}
    dispute = post(cast.manager_of_agency, "disputes/", body)
    other = post(cast.colleague, "referrals/", filing("13800000009"))
    shares = [{"referral": referral["id"], "fraction": "1/3"}, {"referral": other["id"], "fraction": "2/3"}]
    url = f"disputes/{dispute['id']}/decide/"
    post("marketing_manager", url, {"shares": shares[:1], "reason": "half"}, 422)
    post("marketing_manager", url, {"shares": shares, "reason": "Both."}, 200)
    shown = cast.client("marketing").get(f"/api/v1/deals/{deal['id']}/").json()["shares"]
    assert {share["referral"]: share["fraction"] for share in shown} == {referral["id"]: "1/3", other["id"]: "2/3"}


def test_much_at_stake_is_proposed_sent_back_and_approved_by_another(cast, post, sold, settings):
    settings.DISPUTE_APPROVAL_ABOVE = 0
    referral, deal = sold
    dispute = post(cast.manager_of_agency, "disputes/", {"deal": deal["id"], "claim_text": "Both brought him."})
    other = post(cast.colleague, "referrals/", filing("13800000009"))
    url, body = f"disputes/{dispute['id']}/", {"shares": [{"referral": other["id"], "fraction": "1"}], "reason": "His."}
    assert post("marketing_manager", f"{url}decide/", body, 200)["state"] == "proposed"
    assert post("marketing_manager", f"{url}approve/", status=403)["code"] == "own_draft"
    second = User.objects.create_user("second", password="x", role="marketing_manager", all_projects=True)
    shown = cast.client(cast.manager_of_agency).get("/api/v1/disputes/").json()["results"][0]
    assert (shown["state"], shown["decision"]) == ("proposed", "")
    assert post(second, f"{url}return/", {"reason": "Ask."}, 200)["state"] == "open"
    assert post("marketing_manager", f"{url}approve/", status=409)
    post("marketing_manager", f"{url}decide/", body, 200)
    decided = post(second, f"{url}approve/", status=200)
    assert (decided["state"], decided["decision"]) == ("decided", "His.")
    shares = cast.client("marketing").get(f"/api/v1/deals/{deal['id']}/").json()["shares"]
    assert [share["referral"] for share in shares] == [other["id"]] != [referral["id"]]


def test_a_walk_in_is_recorded_with_its_phone_masked(post):
    visit = post("reception", "natural-visits/", {"project": "P1", "phone": "13800000003", "name": "李雷"})
    assert (visit["phone"], visit["name"]) == ("138****0003", "李**")


def test_adding_a_phone_and_withdrawing(cast, post):
    referral = post(cast.owner, "referrals/", filing())
    both = post(cast.owner, f"referrals/{referral['id']}/phones/", {"phone": "13800000002"})
    assert both["phones"] == ["138****0001", "138****0002"]
    post(cast.owner, f"referrals/{referral['id']}/phones/", {"phone": "1"}, 422)
    assert post(cast.owner, f"referrals/{referral['id']}/withdraw/", status=200)["state"] == "withdrawn"


def test_an_added_phone_gives_no_client_of_others_away(cast, post):
    post(cast.owner, "referrals/", filing("13800000001"))
    mine = post(cast.rival, "referrals/", filing("13800000002"))
    post("reception", "natural-visits/", {"project": "P1", "phone": "13800000003"})
    path = f"referrals/{mine['id']}/phones/"
    told = [post(cast.rival, path, {"phone": phone}, 422) for phone in ("13800000001", "13800000003")]
    assert told[0] == told[1] and told[0]["code"] == "unavailable"


def test_slip_and_qr(cast, post):
    referral = post(cast.owner, "referrals/", filing())
    client = cast.client(cast.owner)
    slip = client.get(referral["slip_url"])
    assert slip.headers["Content-Type"] == "application/pdf" and slip.content.startswith(b"%PDF")
    code = client.get(f"/api/v1/referrals/{referral['id']}/qr.svg", headers={"Accept": "image/svg+xml"})
    assert code.headers["Content-Type"] == "image/svg+xml" and b"<svg" in code.content
    assert b"xmlns" in code.content
