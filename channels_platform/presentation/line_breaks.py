"""Where a text's lines break: Chinese anywhere but before closing signs, other words at blanks and behind hyphens."""

import re
from collections.abc import Callable, Iterator

_WIDE = "\u2e80-\ua4cf\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
_CLOSING = "，。、；：！？）》】」』”’…％"
_OPENING = "（《【「『“‘"
# An opening sign goes with what follows, a closing one with what it follows.
_UNIT = re.compile(
    rf"\s+|[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENING}]+?(?:(?<=\w)[-/](?=\w)|(?=[\s{_WIDE}{_OPENING}])|$))"
    rf"[{_CLOSING}]*|\S"
)


def broken_lines(text: str, widths: Callable[[int], float], width_of: Callable[[str], float]) -> list[str]:
    """Return the text cut into lines; `widths` gives the room of each, `width_of` measures.

    A word with too little room on a line of its own is cut where that is full.
    """
    lines: list[str] = []
    line = ""
    for unit in _units(text):
        room = widths(len(lines))
        if width_of((line + unit).rstrip()) <= room:
            line += unit if line or not unit.isspace() else ""
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = "" if unit.isspace() else unit
        while width_of(line) > widths(len(lines)):
            fits = _fitting(line, widths(len(lines)), width_of)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _units(text: str) -> Iterator[str]:
    return (found.group() for found in _UNIT.finditer(" ".join(text.split("\n"))))


def _fitting(word: str, room: float, width_of: Callable[[str], float]) -> int:
    """Return how many characters of a word fit: one at least."""
    fits = 1
    while fits < len(word) and width_of(word[: fits + 1]) <= room:
        fits += 1
    return fits
