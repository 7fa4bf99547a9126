"""What there is to tell people: each app registers its kinds when it is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise


class Side(StrEnum):
    AGENCY = "agency"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice.

    `label` names it where people choose what they want to hear of; `line` says it in one line, with the notice's facts
    as `%(name)s` (besides their own: `target`, the object's number). Facts hold no personal data: a client is a number.
    `mailed`: also by e-mail unless the reader says otherwise. `urgent` ones pass quiet hours and wait for no digest.
    `side`: who is ever told of it - the agency's people, the developer's, or (left out) both.
    """

    name: str
    label: str | Promise
    line: str | Promise
    icon: str = "bell"
    tone: str = "info"
    mailed: bool = False
    urgent: bool = False
    side: Side | None = None


_kinds: dict[str, Kind] = {}


def register(*kinds: Kind) -> None:
    """Make kinds known; a name stands for one kind.

    Raises: ValueError for a name that another kind has.
    """
    for kind in kinds:
        if _kinds.setdefault(kind.name, kind) != kind:
            raise ValueError(f"notice kind {kind.name!r} is registered twice")


def kind_of(name: str) -> Kind:
    """Return a kind by name.

    Raises: KeyError for one nobody registered.
    """
    return _kinds[name]


def all_kinds() -> tuple[Kind, ...]:
    return tuple(_kinds.values())


def kinds_for(person: Any) -> tuple[Kind, ...]:
    """Return what a person may ever be told of."""
    side = Side.AGENCY if person.is_agency_side else Side.STAFF
    return tuple(kind for kind in _kinds.values() if kind.side in (None, side))


def said(kind: Kind, facts: Mapping[str, Any], target: str) -> str:
    """Return the notice's line in the language in force."""
    return str(kind.line) % {**facts, "target": target}
