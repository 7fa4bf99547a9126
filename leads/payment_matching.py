"""What the rows of a payments file mean for deals: which deal each is of, and which it might be. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

NEW, SAME, WAITING, FAULT = "new", "same", "waiting", "fault"
MOST_SUGGESTED = 5
_DEAL_NUMBER = re.compile(r"[A-Za-z]+-\d{6,8}-\d{4,}", re.ASCII)
_ALIKE = 6


@dataclass(frozen=True, slots=True)
class RowSaid:
    """One row as its file says it; `reverses` is the reference of the payment that it takes back."""

    number: int
    amount: Decimal | None
    reference: str
    deal: str = ""
    unit: str = ""
    payer: str = ""
    reverses: str = ""
    received: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A reference that the project knows: of which deal, with how much, and how much of it was taken back."""

    deal: str
    amount: Decimal
    taken_back: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        return self.amount - self.taken_back


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a row: `new` for `deal`, `same`, `waiting` for a person or `fault`, with its reason.

    `amount` is what is recorded, refunds below 0.
    """

    becomes: str
    deal: str = ""
    amount: Decimal = Decimal(0)
    reason: str = ""


def plain(text: str) -> str:
    """Return letters and digits alone, whatever their case and width."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).casefold()


def plain_unit(text: str) -> str:
    """Return a unit as all spell it alike: `8栋-1201室`, `8 号楼 1201` and `8-1201` are one."""
    return re.sub(r"号?[栋幢楼座]|单元|号|室|房", "", plain(text))


def units_in(text: str) -> list[str]:
    """Return what a remark may say of a unit: its words with a number in them, `房款 3-704` says 3-704."""
    return [word for word in re.split(r"[\s,，;；:：()（）]+", text) if any(sign.isdigit() for sign in word)]


def numbers_in(text: str) -> list[str]:
    """Return the deal numbers that a text may hold: itself, and what looks like one in it."""
    return list(dict.fromkeys([text.strip().upper(), *(found.upper() for found in _DEAL_NUMBER.findall(text))]))


def goes_back(said: RowSaid) -> int:
    """Return where a row is to be judged: what comes in first, then refunds, then what takes back a payment it names.

    Files of banks begin with the newest row, so that a refund may stand above its payment.
    """
    if said.reverses:
        return 2
    return int(said.amount is not None and said.amount < 0)


def judge(
    rows: Iterable[RowSaid],
    *,
    deals: Mapping[str, str],
    units: Mapping[str, str],
    known: Mapping[str, Known],
    taken_back: Mapping[str, Decimal],
    collected: Mapping[str, Decimal],
    left: frozenset[str],
    since: Mapping[str, str],
    now: str,
) -> list[Judged]:
    """Return what becomes of each row, in their order; the same rows again come to `same`.

    `deals` are ids by number, `units` ids of live deals by plain unit, `known` the references recorded, `left` those
    that wait for a person or were set aside, `collected` what was by deal, `taken_back` what was by the reference that
    it names, known or yet to come. What a row records, the rows after it know.
    `since` are the instants of subscription by deal and `now` is the present one, local and naive in ISO's form, as
    what a row says of its own.
    """
    found, recorded, waiting, money = [], dict(known), set(left), dict(collected)
    for said in rows:
        judged = _judged(said, deals, units, recorded, waiting)
        if judged.becomes in (NEW, WAITING) and (fault := _untimely(said, since.get(judged.deal, ""), now)):
            judged = Judged(FAULT, judged.deal, judged.amount, fault)
        if judged.becomes == NEW and judged.amount < 0 and money.get(judged.deal, 0) + judged.amount < 0:
            judged = Judged(FAULT, judged.deal, judged.amount, "more_than_collected")
        if judged.becomes == NEW:
            money[judged.deal] = money.get(judged.deal, Decimal(0)) + judged.amount
            before = taken_back.get(said.reference, Decimal(0))
            recorded[said.reference] = Known(judged.deal, judged.amount, before)
            if original := recorded.get(said.reverses):
                recorded[said.reverses] = replace(original, taken_back=original.taken_back - judged.amount)
        elif judged.becomes == WAITING:
            waiting.add(said.reference)
        found.append(judged)
    return found


def _judged(
    said: RowSaid, deals: Mapping[str, str], units: Mapping[str, str], known: Mapping[str, Known], left: set[str]
) -> Judged:
    if said.fault:
        return Judged(FAULT, reason=said.fault)
    original = known.get(said.reverses) if said.reverses else None
    amount = _amount(said, original)
    named = original.deal if original else _deal_of(said, deals, units)
    before = known.get(said.reference)
    if before is not None:
        same = before.amount == amount and (not named or named == before.deal)
        return Judged(SAME if same else FAULT, before.deal, amount, "" if same else "known_otherwise")
    if said.reference in left:
        return Judged(SAME, reason="waits_already")
    if original is not None and -amount > original.left:
        return Judged(FAULT, original.deal, amount, "more_than_original")
    if said.reverses and original is None and not named:
        return Judged(WAITING, amount=amount, reason="original_unknown")
    if not named:
        return Judged(WAITING, amount=amount, reason="no_deal")
    return Judged(NEW, named, amount)


def _untimely(said: RowSaid, since: str, now: str) -> str:
    """A day says nothing of the hour: it is early or late as a day."""
    if said.received > now[: len(said.received)]:
        return "in_the_future"
    return "before_subscription" if said.received < since[: len(said.received)] else ""


def _amount(said: RowSaid, original: Known | None) -> Decimal:
    """A row that takes a payment back is below 0 however it is written; without an amount it takes back all of it."""
    if said.amount is None:
        return -original.amount if original else Decimal(0)
    return -abs(said.amount) if said.reverses else said.amount


def _deal_of(said: RowSaid, deals: Mapping[str, str], units: Mapping[str, str]) -> str:
    """By number, else by unit; where a number and a unit are of two deals, of neither."""
    named = {deals[number] for number in numbers_in(said.deal) if number in deals}
    of_unit = units.get(plain_unit(said.unit), "") if said.unit else ""
    if len(named) > 1 or (named and of_unit and of_unit not in named):
        return ""
    return next(iter(named), of_unit)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A deal that a row might be of: `due` are the amounts still expected, `references` those of its payments."""

    id: str
    number: str
    unit: str
    buyers: frozenset[str]
    due: frozenset[Decimal]
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    deal: str
    score: int
    reasons: tuple[str, ...]


def suggest(said: RowSaid, candidates: Iterable[Candidate]) -> list[Suggestion]:
    """Return the deals that a row might be of, the likeliest first, each with what speaks for it."""
    scored = []
    for one in candidates:
        reasons = _reasons(said, one)
        if reasons:
            scored.append((-sum(_WEIGHTS[name] for name in reasons), one.number, Suggestion(
                one.id, sum(_WEIGHTS[name] for name in reasons), tuple(reasons)
            )))  # fmt: skip
    return [found for _score, _number, found in sorted(scored, key=lambda each: each[:2])][:MOST_SUGGESTED]


_WEIGHTS = {"original": 16, "number": 4, "unit": 4, "amount": 3, "buyer": 2, "reference": 2}


def _reasons(said: RowSaid, one: Candidate) -> list[str]:
    found = []
    if said.reverses and said.reverses in one.references:
        found.append("original")
    if said.deal and _one_apart(plain(said.deal), plain(one.number)):
        found.append("number")
    named = said.unit and _one_apart(plain_unit(said.unit), plain_unit(one.unit))
    if one.unit and (named or plain_unit(one.unit) in map(plain_unit, units_in(said.deal))):
        found.append("unit")
    if said.amount is not None and said.amount in one.due:
        found.append("amount")
    if said.payer and said.payer in one.buyers:
        found.append("buyer")
    if any(_alike(said.reference, reference) for reference in one.references):
        found.append("reference")
    return found


def _same_beginning(one: str, other: str) -> int:
    """Return how many signs two texts begin with alike."""
    alike = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        alike += 1
    return alike


def _alike(one: str, other: str) -> bool:
    """Whether two references begin alike, and not only with what is short."""
    common = _same_beginning(one, other)
    return common >= _ALIKE and common >= len(one) - 4


def _one_apart(one: str, other: str) -> bool:
    """Whether two texts are the same but for one sign: another, missing, or two that changed places."""
    if one == other:
        return bool(one)
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < 3:
        return False
    start = _same_beginning(one, other)
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
