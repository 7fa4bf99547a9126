"""One row of a spreadsheet read into a filing, or what is wrong with it, by column."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.phones import parse_mask, parse_phone
from channels_platform.lib.sheets import SheetRow
from leads.chat_message import spellings
from leads.chat_times import NUMBER, find_arrival, number
from leads.services.filing import MOST_AHEAD, MOST_PHONES
from projects.models import Project

LONGEST_NAME, LONGEST_NOTE, LARGEST_PARTY = 80, 500, 50
_BETWEEN_PHONES = re.compile(r"[/、,，;；|\n]+")
_PARTY = re.compile(rf"({NUMBER})\s*(?:个?人|位|people|persons?|pax)?", re.I)
_GRACE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Offered:
    """What a sheet may be filed for: the projects by what people call them, those that take masks, the one chosen."""

    projects: Sequence[Project]
    masked: frozenset[Any]
    chosen: Project | None

    def named(self, text: str) -> Project | None:
        """Return the project by its code, its name, or the part of it that names no other."""
        plain = "".join(text.split()).casefold()
        by_key = {str(project.pk): project for project in self.projects}
        called = spellings({key: project.name for key, project in by_key.items()})
        known = {"".join(name.split()).casefold(): by_key[key] for name, key in called.items()}
        return {**known, **{project.code.casefold(): project for project in self.projects}}.get(plain)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be filed: at which column ('' where it is missing), by code."""

    field: str
    column: str
    code: str


def read_row(row: SheetRow, offered: Offered, now: datetime) -> tuple[dict[str, Any], list[Fault]]:
    """Return the fields of a filing, and what is wrong; a row with faults is not filed."""
    faults: list[Fault] = []
    filing: dict[str, Any] = {}
    for field, reader in _READERS.items():
        cells = row.cells.get(field, [])
        try:
            filing[field] = reader([text for _column, text in cells], filing, offered, now)
        except Invalid as wrong:
            faults.append(Fault(field, cells[0][0] if cells else "", wrong.code))
    return filing, faults


def _project(texts: list[str], filing: dict[str, Any], offered: Offered, now: datetime) -> Project:
    project = offered.named(texts[0]) if texts else offered.chosen
    if project is None:
        raise Invalid(code="project_unknown" if texts else "project_missing")
    return project


def _name(texts: list[str], filing: dict[str, Any], offered: Offered, now: datetime) -> str:
    if not texts:
        raise Invalid(code="name_missing")
    if len(texts[0]) > LONGEST_NAME:
        raise Invalid(code="too_long")
    return texts[0]


def _phones(texts: list[str], filing: dict[str, Any], offered: Offered, now: datetime) -> list[str]:
    phones = [one.strip() for text in texts for one in _BETWEEN_PHONES.split(text) if one.strip()]
    if not phones:
        raise Invalid(code="phone_missing")
    if len(phones) > MOST_PHONES:
        raise Invalid(code="too_many_phones")
    project = filing.get("project")
    masked = project is not None and project.pk in offered.masked
    for phone in phones:
        try:
            parse_mask(phone) if masked else parse_phone(phone)
        except Invalid as wrong:
            raise Invalid(code="mask_expected" if masked else "invalid_phone") from wrong
    return phones


def _arrival(texts: list[str], filing: dict[str, Any], offered: Offered, now: datetime) -> datetime | None:
    project = filing.get("project")
    if not texts or project is None:
        return None
    try:
        at: datetime | None = clock.read_local(texts[0]).replace(tzinfo=project.zone)
        if ":" not in texts[0].replace("：", ":"):
            raise Invalid(code="arrival_unclear")
    except ValueError:
        found = find_arrival(texts[0], now=now, zone=project.zone)
        at = found[0] if found else None
    if at is None:
        raise Invalid(code="arrival_unclear")
    if at < now - _GRACE:
        raise Invalid(code="arrival_past")
    if at > now + MOST_AHEAD:
        raise Invalid(code="arrival_far")
    return at


def _party(texts: list[str], filing: dict[str, Any], offered: Offered, now: datetime) -> int | None:
    if not texts:
        return None
    said = _PARTY.fullmatch(texts[0])
    if said is None or not 1 <= number(said[1]) <= LARGEST_PARTY:
        raise Invalid(code="party_unclear")
    return number(said[1])


def _note(texts: list[str], filing: dict[str, Any], offered: Offered, now: datetime) -> str:
    note = "\n".join(texts)
    if len(note) > LONGEST_NOTE:
        raise Invalid(code="too_long")
    return note


# The project first: phones and times are read as it wants them.
_READERS = {
    "project": _project,
    "client_name": _name,
    "phones": _phones,
    "expected_arrival": _arrival,
    "party_size": _party,
    "note": _note,
}
