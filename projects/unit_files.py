"""Units from and to files: each row through the services, nothing but plain text in the cells."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets
from import_export.formats.base_formats import CSV
from tablib import Dataset

from channels_platform.lib.errors import Refused
from channels_platform.lib.spreadsheets import BOM, defused
from projects.models import Phase, Project, Unit
from projects.services.details import UNIT_FIELDS, change_unit
from projects.services.units import create_unit


class SafeCsv(CSV):
    """CSV that spreadsheets open in the right encoding, and in which no cell begins a formula."""

    CONTENT_TYPE = "text/csv; charset=utf-8"

    def export_data(self, dataset: Dataset, **kwargs: Any) -> str:
        plain = Dataset(headers=dataset.headers)
        for row in dataset:
            plain.append([_plain(cell) for cell in row])
        return BOM + str(super().export_data(plain, **kwargs))

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Dataset:
        text = in_stream.decode("utf-8-sig") if isinstance(in_stream, bytes) else in_stream.removeprefix(BOM)
        return super().create_dataset(text, **kwargs)


def _plain(cell: Any) -> Any:
    return defused(cell) if isinstance(cell, str) else cell


class _ProjectByCode(widgets.ForeignKeyWidget):
    """A project by its code, among those the person may see."""

    def __init__(self) -> None:
        super().__init__(Project, field="code")
        self.among: QuerySet[Project] = Project.objects.none()

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Project:
        found = self.among.filter(code=str(value or "").strip()).first()
        if found is None:
            raise ValueError(_("no project of yours has the code “%(code)s”") % {"code": value})
        return found


class _PhaseByName(widgets.ForeignKeyWidget):
    """A phase by its name in the row's project; a new name makes a new phase, as in the service."""

    def __init__(self) -> None:
        super().__init__(Phase, field="name")

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Phase | None:
        name = str(value or "").strip()
        code = str((row or {}).get("project") or "").strip()
        if not name:
            return None
        project = Project.objects.filter(code=code).first()
        return Phase.objects.filter(project=project, name=name).first() or Phase(project=project, name=name)


class UnitResource(resources.ModelResource):
    """One row per unit, found by project, building and number; changed where known, else made."""

    project = fields.Field("project", "project", widget=_ProjectByCode())
    phase = fields.Field("phase", "phase", widget=_PhaseByName())

    class Meta:
        model = Unit
        fields = ("project", "phase", "building", "number", "unit_type", "area", "list_price", "state")
        export_order = fields
        import_id_fields = ("project", "building", "number")
        skip_unchanged = True
        report_skipped = True
        use_transactions = True
        clean_model_instances = False

    def __init__(self, actor: Any = None, projects: QuerySet[Project] | None = None, **kwargs: Any) -> None:
        super().__init__()
        self.actor = actor
        self.fields["project"].widget.among = projects if projects is not None else Project.objects.none()

    def get_queryset(self) -> QuerySet[Unit]:
        return Unit.objects.select_related("project", "phase")

    def import_field(self, field: Any, instance: Unit, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        # A unit's state moves with its deal: the column is for reading.
        if field.column_name != "state":
            super().import_field(field, instance, row, is_m2m, **kwargs)

    def do_instance_save(self, instance: Unit, is_create: bool) -> None:
        try:
            kept = self._save(instance, is_create)
        except Refused as refusal:
            raise ValueError(refusal.detail or refusal.code) from refusal
        instance.__dict__.update(kept.__dict__)

    def _save(self, instance: Unit, is_create: bool) -> Unit:
        facts = {name: getattr(instance, name) for name in UNIT_FIELDS if name != "phase"}
        phase = instance.phase
        if is_create:
            name = phase.name if phase else None
            return create_unit(actor=self.actor, project=instance.project, phase=name, **facts)
        if phase is not None and phase._state.adding:
            raise ValueError(_("the project has no phase “%(name)s”") % {"name": phase.name})
        return change_unit(actor=self.actor, unit=instance, phase=phase, **facts)
