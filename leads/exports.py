"""Lists of clients as CSV: streamed, masked, safe in a spreadsheet."""

import csv
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from channels_platform.lib.spreadsheets import BOM, kept_text
from channels_platform.presentation.badges import badge_of
from leads.models import Referral
from leads.states import LIVE

_CHUNK = 500


def clients_csv(referrals: QuerySet[Referral], now: datetime, language: str | None) -> Iterator[str]:
    """Return the referrals as CSV in `language`, in pieces; the state is that of `now`.

    The language is set for each piece: they are drawn while the answer is sent, when the request's is over.
    """
    with override(language):
        yield BOM + _written([_headings()])
    rows: list[list[str]] = []
    for referral in referrals.iterator(chunk_size=_CHUNK):
        with override(language):
            rows.append(_row(referral, now))
        if len(rows) == _CHUNK:
            yield _written(rows)
            rows = []
    yield _written(rows)


def _headings() -> list[str]:
    return [
        _("Number"),
        _("Project"),
        _("Client"),
        _("Phones"),
        _("Broker"),
        _("State"),
        _("Filed"),
        _("First visit"),
        _("Protected until"),
        _("Consultant"),
    ]


def _row(referral: Referral, now: datetime) -> list[str]:
    state = referral.state_at(now)
    until = referral.window_ends_at if state in LIVE else None
    return [
        referral.number,
        referral.project.name,
        referral.client_masked,
        " ".join(phone.masked for phone in referral.phones.all()),
        str(referral.broker),
        str(badge_of("referral", state).word),
        _time(referral.filed_at, referral),
        _time(referral.first_visited_at, referral),
        _time(until, referral),
        str(referral.consultant) if referral.consultant_id else "",
    ]


def _time(instant: datetime | None, referral: Referral) -> str:
    return f"{instant.astimezone(referral.project.zone):%Y-%m-%d %H:%M}" if instant else ""


def _written(rows: list[list[Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows([kept_text(cell) for cell in row] for row in rows)
    return text.getvalue()
