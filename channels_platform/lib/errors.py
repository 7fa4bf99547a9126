"""Refusals: what a rule or an object's state does not allow, by reason code."""

from collections.abc import Callable
from typing import Any


class Refused(Exception):
    """A well-formed request that the rules refuse.

    `code` is the reason (domain's own word), `field` the input at fault if one is,
    `detail` English text for staff; faces translate by code. `aftermath` writes down what is to be
    remembered of the refusal although its work is rolled back (`db` calls it after that).
    """

    code = "refused"
    aftermath: Callable[[], None] | None = None

    def __init__(self, detail: str = "", *, code: str | None = None, field: str | None = None, **facts: Any) -> None:
        self.code = code or self.code
        self.detail = detail
        self.field = field
        self.facts = facts
        super().__init__(detail or self.code)


class NotAllowed(Refused):
    """The object's state does not allow this move (HTTP 409)."""

    code = "not_allowed"


class Invalid(Refused):
    """Input that breaks a rule of the domain (HTTP 422)."""

    code = "invalid"


class Forbidden(Refused):
    """The actor may not do this (HTTP 403)."""

    code = "forbidden"


class Duplicate(Refused):
    """The fact is known already; nothing was changed."""

    code = "duplicate"
