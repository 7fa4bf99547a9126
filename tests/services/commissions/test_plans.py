"""Plans: drafted by one, approved by another, one series at a time for a deal and payee."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from channels_platform.accounts.permissions import Role
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, Invalid, NotAllowed
from commissions.engine.plans import InvalidPlan
from commissions.models import Plan, PlanVersion
from commissions.services.plans import approve_plan_version, draft_plan_version, end_plan_version
from leads.models import DealOutbox
from tests.services.commissions.cast import USUAL_RELEASE, at, person


def test_draft_counts_for_nothing_until_another_person_approves_it(cast):
    draft = cast.plan("A1", approved=False)
    cast.collected("B1")
    assert cast.run().changed == 0

    with clock.at(cast.later()):
        approve_plan_version(actor=cast.manager, version=draft)
    assert cast.run().changed == 1
    assert cast.figures("A1")["payable"] == "10000.00"


def test_author_cannot_approve_the_own_draft(cast):
    draft = cast.plan("A1", approved=False)
    with pytest.raises(Forbidden) as refusal:
        approve_plan_version(actor=cast.author, version=draft)
    assert refusal.value.code == "own_draft"
    draft.refresh_from_db()
    assert (draft.state, draft.approved_by) == ("draft", None)


def test_the_database_too_refuses_an_author_as_approver(cast):
    draft = cast.plan("A1", approved=False)
    with pytest.raises(IntegrityError, match="plan_second_person"), transaction.atomic():
        PlanVersion.objects.filter(pk=draft.pk).update(state="approved", approved_by=cast.author)


@pytest.mark.parametrize("role", [Role.MARKETING, Role.FINANCE, Role.RECEPTION, Role.AUDITOR, Role.BROKER])
def test_only_a_marketing_manager_drafts_and_approves(cast, role):
    outsider = person(role)
    draft = cast.plan("A1", approved=False)
    with pytest.raises(Forbidden):
        approve_plan_version(actor=outsider, version=draft)
    cast.author = outsider
    with pytest.raises(Forbidden):
        cast.plan("A2", approved=False)
    assert Plan.objects.filter(agency=cast.agencies["A2"]).count() == 0


def test_every_fault_is_named_by_field_and_nothing_is_kept(cast):
    with pytest.raises(InvalidPlan) as refusal:
        cast.plan(
            "A1",
            tiers=(("1", "0.01"), ("1", "2")),
            release={**USUAL_RELEASE, "mortgage": [{"when": "contracted", "fraction": "0.5"}]},
            retention={"fraction": "1/3", "until": "handover"},
        )
    assert refusal.value.facts["faults"] == {
        "tiers.0.from": "must_start_at_zero",
        "tiers.1.from": "must_rise",
        "tiers.1.rate": "out_of_range",
        "release.mortgage": "must_sum_to_one",
        "retention.fraction": "invalid_number",
    }
    assert not Plan.objects.exists()


def test_an_onsite_agency_pays_no_broker(cast):
    with pytest.raises(InvalidPlan) as refusal:
        cast.plan("S1", payee="broker", applies_to="all")
    assert refusal.value.facts["faults"] == {"payee": "onsite_pays_agency"}


@pytest.mark.parametrize(
    ("applies_to", "other", "allowed"),
    [
        ("referred", "referred", False),
        ("referred", "all", False),
        ("all", "walk_in", False),
        ("referred", "walk_in", True),
    ],
)
def test_two_versions_that_could_both_apply_to_a_deal_are_refused(cast, applies_to, other, allowed):
    cast.plan("A1", applies_to=applies_to)
    if allowed:
        assert cast.plan("A1", applies_to=other).state == "approved"
        return
    with pytest.raises(NotAllowed) as refusal:
        cast.plan("A1", applies_to=other)
    assert refusal.value.code == "plan_overlaps"
    assert PlanVersion.objects.filter(state="approved").count() == 1


def test_versions_that_follow_each_other_stand_side_by_side(cast):
    cast.plan("A1", to_on=date(2026, 3, 31))
    second = cast.plan("A1", from_on=date(2026, 4, 1))
    assert (second.number, second.state) == (2, "approved")
    with pytest.raises(NotAllowed, match="overlaps"):
        cast.plan("A1", from_on=date(2026, 3, 31), to_on=date(2026, 3, 31))


def test_another_payee_of_the_agency_is_another_matter(cast):
    cast.plan("A1")
    assert cast.plan("A1", payee="broker").state == "approved"


def test_approval_is_recorded_and_told_to_the_run(cast):
    version = cast.plan("A1")
    assert DealOutbox.objects.filter(project=cast.project, what="plan").count() == 1
    actions = Event.objects.filter(target_id=str(version.pk)).order_by("id").values_list("action", "actor")
    assert list(actions) == [("plan.drafted", cast.author.pk), ("plan.approved", cast.manager.pk)]


def test_an_approved_version_is_fixed_but_for_its_last_day(cast):
    version = cast.plan("A1")
    with pytest.raises(IntegrityError, match="fixed"), transaction.atomic():
        PlanVersion.objects.filter(pk=version.pk).update(mode="retroactive")
    with pytest.raises(NotAllowed):
        approve_plan_version(actor=cast.manager, version=version)
    with clock.at(at("03-10 09:00")):
        end_plan_version(actor=cast.manager, version=version, to_on=date(2026, 3, 31))
    version.refresh_from_db()
    assert version.to_on == date(2026, 3, 31)


def test_ending_takes_nothing_from_deals_subscribed_before(cast):
    version = cast.plan("A1")
    cast.collected("B1")
    cast.run()
    with clock.at(at("03-10 09:00")):
        with pytest.raises(Invalid) as refusal:
            end_plan_version(actor=cast.manager, version=version, to_on=date(2026, 3, 9))
        assert refusal.value.code == "past"
        end_plan_version(actor=cast.manager, version=version, to_on=date(2026, 3, 10))
    cast.now = at("03-11 09:00")
    cast.collected("B1")
    cast.run()
    assert cast.figures("A1")["earned"] == "10000.00"
    with clock.at(at("03-12 09:00")), pytest.raises(NotAllowed):
        end_plan_version(actor=cast.manager, version=version, to_on=None)


def test_extending_over_a_follower_is_refused(cast):
    first = cast.plan("A1", to_on=date(2026, 3, 31))
    cast.plan("A1", from_on=date(2026, 4, 1))
    with clock.at(at("03-10 09:00")), pytest.raises(NotAllowed) as refusal:
        end_plan_version(actor=cast.manager, version=first, to_on=None)
    assert refusal.value.code == "plan_overlaps"
    first.refresh_from_db()
    assert first.to_on == date(2026, 3, 31)


def test_numbers_may_be_given_as_decimals_and_are_kept_as_text(cast):
    from decimal import Decimal

    version = draft_plan_version(
        actor=cast.author,
        project=cast.project,
        agency=cast.agencies["A1"],
        payee="agency",
        applies_to="referred",
        basis="price",
        measure="units",
        period="month",
        scope="agency",
        mode="marginal",
        tiers=[{"from": "0", "rate": Decimal("0.010")}],
        release=USUAL_RELEASE,
        retention={"fraction": Decimal("0.1"), "until": "handover"},
    )
    version.refresh_from_db()
    assert version.tiers == [{"from": "0", "rate": "0.010"}]
    assert version.retention_fraction == Decimal("0.1")


def test_an_open_end_and_the_last_day_of_all_are_the_same_to_a_run(cast):
    cast.plan("A1", mode="retroactive", to_on=date.max)
    cast.collected("B1")
    assert cast.run().changed == 1
    assert cast.figures("A1")["payable"] == "10000.00"


def test_no_amount_of_a_plan_is_more_than_any_home_costs(cast):
    bonus = {"name": "cash", "amount": "10000000000000.00", "to": "broker", "release": "contracted"}
    with pytest.raises(InvalidPlan) as refused:
        cast.plan("A1", bonuses=[bonus])
    assert refused.value.facts["faults"] == {"bonuses.0.amount": "out_of_range"}
    cast.plan("A1", bonuses=[bonus | {"amount": "9999999999999.00"}])
