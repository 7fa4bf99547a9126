"""How files of a source of payments read: kept once, used by every file of it."""

from collections.abc import Mapping
from typing import Any

from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.access import require
from channels_platform.audit.services import record
from channels_platform.db import transactional
from channels_platform.lib import clock
from channels_platform.lib.errors import Duplicate, Invalid
from channels_platform.lib.names import clean_text
from channels_platform.lib.sheets import plain_heading
from leads.models import PaymentSource
from leads.payment_matching import plain
from leads.payment_rows import FIELDS, KINDS, Reading
from projects.models import Project

_KEPT = ("name", "headings", "words", "encoding", "days", "sign")


@transactional
def keep_source(
    *,
    actor: Any,
    project: Project,
    name: str,
    headings: Mapping[str, str],
    words: Mapping[str, str],
    source: PaymentSource | None = None,
    encoding: str = PaymentSource.Encoding.AUTO,
    days: str = PaymentSource.Days.YEAR_FIRST,
    sign: str = PaymentSource.Sign.RECEIVED,
) -> PaymentSource:
    """Keep how a source's files read; `source` is the one that changes, None a new one.

    `headings`: the heading of each of FIELDS; `words`: for each of KINDS the source's words, set apart by commas.
    Raises: Forbidden; Invalid `name_required`, `heading_twice`, `word_twice`, `unknown_choice`; Duplicate `name_taken`.
    Locks:  the project's sources.
    Writes: PaymentSource, audit event `payment_source.kept`.
    """
    require(actor, Can.RECORD_PAYMENT)
    kept = {
        "name": clean_text(name),
        "headings": {one: clean_text(headings[one]) for one in FIELDS if clean_text(headings.get(one, ""))},
        "words": {one: apart(words.get(one, "")) for one in KINDS if apart(words.get(one, ""))},
        "encoding": encoding,
        "days": days,
        "sign": sign,
    }
    _check(kept)
    others = list(PaymentSource.objects.select_for_update().filter(project=project).order_by("pk"))
    if any(one.name == kept["name"] and one != source for one in others):
        raise Duplicate("a source has this name", code="source_known", field="name")
    stored = next((one for one in others if one == source), None) or PaymentSource(project=project)
    before = {one: getattr(stored, one) for one in _KEPT} if stored in others else {}
    if before == kept:
        return stored
    for one, value in kept.items():
        setattr(stored, one, value)
    stored.changed_by, stored.changed_at = actor, clock.now()
    stored.save()
    record("payment_source.kept", actor=actor, target=stored, project=project, before=before, after=kept)
    return stored


def reading_of(project: Project, source: PaymentSource | None) -> Reading:
    """Return how a project's files read, by their source or as usual."""
    if source is None:
        return Reading(currency=project.currency)
    return Reading(
        currency=project.currency,
        headings=source.headings,
        words=source.words,
        encoding=source.encoding,
        days=source.days,
        opposite=source.sign == PaymentSource.Sign.OPPOSITE,
    )


def apart(text: str) -> list[str]:
    """Return words set apart by commas of either script."""
    return [word for part in text.replace("，", ",").replace("、", ",").split(",") if (word := clean_text(part))]


def _check(kept: Mapping[str, Any]) -> None:
    if not kept["name"] or len(kept["name"]) > 60:
        raise Invalid("a name of up to 60 characters is needed", code="name_required", field="name")
    _refuse_twice([plain_heading(heading) for heading in kept["headings"].values()], "heading_twice")
    _refuse_twice([plain(word) for listed in kept["words"].values() for word in listed], "word_twice")
    for field, choices in (
        ("encoding", PaymentSource.Encoding.values), ("days", PaymentSource.Days.values),
        ("sign", PaymentSource.Sign.values),
    ):  # fmt: skip
        if kept[field] not in choices:
            raise Invalid("unknown choice", code="unknown_choice", field=field)


def _refuse_twice(words: list[str], code: str) -> None:
    if len(set(words)) != len(words):
        raise Invalid("one word stands for one thing", code=code)
