"""Who is on duty when, and how clients are looked after on site."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField
from leads import states


class DutyShift(models.Model):
    """A consultant's duty on one local date of the project; no row: not rostered that day."""

    class Shift(models.TextChoices):
        WHOLE = states.Shift.WHOLE, _("Whole day")
        EARLY = states.Shift.EARLY, _("Until 14:00")
        LATE = states.Shift.LATE, _("From 14:00")

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    consultant = models.ForeignKey(
        "leads.Consultant", verbose_name=_("consultant"), on_delete=models.PROTECT, related_name="shifts"
    )
    day = models.DateField(_("date"))
    shift = models.CharField(_("shift"), max_length=5, choices=Shift.choices)

    class Meta:
        verbose_name = _("duty shift")
        verbose_name_plural = _("duty shifts")
        constraints = [
            models.UniqueConstraint(fields=["consultant", "day"], name="one_shift_a_day"),
            models.CheckConstraint(condition=Q(shift__in=list(states.Shift)), name="shift_is_known"),
        ]
        indexes = [models.Index(fields=["project", "day"], name="shifts_of_day")]

    def __str__(self) -> str:
        return f"{self.consultant} {self.day}"


class ClientCare(models.Model):
    """How a referral's client is looked after: when last, how promising, by when again.

    `due_on` is the local date by which the consultant is to be in touch; `escalated_at` says that
    the manager was told that this date went by.
    """

    class Grade(models.TextChoices):
        A = "A", _("A - will buy soon")
        B = "B", _("B - interested")
        C = "C", _("C - undecided")
        D = "D", _("D - unlikely")

    referral = models.OneToOneField(
        "leads.Referral", verbose_name=_("referral"), primary_key=True, on_delete=models.PROTECT, related_name="care"
    )
    attended_at = models.DateTimeField(_("last looked after"))
    grade = models.CharField(_("grade"), max_length=1, choices=Grade.choices, blank=True)
    due_on = models.DateField(_("next contact"), null=True, blank=True)
    escalated_at = models.DateTimeField(_("manager told"), null=True, blank=True)

    class Meta:
        verbose_name = _("client's care")
        verbose_name_plural = _("clients' care")
        constraints = [
            models.CheckConstraint(condition=Q(grade__in=["", "A", "B", "C", "D"]), name="care_grade_is_known"),
        ]
        indexes = [models.Index(fields=["due_on"], name="care_due", condition=Q(due_on__isnull=False))]

    def __str__(self) -> str:
        return str(self.referral)


class FollowUp(models.Model):
    """One contact with a client after the visit, as its consultant wrote it down."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    referral = models.ForeignKey(
        "leads.Referral", verbose_name=_("referral"), on_delete=models.PROTECT, related_name="follow_ups"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("at"))
    note = EncryptedTextField(_("note"), blank=True)
    grade = models.CharField(_("grade"), max_length=1, choices=ClientCare.Grade.choices)
    next_on = models.DateField(_("next contact"), null=True, blank=True)

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ["-at", "-id"]
        triggers = [pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.referral} {self.at:%Y-%m-%d}"
