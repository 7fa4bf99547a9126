"""The queue of disputes and a case's page: asked, decided, approved, sent back, with both sides side by side."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from channels_platform.accounts.models import User
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from leads.models import Deal, Dispute, Referral
from leads.services.disputes import answer_question, raise_dispute
from leads.services.visits import confirm_visit
from tests.admin.conftest import CLIENT, SPOUSE, START, Cast, address, complaints, do, said
from tests.services.leads.disputed import photo

pytestmark = pytest.mark.django_db
MANAGER = "marketing_manager"


@pytest.fixture
def second(cast: Cast) -> User:
    user = User.objects.create_user("second", password="unused", role=MANAGER, all_projects=True, name="Second")
    User.objects.filter(pk=user.pk).update(language="en")
    return user


@pytest.fixture
def dispute(cast: Cast) -> Dispute:
    """The rival's filing was refused, for the owner held the client, who then bought."""
    cast.file()
    refused = cast.file(broker=cast.rival)
    deal = cast.subscribe(CLIENT)
    return raise_dispute(
        actor=cast.rival.user,
        agency=cast.rival.agency,
        claim_text="We met first.",
        referral=refused,
        deal=deal,
        files=[photo("our-chat.png")],
    )


def page(client: Any, dispute: Dispute) -> str:
    return said(client.get(address(Dispute, "change", dispute.pk)))


def mine(cast: Cast) -> Referral:
    return Referral.objects.get(broker=cast.owner)


def test_the_queue_shows_what_is_due_first_and_what_is_overdue(dispute: Dispute, cast: Cast, enter: Any) -> None:
    with clock.at(START + timedelta(days=2)):
        later = raise_dispute(
            actor=cast.rival.user,
            agency=cast.rival.agency,
            claim_text="Another.",
            referral=_refused_elsewhere(cast),
        )
    client = enter(MANAGER)
    with clock.at(START + timedelta(days=6)):
        do(client, later, "close", decision="It stays.")
        third = raise_dispute(
            actor=cast.rival.user, agency=cast.rival.agency, claim_text="Third.", deal=cast.subscribe("13800000077")
        )
        rows = client.get(address(Dispute, "changelist"))
        listed = [one.pk for one in rows.context["cl"].result_list]
    assert listed == [dispute.pk, third.pk, later.pk]
    assert said(rows).count("Overdue") == 1


def _refused_elsewhere(cast: Cast) -> Referral:
    cast.file(SPOUSE)
    return cast.file(SPOUSE, broker=cast.rival)


def test_a_case_shows_both_sides_files_similar_filings_and_the_timeline(
    dispute: Dispute, cast: Cast, enter: Any
) -> None:
    other = cast.file(broker=cast.rival)
    text = page(enter(MANAGER), dispute)
    for part in (
        "We met first.", "our-chat.png", mine(cast).number, dispute.referral.number, "Bright Homes", "Rival Homes",
        "next to each other", "Other filings", other.number, "The whole timeline", f"{dispute.number}: Contested",
        "138****0001",
    ):  # fmt: skip
        assert part in text, part
    assert "13800000001" not in text


def test_a_side_is_asked_and_its_answer_stands_beside_the_question(dispute: Dispute, cast: Cast, enter: Any) -> None:
    client, owners = enter(MANAGER), mine(cast)
    assert set(complaints(do(client, dispute, "ask"))) == {"referral", "text", "days"}
    named = do(client, dispute, "ask", referral=owners.pk, text="Is it Rival Homes?", days=2)
    assert "names a client" in complaints(named)["text"][0]
    assert do(client, dispute, "ask", referral=owners.pk, text="Since when?", days=2).status_code == 302
    question = dispute.questions.get()
    assert "No answer yet" in page(client, dispute)
    answer_question(
        actor=cast.owner.user, agency=cast.owner.agency, question=question, text="Sunday.", files=[photo("slip.png")]
    )
    text = page(client, dispute)
    assert "Since when?" in text and "Sunday." in text and "slip.png" in text


def test_much_at_stake_waits_for_a_second_manager(
    dispute: Dispute, cast: Cast, enter: Any, second: User, settings: Any, client: Any
) -> None:
    settings.DISPUTE_APPROVAL_ABOVE = 1_000_000
    judge = enter(MANAGER)
    given = {"referral_0": dispute.referral.number, "fraction_0": "1", "reason": "The chat shows it."}
    assert do(judge, dispute, "decide", **given).status_code == 302
    dispute.refresh_from_db()
    assert dispute.state == "proposed"
    assert "The chat shows it." in page(judge, dispute)
    assert "drafted this yourself" in said(do(judge, dispute, "approve"))
    client.force_login(second)
    assert do(client, dispute, "return", reason="Ask the owner.").status_code == 302
    assert do(judge, dispute, "decide", **given).status_code == 302
    assert do(client, dispute, "approve").status_code == 302
    dispute.refresh_from_db()
    assert (dispute.state, dispute.approved_by, dispute.deal.decisions.count()) == ("decided", second, 1)


def test_who_received_the_client_is_told_that_somebody_else_judges(dispute: Dispute, cast: Cast, enter: Any) -> None:
    client = enter(MANAGER)
    judge = User.objects.get(username=f"a-{MANAGER}")
    with clock.at(START + timedelta(hours=1)):
        confirm_visit(actor=judge, referral=dispute.referral)
    assert "you received its client" in page(client, dispute)
    assert "somebody else judges it" in said(do(client, dispute, "close", decision="Mine."))
    dispute.refresh_from_db()
    assert dispute.state == "open"


def test_files_are_for_who_judges_or_audits_and_each_look_is_recorded(dispute: Dispute, enter: Any) -> None:
    file = dispute.files.get()
    where = reverse("admin:leads_dispute_file", args=[dispute.pk, file.pk])
    for role, status in ((MANAGER, 200), ("auditor", 200), ("marketing", 403), ("finance", 403), ("broker", 302)):
        assert enter(role).get(where).status_code == status, role
    assert Event.objects.filter(action="dispute.file_opened").count() == 2


def test_a_case_of_another_project_is_not_there(cast: Cast, enter: Any) -> None:
    cast.file(project=cast.elsewhere)
    refused = cast.file(project=cast.elsewhere, broker=cast.rival)
    there = raise_dispute(
        actor=cast.rival.user, agency=cast.rival.agency, claim_text="Ours.", referral=refused, files=[photo()]
    )
    client = enter(MANAGER)
    file = there.files.get()
    for where in (
        address(Dispute, "change", there.pk),
        address(Dispute, "act", there.pk, "close"),
        reverse("admin:leads_dispute_file", args=[there.pk, file.pk]),
    ):
        assert client.get(where).status_code == 404, where


def test_a_contested_deal_is_not_decided_past_its_dispute(dispute: Dispute, enter: Any) -> None:
    answer = do(enter(MANAGER), dispute.deal, "decide", natural="on", reason="quick")
    assert "decide it in its dispute" in said(answer)
    assert Deal.objects.get(pk=dispute.deal_id).decisions.count() == 0


def test_a_case_costs_no_query_per_row(dispute: Dispute, enter: Any, no_n_plus_one: None) -> None:
    assert "next to each other" in page(enter(MANAGER), dispute)
