"""Plans that ask for units and prices, that are capped, and that are checked before anybody approves them."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from brokers.models import Agreement
from channels_platform.audit.models import Event
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid, NotAllowed
from commissions.engine.plans import InvalidPlan
from commissions.models import PlanVersion
from commissions.services.plans import approve_plan_version
from commissions.words import explain_row
from leads.models import Deal, DealOutbox
from leads.services.deals import Buyer, amend_deal, subscribe_deal
from projects.models import Project, Unit
from projects.services.details import change_unit
from projects.services.units import create_unit
from tests.services.commissions.cast import AT_CONTRACT, at

SMALL = {"area": {"below": "90"}}


def home(cast, number, area="89", building="1", unit_type="2-bed"):
    return create_unit(
        actor=cast.author,
        project=cast.project,
        building=building,
        number=number,
        unit_type=unit_type,
        area=Decimal(area),
        list_price=Decimal("1000000.00"),
    )


def sold(cast, unit, price="1000000.00"):
    """A contracted deal of B1 about this unit."""
    phone = cast.phone()
    cast.referral("B1", phone)
    with clock.at(cast.later()):
        deal = subscribe_deal(
            actor=cast.manager,
            project=cast.project,
            price=Decimal(price),
            method="lump_sum",
            first_payment_amount=Decimal(price),
            buyers=[Buyer("Buyer", phone)],
            unit=unit,
        )
    return cast.sign(deal)


def ceiling(cast, percent):
    Project.objects.filter(pk=cast.project.pk).update(commission_ceiling=Decimal(percent))
    cast.project.refresh_from_db()


def approve(cast, draft, reason=""):
    with clock.at(cast.later()):
        return approve_plan_version(actor=cast.manager, version=draft, reason=reason)


def test_conditions_and_caps_are_kept_as_asked_and_nothing_else(cast):
    version = cast.plan(
        "A1", conditions={"unit_types": ["2-bed"], **SMALL}, caps={"deal": Decimal("5000"), "period": ""}
    )
    version.refresh_from_db()
    assert version.conditions == {"unit_type": ["2-bed"], "area": {"below": "90"}}
    assert version.caps == {"deal": "5000.00"}
    drafted = Event.objects.get(action="plan.drafted")
    assert (drafted.after["conditions"], drafted.after["caps"]) == (version.conditions, version.caps)


def test_a_fault_in_a_condition_or_a_cap_is_named_by_its_field(cast):
    with pytest.raises(InvalidPlan) as refusal:
        cast.plan(
            "A1",
            conditions={"area": {"from": "90", "below": "90"}, "price": {}, "floor": 3, "buildings": "1"},
            caps={"deal": "0", "period": "1.001"},
        )
    assert refusal.value.facts["faults"] == {
        "conditions.floor": "unexpected",
        "conditions.buildings": "not_a_list",
        "conditions.area.below": "wrong_way_round",
        "conditions.price": "required",
        "caps.deal": "not_positive",
        "caps.period": "invalid_amount",
    }
    assert not PlanVersion.objects.exists()


@pytest.mark.parametrize("mode", ["marginal", "retroactive"])
def test_a_run_pays_the_units_that_the_plan_asks_for(cast, mode):
    cast.plan("A1", tiers=(("0", "0.01"), ("2", "0.02")), mode=mode, conditions=SMALL, release=AT_CONTRACT)
    small, large, none = sold(cast, home(cast, "101")), sold(cast, home(cast, "102", "90")), sold(cast, None)
    cast.run()
    assert cast.figures("A1")["payable"] == "10000.00"
    assert cast.line(small, "A1").earned == Decimal("10000.00")
    assert explain_row(cast.line(large, "A1").explanation) == (
        "Not under this plan: the unit has 90 m²; the plan pays below 90."
    )
    assert "names no unit" in explain_row(cast.line(none, "A1").explanation)
    sold(cast, home(cast, "103", "50"))
    cast.run()
    assert cast.figures("A1")["payable"] == {"marginal": "20000.00", "retroactive": "40000.00"}[mode]


def test_an_amended_price_is_judged_anew(cast):
    cast.plan("A1", conditions={"price": {"from": "900000"}}, release=AT_CONTRACT)
    deal = sold(cast, None)
    cast.run()
    with clock.at(cast.later()):
        amend_deal(
            actor=cast.manager,
            deal=deal,
            reason="repriced",
            price=Decimal("899999.99"),
            first_payment_amount=Decimal("899999.99"),
        )
    cast.run()
    assert cast.figures("A1")["payable"] == "0.00"


def test_a_changed_unit_is_told_to_the_run_by_the_database_itself(cast):
    cast.plan("A1", conditions=SMALL, release=AT_CONTRACT)
    unit = home(cast, "101")
    deal = sold(cast, unit)
    cast.run()
    assert not DealOutbox.objects.exists()
    Unit.objects.filter(pk=unit.pk).update(list_price=Decimal(2))
    assert not DealOutbox.objects.exists()
    change_unit(actor=cast.author, unit=unit, area=Decimal("95"))
    assert list(DealOutbox.objects.values_list("deal", "what")) == [(deal.pk, "unit")]
    cast.run()
    assert cast.figures("A1")["earned"] == "0.00"


def test_a_capped_plan_posts_what_the_cap_leaves_and_says_so(cast):
    cast.plan("A1", caps={"deal": "9999.99", "period": "15000"}, release=AT_CONTRACT)
    first, second = sold(cast, None), sold(cast, None)
    cast.run()
    assert [cast.line(deal, "A1").earned for deal in (first, second)] == [Decimal("9999.99"), Decimal("5000.01")]
    assert "cut from 9,999.99 to 5,000.01: at most 15,000.00 in the whole plan" in explain_row(
        cast.line(second, "A1").explanation
    )
    cast.cancel(first)
    cast.run()
    assert cast.figures("A1")["payable"] == "9999.99"


def test_an_error_bars_the_approval_and_changes_nothing(cast):
    ceiling(cast, "0.9")
    draft = cast.plan("A1", approved=False)
    with pytest.raises(NotAllowed) as refusal:
        approve(cast, draft, reason="all the same")
    assert refusal.value.code == "plan_has_errors"
    assert [one["code"] for one in refusal.value.facts["findings"]] == ["over_ceiling"]
    draft.refresh_from_db()
    assert (draft.state, draft.warnings, draft.approval_reason) == ("draft", [], "")
    ceiling(cast, "1")
    assert approve(cast, draft).state == "approved"


def test_a_release_that_never_comes_bars_the_approval_but_not_a_rehearsal(cast):
    release = {**AT_CONTRACT, "lump_sum": [{"when": "loan_released", "fraction": "1"}]}
    draft = cast.plan("A1", approved=False, release=release)
    with pytest.raises(NotAllowed) as refusal:
        approve(cast, draft)
    assert refusal.value.code == "plan_has_errors"
    with clock.at(cast.later()):
        tried = approve_plan_version(actor=cast.manager, version=draft, reason="scenario", rehearsal=True)
    assert tried.state == "approved"


def test_a_warning_needs_a_reason_which_is_kept_with_the_approval(cast):
    Agreement.objects.filter(agency=cast.agencies["A1"]).update(to_on=date(2026, 12, 31))
    draft = cast.plan("A1", approved=False)
    for blank in ("", "  \n"):
        with pytest.raises(Invalid) as refusal:
            approve(cast, draft, reason=blank)
        assert (refusal.value.code, refusal.value.field) == ("warnings_need_reason", "reason")
    version = approve(cast, draft, reason="renewed in June")
    assert [one["code"] for one in version.warnings] == ["agreement_ends"]
    event = Event.objects.get(action="plan.approved", target_id=str(version.pk))
    assert (event.reason, event.after["warnings"]) == ("renewed in June", version.warnings)


def test_an_agreement_that_was_ended_lasts_to_the_day_it_was_ended(cast):
    ended = {"state": "ended", "ended_at": at("06-30 12:00"), "ending": "agreed", "ended_by": cast.manager}
    Agreement.objects.filter(agency=cast.agencies["A1"]).update(**ended)
    draft = cast.plan("A1", approved=False, to_on=date(2026, 7, 1))
    with pytest.raises(Invalid) as refusal:
        approve(cast, draft)
    assert [(one["code"], one["on"]) for one in refusal.value.facts["findings"]] == [("agreement_ends", "2026-06-30")]


def test_the_database_too_keeps_no_warning_without_a_reason(cast):
    version = cast.plan("A1", approved=False)
    with pytest.raises(IntegrityError, match="plan_warnings_have_a_reason"), transaction.atomic():
        PlanVersion.objects.filter(pk=version.pk).update(warnings=[{"code": "gap"}])


def test_a_deal_keeps_its_commission_when_its_unit_is_swapped_for_another_that_is_paid(cast):
    cast.plan("A1", conditions={"buildings": ["1"]}, release=AT_CONTRACT)
    deal = sold(cast, home(cast, "101"))
    for number, building, left in (("201", "2", "0.00"), ("102", "1", "10000.00")):
        with clock.at(cast.later()):
            other = home(cast, number, building=building)
            amend_deal(actor=cast.manager, deal=Deal.objects.get(pk=deal.pk), reason="swapped", unit=other)
        cast.run()
        assert cast.figures("A1")["payable"] == left
