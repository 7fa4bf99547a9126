"""A form that takes a spreadsheet and reads it into rows; the file itself is not kept."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm
from channels_platform.lib.errors import Invalid
from channels_platform.lib.sheets import LARGEST, SheetRow

FAULTS = {
    "file_empty": gettext_lazy("This file is empty."),
    "file_too_large": gettext_lazy("This file is too large; the most is 2 MB."),
    "sheet_type": gettext_lazy("Send an XLSX or a CSV file."),
    "sheet_broken": gettext_lazy("This file cannot be read. Save it again as XLSX or CSV."),
}


class SheetForm(OnceForm):
    """`read` makes rows of the file; `help_text` and `faults` say what such a sheet holds; `rows` is what was read."""

    read: ClassVar[Callable[[bytes], list[SheetRow]]]
    help_text: ClassVar[Promise]
    faults: ClassVar[Mapping[str, Promise]]

    file = forms.FileField(
        label=gettext_lazy("Spreadsheet (XLSX or CSV)"),
        widget=forms.ClearableFileInput({"accept": ".xlsx,.csv,text/csv"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows: list[SheetRow] = []
        self.fields["file"].help_text = str(self.help_text)

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        try:
            self.rows = type(self).read(file.read(LARGEST + 1))
        except Invalid as wrong:
            words = (FAULTS | self.faults).get(wrong.code, wrong.code)
            raise forms.ValidationError(words, code=wrong.code) from wrong
        return file
