"""Agencies, their stores and brokers, and the agreements under which they file."""

from functools import reduce
from operator import or_

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from brokers import states
from channels_platform.lib.ids import uuid7
from projects.models.project import CODE


class Agency(models.Model):
    """An agency (渠道公司), or the roof under which individuals refer."""

    class Kind(models.TextChoices):
        ONSITE = states.AgencyKind.ONSITE, _("On-site agency")
        REFERRAL = states.AgencyKind.REFERRAL, _("Referral agency")
        COMMUNITY = states.AgencyKind.COMMUNITY, _("Individuals")
        PLATFORM = states.AgencyKind.PLATFORM, _("Platform")

    class Status(models.TextChoices):
        ACTIVE = states.AgencyStatus.ACTIVE, _("Active")
        SUSPENDED = states.AgencyStatus.SUSPENDED, _("Suspended")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(_("code"), max_length=60, unique=True, validators=[CODE])
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.REFERRAL)
    licence_no = models.CharField(_("licence number"), max_length=60, blank=True)
    licence_until = models.DateField(_("licence valid until"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.ACTIVE)
    bank_name = models.CharField(_("bank"), max_length=120, blank=True)
    bank_account = models.CharField(_("bank account"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("agency")
        verbose_name_plural = _("agencies")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_onsite(self) -> bool:
        return self.kind == self.Kind.ONSITE


class Store(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="stores")
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("store")
        verbose_name_plural = _("stores")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["agency", "name"], name="store_name_in_agency")]

    def __str__(self) -> str:
        return self.name


class Broker(models.Model):
    """A person who files clients; belongs to one agency at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.PROTECT, related_name="broker"
    )
    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="brokers")
    store = models.ForeignKey(
        Store, verbose_name=_("store"), null=True, blank=True, on_delete=models.PROTECT, related_name="brokers"
    )
    is_active = models.BooleanField(_("active"), default=True)
    barred = models.BooleanField(_("disabled by the developer's staff"), default=False, editable=False)
    recruited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recruited by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="recruits",
    )
    bank_name = models.CharField(_("bank"), max_length=120, blank=True)
    bank_account = models.CharField(_("bank account"), max_length=40, blank=True)
    probing_flagged_at = models.DateTimeField(_("flagged for probing"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("broker")
        verbose_name_plural = _("brokers")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return str(self.user)

    @property
    def is_confirmed(self) -> bool:
        """Whether staff took the person in: true of all but those who signed up alone and wait, or were declined."""
        individual = getattr(self, "individual", None)
        return individual is None or individual.state == states.IndividualState.CONFIRMED


def _changed(*fields: str) -> pgtrigger.Q:
    """The condition that an update changes one of these fields."""
    changes = [pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")}) for field in fields]
    return reduce(or_, changes)


class Agreement(models.Model):
    """An agency's agreement to sell a project; filings are accepted only while one is in force.

    `from_on` and `to_on` are local dates of the project, both included. Ended for interception it holds what the agency
    and its brokers have unpaid in the project, until another person than who ended it lifts that.
    """

    class State(models.TextChoices):
        DRAFT = states.AgreementState.DRAFT, _("Waiting for approval")
        APPROVED = states.AgreementState.APPROVED, _("Approved")
        ENDED = states.AgreementState.ENDED, _("Ended")

    class Ending(models.TextChoices):
        EXPIRED = states.Ending.EXPIRED, _("Its time is over")
        AGREED = states.Ending.AGREED, _("By agreement")
        INTERCEPTION = states.Ending.INTERCEPTION, _("For interception")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(Agency, verbose_name=_("agency"), on_delete=models.PROTECT, related_name="agreements")
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="agreements"
    )
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"), null=True, blank=True)
    auto_renew = models.BooleanField(_("renews by itself"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("author"), on_delete=models.PROTECT, related_name="+", editable=False
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)
    ending = models.CharField(_("why it ended"), max_length=12, choices=Ending.choices, blank=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ended by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)
    ended_reason = models.TextField(_("reason of the ending"), blank=True, editable=False)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("hold lifted by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    lifted_at = models.DateTimeField(_("hold lifted"), null=True, editable=False)
    lifted_reason = models.TextField(_("why the hold was lifted"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(to_on__gte=F("from_on")), name="agreement_span_right_way_round"
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("author")), name="agreement_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(approved_by__isnull=False), name="agreement_approved_by_someone"
            ),
            models.CheckConstraint(condition=Q(state="ended") ^ Q(ending=""), name="agreement_ended_somehow"),
            models.CheckConstraint(
                condition=~Q(ending="interception")
                | (Q(ended_by__isnull=False, ended_at__isnull=False) & ~Q(ended_reason="")),
                name="agreement_interception_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(lifted_by__isnull=True, lifted_at__isnull=True, lifted_reason="")
                | (
                    Q(ending="interception", lifted_by__isnull=False, lifted_at__isnull=False)
                    & ~Q(lifted_reason="")
                    & ~Q(lifted_by=F("ended_by"))
                ),
                name="agreement_hold_lifted_by_another",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "agency", "state"], name="agreement_lookup"),
            models.Index(
                fields=["agency", "project"],
                condition=Q(ending="interception", lifted_at__isnull=True),
                name="agreement_holding",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="ended_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__state="ended")
                & _changed("agency", "project", "state", "ending", "ended_by", "ended_at", "ended_reason"),
            ),
            pgtrigger.Protect(
                name="lifted_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__lifted_at__isnull=False)
                & _changed("lifted_by", "lifted_at", "lifted_reason"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agency} · {self.project}"

    @property
    def is_holding(self) -> bool:
        """Whether what the agency has unpaid in the project waits."""
        return self.ending == states.Ending.INTERCEPTION and self.lifted_at is None

    @property
    def shown_state(self) -> str:
        """The state as people read it: whether, being ended, it holds what is unpaid."""
        return "held" if self.is_holding else self.state
