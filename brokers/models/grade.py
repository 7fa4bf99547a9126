"""Grades of agencies: the developer's own list, and which agency holds which from which day on."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from brokers.models.agency import Agency
from channels_platform.lib.ids import uuid7
from projects.models.project import CODE


class AgencyGrade(models.Model):
    """A grade (渠道等级); plans refer to its code, which stays. `rank` 1 is the highest."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=60, unique=True, validators=[CODE])
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=120)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("1 is the highest grade."))

    class Meta:
        verbose_name = _("agency grade")
        verbose_name_plural = _("agency grades")
        ordering = ["rank"]
        triggers = [pgtrigger.ReadOnly(name="code_stays", fields=["code"])]

    def __str__(self) -> str:
        return f"{self.code} · {self.name}"


class HeldGrade(models.Model):
    """An agency's grade from a local day on; no grade: none from then on.

    Append-only. Of two rows for one day the later one stands; each was entered on its day or before.
    """

    id = models.BigAutoField(primary_key=True)
    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="held_grades")
    grade = models.ForeignKey(
        AgencyGrade,
        verbose_name=_("agency grade"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="held",
    )
    from_on = models.DateField(_("from"))
    reason = models.TextField(_("reason"))
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("entered by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    entered_at = models.DateTimeField(_("entered"))

    class Meta:
        verbose_name = _("grade held")
        verbose_name_plural = _("grades held")
        ordering = ["-from_on", "-id"]
        indexes = [models.Index(fields=["agency", "from_on"], name="grade_held_lookup")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.agency} {self.grade.code if self.grade else '–'}"
