"""A list of holidays from a file: each row through the service."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.adminkit.sheets import SheetColumn, SheetFormat, SheetResource
from projects.models import Holiday, PayingCompany
from projects.services.details import keep_holiday

_WORKED = frozenset(["worked", "works", "work", "yes", "y", "1", "true", "上班", "班", "补班", "调休上班", "是"])
_CLOSED = frozenset(["holiday", "closed", "off", "no", "n", "0", "false", "休", "放假", "休息", "节假日", "否"])


class HolidaySheet(SheetFormat):
    columns = (
        SheetColumn("day", gettext_lazy("Day"), "日期 日子 day date", key=True),
        SheetColumn(
            "works", gettext_lazy("Worked or holiday"), "上班 班休 是否上班 类型 works worked type workedorholiday"
        ),
        SheetColumn("name", gettext_lazy("Name"), "名称 节日 节假日 name", width=30),
        SheetColumn(
            "company", gettext_lazy("Paying company"), "公司 付款公司 结佣公司 公司代码 company payingcompany code"
        ),
    )
    most_rows = 1_000


class HolidayResource(SheetResource):
    """One row per day, of a company (its code) or, without one, of all; changed where known, else made."""

    sheet = HolidaySheet

    class Meta:
        model = Holiday
        fields = ("day", "works", "name", "company")
        import_id_fields = ("day",)

    def get_queryset(self) -> QuerySet[Holiday]:
        return Holiday.objects.select_related("company")

    def is_once(self) -> bool:
        return False

    def find(self, given: dict[str, Any]) -> Holiday | None:
        return Holiday.objects.filter(day=given["day"], company=given.get("company")).first()

    def keep(self, instance: Holiday | None, given: dict[str, Any]) -> Holiday:
        if instance is None:
            return keep_holiday(actor=self.actor, holiday=Holiday(**given))
        for name, value in given.items():
            setattr(instance, name, value)
        return keep_holiday(actor=self.actor, holiday=instance)

    def label(self, instance: Holiday, given: dict[str, Any]) -> str:
        return f"{instance} · {instance.company or _('all companies')}"

    def shown(self, field: str, value: Any) -> str:
        if field == "works":
            return _("worked") if value else _("holiday")
        return super().shown(field, value)

    def read_day(self, text: str, row: Any) -> date:
        plain = text.split()[0].replace("/", "-").replace(".", "-").replace("年", "-").replace("月", "-").rstrip("日")
        try:
            year, month, day = map(int, plain.split("-"))
            return date(year, month, day)
        except ValueError as error:
            raise ValueError(_("Write a day like 2026-12-31.")) from error

    def read_works(self, text: str, row: Any) -> bool:
        plain = text.strip().casefold()
        if plain in _WORKED:
            return True
        if plain in _CLOSED:
            return False
        raise ValueError(_("Write “worked” or “holiday”."))

    def read_company(self, text: str, row: Any) -> PayingCompany:
        company = PayingCompany.objects.filter(code__iexact=text).first()
        if company is None:
            raise ValueError(_("No paying company has the code “%(code)s”.") % {"code": text})
        return company
