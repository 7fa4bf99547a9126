"""Reading plain values strictly: a fault is noted by its path and reading goes on, so that a form shows all of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from channels_platform.lib.money import (
    BEYOND_ANY_PRICE,
    NotAnAmount,
    NotANumber,
    from_minor,
    parse_decimal,
    parse_fraction,
    to_minor,
)

Word = TypeVar("Word", bound=StrEnum)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
MAX_CODE = 60
MAX_ENTRIES = 100


@dataclass(frozen=True, slots=True)
class PlanFault:
    """What is wrong with one field; `field` is a path such as `tiers.1.from`."""

    field: str
    code: str


@dataclass
class FieldReader:
    """Reads values of one mapping under another, in one currency."""

    currency: str
    faults: list[PlanFault] = field(default_factory=list)

    def codes(self, fields: Mapping[str, Any], name: str, under: str = "") -> tuple[str, ...]:
        given, name = fields.get(name), under + name
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
