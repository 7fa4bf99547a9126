"""What became of a spreadsheet's rows, in the reader's words: for the page, and as a file."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.lib.sheets import text_workbook
from channels_platform.lib.spreadsheets import BOM, kept_text
from leads.messages import filing_outcome
from leads.models import ClientSheet, FilingKey, Referral
from leads.states import ReferralState

ACCEPTED, REFUSED, FAULTY = "accepted", "refused", "faulty"
_WIDTHS = (8, 20, 12, 28, 16, 70, 24)


@dataclass(frozen=True, slots=True)
class RowResult:
    """One row: what it came to, in words; `referral` where it was filed."""

    number: int
    kind: str
    outcome: str
    text: str
    referral: Referral | None = None

    @property
    def phones(self) -> str:
        return " ".join(phone.masked for phone in self.referral.phones.all()) if self.referral else ""


def results(sheet: ClientSheet, user: Any) -> list[RowResult]:
    """Return the rows in their order, as `user` may read their outcomes."""
    keys = sheet.keys
    filed = FilingKey.objects.filter(caller=sheet.broker.user_id, key__in=list(keys))
    rows = filed.select_related("referral__project", "referral__policy").prefetch_related("referral__phones")
    by_number = {keys[one.key]: one.referral for one in rows}
    wrong: dict[int, list[str]] = {}
    for fault in sheet.faults:
        wrong.setdefault(fault["row"], []).append(fault_words(fault))
    return [
        _filed(number, by_number[number], user, sheet)
        if number in by_number
        else RowResult(number, FAULTY, _("Not filed"), " ".join(wrong.get(number, [_("Not judged yet.")])))
        for number in sheet.numbers
    ]


def _filed(number: int, referral: Referral, user: Any, sheet: ClientSheet) -> RowResult:
    if referral.broker_id != sheet.broker_id:
        return RowResult(number, ACCEPTED, _("Handed over to a colleague"), "")
    message = filing_outcome(referral, user)
    kind = REFUSED if referral.state == ReferralState.REJECTED else ACCEPTED
    return RowResult(number, kind, message.title, message.text, referral)


_FIELDS: dict[str, str | Promise] = {
    "project": gettext_lazy("Project"),
    "client_name": gettext_lazy("Client's name"),
    "phones": gettext_lazy("Phone"),
    "expected_arrival": gettext_lazy("Expected arrival"),
    "party_size": gettext_lazy("How many people"),
    "note": gettext_lazy("Note for reception"),
}
_FAULTS: dict[str, str | Promise] = {
    "project_unknown": gettext_lazy("This is no project that your agency can file for now."),
    "project_missing": gettext_lazy("No project is named."),
    "name_missing": gettext_lazy("The name is missing."),
    "phone_missing": gettext_lazy("The phone is missing."),
    "too_many_phones": gettext_lazy("At most five phones."),
    "invalid_phone": gettext_lazy("This is not a phone number that exists. Check the digits."),
    "mask_expected": gettext_lazy("Enter the first three and last four digits, like 138****5678."),
    "arrival_unclear": gettext_lazy("The time cannot be read. Write it like 2026-03-05 15:30."),
    "arrival_past": gettext_lazy("This time is past."),
    "arrival_far": gettext_lazy("This is more than a year ahead. Check the date, or leave it out."),
    "party_unclear": gettext_lazy("Write a number from 1 to 50."),
    "too_long": gettext_lazy("This text is too long."),
}


def fault_words(fault: dict[str, Any]) -> str:
    """Say what is wrong, naming the column as the spreadsheet shows it."""
    said = str(_FAULTS.get(fault["code"], _("This row could not be filed.")))
    field = str(_FIELDS.get(fault["field"], ""))
    if fault["column"]:
        return _("Column %(column)s (%(field)s): %(said)s") % {
            "column": fault["column"],
            "field": field,
            "said": said,
        }
    return said


def _table(sheet: ClientSheet, user: Any) -> Iterable[list[str]]:
    yield [_("Row"), _("Project"), _("Client"), _("Phones"), _("Outcome"), _("Reason and what to do"), _("Number")]
    for row in results(sheet, user):
        referral = row.referral
        yield [
            str(row.number),
            referral.project.name if referral else "",
            referral.client_masked if referral else "",
            row.phones,
            row.outcome,
            row.text,
            referral.number if referral else "",
        ]


def result_csv(sheet: ClientSheet, user: Any) -> str:
    """Return the results as CSV that Excel opens right; nothing in it starts a formula."""
    text = StringIO()
    csv.writer(text).writerows([kept_text(cell) for cell in row] for row in _table(sheet, user))
    return BOM + text.getvalue()


def result_file(sheet: ClientSheet, user: Any) -> bytes:
    """Return the results as a workbook; every cell is text, so nothing in it is a formula."""
    return text_workbook([(_("Results"), list(_table(sheet, user)), _WIDTHS)])


def template_file(projects: Iterable[Any]) -> bytes:
    """Return an empty sheet with the headings we read, and a second one that says how to fill it."""
    headings = [str(name) for name in _FIELDS.values()]
    told = [
        [_("Headings may stand in English or Chinese, in any order; name and phone are needed. At most 500 rows.")],
        [_("Project: its name or code. Left out, it is the one chosen when you send the file.")],
        [_("Phone: several with / between. Where a project takes masks: 138****5678.")],
        [_("Expected arrival: like 2026-03-05 15:30, or as in a chat. It may be left out.")],
        [""],
        [_("Projects you can file for")],
        *[[project.name] for project in projects],
    ]
    widths = (20, 20, 28, 20, 12, 40)
    return text_workbook([(_("Clients"), [headings], widths), (_("How to fill it in"), told, (100,))])
