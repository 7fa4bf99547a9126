"""Rows of a spreadsheet through services: what each would do, or what is wrong with it, by row and column.

Built on django-import-export: it runs the rows in a transaction that is rolled back when they are only looked at, or
when one of them is at fault.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from import_export import resources
from import_export.formats.base_formats import Format
from import_export.results import RowResult
from tablib import Dataset

from channels_platform.adminkit.refusals import words_for
from channels_platform.lib.errors import Refused
from channels_platform.lib.sheets import SheetRow, plain_heading, read_rows, text_workbook
from channels_platform.lib.spreadsheets import starts_formula

# What a spreadsheet makes of a number of more digits than it can hold: the last ones are lost.
_CUT_SHORT = re.compile(r"[0-9](\.[0-9]+)?e\+[0-9]+", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """A column: its heading, and how else people spell it (without blanks, marks and case).

    `key`: it says which object a row is about, so every row has it; `required`: a new object needs it.
    """

    field: str
    label: str | Promise
    spellings: str
    key: bool = False
    required: bool = False
    width: int = 18


class SheetFormat(Format):
    """XLSX or CSV, whichever the content is; subclasses say which columns there are."""

    columns: ClassVar[tuple[SheetColumn, ...]] = ()
    most_rows: ClassVar[int] = 500

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding

    def get_title(self) -> str:
        return _("XLSX or CSV")

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> Dataset:
        """Return the rows as import-export wants them, with those of the sheet beside.

        Raises: Invalid as `read_rows`.
        """
        fields = {word: column.field for column in self.columns for word in column.spellings.split()}
        needed = frozenset(column.field for column in self.columns if column.key)
        rows = read_rows(
            in_stream,
            field_of=lambda heading: fields.get(plain_heading(heading), ""),
            needed=needed,
            most_rows=self.most_rows,
        )
        dataset = Dataset(headers=[column.field for column in self.columns])
        for row in rows:
            dataset.append([_cell(row, column.field) for column in self.columns])
        dataset.sheet_rows = rows
        return dataset

    @classmethod
    def template_file(cls, told: Sequence[str]) -> bytes:
        """Return an empty sheet with the headings, and a second one that says how to fill it."""
        headings = [str(column.label) for column in cls.columns]
        widths = tuple(column.width for column in cls.columns)
        how = [[line] for line in told]
        return text_workbook([(_("Rows"), [headings], widths), (_("How to fill it in"), how, (100,))])


def _cell(row: SheetRow, field: str) -> str:
    """Return a cell as it was before an export of ours kept it from being a formula."""
    cells = row.cells.get(field)
    text = cells[0][1] if cells else ""
    return text[1:] if text.startswith("'") and starts_formula(text[1:]) else text


class SheetResource(resources.ModelResource):
    """Rows read into objects of a model, each kept by its service.

    A subclass has `sheet`, `find`, `keep`, and for a column that is no plain text `read_<field>(text, row)`, which
    raises ValueError with words or a Refused. An empty cell leaves what is there.
    """

    sheet: ClassVar[type[SheetFormat]]

    class Meta:
        use_transactions = True
        report_skipped = True
        store_instance = True
        skip_diff = True
        clean_model_instances = False

    def __init__(self, actor: Any = None, **kwargs: Any) -> None:
        super().__init__()
        self.actor = actor
        self.given: dict[str, Any] = {}
        self._is_new = True
        self._rows: list[SheetRow] = []
        self._seen: dict[Hashable, int] = {}

    def find(self, given: dict[str, Any]) -> Any:
        """Return the object that a row is about, None where there is none yet."""
        raise NotImplementedError

    def keep(self, instance: Any | None, given: dict[str, Any]) -> Any:
        """Make the object through its service, or change the one found; `given` holds only what differs."""
        raise NotImplementedError

    def label(self, instance: Any, given: dict[str, Any]) -> str:
        """Return what the preview calls the object."""
        return str(instance)

    def shown(self, field: str, value: Any) -> str:
        """Return a value as the preview may show it."""
        return "" if value is None else str(value)

    def is_once(self) -> bool:
        """Whether a sheet may name an object once only."""
        return True

    def changed(self, instance: Any) -> dict[str, Any]:
        """Return what the row would change."""
        keys = {column.field for column in self.sheet.columns if column.key}
        return {
            name: value
            for name, value in self.given.items()
            if name not in keys and getattr(instance, name, None) != value
        }

    # ---- what import-export calls ----

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self._rows, self._seen = dataset.sheet_rows, {}

    def before_import_row(self, row: Any, row_number: int = 0, **kwargs: Any) -> None:
        self.given = self._read(row)
        if not self.is_once():
            return
        keys = [column.field for column in self.sheet.columns if column.key]
        key = tuple(str(self.given[name]).casefold() for name in keys)
        if key in self._seen:
            words = _("Row %(row)s is about the same.") % {"row": self._seen[key]}
            raise ValidationError({keys[-1]: words})
        self._seen[key] = self._rows[row_number - 1].number

    def _read(self, row: Any) -> dict[str, Any]:
        given, faults = {}, {}
        for column in self.sheet.columns:
            text = str(row.get(column.field) or "")
            if not text:
                if column.key:
                    faults[column.field] = str(words_for("required"))
                continue
            if _CUT_SHORT.fullmatch(text):
                faults[column.field] = _("The spreadsheet has cut this number short: give the column the format Text.")
                continue
            reader = getattr(self, f"read_{column.field}", None)
            try:
                given[column.field] = reader(text, row) if reader else text
            except Refused as refused:
                faults[column.field] = words_for(refused.code, refused.detail)
            except ValueError as wrong:
                faults[column.field] = str(wrong)
        if faults:
            raise ValidationError(faults)
        return given

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        return self.find(self.given)

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        self._is_new = new

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if self._is_new:
            missing = [one.field for one in self.sheet.columns if one.required and one.field not in self.given]
            if missing:
                raise ValidationError(dict.fromkeys(missing, str(words_for("required"))))

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not import_validation_errors and not self._is_new and not self.changed(instance)

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        row_result.label = self.label(row_result.instance, self.given)

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        given = self.given if is_create else self.changed(instance)
        self._changes = [] if is_create else self._told(instance, given)
        try:
            kept = self.keep(None if is_create else instance, given)
        except Refused as refused:
            raise _as_fault(refused) from refused
        instance.__dict__.update(kept.__dict__)

    def _told(self, instance: Any, given: dict[str, Any]) -> list[str]:
        labels = {column.field: column.label for column in self.sheet.columns}
        return [
            _("%(field)s: %(before)s → %(after)s")
            % {
                "field": labels[name],
                "before": self.shown(name, getattr(instance, name, None)) or "–",
                "after": self.shown(name, value) or "–",
            }
            for name, value in given.items()
        ]

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> Any:
        self._changes: list[str] = []
        result = super().import_row(row, instance_loader, **kwargs)
        result.changes = self._changes
        return result

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        result.sheet_rows = dataset.sheet_rows


def _as_fault(refused: Refused) -> ValidationError:
    codes = refused.facts.get("faults") or {refused.field: refused.code}
    words = {name or NON_FIELD_ERRORS: words_for(code, refused.detail) for name, code in codes.items()}
    return ValidationError(words)


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be said of one row: its number, the column at fault, and the words."""

    row: int | None
    column: str
    said: str


def faults_of(result: Any, sheet: type[SheetFormat]) -> list[Told]:
    """Return what is wrong, row by row, naming columns as the spreadsheet shows them."""
    labels = {column.field: str(column.label) for column in sheet.columns}
    told = [Told(None, "", words_for("refused")) for _error in result.base_errors]
    for row, one in zip(getattr(result, "sheet_rows", []), result.rows, strict=False):
        if one.errors:
            told.append(Told(row.number, "", words_for("refused")))
        for name, messages in _messages(one).items():
            cells = row.cells.get(name)
            place = f"{cells[0][0]} · " if cells else ""
            column = f"{place}{labels[name]}" if name in labels else ""
            told += [Told(row.number, column, str(message)) for message in messages]
    return told


def _messages(one: RowResult) -> dict[str, list[str]]:
    error = one.validation_error
    if error is None:
        return {}
    return dict(error.message_dict) if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
