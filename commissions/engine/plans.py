"""Plans as people and interfaces write them: read strictly, every fault named.

A plan's fields are a mapping of plain values (domain 6.2-6.5):

    payee applies_to basis measure period scope mode     words
    from to                                              dates or ISO text, both included; None or missing: open
    tiers                                                [{from, rate}], or [{from, amount}] with basis `fixed`
    bonuses                                              [{name, amount, to, release}]; may be missing
    release                                              {method: [{when, fraction}]}, every method
    retention                                            {fraction, until: handover}, None or missing
    grades                                               codes of the agency's grades that it pays; may be missing: all

Numbers are text or Decimals, never floats.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from channels_platform.lib.errors import Invalid
from channels_platform.lib.money import (
    BEYOND_ANY_PRICE,
    NotAnAmount,
    NotANumber,
    from_minor,
    parse_decimal,
    parse_fraction,
    to_minor,
)
from commissions.engine.types import (
    AppliesTo,
    Basis,
    Bonus,
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

Word = TypeVar("Word", bound=StrEnum)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MAX_BONUS_NAME = 60
MAX_CODE = 60
MAX_ENTRIES = 100


@dataclass(frozen=True, slots=True)
class PlanFault:
    """What is wrong with one field; `field` is a path such as `tiers.1.from`."""

    field: str
    code: str


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
    reader = _Reader(currency, onsite)
    reader.read(fields)
    return reader.faults


def read_version(
    fields: Mapping[str, Any], *, version_id: Id, series_id: Id, currency: str, onsite: bool
) -> PlanVersion:
    """Return the plan version that the fields describe.

    Raises: InvalidPlan with every fault.
    """
    reader = _Reader(currency, onsite)
    values = reader.read(fields)
    if reader.faults:
        raise InvalidPlan(reader.faults)
    return PlanVersion(id=version_id, series_id=series_id, **values)


@dataclass
class _Reader:
    """Reads fields one by one; a fault is noted and reading goes on, so that a form shows all of them."""

    currency: str
    onsite: bool
    faults: list[PlanFault] = field(default_factory=list)

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
        values["conditions"] = Conditions(agency_grade=self.codes(fields, "grades"))
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

    def codes(self, fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
        given = fields.get(name)
        if given is None:
            return ()
        if not isinstance(given, list | tuple):
            self.fault(name, "not_a_list")
            return ()
        if len(given) > MAX_ENTRIES:
            self.fault(name, "too_many")
            return ()
        found: list[str] = []
        for place, code in enumerate(given):
            if not isinstance(code, str) or not code.strip() or code != code.strip() or len(code) > MAX_CODE:
                self.fault(f"{name}.{place}", "invalid_choice")
            elif code in found:
                self.fault(f"{name}.{place}", "duplicate")
            else:
                found.append(code)
        return tuple(found)

    def fault(self, path: str, code: str) -> None:
        self.faults.append(PlanFault(path, code))

    def only(self, entry: Mapping[str, Any], known: set[str], path: str) -> None:
        for name in sorted(str(name) for name in entry if name not in known):
            self.fault(f"{path}.{name}", "unexpected")

    def entries(
        self, fields: Mapping[str, Any], name: str, known: set[str], *, needed: bool = False, under: str = ""
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the list's entries with their paths, leaving out what is no mapping."""
        path, given = under + name, fields.get(name)
        if given is None or given == []:
            if needed:
                self.fault(path, "required")
        elif not isinstance(given, list | tuple):
            self.fault(path, "not_a_list")
        elif len(given) > MAX_ENTRIES:
            self.fault(path, "too_many")
        else:
            for place, entry in enumerate(given):
                if isinstance(entry, Mapping):
                    self.only(entry, known, f"{path}.{place}")
                    yield f"{path}.{place}", entry
                else:
                    self.fault(f"{path}.{place}", "required")

    def word(self, fields: Mapping[str, Any], name: str, words: type[Word], under: str = "") -> Word | None:
        path, value = f"{under}.{name}" if under else name, fields.get(name)
        if value is None or value == "":
            self.fault(path, "required")
            return None
        try:
            return words(value)
        except ValueError:
            self.fault(path, "invalid_choice")
            return None

    def day(self, fields: Mapping[str, Any], name: str) -> date | None:
        value = fields.get(name)
        if value is None or type(value) is date:
            return value
        try:
            # fromisoformat alone would also take 20260101 and week dates
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.fault(name, "invalid_date")
        return None

    def fraction(
        self, fields: Mapping[str, Any], name: str, under: str, *, at_most_one: bool = False
    ) -> Fraction | None:
        path, value = f"{under}.{name}", fields.get(name)
        if value is None or value == "":
            self.fault(path, "required")
            return None
        try:
            number = Fraction(value) if isinstance(value, Decimal) and value.is_finite() else parse_fraction(value)
        except NotANumber:
            self.fault(path, "invalid_number")
            return None
        if number < 0 or (at_most_one and number > 1):
            self.fault(path, "out_of_range")
            return None
        return number

    def amount(self, fields: Mapping[str, Any], name: str, under: str, *, above_zero: bool) -> Decimal | None:
        path, value = f"{under}.{name}", fields.get(name)
        if value is None or value == "":
            self.fault(path, "required")
            return None
        try:
            number = value if isinstance(value, Decimal) else parse_decimal(value)
            amount = from_minor(to_minor(number, self.currency), self.currency)
        except (NotANumber, NotAnAmount) as fault:
            self.fault(path, fault.code)
            return None
        if amount >= BEYOND_ANY_PRICE:
            self.fault(path, "out_of_range")
            return None
        if amount < 0 or (above_zero and amount == 0):
            self.fault(path, "not_positive" if above_zero else "out_of_range")
            return None
        return amount
