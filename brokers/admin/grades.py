"""The list of grades in the admin; which agency holds which is on the agency's page."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import Agency, AgencyGrade
from brokers.selectors import with_grade
from brokers.services.grades import keep_grade
from channels_platform.adminkit import cells
from channels_platform.adminkit.base import Admin
from channels_platform.adminkit.filters import ChoiceFilter
from projects.selectors import latest_today

NO_GRADE = "-"


class GradeFilter(ChoiceFilter):
    title = gettext_lazy("grade today")
    parameter_name = "grade"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, Any], ...]:
        return (*((one.code, str(one)) for one in AgencyGrade.objects.all()), (NO_GRADE, gettext_lazy("No grade")))

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(grade_code=None if value == NO_GRADE else value)


@admin.register(AgencyGrade)
class AgencyGradeAdmin(Admin):
    list_display = ("code", "name", "rank", "agencies")
    list_display_links = ("code", "name")
    search_fields = ("code", "name")
    ordering = ("rank",)
    fields = ("code", "name", "rank")

    @admin.display(description=gettext_lazy("agencies today"))
    def agencies(self, grade: AgencyGrade) -> int:
        return self._held_today(grade).count()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def create(self, request: HttpRequest, data: dict[str, Any]) -> AgencyGrade:
        return keep_grade(actor=request.user, grade=AgencyGrade(**data))

    def amend(self, request: HttpRequest, stored: AgencyGrade, data: dict[str, Any]) -> AgencyGrade:
        return keep_grade(actor=request.user, grade=stored)

    def about(self, request: HttpRequest, obj: AgencyGrade) -> list[cells.Section]:
        agencies = [(cells.link(one), one.code, one.get_kind_display()) for one in self._held_today(obj)[:200]]
        head = (_("Agency"), _("Code"), _("Kind"))
        return [cells.table(_("Agencies that hold it today"), head, agencies, empty=_("No agency holds it."))]

    def _held_today(self, grade: AgencyGrade) -> QuerySet[Agency]:
        return with_grade(Agency.objects.order_by("name"), latest_today()).filter(grade_code=grade.code)
