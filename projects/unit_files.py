"""Units from and to files: each row through the services, nothing but plain text in the cells."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export import fields, widgets
from import_export.formats.base_formats import CSV
from tablib import Dataset

from channels_platform.adminkit.sheets import SheetColumn, SheetFormat, SheetResource
from channels_platform.http.amounts import read_amount
from channels_platform.lib.money import NotANumber
from channels_platform.lib.spreadsheets import BOM, kept_text
from projects.models import Phase, Project, Unit
from projects.services.details import change_unit
from projects.services.units import create_unit


class SafeCsv(CSV):
    """CSV that spreadsheets open in the right encoding, and in which text stays the text that it is."""

    CONTENT_TYPE = "text/csv; charset=utf-8"

    def export_data(self, dataset: Dataset, **kwargs: Any) -> str:
        plain = Dataset(headers=dataset.headers)
        for row in dataset:
            plain.append([_plain(cell) for cell in row])
        return BOM + str(super().export_data(plain, **kwargs))


def _plain(cell: Any) -> Any:
    return kept_text(cell) if isinstance(cell, str) else cell


class UnitSheet(SheetFormat):
    columns = (
        SheetColumn(
            "project", gettext_lazy("Project"), "楼盘 项目 楼盘编号 楼盘代码 项目编号 project projectcode", key=True
        ),
        SheetColumn("building", gettext_lazy("Building"), "楼栋 栋 幢 楼号 building", key=True),
        SheetColumn("number", gettext_lazy("Unit number"), "房号 房源 室号 单元号 number unit unitnumber", key=True),
        SheetColumn("phase", gettext_lazy("Phase"), "期 分期 期数 phase"),
        SheetColumn("unit_type", gettext_lazy("Type"), "户型 类型 房型 type unittype"),
        SheetColumn("area", gettext_lazy("Area (m²)"), "面积 建筑面积 area", required=True),
        SheetColumn("list_price", gettext_lazy("List price"), "挂牌价 总价 价格 标价 listprice price", required=True),
    )
    most_rows = 2_000


class UnitResource(SheetResource):
    """One row per unit, found by project, building and number; changed where known, else made.

    A unit's state moves with its deal: the column of an export is for reading.
    """

    sheet = UnitSheet
    project = fields.Field("project", "project", widget=widgets.ForeignKeyWidget(Project, field="code"))
    phase = fields.Field("phase", "phase", widget=widgets.ForeignKeyWidget(Phase, field="name"))

    class Meta:
        model = Unit
        fields = ("project", "phase", "building", "number", "unit_type", "area", "list_price", "state")
        export_order = fields
        import_id_fields = ("project", "building", "number")

    def __init__(self, actor: Any = None, projects: QuerySet[Project] | None = None, **kwargs: Any) -> None:
        super().__init__(actor)
        self._projects = {one.code.casefold(): one for one in projects} if projects is not None else {}

    def get_queryset(self) -> QuerySet[Unit]:
        return Unit.objects.select_related("project", "phase")

    def find(self, given: dict[str, Any]) -> Unit | None:
        known = Unit.objects.select_related("project", "phase")
        return known.filter(**{name: given[name] for name in ("project", "building", "number")}).first()

    def changed(self, instance: Unit) -> dict[str, Any]:
        differs = super().changed(instance)
        if "phase" in differs and instance.phase is not None and instance.phase.name == differs["phase"]:
            del differs["phase"]
        return differs

    def keep(self, instance: Unit | None, given: dict[str, Any]) -> Unit:
        if instance is None:
            return create_unit(actor=self.actor, **given)
        if "phase" in given:
            given = given | {"phase": self._phase(instance.project, given["phase"])}
        return change_unit(actor=self.actor, unit=instance, **given)

    def _phase(self, project: Project, name: str) -> Phase:
        """A unit that is there goes to a phase that is there; only a new unit opens a new one."""
        phase = Phase.objects.filter(project=project, name=name).first()
        if phase is None:
            words = _("The project has no phase “%(name)s”.") % {"name": name}
            raise ValidationError({"phase": words})
        return phase

    def label(self, instance: Unit, given: dict[str, Any]) -> str:
        return f"{instance.project} · {instance}"

    def read_project(self, text: str, row: Any) -> Project:
        project = self._projects.get(text.casefold())
        if project is None:
            raise ValueError(_("No project of yours has the code “%(code)s”.") % {"code": text})
        return project

    def read_area(self, text: str, row: Any) -> Decimal:
        return _number(text)

    def read_list_price(self, text: str, row: Any) -> Decimal:
        return _number(text)


def _number(text: str) -> Decimal:
    try:
        return read_amount(text)
    except NotANumber as wrong:
        raise ValueError(_("Write an amount like 1280000.00.")) from wrong
