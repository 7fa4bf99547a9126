"""Contests: standings are live until a second person approves a round; its prizes are posted once and stay."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.db.models import Sum

from brokers.services.agreements import end_agreement
from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from channels_platform.notices.models import Notice
from commissions.models import Contest, ContestResult, ContestRound, LedgerEntry, LedgerTransaction
from commissions.services.contest_rounds import approve_round, close_rounds, decline_round
from commissions.services.contests import approve_contest, change_contest, draft_contest, end_contest
from commissions.standings import fingerprint, standings
from commissions.words import component, explain_row
from tests.services.commissions.cast import AT_CONTRACT, at, figures, ledger_state, person

PRIZES = ["800.00", "500.00", "300.01"]
WEEK = {"from_on": date(2026, 3, 2), "to_on": date(2026, 3, 15)}
AFTER = "03-09 00:00"


def drafted(cast, **fields):
    values = {"name": "March visits", "measure": "visits", "period": "weekly", "prizes": PRIZES, **WEEK}
    with clock.at(cast.now):
        return draft_contest(actor=cast.author, project=cast.project, **{**values, **fields})


def contest(cast, **fields):
    with clock.at(cast.now):
        return approve_contest(actor=cast.manager, contest=drafted(cast, **fields))


def over(cast, when=AFTER):
    """Let the round be over; return it."""
    cast.now = max(cast.now, at(when))
    with clock.at(cast.now):
        close_rounds()
    return ContestRound.objects.order_by("from_on").first()


def approve(cast, one, actor=None):
    with clock.at(cast.now):
        seen = fingerprint(standings(one.contest, one.days))
        return approve_round(actor=actor or cast.manager, contest_round=one, seen=seen)


def visited(cast, **counts):
    for broker, count in counts.items():
        for _ in range(count):
            cast.referral(broker, cast.phone())


@pytest.fixture
def week(cast):
    """In the week from 2 March: B1 three visits, B2 and C1 one each."""
    contest(cast)
    cast.now = at("03-02 09:00")
    visited(cast, B1=3, B2=1, C1=1)


def prizes():
    return {
        str(one.broker.user.name): (one.place, str(one.amount)) for one in ContestResult.objects.all() if one.amount
    }


def test_a_posted_round_pays_each_winner_in_person(cast, week):
    one = approve(cast, over(cast))
    assert one.state == "posted"
    assert prizes() == {"B1": (1, "800.0000"), "B2": (2, "400.0100"), "C1": (2, "400.0000")}
    assert cast.figures("B1") == figures(earned="800.00", payable="800.00")
    assert cast.figures("C1") == figures(earned="400.00", payable="400.00")
    entries = LedgerEntry.objects.filter(transaction=one.transaction)
    assert entries.aggregate(sum=Sum("amount"))["sum"] == 0
    assert set(entries.values_list("account", "deal", "referral", "version")) == {
        ("expense", None, None, None),
        ("payable", None, None, None),
    }
    shared = entries.filter(payee=cast.payee("C1"), account="payable").get()
    assert explain_row(shared.explanation) == (
        "contest “March visits”, week 10 of 2026: places 2-3 shared, 1 visit, 1/2 of 500.00 + 300.01"
    )
    assert component(shared.kind) == "Contest: March visits 2026-W10"
    assert explain_row(entries.filter(payee=cast.payee("B1")).first().explanation) == (
        "contest “March visits”, week 10 of 2026: place 1, 3 visits, prize of 800.00"
    )


def test_winners_are_told_and_managers_when_a_round_is_over(cast, week):
    one = over(cast)
    told = Notice.objects.filter(kind="contest.round_over")
    assert set(told.values_list("recipient", flat=True)) == {cast.manager.pk}  # not who drafted it
    approve(cast, one)
    won = Notice.objects.filter(kind="contest.won")
    assert {(one.recipient.name, one.facts["place"], one.facts["amount"]) for one in won} == {
        ("B1", 1, "800.00 CNY"),
        ("B2", 2, "400.01 CNY"),
        ("C1", 2, "400.00 CNY"),
    }
    event = Event.objects.get(action="contest.posted")
    assert event.after == {"state": "posted", "winners": 3, "total": "1600.01"}


def test_a_commission_run_moves_nothing_of_it(cast, week):
    cast.plan("A1", release=AT_CONTRACT)
    cast.contracted("B1")
    cast.run()
    approve(cast, over(cast))
    before = ledger_state(cast.project)
    assert cast.run().changed == 0
    assert ledger_state(cast.project) == before


def test_a_payout_takes_the_prize_and_taxes_it_as_the_persons_income(cast, week):
    approve(cast, over(cast))
    batch = cast.paid()
    lines = {line.payee: (str(line.gross), str(line.tax)) for line in batch.lines.all()}
    assert lines[cast.payee("B1")] == ("800.0000", "0.0000")
    assert cast.figures("B1") == figures(earned="800.00", paid="800.00")
    assert cast.figures("B2") == figures(earned="400.01", paid="400.01")


def test_it_posts_once(cast, week):
    one = approve(cast, over(cast))
    with pytest.raises(NotAllowed):
        approve(cast, one)
    over(cast)
    assert ContestRound.objects.count() == 1
    assert LedgerTransaction.objects.filter(kind="contest").count() == 1
    with pytest.raises(IntegrityError, match="kept as it is"), transaction.atomic():
        ContestRound.objects.filter(pk=one.pk).update(state="proposed", decided_by=None, transaction=None)
    with pytest.raises(InternalError), transaction.atomic():
        ContestResult.objects.update(amount=1)


def test_standings_are_live_until_the_approval_and_stay_after_it(cast):
    contest(cast, measure="deals")
    cast.now = at("03-02 09:00")
    deal, other = cast.subscribed("B1"), cast.subscribed("C1")
    one = over(cast)
    with clock.at(cast.now):
        seen = fingerprint(standings(one.contest, one.days))
    cast.cancel(other)
    with pytest.raises(NotAllowed) as refusal, clock.at(cast.now):
        approve_round(actor=cast.manager, contest_round=one, seen=seen)
    assert refusal.value.code == "standings_changed"
    assert not LedgerTransaction.objects.filter(kind="contest").exists()
    approve(cast, one)
    assert prizes() == {"B1": (1, "800.0000")}
    cast.cancel(deal)
    cast.run()
    assert cast.figures("B1")["payable"] == "800.00"


def test_a_shared_deal_counts_in_parts(cast):
    contest(cast, measure="deals")
    cast.now = at("03-02 09:00")
    cast.subscribed("B1", "C1")
    cast.subscribed("C1")
    approve(cast, over(cast))
    figures_found = {str(one.broker): str(one.figure) for one in ContestResult.objects.all()}
    assert figures_found == {"C1": "3/2", "B1": "1/2"}


def test_only_what_is_done_in_the_rounds_local_days_counts(cast):
    contest(cast)
    cast.now = at("03-01 22:59")
    cast.referral("C1", cast.phone())  # an hour on it is a minute before the round
    cast.now = at("03-01 23:00")
    cast.referral("B1", cast.phone())  # the round's first instant
    cast.now = at("03-08 23:00")
    cast.referral("B2", cast.phone())  # the next round's
    approve(cast, over(cast))
    assert prizes() == {"B1": (1, "800.0000")}


def test_part_takes_whose_agency_is_of_the_kind_and_has_an_agreement(cast):
    cast.agency("P1", kind="platform", brokers=["D1"])
    contest(cast, agency_kind="referral")
    cast.now = at("03-02 09:00")
    visited(cast, B1=1, C1=2, D1=3)
    with clock.at(cast.now):
        agreement = cast.agencies["A2"].agreements.get()
        end_agreement(actor=cast.manager, agreement=agreement, reason="by mutual consent")
    approve(cast, over(cast))
    assert prizes() == {"B1": (1, "800.0000")}


@pytest.mark.parametrize(("why", "places"), [("agreed", {"B1": 1, "C1": 1}), ("interception", {"B1": 1})])
def test_an_agreement_ended_after_the_round_keeps_the_prizes_but_not_for_interception(cast, why, places):
    contest(cast)
    cast.now = at("03-02 09:00")
    visited(cast, B1=1, C1=1)
    over_one = over(cast)
    with clock.at(cast.now):
        agreement = cast.agencies["A2"].agreements.get()
        end_agreement(actor=cast.manager, agreement=agreement, reason="it is over", ending=why)
    approve(cast, over_one)
    assert {name: place for name, (place, _amount) in prizes().items()} == places


def test_who_drafted_a_contest_approves_neither_it_nor_its_rounds(cast, week):
    draft = drafted(cast, name="Another")
    with pytest.raises(Forbidden) as refusal, clock.at(cast.now):
        approve_contest(actor=cast.author, contest=draft)
    assert refusal.value.code == "own_draft"
    one = over(cast)
    for decide in (lambda: approve(cast, one, actor=cast.author), lambda: _decline(cast, one, actor=cast.author)):
        with pytest.raises(Forbidden) as refusal:
            decide()
        assert refusal.value.code == "own_contest"
    with pytest.raises(IntegrityError, match="decides none"), transaction.atomic():
        ContestRound.objects.filter(pk=one.pk).update(state="declined", decided_by=cast.author)
    with pytest.raises(IntegrityError, match="contest_second_person"), transaction.atomic():
        Contest.objects.filter(pk=draft.pk).update(approved_by=cast.author, state="approved")


def _decline(cast, one, actor=None, reason="visits were staged"):
    with clock.at(cast.now):
        return decline_round(actor=actor or cast.manager, contest_round=one, reason=reason)


def test_a_declined_round_posts_nothing_and_says_why(cast, week):
    one = over(cast)
    with pytest.raises(Invalid):
        _decline(cast, one, reason=" ")
    _decline(cast, one)
    assert (ContestRound.objects.get().state, ContestRound.objects.get().reason) == ("declined", "visits were staged")
    with pytest.raises(NotAllowed):
        approve(cast, one)
    assert not LedgerTransaction.objects.filter(kind="contest").exists()


def test_a_round_that_nobody_won_is_posted_without_an_entry(cast):
    contest(cast)
    one = approve(cast, over(cast))
    assert (one.state, one.transaction) == ("posted", None)


def test_every_round_that_is_over_is_proposed_once_whenever_the_job_comes(cast, week):
    over(cast, "03-09 00:00")
    over(cast, "03-20 00:00")
    over(cast, "03-20 00:00")
    rounds = list(ContestRound.objects.order_by("from_on").values_list("from_on", "to_on", "state"))
    assert rounds == [
        (date(2026, 3, 2), date(2026, 3, 8), "proposed"),
        (date(2026, 3, 9), date(2026, 3, 15), "proposed"),
    ]
    with clock.at(at("03-08 23:59")):
        assert close_rounds() == {"proposed": 0, "failed": 0}


def test_a_draft_is_changed_by_whoever_then_is_its_author_and_an_approved_one_only_ends(cast):
    draft = drafted(cast)
    with clock.at(cast.now):
        change_contest(actor=cast.manager, contest=draft, prizes=["100"], name="April visits")
        with pytest.raises(Forbidden):
            approve_contest(actor=cast.manager, contest=draft)
        approved = approve_contest(actor=cast.author, contest=draft)
        with pytest.raises(NotAllowed):
            change_contest(actor=cast.manager, contest=approved, name="May visits")
        with pytest.raises(Invalid) as refusal:
            end_contest(actor=cast.manager, contest=approved, to_on=cast.now.date() - timedelta(days=1))
        assert refusal.value.code == "past"
        end_contest(actor=cast.manager, contest=approved, to_on=date(2026, 3, 4))
    stored = Contest.objects.get()
    assert (stored.name, stored.prizes, stored.to_on) == ("April visits", ["100.00"], date(2026, 3, 4))
    with pytest.raises(IntegrityError, match="fixed"), transaction.atomic():
        Contest.objects.update(prizes=["900.00"])
    over(cast, "03-05 00:00")
    assert ContestRound.objects.get().to_on == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"prizes": []}, "required"),
        ({"prizes": ["1", "2"]}, "must_not_rise"),
        ({"to_on": date(2026, 3, 1)}, "span_reversed"),
        ({"to_on": date(9999, 12, 31)}, "out_of_range"),
        ({"from_on": date(2001, 1, 1)}, "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_kept(cast, fields, code):
    with pytest.raises(Invalid) as refusal:
        drafted(cast, **fields)
    assert refusal.value.code == code
    assert not Contest.objects.exists()


@pytest.mark.parametrize(
    ("role", "drafts"), [(Role.MARKETING, True), (Role.FINANCE, False), (Role.BROKER, False), (Role.AUDITOR, False)]
)
def test_marketing_drafts_and_its_manager_decides(cast, week, role, drafts):
    one, outsider = over(cast), person(role)
    with pytest.raises(Forbidden):
        approve(cast, one, actor=outsider)
    manager, cast.author = cast.author, outsider
    if drafts:
        assert drafted(cast).author == outsider
    else:
        with pytest.raises(Forbidden):
            drafted(cast)
    with pytest.raises(Forbidden), clock.at(cast.now):
        approve_contest(actor=outsider, contest=Contest.objects.filter(author=manager).first())


def test_prizes_are_in_the_projects_currency(cast):
    draft = drafted(cast, prizes=[Decimal("800"), Decimal("500.5")])
    assert draft.prizes == ["800.00", "500.50"]
