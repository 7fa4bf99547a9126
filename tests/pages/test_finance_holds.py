"""What an agreement ended for interception holds, on every page that shows the money: never silently missing."""

import pytest

from brokers.models import Agreement
from brokers.services.agreements import end_agreement
from brokers.states import Ending
from commissions.models import PayoutBatch
from tests.pages.finance import everything, open_till

pytestmark = pytest.mark.django_db

HELD = "Held: the agreement of Bright Homes for Golden Lake ended for interception on"


@pytest.fixture
def till(world):
    return open_till(world)


def intercept(till) -> None:
    agreement = Agreement.objects.get(agency=till.world.agency, project=till.world.project)
    manager = till.world.site_manager
    end_agreement(actor=manager, agreement=agreement, reason="at the door", ending=Ending.INTERCEPTION)


def read(client, address, **asked) -> str:
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def test_balances_say_what_is_held_and_a_draft_leaves_it_in_sight(till, as_person):
    intercept(till)
    client = as_person(till.finance)
    everywhere = read(client, "/finance/", show="held")
    assert "37,560.00 of it held" in everywhere
    assert b"34560.00,0.00,0.00,34560.00" in b"".join(client.post("/finance/balances.csv").streaming_content)
    payee = till.world.agency.payee
    assert HELD in read(client, f"/finance/balances/{payee.pk}/{till.world.project.pk}/")

    draft = client.get("/finance/batches/new/", {"company": "LAKE"})
    assert (draft.context["taken"], [f"{one.gross:.2f}" for one in draft.context["held"]]) == (
        [],
        ["34560.00", "3000.00"],
    )
    assert draft.content.decode().count(HELD) == 2


def test_a_held_batch_is_not_approved_and_says_whose_agreement_ended(till, as_person):
    batch = till.submit()
    address = f"/finance/batches/{batch.pk}/"
    intercept(till)
    client = as_person(till.approver)
    page = client.get(address)
    assert HELD in page.content.decode()
    assert "disabled" in page.content.decode()
    assert {line.shown_state for line in page.context["lines"]} == {"held"}
    assert HELD in read(client, f"{address}lines/{till.agency_line.pk}/")

    before = everything()
    refused = client.post(f"{address}approve/", {"once": "a" * 32, "seen": till.seen})
    assert (refused.status_code, HELD in refused.content.decode()) == (422, True)
    assert everything() == before

    returning = read(client, f"{address}return/")
    assert "These lines leave the batch" in returning
    client.post(f"{address}return/", {"reason": "Bright Homes is held", "once": "b" * 32})
    after = read(as_person(till.finance), address)
    assert "2 lines left this batch because they are held." in after
    assert HELD not in after
    assert client.post(f"{address}void/", {"reason": "empty", "once": "c" * 32}).status_code == 302
    assert PayoutBatch.objects.get().state == "void"


def test_one_reference_for_all_does_not_mark_a_held_line_paid(till, as_person):
    batch = till.approve()
    address = f"/finance/batches/{batch.pk}/pay/"
    intercept(till)
    client = as_person(till.finance)
    assert "The bank file leaves it out" in read(client, address)
    names = {f"reference-{line.pk}": "" for line in batch.lines.all()}
    answer = client.post(address, {**names, "common": "ICBC-7"})
    assert {row.reference for row in answer.context["rows"]} == {""}


def test_the_agency_reads_that_its_money_is_held_and_since_when(till, as_person):
    till.draft()
    intercept(till)
    for person, held in ((till.world.manager, "34,560.00 of it held"), (till.world.owner, "3,000.00 of it held")):
        client = as_person(person)
        text = read(client, "/portal/money/")
        assert (held in text, HELD in text) == (True, True)
    assert HELD in read(client, f"/portal/money/statements/{till.lins_line.pk}/")
    assert HELD not in read(as_person(till.world.outsider), "/portal/money/")


def test_the_api_says_what_is_held_and_which_lines_stop_an_approval(till, as_person):
    batch = till.submit()
    client = as_person(till.approver)
    own = as_person(till.world.owner)
    assert [(row["held"], row["held_since"]) for row in own.get("/api/v1/balances/").json()["results"]] == [
        ("0.00", None)
    ]
    intercept(till)
    [row] = own.get("/api/v1/balances/").json()["results"]
    since = Agreement.objects.get(agency=till.world.agency).ended_at
    assert (row["payable"], row["held"]) == ("3000.00", "3000.00")
    assert row["held_since"].startswith(since.strftime("%Y-%m-"))
    refused = client.post(f"/api/v1/payout-batches/{batch.pk}/approve/").json()
    assert refused["code"] == "lines_held"
    assert {error["field"] for error in refused["errors"]} == {f"lines.{line.pk}" for line in batch.lines.all()}
