"""The records of background work."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.jobs.kinds import about, name_of
from channels_platform.lib.ids import uuid7


class PeriodicRun(models.Model):
    """One run of a scheduled job, for staff to see. `finished_at` missing: running, or killed."""

    job = models.CharField(_("job"), max_length=64)
    period = models.CharField(_("period"), max_length=40)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    counts = models.JSONField(_("counts"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("periodic run")
        verbose_name_plural = _("periodic runs")
        ordering = ["-id"]
        indexes = [models.Index(fields=["job", "-started_at"], name="periodic_run_job")]
        constraints = [
            models.CheckConstraint(
                name="periodic_run_ends_after_start",
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("started_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job} {self.period}"


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


def result_path(job: "Job", filename: str) -> str:
    return f"jobs/{job.created_at:%Y/%m}/{job.pk}/{filename}"


class Job(models.Model):
    """Work somebody asked for and waits for: an export, an import.

    `total` 0 means not known yet. `report` is what the work has to say (JSON, no personal data), `errors`
    a list of what it could not do, row by row.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("total"), default=0)
    starter = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("started by"), on_delete=models.PROTECT, related_name="jobs"
    )
    arguments = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    result_file = models.FileField(_("result"), upload_to=result_path, blank=True)
    result_url = models.CharField(_("result page"), max_length=200, blank=True)
    report = models.JSONField(_("report"), default=dict, blank=True, encoder=DjangoJSONEncoder)
    errors = models.JSONField(_("errors"), default=list, blank=True)
    created_at = models.DateTimeField(_("asked"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        indexes = [models.Index(fields=["starter", "-id"], name="job_starter")]

    def __str__(self) -> str:
        return f"{self.kind} {self.get_state_display()}"

    @property
    def label(self) -> str:
        return name_of(self.kind)

    @property
    def about(self) -> str:
        """Which of its kind it is."""
        return about(self)

    @property
    def percent(self) -> int:
        if self.state == JobState.DONE:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0

    @property
    def is_over(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED)


class OutboxMessage(models.Model):
    """A task to be run because a transaction committed. This row is the truth; the broker only carries its id.

    Done rows are kept a while, then deleted. `failed_at` set: given up after the last attempt.
    """

    task = models.CharField(max_length=120)
    arguments = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox messages")
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["due_at"], name="outbox_waiting", condition=Q(done_at__isnull=True, failed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} #{self.pk}"


class Heartbeat(models.Model):
    """The last time a worker ran the task that beat sends: proof of broker, worker and beat together."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"
