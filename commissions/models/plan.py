"""Who is paid, and by which rules: payees, plans and their versions."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from commissions import states


class Payee(models.Model):
    """An agency, or a broker in person (an individual, taxed as one)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.OneToOneField(
        "brokers.Agency",
        verbose_name=_("agency"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payee",
    )
    broker = models.OneToOneField(
        "brokers.Broker",
        verbose_name=_("broker"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="payee",
    )

    class Meta:
        verbose_name = _("payee")
        verbose_name_plural = _("payees")
        constraints = [
            models.CheckConstraint(
                condition=Q(agency__isnull=False, broker__isnull=True) | Q(agency__isnull=True, broker__isnull=False),
                name="payee_is_one_party",
            )
        ]

    def __str__(self) -> str:
        return str(self.agency if self.agency_id else self.broker)

    @property
    def is_individual(self) -> bool:
        return self.broker_id is not None


class Plan(models.Model):
    """A commission plan (佣金方案): one series of versions for project x agency x payee x applies_to."""

    class PayeeKind(models.TextChoices):
        AGENCY = "agency", _("The agency")
        BROKER = "broker", _("The broker in person")

    class AppliesTo(models.TextChoices):
        REFERRED = "referred", _("Referred deals")
        WALK_IN = "walk_in", _("Walk-in deals")
        ALL = "all", _("All deals")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="plans"
    )
    agency = models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="plans"
    )
    payee = models.CharField(_("payee"), max_length=6, choices=PayeeKind.choices)
    applies_to = models.CharField(_("applies to"), max_length=8, choices=AppliesTo.choices)

    class Meta:
        verbose_name = _("commission plan")
        verbose_name_plural = _("commission plans")
        constraints = [
            models.UniqueConstraint(fields=["project", "agency", "payee", "applies_to"], name="plan_is_one_series")
        ]

    def __str__(self) -> str:
        return f"{self.agency} · {self.project}"


class PlanVersion(models.Model):
    """One version of a plan's rules (domain 6.2-6.5); fixed once approved, but for its last day."""

    class Basis(models.TextChoices):
        PRICE = "price", _("Part of the price")
        FIXED = "fixed", _("Fixed per unit")

    class Measure(models.TextChoices):
        UNITS = "units", _("Units")
        AMOUNT = "amount", _("Amount")

    class Period(models.TextChoices):
        MONTH = "month", _("Month")
        QUARTER = "quarter", _("Quarter")
        YEAR = "year", _("Year")
        PLAN = "plan", _("The whole plan")

    class Scope(models.TextChoices):
        AGENCY = "agency", _("The agency's deals")
        BROKER = "broker", _("The broker's deals")
        PROJECT = "project", _("All deals of the project")

    class Mode(models.TextChoices):
        MARGINAL = "marginal", _("Each tier pays its own part")
        RETROACTIVE = "retroactive", _("The tier reached pays for all")

    class State(models.TextChoices):
        DRAFT = states.PlanState.DRAFT, _("Draft")
        APPROVED = states.PlanState.APPROVED, _("Approved")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(Plan, verbose_name=_("plan"), on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"), editable=False)
    from_on = models.DateField(_("from"), null=True, blank=True)
    to_on = models.DateField(_("to"), null=True, blank=True)
    basis = models.CharField(_("basis"), max_length=6, choices=Basis.choices, default=Basis.PRICE)
    measure = models.CharField(_("measured in"), max_length=6, choices=Measure.choices, default=Measure.UNITS)
    period = models.CharField(_("counted per"), max_length=8, choices=Period.choices, default=Period.PLAN)
    scope = models.CharField(_("counts"), max_length=8, choices=Scope.choices, default=Scope.AGENCY)
    mode = models.CharField(_("tier mode"), max_length=12, choices=Mode.choices, default=Mode.MARGINAL)
    tiers = models.JSONField(_("tiers"))
    bonuses = models.JSONField(_("bonuses"), default=list, blank=True)
    release = models.JSONField(_("release"))
    conditions = models.JSONField(_("conditions"), default=dict, blank=True)
    caps = models.JSONField(_("caps"), default=dict, blank=True)
    retention_fraction = models.DecimalField(_("retention"), max_digits=7, decimal_places=6, null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), on_delete=models.PROTECT, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("created"), editable=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)
    # What the checks warned of at the approval (engine.lint), and why it was approved all the same.
    warnings = models.JSONField(_("warnings"), default=list, blank=True, editable=False)
    approval_reason = models.TextField(_("reason"), blank=True, editable=False)

    class Meta:
        verbose_name = _("plan version")
        verbose_name_plural = _("plan versions")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="plan_version_number"),
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(from_on__isnull=True) | Q(to_on__gte=F("from_on")),
                name="plan_span_right_way_round",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("author")), name="plan_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(approved_by__isnull=False), name="plan_approved_by_someone"
            ),
            models.CheckConstraint(
                condition=Q(warnings=[]) | ~Q(approval_reason=""), name="plan_warnings_have_a_reason"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="fixed_once_approved",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.state = 'approved'"),
                func="""
                IF TG_OP = 'DELETE' THEN
                    RAISE EXCEPTION 'an approved plan version is kept' USING ERRCODE = 'check_violation';
                END IF;
                OLD.to_on := NEW.to_on;
                IF ROW(NEW.*) IS DISTINCT FROM ROW(OLD.*) THEN
                    RAISE EXCEPTION 'an approved plan version is fixed' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan} v{self.number}"
