"""Domain 6.2-6.5: which plan fields are sound, and what they are read as."""

from copy import deepcopy
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from commissions.engine.plans import InvalidPlan, read_version, validate_plan
from commissions.engine.types import Bonus, Method, Milestone, Payee, ReleaseStep, Tier

SOUND = {
    "payee": "agency",
    "applies_to": "referred",
    "from": "2026-01-01",
    "to": None,
    "basis": "price",
    "measure": "units",
    "period": "month",
    "scope": "agency",
    "mode": "marginal",
    "tiers": [{"from": "0", "rate": "0.06"}, {"from": "20", "rate": "0.062"}],
    "bonuses": [{"name": "cash", "amount": "3000.00", "to": "broker", "release": "contracted"}],
    "release": {
        "lump_sum": [{"when": "fully_collected", "fraction": "1"}],
        "instalment": [{"when": "first_payment", "fraction": "0.5"}, {"when": "fully_collected", "fraction": "0.5"}],
        "mortgage": [{"when": "first_payment", "fraction": "0.5"}, {"when": "loan_released", "fraction": "0.5"}],
    },
    "retention": {"fraction": "0.1", "until": "handover"},
}
MISSING = object()


def changed(path, value):
    """Return the sound plan with one place changed, or taken out."""
    fields = deepcopy(SOUND)
    *way, last = path.split(".")
    place = fields
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    if value is MISSING:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return fields


def faults(fields, *, onsite=False, currency="CNY"):
    return [(fault.field, fault.code) for fault in validate_plan(fields, currency=currency, onsite=onsite)]


def read(fields, *, onsite=False):
    return read_version(fields, version_id="v1", series_id="s1", currency="CNY", onsite=onsite)


def test_a_sound_plan_is_read_exactly():
    assert faults(SOUND) == []
    version = read(SOUND)
    assert (version.from_on, version.to_on, version.payee) == (date(2026, 1, 1), None, Payee.AGENCY)
    assert version.tiers == (Tier(Fraction(0), Fraction(6, 100)), Tier(Fraction(20), Fraction(62, 1000)))
    assert version.bonuses == (Bonus("cash", Decimal("3000.00"), Payee.BROKER, Milestone.CONTRACTED),)
    assert version.release[Method.LUMP_SUM] == (ReleaseStep(Milestone.FULLY_COLLECTED, Fraction(1)),)
    assert version.retention_fraction == Fraction(1, 10)


def test_values_of_a_database_row_are_read_like_text():
    fields = changed("from", date(2026, 1, 1))
    fields["retention"] = {"fraction": Decimal("0.100000")}
    fields["bonuses"][0]["amount"] = Decimal("3000.0000")
    assert read(fields) == read(SOUND)


def test_bonuses_and_retention_may_be_missing_and_dates_open():
    fields = {name: value for name, value in SOUND.items() if name not in ("bonuses", "retention", "from", "to")}
    version = read(fields)
    assert (version.bonuses, version.retention_fraction, version.from_on, version.to_on) == ((), None, None, None)


def test_fixed_sums_are_amounts_per_unit():
    fields = changed("basis", "fixed")
    fields["tiers"] = [{"from": "0", "amount": "10000"}, {"from": "1", "amount": "12000.50"}]
    assert [str(tier.amount) for tier in read(fields).tiers] == ["10000.00", "12000.50"]


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("payee", "onsite", ("payee", "invalid_choice")),
        ("payee", MISSING, ("payee", "required")),
        ("mode", "", ("mode", "required")),
        ("period", ["month"], ("period", "invalid_choice")),
        ("from", "2026-02-30", ("from", "invalid_date")),
        ("from", "20260101", ("from", "invalid_date")),
        ("from", "２０２６-01-01", ("from", "invalid_date")),
        ("from", 5, ("from", "invalid_date")),
        ("to", "2025-12-31", ("to", "wrong_way_round")),
        ("tiers", [], ("tiers", "required")),
        ("tiers", MISSING, ("tiers", "required")),
        ("tiers", {"from": "0"}, ("tiers", "not_a_list")),
        ("tiers", [{"from": "0", "rate": "0"}] * 101, ("tiers", "too_many")),
        ("tiers.0", "0.06", ("tiers.0", "required")),
        ("tiers.0.from", "1", ("tiers.0.from", "must_start_at_zero")),
        ("tiers.1.from", "0", ("tiers.1.from", "must_rise")),
        ("tiers.1.from", "-1", ("tiers.1.from", "out_of_range")),
        ("tiers.1.rate", "1.01", ("tiers.1.rate", "out_of_range")),
        ("tiers.1.rate", "-0.01", ("tiers.1.rate", "out_of_range")),
        ("tiers.1.rate", "6e-2", ("tiers.1.rate", "invalid_number")),
        ("tiers.1.rate", "０.06", ("tiers.1.rate", "invalid_number")),
        ("tiers.1.rate", 0.06, ("tiers.1.rate", "invalid_number")),
        ("tiers.1.rate", Decimal("NaN"), ("tiers.1.rate", "invalid_number")),
        ("tiers.1.rate", MISSING, ("tiers.1.rate", "required")),
        ("tiers.1.amount", "5.00", ("tiers.1.amount", "unexpected")),
        ("bonuses.0.name", "", ("bonuses.0.name", "required")),
        ("bonuses.0.name", " cash", ("bonuses.0.name", "invalid_choice")),
        ("bonuses.0.name", "x" * 61, ("bonuses.0.name", "invalid_choice")),
        ("bonuses.0.amount", "0.00", ("bonuses.0.amount", "not_positive")),
        ("bonuses.0.amount", "-5.00", ("bonuses.0.amount", "not_positive")),
        ("bonuses.0.amount", "1_000", ("bonuses.0.amount", "invalid_number")),
        ("bonuses.0.amount", "0.005", ("bonuses.0.amount", "invalid_amount")),
        ("bonuses.0.amount", Decimal("NaN"), ("bonuses.0.amount", "invalid_amount")),
        ("bonuses.0.to", "staff", ("bonuses.0.to", "invalid_choice")),
        ("bonuses.0.release", "signed", ("bonuses.0.release", "invalid_choice")),
        ("release", MISSING, ("release", "required")),
        ("release.mortgage", MISSING, ("release.mortgage", "required")),
        ("release.cash", [], ("release.cash", "unexpected")),
        ("release.mortgage.0.when", "loan", ("release.mortgage.0.when", "invalid_choice")),
        ("release.mortgage.0.fraction", "0.4", ("release.mortgage", "must_sum_to_one")),
        ("release.mortgage.0.when", "loan_released", ("release.mortgage", "duplicate")),
        ("retention", "0.1", ("retention", "invalid_choice")),
        ("retention.fraction", "1.1", ("retention.fraction", "out_of_range")),
        ("retention.fraction", MISSING, ("retention.fraction", "required")),
        ("retention.until", "contracted", ("retention.until", "invalid_choice")),
    ],
)
def test_each_fault_is_named_with_its_place(path, value, fault):
    assert faults(changed(path, value)) == [fault]


def test_a_release_step_of_nothing_is_a_fault():
    steps = [{"when": "first_payment", "fraction": "0"}, {"when": "handover", "fraction": "1"}]
    assert faults(changed("release.lump_sum", steps)) == [("release.lump_sum.0.fraction", "not_positive")]


def test_thirds_sum_to_one():
    steps = [{"when": when, "fraction": "1/3"} for when in ("contracted", "first_payment", "handover")]
    assert faults(changed("release.lump_sum", steps)) == []


def test_two_bonuses_of_one_name_are_a_fault():
    assert faults(changed("bonuses", SOUND["bonuses"] * 2)) == [("bonuses.1.name", "duplicate")]


def test_fixed_tiers_need_amounts():
    assert faults(changed("basis", "fixed")) == [
        ("tiers.0.rate", "unexpected"),
        ("tiers.0.amount", "required"),
        ("tiers.1.rate", "unexpected"),
        ("tiers.1.amount", "required"),
    ]


def test_the_currency_says_how_many_digits_an_amount_has():
    assert faults(changed("bonuses.0.amount", "3000.50"), currency="JPY") == [("bonuses.0.amount", "invalid_amount")]
    assert faults(changed("bonuses.0.amount", "3000.505"), currency="BHD") == []


def test_an_onsite_plan_pays_the_agency():
    fields = changed("payee", "broker")
    assert faults(fields, onsite=True) == [("payee", "onsite_pays_agency"), ("bonuses.0.to", "onsite_pays_agency")]
    assert faults(fields) == []


def test_all_faults_are_found_at_once_and_reading_raises_them():
    fields = changed("payee", "nobody")
    fields["tiers"][1]["rate"] = "2"
    fields["retention"]["fraction"] = "x"
    with pytest.raises(InvalidPlan) as refusal:
        read(fields)
    assert [fault.field for fault in refusal.value.faults] == ["payee", "tiers.1.rate", "retention.fraction"]
    assert (refusal.value.code, refusal.value.field) == ("invalid_plan", "payee")
