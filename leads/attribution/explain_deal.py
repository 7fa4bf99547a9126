"""Why a referral has a part of a deal, or none: what each buyer's phone led to, and the one fact that would turn it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from leads.attribution.attribute import attribute
from leads.attribution.types import BuyerPhone, Candidate, Visitor

CLAIM, LATEST_VISIT, PROXY, NOBODY = "claim", "latest_visit", "proxy_purchase", "nobody"


@dataclass(frozen=True, slots=True)
class DealInputs:
    phones: tuple[BuyerPhone, ...]
    visitor: Visitor | None
    at: datetime

    def parts(self) -> dict[Any, Fraction]:
        shares = attribute(phones=self.phones, visitor=self.visitor, at=self.at)
        return {share.referral: share.fraction for share in shares}


@dataclass(frozen=True, slots=True)
class PhoneStep:
    """What one buyer's phone led to: a referral (or None), by which rule."""

    phone: Any
    rule: str
    referral: Any | None


@dataclass(frozen=True, slots=True)
class DealFlip:
    """The one fact whose change gives the referral a part, or takes it; `phone` where the fact is one of a phone."""

    fact: str
    phone: Any | None
    was: Any
    becomes: Any
    inputs: DealInputs


@dataclass(frozen=True, slots=True)
class DealExplanation:
    """`part` is the referral's, 0 for none; `by_visitor`: nobody's phone led anywhere, and the visitor has the deal."""

    part: Fraction
    steps: tuple[PhoneStep, ...]
    by_visitor: bool
    flip: DealFlip | None


def explain_deal(
    *,
    phones: Sequence[BuyerPhone],
    visitor: Visitor | None,
    at: datetime,
    referral: Any,
    never: bool,
    own_facts_only: bool = False,
) -> DealExplanation:
    """Explain what a referral has of a deal subscribed at `at`.

    `never`: it was filed under that mode, in which a visit counts and no claim. `own_facts_only`: name no fact of
    others (their visits, walk-ins) as the one that turns it.
    Source: domain 4.4.
    """
    inputs = DealInputs(tuple(phones), visitor, at)
    parts = inputs.parts()
    has = referral in parts
    changes = _taking(inputs, referral) if has else _giving(inputs, referral, never=never, own_only=own_facts_only)
    flip = next((change for change in changes if (referral in change.inputs.parts()) != has), None)
    steps = tuple(_step(phone, at) for phone in phones)
    by_visitor = bool(parts) and all(step.referral is None for step in steps)
    return DealExplanation(parts.get(referral, Fraction(0)), steps, by_visitor, flip)


def _step(phone: BuyerPhone, at: datetime) -> PhoneStep:
    """Return what one phone leads to, asked alone."""
    shares = attribute(phones=[phone], visitor=None, at=at)
    if not shares:
        return PhoneStep(phone.phone, NOBODY, None)
    return PhoneStep(phone.phone, shares[0].because, shares[0].referral)


def _with_phone(inputs: DealInputs, place: int, **facts: Any) -> DealInputs:
    changed = replace(inputs.phones[place], **facts)
    return replace(inputs, phones=(*inputs.phones[:place], changed, *inputs.phones[place + 1 :]))


def _with_candidate(inputs: DealInputs, place: int, at: int, candidate: Candidate | None) -> DealInputs:
    known = inputs.phones[place].candidates
    put = () if candidate is None else (candidate,)
    return _with_phone(inputs, place, candidates=(*known[:at], *put, *known[at + 1 :]))


def _taking(inputs: DealInputs, referral: Any) -> Iterator[DealFlip]:
    """Yield what would take the referral's part."""
    for place, phone in enumerate(inputs.phones):
        if phone.holder == referral:
            yield DealFlip("holder", phone.phone, referral, None, _with_phone(inputs, place, holder=None))
        for at, candidate in enumerate(phone.candidates):
            if candidate.referral == referral:
                yield DealFlip(
                    "visited_at", phone.phone, candidate.last_visited_at, None, _with_candidate(inputs, place, at, None)
                )
    # found by several phones: without any one of them it still has its part
    visitor = inputs.visitor
    if visitor is not None and visitor.referral == referral:
        changed = replace(inputs, visitor=replace(visitor, proxy_purchase=False))
        yield DealFlip("proxy_purchase", None, True, False, changed)
    moment = _before_own(inputs, referral)
    yield DealFlip("subscribed_at", None, inputs.at, moment, replace(inputs, at=moment))


def _before_own(inputs: DealInputs, referral: Any) -> datetime:
    """Return the instant before the referral's own visits: others' are not for its broker to learn of."""
    candidates = [candidate for phone in inputs.phones for candidate in phone.candidates]
    visits = [candidate.last_visited_at for candidate in candidates if candidate.referral == referral]
    return min([inputs.at, *visits]) - timedelta(microseconds=1)


def _giving(inputs: DealInputs, referral: Any, *, never: bool, own_only: bool) -> Iterator[DealFlip]:
    """Yield what would give the referral a part: the nearest facts first."""
    if not own_only:
        yield from _near_misses(inputs, referral)
    for place, phone in enumerate(inputs.phones):
        if never and phone.holder is None:
            own = Candidate(referral, inputs.at, None)
            rest = tuple(candidate for candidate in phone.candidates if candidate.referral != referral)
            was = next((c.last_visited_at for c in phone.candidates if c.referral == referral), None)
            yield DealFlip(
                "visited_at", phone.phone, was, inputs.at, _with_phone(inputs, place, candidates=(own, *rest))
            )
    for place, phone in enumerate(inputs.phones):
        yield DealFlip("holder", phone.phone, phone.holder, referral, _with_phone(inputs, place, holder=referral))


def _near_misses(inputs: DealInputs, referral: Any) -> Iterator[DealFlip]:
    for place, phone in enumerate(inputs.phones):
        own = next((at for at, one in enumerate(phone.candidates) if one.referral == referral), None)
        if own is None:
            continue
        if phone.holder is not None:
            yield DealFlip("holder", phone.phone, phone.holder, None, _with_phone(inputs, place, holder=None))
        natural = phone.last_natural_visit_at
        if natural is not None:
            changed = _with_phone(inputs, place, last_natural_visit_at=None)
            yield DealFlip("natural_visit", phone.phone, natural, None, changed)
        days = phone.candidates[own].credit_days
        if days is not None:
            longer = _with_candidate(inputs, place, own, replace(phone.candidates[own], credit_days=None))
            yield DealFlip("credit_days", phone.phone, days, None, longer)
        for at, other in enumerate(phone.candidates):
            if at != own:
                without = _with_candidate(inputs, place, at, None)
                yield DealFlip("other_visit", phone.phone, other.last_visited_at, None, without)
    visitor = inputs.visitor
    if visitor is not None and visitor.referral == referral:
        for name in ("proxy_purchase", "visited"):
            if not getattr(visitor, name):
                facts: dict[str, Any] = {name: True}
                changed = replace(inputs, visitor=replace(visitor, **facts))
                yield DealFlip(name, None, False, True, changed)
