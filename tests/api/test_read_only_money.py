"""What finance moves, pays to, reconciles and reports, over HTTP: read by whom the pages show it to, and read only."""

from decimal import Decimal

import pytest
import zeal
from rest_framework.test import APIClient

from commissions.reports.asked import read_asked
from commissions.reports.catalogue import REPORTS
from commissions.reports.reading import rows_at
from commissions.services.adjustments import ask_adjustment
from commissions.services.advances import ask_advance, decide_advance
from tests.accounts_at_banks import open_accounts
from tests.pages.finance import Till, give_limit, open_till
from tests.pages.money import compared_by
from tests.pages.world import make_world

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"


@pytest.fixture
def till(db) -> Till:
    return open_till(make_world())


def caller(user) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def read(user, path: str):
    with zeal.zeal_context():
        answer = caller(user).get(f"{V1}{path}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_adjustments_are_read_by_staff_with_money_alone(till):
    world = till.world
    payee = till.draft().lines.get(payee__agency=world.agency).payee
    asked = ask_adjustment(
        actor=till.finance, payee=payee, project=world.project, amount=Decimal("-20"), reason="counted twice"
    )
    (row,) = read(till.auditor, "adjustments/?state=asked&agency=BRIGHT")["results"]
    assert (row["number"], row["payee"], row["amount"], row["reason"]) == (
        asked.number, "BRIGHT", "-20.00", "counted twice",
    )  # fmt: skip
    assert read(till.auditor, f"adjustments/{asked.pk}/") == row
    assert read(till.auditor, "adjustments/?state=approved")["results"] == []
    assert caller(world.manager.user).get(f"{V1}adjustments/").status_code == 403
    assert caller(till.finance).post(f"{V1}adjustments/", {}, format="json").status_code == 405


def test_an_agencys_manager_reads_its_own_advances_with_what_is_outstanding(till):
    world = till.world
    give_limit(till, "5000.00")
    asked = ask_advance(
        actor=till.finance, agency=world.agency, project=world.project, amount=Decimal(1000), reason="wages"
    )
    decide_advance(actor=till.approver, advance=asked, approve=True)
    for user in (till.auditor, world.manager.user):
        (row,) = read(user, "advances/")["results"]
        assert (row["amount"], row["fee"], row["outstanding"], row["state"]) == (
            "1000.00", "10.00", "1000.00", "approved",
        )  # fmt: skip
    assert caller(world.owner.user).get(f"{V1}advances/").status_code == 403
    assert read(world.outsider.user, "payout-accounts/")["results"] == []


def test_accounts_show_the_end_of_their_numbers_and_how_they_stand(till):
    batch = till.approve()
    open_accounts(batch)
    every = read(till.auditor, "payout-accounts/")["results"]
    assert {one["payee"] for one in every} == {"BRIGHT", till.world.owner.user.username}
    (own,) = read(till.world.owner.user, "payout-accounts/")["results"]
    kept = till.world.owner.accounts.get()
    assert (own["account"], own["state"]) == (f"****{kept.last4}", "used")
    assert kept.account not in str(every)
    theirs = next(one for one in every if one["payee"] == "BRIGHT")
    assert caller(till.world.owner.user).get(f"{V1}payout-accounts/{theirs['id']}/").status_code == 404


def test_both_sides_read_a_reconciliation_row_by_row(till):
    made = compared_by(till.world.manager.user, till.world.project.company, f"{till.deal.number},x,5.00")
    for user in (till.auditor, till.world.manager.user):
        (one,) = read(user, "reconciliations/")["results"]
        assert (one["number"], one["state"], one["counts"]) == (made.number, "open", {"amount_differs": 1})
        (row,) = read(user, f"reconciliations/{made.pk}/rows/?reason=amount_differs")["results"]
        assert (row["our_deal"], row["their_amount"], row["our_amount"], row["difference"]) == (
            till.deal.number, "5.00", "34560.00", "-34555.00",
        )  # fmt: skip
    outsider = caller(till.world.outsider.user)
    assert outsider.get(f"{V1}reconciliations/{made.pk}/").status_code in (403, 404)


@pytest.mark.parametrize("name", list(REPORTS))
def test_each_report_has_the_rows_of_its_page(till, name):
    till.pay()
    shown = read(till.auditor, f"reports/{name}/?page_size=200")
    rows = rows_at(read_asked(REPORTS[name], till.auditor, {}), 0, 200)
    assert len(shown["results"]) == len(rows) == sum(total["rows"] for total in shown["totals"])
    for row in shown["results"]:
        assert set(row) == {"currency", *(field["name"] for field in shown["fields"])}


def test_a_report_is_narrowed_and_paged_by_the_words_of_its_page(till):
    till.pay()
    every = read(till.auditor, "reports/entries/?page_size=200")
    first = read(till.auditor, "reports/entries/?page_size=2")
    second = read(till.auditor, first["next"].partition(V1)[2])
    assert [*first["results"], *second["results"]] == every["results"][:4]
    assert (first["previous"], first["totals"]) == (None, every["totals"])
    assert read(till.auditor, second["previous"].partition(V1)[2])["results"] == first["results"]
    paid = read(till.auditor, "reports/entries/?account=paid&page_size=200")
    assert 0 < len(paid["results"]) < len(every["results"])
    for wrong, code in (("account=gifts", "bad_filter"), ("cursor=x", "bad_cursor"), ("page_size=0", "bad_page_size")):
        refused = caller(till.auditor).get(f"{V1}reports/entries/?{wrong}")
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    for wrong in (
        *("agncy=BRIGHT", "agency=NOBODY", "currency=XXX", "payee=abc", "agency=BRIGHT&agency=BRIGHT"),
        *("span=last_monthh", "by=paye", "span=this_month&from=2026-03", "from=2026-13"),
    ):
        refused = caller(till.auditor).get(f"{V1}reports/payouts/?{wrong}")
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_filter"), wrong
    own = read(till.auditor, "reports/payouts/?from=2026-01&to=2026-02")
    assert (own["from"], own["to"]) == ("2026-01-01", "2026-02-28")
    for same in ("span=own&from=2026-01&to=2026-02", "span=&from=2026-01&to=2026-02"):
        assert own == read(till.auditor, f"reports/payouts/?{same}")
    assert read(till.auditor, "reports/payouts/?agency=BRIGHT") == read(
        till.auditor, "reports/payouts/?agency=BRIGHT&from=%20"
    )
    assert caller(till.auditor).get(f"{V1}reports/nothing/").status_code == 404
    assert caller(till.world.manager.user).get(f"{V1}reports/entries/").status_code == 403
    assert {one["name"] for one in read(till.auditor, "reports/")} == set(REPORTS)
