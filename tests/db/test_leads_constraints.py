"""What the database itself refuses, whoever asks (domain 2, 4, 5)."""

from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, InternalError, connection, transaction

from brokers.models import Agreement
from channels_platform.audit.models import Event
from channels_platform.db import constraint_of
from leads.models import AttributionDecision, Claim, Deal, DealShare, NaturalVisit, Payment, Referral, Visit
from leads.states import DEAL_MOVES, REFERRAL_MOVES, DealState, ReferralState
from projects.models import Policy, Unit
from projects.services.units import create_unit
from tests.cast import LI, START, WANG, WHOLE, after, open_site, shares

pytestmark = pytest.mark.django_db


@contextmanager
def refused(constraint=""):
    """Expect the database to refuse, by the named constraint or by a trigger."""
    kinds = IntegrityError if constraint else (IntegrityError, InternalError, DatabaseError)
    with pytest.raises(kinds) as error, transaction.atomic():
        yield
    if constraint:
        assert constraint_of(error.value) == constraint


def _claim(referral, **differing):
    usual = {
        "referral": referral,
        "project": referral.project,
        "phone": referral.phones.first().phone,
        "starts_at": START,
        "ends_at": after(days=1),
    }
    return Claim(**usual | differing)


def test_one_live_claim_per_phone_and_project():
    site = open_site(exclusive_from="filing")
    first = site.file(site.owner, LI)
    second = site.file(site.rival, LI)
    with refused("one_live_claim_per_phone"):
        _claim(second).save()
    Claim.objects.filter(referral=first).update(live=False)
    _claim(second).save()
    elsewhere = open_site(exclusive_from="filing")
    assert elsewhere.file(elsewhere.owner, LI).reason == ""


@pytest.mark.parametrize(
    ("differing", "constraint"),
    [
        ({"ends_at": START}, "claim_span_right_way_round"),
        ({"ends_at": after(hours=-1)}, "claim_span_right_way_round"),
        ({"live": False, "released_at": after(hours=-1)}, "claim_released_after_start"),
        ({"released_at": after(hours=1)}, "claim_released_is_not_live"),
    ],
)
def test_a_claims_span_is_the_right_way_round(differing, constraint):
    site = open_site()
    with refused(constraint):
        _claim(site.file(site.owner, LI), **differing).save()


def test_a_referrals_window_is_the_right_way_round():
    site = open_site()
    referral = site.file(site.owner, LI)
    with refused("referral_window_right_way_round"):
        Referral.objects.filter(pk=referral.pk).update(window_starts_at=START, window_ends_at=START)


def test_a_live_referral_has_no_reason_for_refusal():
    site = open_site()
    referral = site.file(site.owner, LI)
    with refused("referral_live_without_reason"):
        Referral.objects.filter(pk=referral.pk).update(reason="protected")


def _put(model, pk, state):
    """Set a state past the trigger, as a starting point."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET state = %s WHERE id = %s", [state, pk])
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def _moves(model, pk, states):
    taken = set()
    for was in states:
        for to in states:
            if was == to:
                continue
            _put(model, pk, was)
            try:
                with transaction.atomic():
                    model.objects.filter(pk=pk).update(state=to)
            except IntegrityError:
                continue
            taken.add((was, to))
    return taken


def test_a_referral_makes_only_the_known_moves():
    site = open_site()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    referral = site.file(site.owner, LI)
    assert _moves(Referral, referral.pk, list(ReferralState)) == set(REFERRAL_MOVES)


def test_a_deal_makes_only_the_known_moves():
    site = open_site()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    deal = site.subscribe(LI, at=START)
    assert _moves(Deal, deal.pk, list(DealState)) == set(DEAL_MOVES)


def _unit(site, number="1"):
    return create_unit(
        actor=None, project=site.project, building="1", number=number, unit_type="3B", area=90, list_price=Decimal(100)
    )


def test_one_live_deal_per_unit():
    site = open_site()
    unit = _unit(site)
    site.subscribe(LI, at=START, unit=unit)
    other = site.subscribe(WANG, at=START)
    with refused("one_live_deal_per_unit"):
        Deal.objects.filter(pk=other.pk).update(unit=unit)
    site.cancel(other, at=after(hours=1))
    Deal.objects.filter(pk=other.pk).update(unit=unit)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"price": 0, "first_payment_amount": 0}, "deal_price_positive"),
        ({"first_payment_amount": -1}, "deal_first_payment_within_price"),
        ({"first_payment_amount": 10**7}, "deal_first_payment_within_price"),
        ({"loan_amount": 0}, "deal_loan_within_price"),
        ({"loan_amount": 10**7}, "deal_loan_within_price"),
        ({"contracted_at": START - timedelta(seconds=1)}, "deal_contract_after_subscription"),
        (
            {"contracted_at": START, "handed_over_at": START - timedelta(seconds=1)},
            "deal_handover_after_contract",
        ),
        (
            {"contracted_at": START, "handed_over_at": START, "cancelled_at": START},
            "deal_not_cancelled_after_handover",
        ),
    ],
)
def test_a_deals_figures_and_dates_can_be(fields, constraint):
    site = open_site()
    deal = site.subscribe(LI, at=START)
    with refused(constraint):
        Deal.objects.filter(pk=deal.pk).update(**fields)


def test_a_share_is_above_0_at_most_1_and_once_per_referral():
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    deal = site.subscribe(LI, at=after(hours=1))
    assert shares(deal) == {referral.pk: WHOLE}
    for numerator, denominator in ((0, 1), (2, 1)):
        with refused("share_above_zero_to_one"):
            DealShare.objects.create(
                deal=deal, referral=referral, numerator=numerator, denominator=denominator, since=START
            )
    with refused("one_share_per_referral"):
        DealShare.objects.create(deal=deal, referral=referral, numerator=1, denominator=2, since=START)


def test_one_confirmed_visit_a_day_and_a_refused_one_has_a_reason():
    site = open_site()
    referral = site.file(site.owner, LI)
    visit = site.visit(referral, at=after(hours=1))
    usual = {"referral": referral, "project": site.project, "arrived_at": after(hours=2), "local_on": visit.local_on}
    with refused("one_confirmed_visit_a_day"):
        Visit.objects.create(confirmed=True, **usual)
    with refused("visit_refused_with_reason"):
        Visit.objects.create(confirmed=False, **usual)


def test_an_agreement_is_approved_by_another_than_its_author_and_runs_forward():
    site = open_site()
    agreement = Agreement.objects.filter(agency=site.owner.agency).get()
    with refused("agreement_second_person"):
        Agreement.objects.filter(pk=agreement.pk).update(approved_by=agreement.author)
    with refused("agreement_approved_by_someone"):
        Agreement.objects.filter(pk=agreement.pk).update(approved_by=None)
    with refused("agreement_span_right_way_round"):
        Agreement.objects.filter(pk=agreement.pk).update(from_on=date(2026, 2, 1), to_on=date(2026, 1, 31))


def test_a_masked_policy_claims_nothing_at_filing_and_protects_a_day_at_least():
    site = open_site()
    usual = {"project": site.project, "created_at": START}
    with refused("policy_masked_claims_nothing_at_filing"):
        Policy.objects.create(version=2, phone_mode="masked", exclusive_from="filing", **usual)
    with refused("policy_protects_a_day"):
        Policy.objects.create(version=2, protection_days=0, **usual)
    with refused("policy_version_in_project"):
        Policy.objects.create(version=1, **usual)


@pytest.fixture
def history():
    """One row of each kind that is kept for ever."""
    site = open_site(exclusive_from="filing")
    referral = site.file(site.owner, LI)
    site.visit(referral, at=after(hours=1))
    site.walk_in(WANG, at=START)
    deal = site.subscribe(LI, at=after(hours=2))
    site.decide(deal, (referral, WHOLE), at=after(hours=3))
    Payment.objects.create(
        project=site.project, deal=deal, amount=1, received_at=START, reference="B-1", sequence=2, recorded_at=START
    )
    return site


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Event, {"reason": "another"}),
        (Payment, {"amount": 2}),
        (Visit, {"reason": "another"}),
        (AttributionDecision, {"reason": "another"}),
        (Policy, {"protection_days": 99}),
        (DealShare, {"denominator": 2}),
    ],
)
def test_what_is_written_once_is_never_changed(history, model, change):
    before = list(model.objects.order_by("pk").values())
    with refused():
        model.objects.update(**change)
    assert list(model.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    "model", [Event, Payment, Visit, AttributionDecision, Policy, Referral, Claim, Deal, DealShare, NaturalVisit]
)
def test_history_is_never_deleted_by_raw_sql_either(history, model):
    count = model.objects.count()
    assert count
    with refused(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")
    assert model.objects.count() == count


def test_a_payment_is_not_0_and_its_reference_is_one_of_its_project(history):
    paid = Payment.objects.get()
    usual = {"project": paid.project, "deal": paid.deal, "received_at": START, "sequence": 3, "recorded_at": START}
    with refused("payment_not_zero"):
        Payment.objects.create(amount=0, reference="B-2", **usual)
    with refused("payment_reference_in_project"):
        Payment.objects.create(amount=5, reference="B-1", **usual)


def test_a_unit_is_one_per_building_and_number():
    site = open_site()
    _unit(site)
    with refused():
        Unit.objects.create(
            project=site.project, building="1", number="1", unit_type="3B", area=90, list_price=Decimal(100)
        )
