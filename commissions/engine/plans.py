"""Plans as people and interfaces write them: read strictly, every fault named.

A plan's fields are a mapping of plain values (domain 6.2-6.5):

    payee applies_to basis measure period scope mode     words
    from to                                              dates or ISO text, both included; None or missing: open
    tiers                                                [{from, rate}], or [{from, amount}] with basis `fixed`
    bonuses                                              [{name, amount, to, release}]; may be missing
    release                                              {method: [{when, fraction}]}, every method
    retention                                            {fraction, until: handover}, None or missing
    grades                                               codes of the agency's grades that it pays; may be missing: all
    conditions                                           {unit_types, buildings: [texts], area, price: {from, below}};
                                                         any part may be missing
    caps                                                 {deal, period}, amounts; any part may be missing

Numbers are text or Decimals, never floats.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from channels_platform.lib.errors import Invalid
from commissions.engine.conditions import BANDS, LISTS
from commissions.engine.fields import FieldReader, PlanFault
from commissions.engine.types import (
    AppliesTo,
    Band,
    Basis,
    Bonus,
    Caps,
    Conditions,
    Id,
    Measure,
    Method,
    Milestone,
    Mode,
    Payee,
    Period,
    PlanVersion,
    ReleaseStep,
    Scope,
    Tier,
)

MAX_BONUS_NAME = 60


class InvalidPlan(Invalid):
    """Plan fields that break a rule of domain 6.2-6.5."""

    code = "invalid_plan"

    def __init__(self, faults: Sequence[PlanFault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        super().__init__(f"{first.field}: {first.code}", field=first.field)


def validate_plan(fields: Mapping[str, Any], *, currency: str, onsite: bool) -> list[PlanFault]:
    """Return what is wrong with a plan's fields, in the order of the fields; [] for a sound plan.

    Codes:  required invalid_choice invalid_date invalid_number invalid_amount not_a_list too_many unexpected
            must_start_at_zero must_rise out_of_range not_positive must_sum_to_one duplicate wrong_way_round
            onsite_pays_agency
    """
    reader = _Reader(currency, onsite=onsite)
    reader.read(fields)
    return reader.faults


def read_version(
    fields: Mapping[str, Any], *, version_id: Id, series_id: Id, currency: str, onsite: bool
) -> PlanVersion:
    """Return the plan version that the fields describe.

    Raises: InvalidPlan with every fault.
    """
    reader = _Reader(currency, onsite=onsite)
    values = reader.read(fields)
    if reader.faults:
        raise InvalidPlan(reader.faults)
    return PlanVersion(id=version_id, series_id=series_id, **values)


@dataclass
class _Reader(FieldReader):
    """Reads a plan's fields one by one."""

    onsite: bool = False

    def read(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {
            "payee": self.word(fields, "payee", Payee),
            "applies_to": self.word(fields, "applies_to", AppliesTo),
            "from_on": self.day(fields, "from"),
            "to_on": self.day(fields, "to"),
            "basis": self.word(fields, "basis", Basis),
            "measure": self.word(fields, "measure", Measure),
            "period": self.word(fields, "period", Period),
            "scope": self.word(fields, "scope", Scope),
            "mode": self.word(fields, "mode", Mode),
        }
        if values["from_on"] and values["to_on"] and values["from_on"] > values["to_on"]:
            self.fault("to", "wrong_way_round")
        if self.onsite and values["payee"] == Payee.BROKER:
            self.fault("payee", "onsite_pays_agency")
        values["tiers"] = self.tiers(fields, values["basis"])
        values["bonuses"] = self.bonuses(fields)
        values["release"] = self.release(fields)
        values["retention_fraction"] = self.retention(fields)
        values["conditions"] = self.conditions(fields)
        values["caps"] = self.caps(fields)
        return values

    def tiers(self, fields: Mapping[str, Any], basis: Basis | None) -> tuple[Tier, ...]:
        tiers = []
        previous: Fraction | None = None
        pay = "amount" if basis == Basis.FIXED else "rate"
        for path, entry in self.entries(fields, "tiers", {"from", pay}, needed=True):
            start = self.fraction(entry, "from", path)
            if start is not None:
                if path == "tiers.0" and start != 0:
                    self.fault(f"{path}.from", "must_start_at_zero")
                elif previous is not None and start <= previous:
                    self.fault(f"{path}.from", "must_rise")
                previous = start
            if pay == "amount":
                tier = Tier(start or Fraction(0), amount=self.amount(entry, "amount", path, above_zero=False))
            else:
                tier = Tier(start or Fraction(0), rate=self.fraction(entry, "rate", path, at_most_one=True))
            tiers.append(tier)
        return tuple(tiers)

    def bonuses(self, fields: Mapping[str, Any]) -> tuple[Bonus, ...]:
        bonuses: list[Bonus] = []
        names: set[str] = set()
        for path, entry in self.entries(fields, "bonuses", {"name", "amount", "to", "release"}):
            name = entry.get("name")
            if not isinstance(name, str) or not name.strip() or name != name.strip() or len(name) > MAX_BONUS_NAME:
                self.fault(f"{path}.name", "required" if not name else "invalid_choice")
                name = ""
            elif name in names:
                self.fault(f"{path}.name", "duplicate")
            names.add(name)
            amount = self.amount(entry, "amount", path, above_zero=True)
            to = self.word(entry, "to", Payee, path)
            release = self.word(entry, "release", Milestone, path)
            if self.onsite and to == Payee.BROKER:
                self.fault(f"{path}.to", "onsite_pays_agency")
            if amount is not None and to is not None and release is not None:
                bonuses.append(Bonus(name, amount, to, release))
        return tuple(bonuses)

    def release(self, fields: Mapping[str, Any]) -> dict[Method, tuple[ReleaseStep, ...]]:
        release: dict[Method, tuple[ReleaseStep, ...]] = {}
        given = fields.get("release")
        if not isinstance(given, Mapping):
            self.fault("release", "required")
            return release
        for unknown in sorted(str(method) for method in given if method not in set(Method)):
            self.fault(f"release.{unknown}", "unexpected")
        for method in Method:
            steps = []
            for path, entry in self.entries(given, method.value, {"when", "fraction"}, needed=True, under="release."):
                when = self.word(entry, "when", Milestone, path)
                fraction = self.fraction(entry, "fraction", path, at_most_one=True)
                if when is not None and fraction is not None:
                    steps.append(ReleaseStep(when, fraction))
                    if fraction == 0:
                        self.fault(f"{path}.fraction", "not_positive")
            if len({step.when for step in steps}) != len(steps):
                self.fault(f"release.{method}", "duplicate")
            path = f"release.{method}"
            if not any(fault.field.startswith(path) for fault in self.faults) and sum(s.fraction for s in steps) != 1:
                self.fault(path, "must_sum_to_one")
            release[method] = tuple(steps)
        return release

    def retention(self, fields: Mapping[str, Any]) -> Fraction | None:
        given = fields.get("retention")
        if given is None:
            return None
        if not isinstance(given, Mapping):
            self.fault("retention", "invalid_choice")
            return None
        self.only(given, {"fraction", "until"}, "retention")
        if given.get("until", "handover") != Milestone.HANDOVER:
            self.fault("retention.until", "invalid_choice")
        return self.fraction(given, "fraction", "retention", at_most_one=True)

    def conditions(self, fields: Mapping[str, Any]) -> Conditions:
        grades, given = self.codes(fields, "grades"), self.part(fields, "conditions", {*LISTS.values(), *BANDS})
        return Conditions(
            agency_grade=grades,
            unit_type=self.codes(given, LISTS["unit_type"], "conditions."),
            building=self.codes(given, LISTS["building"], "conditions."),
            area=self.band(given, "area"),
            price=self.band(given, "price"),
        )

    def band(self, given: Mapping[str, Any], name: str) -> Band | None:
        path = f"conditions.{name}"
        if given.get(name) is None:
            return None
        ends = self.part(given, name, {"from", "below"}, "conditions.")
        read = self.amount if name == "price" else self.area
        low, below = (
            read(ends, end, path, above_zero=end == "below") if ends.get(end) not in (None, "") else None
            for end in ("from", "below")
        )
        if low is not None and below is not None and below <= low:
            self.fault(f"{path}.below", "wrong_way_round")
        if low is None and below is None:
            if not any(fault.field.startswith(path) for fault in self.faults):
                self.fault(path, "required")
            return None
        return Band(low, below)

    def caps(self, fields: Mapping[str, Any]) -> Caps:
        given = self.part(fields, "caps", {"deal", "period"})
        deal, period = (
            self.amount(given, name, "caps", above_zero=True) if given.get(name) not in (None, "") else None
            for name in ("deal", "period")
        )
        return Caps(deal, period)

    def part(self, fields: Mapping[str, Any], name: str, known: set[str], under: str = "") -> Mapping[str, Any]:
        """Return a mapping that may be missing, empty where it is no mapping."""
        given = fields.get(name)
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            self.fault(under + name, "invalid_choice")
            return {}
        self.only(given, known, under + name)
        return given

    def area(self, fields: Mapping[str, Any], name: str, under: str, *, above_zero: bool) -> Decimal | None:
        number = self.fraction(fields, name, under)
        if number is None:
            return None
        hundredths = number * 100
        if hundredths.denominator != 1 or number >= 1_000_000 or (above_zero and number == 0):
            self.fault(f"{under}.{name}", "out_of_range")
            return None
        return Decimal(hundredths.numerator) / 100
