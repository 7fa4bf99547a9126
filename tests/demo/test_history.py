"""The demo: believable, sound, repeatable, and out of the way of production."""

import json
from datetime import timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Count, Q, Sum

from brokers.models import Agency, AgencyApplication, AgencyGrade, Agreement, Broker, Individual
from channels_platform.accounts.models import User
from channels_platform.accounts.permissions import Can, Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.notices.kinds import kinds_for
from channels_platform.notices.models import Notice
from commissions.demo.cast import HOME_AGENCY
from commissions.models import (
    Accrual,
    ClosedMonth,
    Contest,
    LedgerCheck,
    LedgerEntry,
    PayoutBatch,
    PayoutLine,
    PlanVersion,
    Reconciliation,
    Statement,
)
from leads.models import Claim, ClientCare, Consultant, Deal, DealOutbox, Dispute, PaymentRow, Referral, Visit
from leads.selectors import visible_referrals
from leads.states import LIVE
from projects.models import Policy, Project, Unit
from tests.demo.facts import NOW, demo


@pytest.fixture(scope="module")
def _built(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        demo()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def built(_built, db):
    """A demo of a tenth, its last minute being now."""
    with clock.at(NOW):
        yield


class TestWhatThereIs:
    def test_numbers_are_those_of_the_scale(self, built):
        alone = Individual.objects.values("broker")
        brokers, referrals = Broker.objects.exclude(pk__in=alone), Referral.objects.exclude(broker__in=alone)
        assert (referrals.count(), Deal.objects.count(), brokers.count()) == (500, 60, 30)
        assert Project.objects.count() == 6
        assert set(Agency.objects.values_list("kind", flat=True)) == set(Agency.Kind.values)

    def test_its_ledger_is_proven(self, built):
        check = LedgerCheck.objects.get()
        assert (check.ok, check.differences) == (True, [])
        assert check.counts["deals"] == Deal.objects.count()

    def test_individuals_signed_up_and_one_refers(self, built):
        states = Individual.objects.order_by("signed_up_at").values_list("state", flat=True)
        assert list(states) == ["confirmed", "waiting", "waiting", "waiting"]
        mine = Referral.objects.get(broker__user__username="individual")
        assert mine.state == "filed"

    def test_everybody_was_told_of_what_is_offered_to_them(self, built):
        for notice in Notice.objects.select_related("recipient"):
            assert notice.kind in {kind.name for kind in kinds_for(notice.recipient)}, notice.kind

    def test_projects_differ_in_every_kind_of_policy(self, built):
        policies = Policy.objects.all()
        assert {policy.exclusive_from for policy in policies} == {"never", "visit", "filing"}
        assert {policy.phone_mode for policy in policies} == {"full", "masked"}
        assert {policy.window_end for policy in policies} == {"exact", "end_of_day"}
        assert any(policy.revisit_extends for policy in policies) and any(policy.proxy_purchase for policy in policies)
        assert any(policy.daily_filing_limit for policy in policies) and any(policy.version == 2 for policy in policies)
        assert set(Project.objects.values_list("currency", flat=True)) == {"CNY", "HKD"}

    def test_referrals_came_to_every_end(self, built):
        assert set(Referral.objects.values_list("state", flat=True)) == set(Referral.State.values)
        refused = set(Referral.objects.filter(state="rejected").values_list("reason", flat=True))
        assert {
            "protected",
            "known_to_site",
            "already_referred",
            "own_phone",
            "invalid_phone",
            "no_agreement",
        } <= refused
        assert Visit.objects.filter(confirmed=False).exists()

    def test_deals_stand_at_every_stage(self, built):
        assert set(Deal.objects.values_list("state", flat=True)) == set(Deal.State.values)
        paid = Deal.objects.annotate(paid=Sum("payments__amount")).filter(state="contracted")
        assert any(deal.paid and deal.paid < deal.price for deal in paid)
        assert any(deal.paid == deal.price for deal in paid)
        assert any(deal.shares.count() == 0 for deal in Deal.objects.prefetch_related("shares"))

    def test_three_months_are_paid_and_two_batches_wait(self, built):
        states = PayoutBatch.objects.values("company__code", "state").annotate(n=Count("pk"))
        by_company = {(row["company__code"], row["state"]): row["n"] for row in states}
        assert by_company[("LAKECO", "paid")] == by_company[("TIDECO", "paid")] == 3
        assert by_company[("LAKECO", "submitted")] == by_company[("TIDECO", "draft")] == 1
        assert PayoutLine.objects.filter(state="failed").exists()
        assert PayoutLine.objects.filter(state="paid", tax__gt=0).exists()

    def test_plans_have_every_form(self, built):
        versions = PlanVersion.objects.filter(state="approved")
        assert {version.mode for version in versions} == {"marginal", "retroactive"}
        assert {version.measure for version in versions} == {"units", "amount"}
        assert {version.basis for version in versions} == {"price", "fixed"}
        assert {version.plan.payee for version in versions.select_related("plan")} == {"agency", "broker"}
        assert any(version.bonuses for version in versions) and any(version.retention_fraction for version in versions)
        assert any(version.conditions for version in versions)
        assert AgencyGrade.objects.filter(held__isnull=False).distinct().count() == 2

    def test_a_contest_is_on_with_a_round_posted_and_one_to_approve(self, built):
        contest = Contest.objects.get()
        assert contest.from_on <= clock.local_date(NOW, contest.project.zone) <= contest.to_on
        assert list(contest.rounds.order_by("from_on").values_list("state", flat=True)) == ["posted", "proposed"]
        assert LedgerEntry.objects.filter(transaction__kind="contest", account="payable").exists()

    def test_every_act_is_dated_to_its_own_time(self, built):
        assert not Event.objects.filter(at__gt=NOW).exists()
        assert Event.objects.order_by("at")[0].at < NOW - timedelta(days=180)


class TestSoundness:
    def test_ledger_transactions_sum_to_zero(self, built):
        sums = LedgerEntry.objects.values("transaction").annotate(sum=Sum("amount"))
        assert sums.exists() and not sums.exclude(sum=0).exists()

    def test_what_is_earned_is_somewhere(self, built):
        """earned = pending + retained + payable + paid + tax, by payee, of what deals gave."""
        earned = dict(Accrual.objects.values_list("payee").annotate(sum=Sum("earned")))
        held = (
            LedgerEntry.objects.filter(deal__isnull=False)
            .exclude(account="expense")
            .values_list("payee")
            .annotate(sum=Sum("amount"))
        )
        assert {payee: amount for payee, amount in held if amount} == {
            p: amount for p, amount in earned.items() if amount
        }

    def test_no_two_claims_on_a_phone_overlap(self, built):
        spans: dict = {}
        for claim in Claim.objects.order_by("starts_at"):
            spans.setdefault((claim.project_id, claim.phone_id), []).append((claim.starts_at, claim.held_until))
        assert any(len(held) > 1 for held in spans.values())
        for held in spans.values():
            assert all(end <= start for (_, end), (start, _) in pairwise(held))

    def test_shares_of_a_deal_sum_to_one_or_there_are_none(self, built):
        for deal in Deal.objects.prefetch_related("shares"):
            fractions = [share.fraction for share in deal.shares.all() if share.ended_at is None]
            assert sum(fractions) in (0, 1)

    def test_units_stand_as_their_deals(self, built):
        live = Deal.objects.exclude(state="cancelled")
        assert Unit.objects.exclude(state="available").count() == live.count()

    def test_the_last_two_months_are_closed_and_of_one_the_agency_contests_a_line(self, built):
        months = ClosedMonth.objects.order_by().values_list("company").annotate(Count("pk"))
        assert {count for _company, count in months} == {2}
        own = Statement.objects.filter(payee__agency__code=HOME_AGENCY).values_list("state", flat=True)
        assert {"confirmed", "contested"} <= set(own) <= {"confirmed", "contested", "issued"}

    def test_a_ledger_is_compared_and_a_row_of_the_bank_waits_for_its_deal(self, built):
        compared = Reconciliation.objects.get()
        assert compared.counts.keys() >= {"amount_differs", "missing_with_us", "missing_with_them"}
        (waiting,) = PaymentRow.objects.filter(state="waiting")
        assert waiting.fault == "no_deal"

    def test_nothing_is_left_for_the_commission_run(self, built):
        assert not DealOutbox.objects.exists()

    def test_what_is_past_is_tidied(self, built):
        referrals = Referral.objects.filter(state__in=list(LIVE))
        assert all(referral.state_at(NOW) in LIVE for referral in referrals)


class TestAccounts:
    def test_every_role_signs_in_with_the_printed_password(self, built):
        said = StringIO()
        call_command("demo", "--accounts", stdout=said)
        accounts = json.loads(said.getvalue())
        assert set(accounts) == {str(role) for role in Role}
        for role, account in accounts.items():
            user = User.objects.get(username=account["username"])
            assert (user.role, user.is_demo, user.check_password(account["password"])) == (role, True, True)

    def test_nobody_else_can(self, built):
        assert not [user for user in User.objects.filter(is_demo=False) if user.has_usable_password()]

    def test_broker_has_clients_running_out_deals_and_money(self, built):
        mine = visible_referrals(User.objects.get(username="broker"))
        assert mine.filter(state="filed", lapse_at__gt=NOW, lapse_at__lt=NOW + timedelta(hours=6)).exists()
        assert mine.filter(state="visited", window_ends_at__lt=NOW + timedelta(days=3)).exists()
        stages = set(Deal.objects.filter(shares__referral__in=mine.filter(state="won")).values_list("state", flat=True))
        assert {"subscribed", "contracted", "handed_over"} <= stages
        own = LedgerEntry.objects.filter(payee__broker__user__username="broker")
        assert own.filter(account="paid").exists()

    def test_reception_expects_clients_today(self, built):
        reception = User.objects.get(username="reception")
        (project,) = reception.projects.all()
        today = clock.local_date(NOW, project.zone)
        expected = visible_referrals(reception).filter(expected_arrival__isnull=False)
        arriving = [one for one in expected if clock.local_date(one.expected_arrival, project.zone) == today]
        assert len(arriving) >= 5 and any(one.state == "filed" for one in arriving)

    def test_consultant_has_clients(self, built):
        consultant = Consultant.objects.get(user__username="consultant")
        assert consultant.on_duty and visible_referrals(consultant.user).filter(state="visited").exists()

    def test_consultant_has_somebody_to_call_and_a_roster(self, built):
        consultant = Consultant.objects.get(user__username="consultant")
        today = clock.local_date(NOW, consultant.project.zone)
        assert consultant.shifts.filter(day=today).exists()
        due = ClientCare.objects.filter(referral__consultant=consultant, due_on__lte=today)
        assert due.exists()

    def test_marketing_finds_agencies_that_want_to_join(self, built):
        states = AgencyApplication.objects.order_by("state").values_list("state", flat=True)
        assert list(states) == ["more_needed", "submitted"]

    def test_manager_finds_work_that_is_not_the_own(self, built):
        manager = User.objects.get(username="marketing_manager")
        assert Agreement.objects.filter(state="draft").exclude(author=manager).exists()
        assert PlanVersion.objects.filter(state="draft").exclude(author=manager).exists()
        assert Dispute.objects.filter(state="open").count() >= 2
        assert Dispute.objects.filter(state="decided").exists()
        assert Broker.objects.filter(probing_flagged_at__isnull=False).exists()

    def test_approver_can_approve_what_waits(self, built):
        from commissions.services.payouts import approve_batch

        approver, batch = User.objects.get(username="finance_approver"), PayoutBatch.objects.get(state="submitted")
        assert approve_batch(actor=approver, batch=batch).state == "approved"

    def test_draft_batch_lacks_invoices(self, built):
        batch = PayoutBatch.objects.get(state="draft")
        waiting = batch.lines.filter(payee__agency__isnull=False).exclude(invoices__live=True)
        assert waiting.exists()

    def test_staff_without_all_projects_see_some(self, built):
        staff = [user for user in User.objects.filter(is_demo=True) if not user.is_agency_side]
        assert all(user.all_projects or user.projects.exists() for user in staff)
        assert all(user.is_staff == user.can(Can.SEE_ADMIN) for user in staff)


class TestPhones:
    def test_demo_knows_no_other_phone(self, built):
        shown = Referral.objects.filter(~Q(phones__masked__startswith="180"), phones__isnull=False)
        assert not shown.exists()
