"""Scheduled runs and background jobs in the admin: what ran, how it ended."""

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit import cells
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import ChoiceFilter, DaysFilter, ManyRelatedFilter
from channels_platform.jobs.models import Job, JobState, PeriodicRun


class OutcomeFilter(ChoiceFilter):
    title = gettext_lazy("outcome")
    parameter_name = "outcome"
    options = (
        ("done", gettext_lazy("Done")),
        ("failed", gettext_lazy("Failed")),
        ("open", gettext_lazy("Running, or killed")),
    )

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == "open":
            return queryset.filter(finished_at__isnull=True)
        over = queryset.filter(finished_at__isnull=False)
        return over.filter(error="") if value == "done" else over.exclude(error="")


@admin.register(PeriodicRun)
class PeriodicRunAdmin(ReadOnlyAdmin):
    list_display = ("job", "period", "badge", "began", "took", "figures", "error")
    list_filter = ("job", OutcomeFilter, ("started_at", DaysFilter))
    ordering = ("-id",)
    fields = ("job", "period", "badge", "began", "took", "figures", "error")

    @admin.display(description=gettext_lazy("outcome"))
    def badge(self, run: PeriodicRun) -> Any:
        if run.finished_at is None:
            return cells.state("job", JobState.RUNNING)
        return cells.state("job", JobState.FAILED if run.error else JobState.DONE)

    @admin.display(description=gettext_lazy("started"), ordering="started_at")
    def began(self, run: PeriodicRun) -> Any:
        return cells.recently(run.started_at)

    @admin.display(description=gettext_lazy("took"))
    def took(self, run: PeriodicRun) -> str:
        if run.finished_at is None:
            return cells.DASH
        return _("%(n)s s") % {"n": f"{(run.finished_at - run.started_at).total_seconds():.1f}"}

    @admin.display(description=gettext_lazy("counts"))
    def figures(self, run: PeriodicRun) -> str:
        return ", ".join(f"{name} {count}" for name, count in sorted(run.counts.items())) or cells.DASH


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("kind", "badge", "progress", "starter", "created_at", "finished_at", "result")
    list_select_related = ("starter",)
    list_filter = ("kind", "state", ("starter", ManyRelatedFilter), ("created_at", DaysFilter))
    ordering = ("-id",)
    fields = ("kind", "badge", "progress", "starter", "created_at", "started_at", "finished_at", "result")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        mine = ExpressionWrapper(Q(starter=request.user), output_field=BooleanField())
        rows = super().get_queryset(request).annotate(is_mine=mine)
        # What a job made may be about any project: only its starter reads it; who audits sees that it ran.
        return rows if may(request.user, Can.SEE_AUDIT) else rows.filter(starter=request.user)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, job: Job) -> Any:
        return cells.state("job", job.state)

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> str:
        return f"{job.done} / {job.total}" if job.total else str(job.done)

    @admin.display(description=gettext_lazy("result"))
    def result(self, job: Job) -> Any:
        if not job.result_url or not job.is_mine:  # type: ignore[attr-defined]
            return cells.DASH
        return format_html('<a class="text-link" href="{}">{}</a>', job.result_url, _("Open"))

    def about(self, request: HttpRequest, obj: Job) -> list[cells.Section]:
        faults = [", ".join(f"{name}: {value}" for name, value in error.items()) for error in obj.errors[:100]]
        return [cells.words(_("What went wrong"), faults, empty=_("Nothing."))]
