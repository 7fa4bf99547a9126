"""The pages of an import: a file is sent and looked at, then all of its rows are taken, or none."""

import base64
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables
from import_export.admin import ImportMixin
from import_export.forms import ConfirmImportForm
from import_export.results import RowResult
from import_export.tmp_storages import BaseStorage
from unfold.contrib.import_export.forms import ImportForm

from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.sheets import SheetFormat, faults_of
from channels_platform.audit.services import record
from channels_platform.files.content import XLSX
from channels_platform.http.downloads import send_file
from channels_platform.http.sheet_forms import FAULTS
from channels_platform.lib.errors import Invalid
from channels_platform.lib.ids import uuid7
from channels_platform.lib.sheets import LARGEST
from channels_platform.privacy.keys import cipher

KEPT_FOR = 30 * 60
# More than so many rows are counted, and not shown one by one.
SHOWN = 200


class KeptSheet(BaseStorage):
    """A file between the two steps: encrypted, in the cache, for half an hour at most; never on a disk in clear."""

    @property
    def _key(self) -> str:
        return f"import:{self.name}"

    def save(self, data: bytes) -> None:
        self.name = self.name or uuid7().hex
        cache.set(self._key, cipher().encrypt(base64.b64encode(data).decode()), KEPT_FOR)

    def read(self) -> bytes:
        """Raises: Invalid `sheet_gone`."""
        kept = cache.get(self._key)
        if kept is None:
            raise Invalid("the file is no longer kept", code="sheet_gone")
        return base64.b64decode(cipher().decrypt(kept))

    def remove(self) -> None:
        cache.delete(self._key)


class SheetImportForm(ImportForm):
    """One file, whichever of the two kinds it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["format"].widget = forms.HiddenInput()
        self.fields["format"].initial = "0"
        self.fields["import_file"].label = _("Spreadsheet (XLSX or CSV)")
        self.fields["import_file"].widget.attrs["accept"] = ".xlsx,.csv,text/csv"

    @property
    def media(self) -> forms.Media:
        return forms.Media()

    def clean_import_file(self) -> Any:
        file = self.cleaned_data["import_file"]
        if file.size > LARGEST:
            raise forms.ValidationError(FAULTS["file_too_large"], code="file_too_large")
        return file


class _ConfirmForm(ConfirmImportForm):
    """What the second step is sent back: there is one kind of file and one resource."""

    format = forms.ChoiceField(choices=[("0", "0")], widget=forms.HiddenInput)
    resource = forms.ChoiceField(choices=[("0", "0")], widget=forms.HiddenInput, required=False)


class SheetImport(ImportMixin):
    """A model page that takes rows out of a spreadsheet.

    A subclass has `sheet`, `resource_classes`, `import_can`, `imported` (the event's action) and `sheet_told`: lines
    that say how to fill it in.
    """

    sheet: ClassVar[type[SheetFormat]]
    import_can: ClassVar[Can]
    imported: ClassVar[str]
    sheet_told: ClassVar[Sequence[str | Promise]] = ()
    import_form_class = SheetImportForm
    confirm_form_class = _ConfirmForm
    import_template_name = "admin/import_sheet.html"
    tmp_storage_class = KeptSheet
    skip_admin_log = True

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.import_template_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_import_template"
        return [path("import/template/", view, name=name), *super().get_urls()]

    def get_import_formats(self) -> list[type[SheetFormat]]:
        return [self.sheet]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return may(request.user, self.import_can)

    def get_import_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"actor": request.user}

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        # A fault found only now rolls back all: what was looked at is taken whole or not at all.
        return {"rollback_on_validation_errors": True}

    def import_template_view(self, request: HttpRequest) -> HttpResponseBase:
        """An empty spreadsheet with the headings, in the reader's language."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        told = [
            _("Headings may stand in English or Chinese, in any order. At most %(n)s rows.")
            % {"n": self.sheet.most_rows},
            *map(str, self.sheet_told),
        ]
        name = f"{self.opts.model_name}-template.xlsx"
        return send_file(self.sheet.template_file(told), name, content_type=XLSX.media_type)

    @sensitive_variables()
    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        response = super().import_action(request, **kwargs)
        if isinstance(response, TemplateResponse):
            self._fill(response, request)
        return response

    @sensitive_variables()
    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not self.has_import_permission(request):
            raise PermissionDenied
        try:
            response = super().process_import(request, **kwargs)
        except Invalid as refused:
            messages.warning(request, _words(refused))
            return HttpResponseRedirect(self._url("import"))
        if isinstance(response, TemplateResponse) and "sections" not in (response.context_data or {}):
            return HttpResponseRedirect(self._url("import"))
        return response

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        faults = faults_of(result, self.sheet)
        if faults:
            form = self.import_form_class(self.get_import_formats(), self.get_import_resource_classes(request))
            context = {**self.admin_site.each_context(request), "opts": self.opts, "form": form, "result": result}
            page = TemplateResponse(request, self.import_template_name, context)
            self._fill(page, request)
            return page
        totals = result.totals
        counts = {
            "new": totals[RowResult.IMPORT_TYPE_NEW],
            "changed": totals[RowResult.IMPORT_TYPE_UPDATE],
            "same": totals[RowResult.IMPORT_TYPE_SKIP],
        }
        record(self.imported, actor=request.user, after=counts)
        messages.success(request, _counted(counts))
        return HttpResponseRedirect(self._url("changelist"))

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        form.add_error("import_file", _words(e))

    def _fill(self, page: TemplateResponse, request: HttpRequest) -> None:
        """Put into a page what our template shows; a file that is not to be confirmed is not kept."""
        context = page.context_data if page.context_data is not None else {}
        result, file = context.get("result"), request.FILES.get("import_file")
        if "confirm_form" not in context and file is not None and getattr(file, "tmp_storage_name", None):
            KeptSheet(name=file.tmp_storage_name).remove()
        context |= {
            "sections": _sections(result, self.sheet) if result is not None else [],
            "told": [
                _("At most %(n)s rows; an empty cell leaves what is there.") % {"n": self.sheet.most_rows},
                *self.sheet_told,
            ],
            "template_url": self._url("import_template"),
            "here": self._url("import"),
            "there": self._url("process_import"),
            "back": self._url("changelist"),
        }
        page["Cache-Control"] = "no-store"
        if getattr(context.get("form"), "errors", None) or (result is not None and "confirm_form" not in context):
            page.status_code = 422

    def _url(self, page: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}")


def _words(fault: Exception) -> str:
    own = {
        "no_headings": _("The headings that say which object a row is about are missing: see the template."),
        "no_rows": _("There is nothing below the headings."),
        "too_many_rows": _("There are too many rows: split the file."),
        "sheet_gone": _("The file is no longer kept: send it again."),
    }
    code = getattr(fault, "code", "")
    return str(own.get(code) or FAULTS.get(code) or FAULTS["sheet_broken"])


def _counted(counts: dict[str, int]) -> str:
    parts = (
        ngettext("%(n)s new", "%(n)s new", counts["new"]) % {"n": counts["new"]},
        ngettext("%(n)s changed", "%(n)s changed", counts["changed"]) % {"n": counts["changed"]},
        ngettext("%(n)s known already", "%(n)s known already", counts["same"]) % {"n": counts["same"]},
    )
    return _("Rows: %(counts)s.") % {"counts": ", ".join(parts)}


def _sections(result: Any, sheet: type[SheetFormat]) -> list[cells.Section]:
    faults = faults_of(result, sheet)
    if faults:
        rows = [(one.row or cells.DASH, one.column or cells.DASH, one.said) for one in faults[:SHOWN]]
        head = ("#" + _("Row"), _("Column"), _("What is wrong"))
        text = _("Nothing is taken while a row is at fault. Put these right and send the file again.")
        return [cells.words(_("Not imported"), [text]), cells.table(_("Faults"), head, rows, note=_first(len(faults)))]
    what = {
        RowResult.IMPORT_TYPE_NEW: _("New"),
        RowResult.IMPORT_TYPE_UPDATE: _("Changed"),
        RowResult.IMPORT_TYPE_SKIP: _("Known already"),
    }
    counts = {name: sum(row.import_type == kind for row in result.rows) for name, kind in
              (("new", "new"), ("changed", "update"), ("same", "skip"))}  # fmt: skip
    rows = [
        (sheet_row.number, what.get(row.import_type, ""), row.label, "; ".join(row.changes) or cells.DASH)
        for sheet_row, row in zip(result.sheet_rows, result.rows, strict=True)
    ][:SHOWN]
    head = ("#" + _("Row"), _("What"), _("Which"), _("Changes"))
    return [
        cells.words(_("What will happen"), [_counted(counts), _("Nothing is written yet.")]),
        cells.table(_("Rows"), head, rows, note=_first(len(result.rows))),
    ]


def _first(n: int) -> str:
    return _("The first %(shown)s of %(n)s.") % {"shown": SHOWN, "n": n} if n > SHOWN else ""
