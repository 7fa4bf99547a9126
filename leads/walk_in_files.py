"""Walk-ins from files: one row each, through the service that records them; a row that is known changes nothing."""

import re
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.adminkit.sheets import SheetColumn, SheetFormat, SheetResource
from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.lib.names import mask_name
from channels_platform.lib.phones import InvalidPhone, mask, parse_phone
from channels_platform.privacy.services import find_phones
from leads.locks import lock_keys, phone_lock_keys
from leads.models import NaturalVisit
from leads.services.visits import record_natural_visit
from leads.sheet_rows import LONGEST_NAME
from projects.models import Project

_TIME = re.compile(r"\d[:：]\d")


class WalkInSheet(SheetFormat):
    columns = (
        SheetColumn(
            "project", gettext_lazy("Project"), "楼盘 项目 楼盘编号 楼盘代码 项目编号 project projectcode", key=True
        ),
        SheetColumn(
            "phone", gettext_lazy("Phone"), "电话 手机 手机号 手机号码 电话号码 联系电话 phone mobile tel", key=True
        ),
        SheetColumn("name", gettext_lazy("Client"), "客户 姓名 客户姓名 客户名称 名字 client name clientname"),
        SheetColumn(
            "visited_at",
            gettext_lazy("Visited at"),
            "到访 到访时间 来访时间 到访日期 时间 visited visitedat visit time arrived",
            key=True,
            width=22,
        ),
    )
    most_rows = 500


class WalkInResource(SheetResource):
    """Phones stay in memory while the rows are read, and go encrypted into the database; what is shown is masked."""

    sheet = WalkInSheet

    class Meta:
        model = NaturalVisit
        fields = ("project", "visited_at")
        import_id_fields = ("project", "visited_at")

    def __init__(self, actor: Any = None, projects: QuerySet[Project] | None = None, **kwargs: Any) -> None:
        super().__init__(actor)
        self._projects = {one.code.casefold(): one for one in projects} if projects is not None else {}

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Hold all phones, in the order of their locks: who imports or files the same ones waits."""
        super().before_import(dataset, **kwargs)
        keys: set[int] = set()
        for row in dataset.dict:
            project = self._projects.get(str(row["project"]).casefold())
            try:
                number = parse_phone(str(row["phone"]))
            except InvalidPhone:
                continue
            if project is not None:
                keys.update(phone_lock_keys(project.pk, [number]))
        lock_keys(keys)

    def is_once(self) -> bool:
        return False

    def find(self, given: dict[str, Any]) -> NaturalVisit | None:
        phone = find_phones([given["phone"]]).get(given["phone"])
        known = NaturalVisit.objects.filter(project=given["project"], phone=phone, visited_at=given["visited_at"])
        return None if phone is None else known.select_related("phone", "project").first()

    def changed(self, instance: NaturalVisit) -> dict[str, Any]:
        return {}  # what was recorded stays as it was

    def keep(self, instance: NaturalVisit | None, given: dict[str, Any]) -> NaturalVisit:
        return record_natural_visit(actor=self.actor, **given)

    def label(self, instance: NaturalVisit, given: dict[str, Any]) -> str:
        at = given["visited_at"].astimezone(given["project"].zone)
        return " · ".join(
            filter(
                None,
                (str(given["project"]), mask(given["phone"]), mask_name(given.get("name", "")), f"{at:%Y-%m-%d %H:%M}"),
            )
        )

    def read_project(self, text: str, row: Any) -> Project:
        project = self._projects.get(text.casefold())
        if project is None:
            raise ValueError(_("No project of yours has the code “%(code)s”.") % {"code": text})
        return project

    def read_phone(self, text: str, row: Any) -> str:
        return parse_phone(text)

    def read_name(self, text: str, row: Any) -> str:
        if len(text) > LONGEST_NAME:
            raise ValueError(_("At most %(n)s characters.") % {"n": LONGEST_NAME})
        return text

    def read_visited_at(self, text: str, row: Any) -> datetime:
        """Read a day and time on the project's clock."""
        project = self._projects.get(str(row["project"]).casefold())
        try:
            at = clock.read_local(text)
        except ValueError as wrong:
            raise ValueError(_("Write day and time like 2026-03-01 14:30.")) from wrong
        if not _TIME.search(text):
            raise ValueError(_("Write day and time like 2026-03-01 14:30."))
        if at.tzinfo is None and project is not None:
            at = at.replace(tzinfo=project.zone)
        if at.tzinfo is not None and at > clock.now():
            raise Invalid(code="in_the_future", field="visited_at")
        return at
