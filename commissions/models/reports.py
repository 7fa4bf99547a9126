"""Kept readings of reports, and the schedules that make files of them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7


class ReportView(models.Model):
    """A report with its filters under a name. Shared: others open it too, each in their own scope."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), on_delete=models.PROTECT, related_name="report_views"
    )
    report = models.CharField(_("report"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=1000, blank=True)
    shared = models.BooleanField(_("shared"), default=False)
    created_at = models.DateTimeField(_("kept"))

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="report_view_name_of_owner")]

    def __str__(self) -> str:
        return self.name


class ReportSchedule(models.Model):
    """A saved view made into a file for one person, each week on a weekday (0: Monday) or each month on a day."""

    class Every(models.TextChoices):
        WEEK = "week", _("Each week")
        MONTH = "month", _("Each month")

    class Form(models.TextChoices):
        XLSX = "xlsx", "XLSX"
        CSV = "csv", "CSV"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    view = models.ForeignKey(
        ReportView, verbose_name=_("saved view"), on_delete=models.CASCADE, related_name="schedules"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("for"), on_delete=models.PROTECT, related_name="report_schedules"
    )
    every = models.CharField(_("how often"), max_length=5, choices=Every.choices)
    day = models.PositiveSmallIntegerField(_("day"))
    at = models.TimeField(_("time"))
    form = models.CharField(_("file"), max_length=4, choices=Form.choices, default=Form.XLSX)
    language = models.CharField(_("language"), max_length=10, blank=True)
    created_at = models.DateTimeField(_("set up"))

    class Meta:
        verbose_name = _("report schedule")
        verbose_name_plural = _("report schedules")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["view", "person"], name="report_schedule_one_per_person"),
            models.CheckConstraint(
                condition=Q(every="week", day__lte=6) | Q(every="month", day__gte=1, day__lte=28),
                name="report_schedule_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.view} {self.every}"


class ReportDelivery(models.Model):
    """One period of a schedule, dealt with: its file is being made or made, or (no job) its person may not have it."""

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.CASCADE, related_name="deliveries")
    period = models.DateField(_("period"))
    job = models.ForeignKey("jobs.Job", null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("report delivery")
        verbose_name_plural = _("report deliveries")
        constraints = [
            models.UniqueConstraint(fields=["schedule", "period"], name="report_delivery_once_a_period"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule} {self.period}"
