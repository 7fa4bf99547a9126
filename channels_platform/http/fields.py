"""Input and output fields: strict to read, one spelling to write.

Input fields never repeat what was sent. Output fields take what they need from the object, its project
included, so that money has the currency's digits and times the project's offset.
"""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from channels_platform.lib.money import NotANumber, from_minor, parse_decimal, parse_fraction, to_minor

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_HIGHEST_AMOUNT = Decimal(10) ** 14


# --- input ----------------------------------------------------------------------------------------------


class Text(serializers.CharField):
    """One line of text. Invisible marks are dropped, composed characters unified (NFC); control marks are refused."""

    default_error_messages = {"control": _("No control characters here."), "not_text": _("Send text.")}
    multiline = False

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("not_text")
        text = unicodedata.normalize("NFC", data)
        text = "".join(mark for mark in text if unicodedata.category(mark) not in ("Cf", "Cs"))
        allowed = "\n\r\t" if self.multiline else ""
        if any(unicodedata.category(mark) == "Cc" and mark not in allowed for mark in text):
            self.fail("control")
        return super().to_internal_value(text)


class LongText(Text):
    """Text of several lines."""

    multiline = True


class Secret(serializers.CharField):
    """Text taken exactly as sent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, write_only=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class Whole(serializers.IntegerField):
    """A whole number, sent as a number."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class YesNo(serializers.BooleanField):
    """true or false, nothing that merely looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input="")
        return data


class Choice(serializers.ChoiceField):
    """One of the words given."""

    default_error_messages = {"invalid_choice": _("Not one of the words allowed here.")}

    def __init__(self, choices: type[TextChoices] | list[str], **kwargs: Any) -> None:
        words = choices if isinstance(choices, list) else list(choices.values)
        super().__init__(choices=words, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice")
        return str(super().to_internal_value(data))


class Id(serializers.UUIDField):
    """An object's id. To clients it is an opaque string."""

    default_error_messages = {"invalid": _("This is no id.")}

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        return UUID(str(super().to_internal_value(data)))


@extend_schema_field(OpenApiTypes.DATETIME)
class Instant(serializers.Field):
    """An RFC 3339 instant; the offset is not optional."""

    default_error_messages = {"invalid": _("Send a time with its offset, like 2026-03-01T09:00:00+08:00.")}

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _INSTANT.fullmatch(data):
            self.fail("invalid")
        try:
            instant = datetime.fromisoformat(data.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")
        if not 1990 <= instant.year <= 2200:
            self.fail("invalid")
        return instant

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


class Day(serializers.DateField):
    """A calendar date, YYYY-MM-DD."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%d"], **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", data, re.ASCII):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "pattern": r"^-?\d{1,14}(\.\d{1,4})?$", "example": "1280000.00"})
class Amount(serializers.Field):
    """Money, as text. How many digits the currency has is the service's question."""

    default_error_messages = {"invalid": _('Send an amount as text, like "1280000.00".')}

    def to_internal_value(self, data: Any) -> Decimal:
        try:
            amount = parse_decimal(data)
        except NotANumber:
            self.fail("invalid")
        if abs(amount) >= _HIGHEST_AMOUNT or int(amount.as_tuple().exponent) < -4:
            self.fail("invalid")
        return amount

    def to_representation(self, value: Decimal) -> str:
        return str(value)


@extend_schema_field({"type": "string", "pattern": r"^\d{1,9}(/\d{1,9}|\.\d{1,12})?$", "example": "1/2"})
class Part(serializers.Field):
    """A fraction, as text: "1/2" or "0.5"."""

    default_error_messages = {"invalid": _('Send a fraction as text, like "1/2".')}

    def to_internal_value(self, data: Any) -> Fraction:
        try:
            return parse_fraction(data)
        except NotANumber:
            self.fail("invalid")

    def to_representation(self, value: Fraction) -> str:
        return str(value)


class Anything(serializers.JSONField):
    """JSON that the service reads by its own rules."""


# --- output ---------------------------------------------------------------------------------------------


class _FromProject(serializers.Field):
    """A field that needs the object's project besides the value."""

    def __init__(self, *, project: str = "project", **kwargs: Any) -> None:
        self._project = attrgetter(project)
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        value = super().get_attribute(instance)
        return None if value is None else (value, instance)


@extend_schema_field(OpenApiTypes.DATETIME)
class LocalInstant(_FromProject):
    """An instant with the offset of the project's zone."""

    def to_representation(self, found: Any) -> str:
        instant, owner = found
        return str(instant.astimezone(self._project(owner).zone).isoformat())


@extend_schema_field({"type": "string", "example": "79360.00"})
class Money(_FromProject):
    """An amount with the digits of the project's currency."""

    def to_representation(self, found: Any) -> str:
        amount, owner = found
        return money_text(amount, self._project(owner).currency)


def money_text(amount: Decimal, currency: str) -> str:
    """Return an amount as the API writes it: the currency's digits, no separators."""
    return str(from_minor(to_minor(amount, currency), currency))
