"""Projects and what belongs to them: phases, units, pre-sale permits, materials."""

from datetime import time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.clock import timezone_names
from channels_platform.lib.ids import uuid7
from projects import states


def validate_timezone(value: str) -> None:
    if value not in timezone_names():
        raise ValidationError(_("“%(value)s” is no time zone; write it like Asia/Shanghai."), params={"value": value})


CODE = RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_-]*$", _("Use letters, digits, - and _ only."))
MOST_DAYS = 3650
CURRENCY = RegexValidator(r"^[A-Z]{3}$", _("Use the three-letter code, like CNY."))


class PayingCompany(models.Model):
    """The developer's company that pays commission; its calendar decides the payout day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=40, unique=True, validators=[CODE])
    name = models.CharField(_("name"), max_length=120)
    timezone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_timezone])
    address = models.CharField(_("address"), max_length=200, blank=True)
    tax_number = models.CharField(_("tax number"), max_length=40, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    payout_day = models.PositiveSmallIntegerField(
        _("payout day of the month"), default=5, validators=[MinValueValidator(1), MaxValueValidator(28)]
    )
    payout_time = models.TimeField(_("payout time"), default=time(9, 0))
    minimum_amount = models.DecimalField(
        _("minimum payout"), max_digits=18, decimal_places=4, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    working_days_only = models.BooleanField(
        _("pay on working days only"),
        default=False,
        help_text=_("A payout day that is none moves to the next working day, by the list of holidays."),
    )
    cutoff_day = models.PositiveSmallIntegerField(
        _("cut-off day of the month"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("Gathers up to the end of this day, 31: the month's last; empty: up to the payout itself."),
    )

    class Meta:
        verbose_name = _("paying company")
        verbose_name_plural = _("paying companies")
        ordering = ["code"]
        triggers = [
            pgtrigger.Trigger(
                name="keeps_its_time_zone",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("timezone"),
                condition=pgtrigger.AnyChange("timezone"),
                func="""
                IF EXISTS (SELECT 1 FROM commissions_closedmonth c WHERE c.company_id = NEW.id) OR EXISTS (
                    SELECT 1 FROM commissions_ledgertransaction t JOIN projects_project p ON p.id = t.project_id
                    WHERE p.company_id = NEW.id
                ) THEN
                    RAISE EXCEPTION 'a company whose months are closed, or with a ledger, keeps its time zone'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'company_keeps_its_time_zone';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def _days_after(label: Any) -> Any:
    """A usual time after the contract, where a deal has no date of its own: it forecasts, it decides nothing."""
    return models.PositiveSmallIntegerField(
        label,
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text=_("For deals without a date of their own; empty: not forecast."),
    )


class Holiday(models.Model):
    """A day that is another than its weekday says: a holiday, or a weekend day swapped for a working day.

    Of one company, or of all; what a company has itself goes before.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(
        PayingCompany,
        verbose_name=_("paying company"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="holidays",
        help_text=_("Empty: all companies."),
    )
    day = models.DateField(_("day"))
    works = models.BooleanField(
        _("is worked"), default=False, help_text=_("A weekend day that is worked in place of another.")
    )
    name = models.CharField(_("name"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["-day", "company__code"]
        constraints = [
            models.UniqueConstraint(
                fields=["company", "day"],
                nulls_distinct=False,
                name="holiday_once_a_day",
                violation_error_message=_("This day is in the list already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.name}".strip()


class Project(models.Model):
    """A development whose homes are sold."""

    class Status(models.TextChoices):
        PREPARING = states.ProjectStatus.PREPARING, _("Preparing")
        OPEN = states.ProjectStatus.OPEN, _("Open")
        PAUSED = states.ProjectStatus.PAUSED, _("Paused")
        CLOSED = states.ProjectStatus.CLOSED, _("Closed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=60, unique=True, validators=[CODE])
    name = models.CharField(_("name"), max_length=120)
    city = models.CharField(_("city"), max_length=60, blank=True)
    district = models.CharField(_("district"), max_length=60, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    timezone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai", validators=[validate_timezone])
    currency = models.CharField(_("currency"), max_length=3, default="CNY", validators=[CURRENCY])
    company = models.ForeignKey(
        PayingCompany, verbose_name=_("paying company"), on_delete=models.PROTECT, related_name="projects"
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.PREPARING)
    pool_after_days = models.PositiveSmallIntegerField(
        _("days until a client returns to the pool"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("A client whom no consultant followed up for so many days is free for the others; empty: never."),
    )
    first_payment_days = _days_after(_("first payment: days after the contract"))
    loan_days = _days_after(_("loan paid out: days after the contract"))
    full_payment_days = _days_after(_("full payment: days after the contract"))
    handover_expected_on = models.DateField(
        _("handover expected"), null=True, blank=True, help_text=_("A deal's own date stands before it.")
    )
    commission_ceiling = models.DecimalField(
        _("highest commission (%)"),
        max_digits=6,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(100)],
        help_text=_("No plan that pays more of the price can be approved; empty: no such limit."),
    )
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["code"]
        triggers = [
            pgtrigger.Trigger(
                name="keeps_what_money_hangs_on",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf("company_id", "currency"),
                condition=pgtrigger.AnyChange("company", "currency"),
                func="""
                IF EXISTS (SELECT 1 FROM commissions_ledgertransaction t WHERE t.project_id = NEW.id) THEN
                    RAISE EXCEPTION 'a project with a ledger keeps its paying company and its currency'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'project_keeps_what_money_hangs_on';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Phase(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, verbose_name=_("project"), on_delete=models.PROTECT, related_name="phases")
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="phase_name_in_project")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Permit(models.Model):
    """A pre-sale permit (预售证)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, verbose_name=_("project"), on_delete=models.PROTECT, related_name="permits")
    number = models.CharField(_("permit number"), max_length=80, unique=True)
    issued_on = models.DateField(_("issued on"))
    scope = models.CharField(_("buildings covered"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("pre-sale permit")
        verbose_name_plural = _("pre-sale permits")
        ordering = ["issued_on"]

    def __str__(self) -> str:
        return self.number


class Material(models.Model):
    """A sales material agencies may link to."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, verbose_name=_("project"), on_delete=models.PROTECT, related_name="materials")
    name = models.CharField(_("name"), max_length=120)
    link = models.URLField(_("link"), max_length=300)

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """One home. Its live deal is unique (leads.Deal holds the constraint)."""

    class State(models.TextChoices):
        AVAILABLE = states.UnitState.AVAILABLE, _("Available")
        RESERVED = states.UnitState.RESERVED, _("Reserved")
        SUBSCRIBED = states.UnitState.SUBSCRIBED, _("Subscribed")
        CONTRACTED = states.UnitState.CONTRACTED, _("Contracted")
        HANDED_OVER = states.UnitState.HANDED_OVER, _("Handed over")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, verbose_name=_("project"), on_delete=models.PROTECT, related_name="units")
    phase = models.ForeignKey(
        Phase, verbose_name=_("phase"), null=True, blank=True, on_delete=models.PROTECT, related_name="units"
    )
    building = models.CharField(_("building"), max_length=40)
    number = models.CharField(_("unit number"), max_length=40)
    unit_type = models.CharField(_("unit type"), max_length=40, blank=True)
    area = models.DecimalField(
        _("area (m²)"), max_digits=8, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    list_price = models.DecimalField(
        _("list price"), max_digits=18, decimal_places=4, validators=[MinValueValidator(0)]
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.AVAILABLE, editable=False)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            models.UniqueConstraint(fields=["project", "building", "number"], name="unit_number_in_project"),
        ]
        ordering = ["building", "number"]

    def __str__(self) -> str:
        return f"{self.building}-{self.number}"
