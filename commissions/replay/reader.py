"""Reading a scenario file strictly: every fault with its place."""

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from channels_platform.lib.clock import timezone_names
from channels_platform.lib.errors import Refused
from channels_platform.lib.money import minor_digits, parse_decimal, parse_fraction
from commissions.engine.plans import InvalidPlan, read_version
from commissions.engine.terms import PlanTerm, overlaps
from commissions.engine.types import AppliesTo, Payee, PlanVersion

AGENCY_KINDS = ("onsite", "referral", "community", "platform")


class ScenarioFault(Exception):
    """A file that is no scenario; says where and why."""

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(f"{place}: {fault}")


@dataclass(frozen=True, slots=True)
class Event:
    """One dated fact; `fields` are read values by name."""

    at: datetime
    type: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AgencySetup:
    code: str
    kind: str
    brokers: tuple[str, ...]
    agreement: tuple[date, date | None]
    grades: tuple[tuple[date, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PlanSetup:
    agency: str
    payee: str
    applies_to: str
    fields: dict[str, Any]
    version: PlanVersion


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    code: str
    zone: ZoneInfo
    currency: str
    policy: dict[str, Any]
    agencies: tuple[AgencySetup, ...]
    plans: tuple[PlanSetup, ...]
    broker_phones: dict[str, str]
    events: tuple[Event, ...]
    as_of: datetime


Read = Callable[[Any, str], Any]
ALWAYS = date(1900, 1, 1)
# Far enough from the ends of the calendar for every window to be counted.
YEARS = (1970, 2200)


def read_scenario(path: Path) -> Scenario:
    """Return the scenario of a file.

    Raises: ScenarioFault naming the place and the fault.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repeats)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioFault("file", f"cannot be read ({type(error).__name__})") from error
    except (ValueError, RecursionError) as error:
        raise ScenarioFault("file", f"is no JSON ({error})") from error
    top = _object(raw, "scenario")
    _known(top, "scenario", ("name", "project", "agencies", "plans", "events", "as_of", "broker_phones"))
    project = _object(_need(top, "project", "scenario"), "project")
    _known(project, "project", ("code", "timezone", "currency", "policy"))
    zone = _zone(_need(project, "timezone", "project"), "project.timezone")
    currency = _currency(_need(project, "currency", "project"), "project.currency")
    agencies = _agencies(_need(top, "agencies", "scenario"))
    brokers = {broker for agency in agencies for broker in agency.brokers}
    as_of = _instant(_need(top, "as_of", "scenario"), "as_of")
    return Scenario(
        name=_text(_need(top, "name", "scenario"), "name"),
        code=_text(project.get("code", "P1"), "project.code"),
        zone=zone,
        currency=currency,
        policy=_object(project.get("policy", {}), "project.policy"),
        agencies=agencies,
        plans=_plans(top.get("plans", []), {agency.code: agency.kind for agency in agencies}, currency),
        broker_phones=_broker_phones(top.get("broker_phones", {}), brokers),
        events=_events(_need(top, "events", "scenario"), as_of),
        as_of=as_of,
    )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name given twice: JSON would let the last one win in silence."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a name is given twice: {next(name for name in names if names.count(name) > 1)}")
    return found


def _need(holder: dict[str, Any], name: str, place: str) -> Any:
    if name not in holder:
        raise ScenarioFault(place, f"`{name}` is missing")
    return holder[name]


def _known(holder: dict[str, Any], place: str, names: Sequence[str]) -> None:
    for name in holder:
        if name not in names:
            raise ScenarioFault(place, f"`{name}` is not known here")


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ScenarioFault(place, "must be an object")
    return value


def _list(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise ScenarioFault(place, "must be a list")
    return value


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ScenarioFault(place, "must be a text")
    if "\x00" in value or any(unicodedata.category(mark) == "Cs" for mark in value):
        raise ScenarioFault(place, "must not hold a NUL or half a character")
    return value


def _texts(value: Any, place: str) -> list[str]:
    return [_text(one, f"{place}[{i}]") for i, one in enumerate(_list(value, place))]


def _yes_no(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise ScenarioFault(place, "must be true or false")
    return value


def _decimal(value: Any, place: str) -> Decimal:
    try:
        return parse_decimal(value)
    except (Refused, ValueError) as error:
        raise ScenarioFault(place, 'must be an amount as text, like "1280000.00"') from error


def _fraction(value: Any, place: str) -> Fraction:
    try:
        return parse_fraction(value)
    except (Refused, ValueError) as error:
        raise ScenarioFault(place, 'must be a fraction as text, like "1/2"') from error


def _instant(value: Any, place: str) -> datetime:
    try:
        instant = datetime.fromisoformat(_text(value, place))
    except ValueError as error:
        raise ScenarioFault(place, "must be a time, like 2026-03-01T09:00:00+08:00") from error
    if instant.tzinfo is None:
        raise ScenarioFault(place, "the time needs an offset, like +08:00")
    if not YEARS[0] <= instant.year <= YEARS[1]:
        raise ScenarioFault(place, f"the year must be between {YEARS[0]} and {YEARS[1]}")
    return instant


def _day(value: Any, place: str) -> date:
    try:
        return date.fromisoformat(_text(value, place))
    except ValueError as error:
        raise ScenarioFault(place, "must be a date, like 2026-03-01") from error


def _zone(value: Any, place: str) -> ZoneInfo:
    if _text(value, place) not in timezone_names():
        raise ScenarioFault(place, "must be a time zone, like Asia/Shanghai")
    return ZoneInfo(value)


def _currency(value: Any, place: str) -> str:
    try:
        minor_digits(_text(value, place))
    except (Refused, ValueError) as error:
        raise ScenarioFault(place, "must be a currency, like CNY") from error
    return str(value)


def _agencies(value: Any) -> tuple[AgencySetup, ...]:
    found: list[AgencySetup] = []
    seen: set[str] = set()
    for i, one in enumerate(_list(value, "agencies")):
        place = f"agencies[{i}]"
        agency = _object(one, place)
        _known(agency, place, ("code", "kind", "brokers", "agreement", "grades"))
        code = _text(_need(agency, "code", place), f"{place}.code")
        kind = _need(agency, "kind", place)
        if kind not in AGENCY_KINDS:
            raise ScenarioFault(f"{place}.kind", f"must be one of {', '.join(AGENCY_KINDS)}")
        brokers = _texts(agency.get("brokers", []), f"{place}.brokers")
        for name in (code, *brokers):
            if name in seen:
                raise ScenarioFault(place, f"`{name}` is there twice")
            seen.add(name)
        agreement = _agreement(agency.get("agreement"), f"{place}.agreement")
        grades = _grades(agency.get("grades", []), f"{place}.grades")
        found.append(AgencySetup(code, kind, tuple(brokers), agreement, grades))
    return tuple(found)


def _agreement(value: Any, place: str) -> tuple[date, date | None]:
    if value is None:
        return ALWAYS, None
    span = _object(value, place)
    _known(span, place, ("from", "to"))
    from_on = _day(span["from"], f"{place}.from") if span.get("from") is not None else ALWAYS
    to_on = _day(span["to"], f"{place}.to") if span.get("to") is not None else None
    if to_on is not None and to_on < from_on:
        raise ScenarioFault(place, "ends before it starts")
    return from_on, to_on


def _grades(value: Any, place: str) -> tuple[tuple[date, str], ...]:
    """Read which grade is held from which day on, in the order of days; an empty one: none from then on."""
    found: list[tuple[date, str]] = []
    for i, one in enumerate(_list(value, place)):
        held, at = _object(one, f"{place}[{i}]"), f"{place}[{i}]"
        _known(held, at, ("from", "grade"))
        day, grade = _day(_need(held, "from", at), f"{at}.from"), held.get("grade")
        if found and day <= found[-1][0]:
            raise ScenarioFault(f"{at}.from", "is no later than the one before it")
        found.append((day, "" if grade is None else _text(grade, f"{at}.grade")))
    return tuple(found)


def _broker_phones(value: Any, brokers: set[str]) -> dict[str, str]:
    phones = _object(value, "broker_phones")
    for name, phone in phones.items():
        if name not in brokers:
            raise ScenarioFault("broker_phones", f"`{name}` is no broker")
        _text(phone, f"broker_phones.{name}")
    return phones


def _plans(value: Any, kinds: dict[str, str], currency: str) -> tuple[PlanSetup, ...]:
    plans: list[PlanSetup] = []
    for i, one in enumerate(_list(value, "plans")):
        place = f"plans[{i}]"
        fields = dict(_object(one, place))
        agency = _text(_need(fields, "agency", place), f"{place}.agency")
        if agency not in kinds:
            raise ScenarioFault(f"{place}.agency", f"`{agency}` is no agency")
        del fields["agency"]
        try:
            version = read_version(
                fields, version_id=i, series_id=agency, currency=currency, onsite=kinds[agency] == "onsite"
            )
        except InvalidPlan as error:
            faults = "; ".join(f"{fault.field}: {fault.code}" for fault in error.faults)
            raise ScenarioFault(place, f"is no plan ({faults})") from error
        plan = PlanSetup(agency, str(fields["payee"]), str(fields["applies_to"]), fields, version)
        _no_overlap(plan, plans, place)
        plans.append(plan)
    return tuple(plans)


def _term(plan: PlanSetup) -> PlanTerm:
    return PlanTerm(
        agency_id=plan.agency,
        payee=Payee(plan.payee),
        applies_to=AppliesTo(plan.applies_to),
        from_on=plan.version.from_on,
        to_on=plan.version.to_on,
    )


def _no_overlap(plan: PlanSetup, before: Sequence[PlanSetup], place: str) -> None:
    for i, other in enumerate(before):
        if overlaps(_term(plan), _term(other)):
            raise ScenarioFault(place, f"overlaps plans[{i}]")


def _shares(value: Any, place: str) -> list[tuple[str, Fraction]]:
    shares = []
    for i, one in enumerate(_list(value, place)):
        share = _object(one, f"{place}[{i}]")
        _known(share, f"{place}[{i}]", ("referral", "fraction"))
        referral = _text(_need(share, "referral", f"{place}[{i}]"), f"{place}[{i}].referral")
        shares.append((referral, _fraction(_need(share, "fraction", f"{place}[{i}]"), f"{place}[{i}].fraction")))
    return shares


def _unit(value: Any, place: str) -> dict[str, Any]:
    home = _object(value, place)
    _known(home, place, ("type", "building", "area"))
    kind = home.get("type", "")
    if not isinstance(kind, str):
        raise ScenarioFault(f"{place}.type", "must be text")
    building = _text(home.get("building", "1"), f"{place}.building")
    return {"unit_type": kind, "building": building, "area": _decimal(_need(home, "area", place), f"{place}.area")}


# kind of event: ({required field: reader}, {optional field: reader})
_EVENTS: dict[str, tuple[dict[str, Read], dict[str, Read]]] = {
    "natural_visit": ({"phone": _text}, {}),
    "file": ({"referral": _text, "broker": _text, "phones": _texts}, {}),
    "add_phone": ({"referral": _text, "phone": _text}, {}),
    "visit": ({"referral": _text}, {"phones": _texts, "override": _yes_no, "reason": _text}),
    "withdraw": ({"referral": _text}, {}),
    "policy": ({"policy": _object}, {}),
    "subscribe": (
        {"deal": _text, "price": _decimal, "method": _text, "first_payment_amount": _decimal, "buyers": _texts},
        {"loan_amount": _decimal, "visitor": _text, "unit": _unit},
    ),
    "contract": ({"deal": _text}, {}),
    "handover": ({"deal": _text}, {}),
    "cancel": ({"deal": _text}, {}),
    "payment": ({"deal": _text, "amount": _decimal}, {"source": _text, "reference": _text}),
    "decide": ({"deal": _text, "shares": _shares}, {}),
    "payout": ({}, {}),
}


def _events(value: Any, as_of: datetime) -> tuple[Event, ...]:
    events: list[Event] = []
    for i, one in enumerate(_list(value, "events")):
        event = _event(_object(one, f"events[{i}]"), f"events[{i}]")
        if events and event.at < events[-1].at:
            raise ScenarioFault(f"events[{i}].at", "is earlier than the event before it")
        if event.at > as_of:
            raise ScenarioFault(f"events[{i}].at", "is later than as_of")
        events.append(event)
    return tuple(events)


def _event(raw: dict[str, Any], place: str) -> Event:
    kind = _need(raw, "type", place)
    if not isinstance(kind, str) or kind not in _EVENTS:
        raise ScenarioFault(f"{place}.type", f"must be one of {', '.join(_EVENTS)}")
    required, optional = _EVENTS[kind]
    _known(raw, place, ("at", "type", *required, *optional))
    fields = {name: read(_need(raw, name, place), f"{place}.{name}") for name, read in required.items()}
    for name, read in optional.items():
        if raw.get(name) is not None:
            fields[name] = read(raw[name], f"{place}.{name}")
    return Event(_instant(_need(raw, "at", place), f"{place}.at"), kind, fields)
