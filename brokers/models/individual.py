"""Individuals (全民经纪人): how they come, by whom, and whether they are confirmed."""

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from brokers import states
from brokers.models.agency import Agency, Broker
from channels_platform.accounts.models import User
from channels_platform.lib.ids import uuid7
from channels_platform.lib.names import mask_name
from channels_platform.privacy.fields import EncryptedTextField

# without what people mistake for one another when they type it off a poster
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_code() -> str:
    """Return what a link ends in: short enough to type, too many to guess."""
    return "".join(secrets.choice(_LETTERS) for _place in range(8))


class RelationChoice(models.TextChoices):
    OWNER = states.Relation.OWNER, _("Owner")
    FAMILY = states.Relation.FAMILY, _("Owner's family or friend")
    STAFF = states.Relation.STAFF, _("Staff of the developer")
    PARTNER_STAFF = states.Relation.PARTNER_STAFF, _("Staff of a partner company")


class Programme(models.Model):
    """A project's programme for individuals: under which agency's roof they refer, and whom the rule confirms.

    `by_rule`: relations that are confirmed without anybody's doing, where the records bear them out.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(
        Agency,
        verbose_name=_("under the roof of"),
        on_delete=models.PROTECT,
        related_name="programmes",
        limit_choices_to={"kind": states.AgencyKind.COMMUNITY},
    )
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="programmes"
    )
    is_open = models.BooleanField(_("open for signing up"), default=True)
    by_rule = models.JSONField(_("confirmed by rule"), default=list, blank=True)
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("programme for individuals")
        verbose_name_plural = _("programmes for individuals")
        ordering = ["project__name", "agency__name"]
        constraints = [
            models.UniqueConstraint(fields=["agency", "project"], name="one_programme_per_agency_and_project")
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.agency}"


class RecruitingLink(models.Model):
    """The address on a poster or in a message by which individuals sign up; of a place, or of who recruits."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    programme = models.ForeignKey(
        Programme, verbose_name=_("programme"), on_delete=models.PROTECT, related_name="links"
    )
    recruiter = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recruiter"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="recruiting_links",
        help_text=_("Left empty, whoever signs up here was recruited by nobody: a poster on site."),
    )
    place = models.CharField(_("where it hangs"), max_length=80, blank=True)
    code = models.CharField(_("code"), max_length=12, unique=True, default=new_code, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, editable=False)

    class Meta:
        verbose_name = _("recruiting link")
        verbose_name_plural = _("recruiting links")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "recruiter"],
                condition=Q(recruiter__isnull=False, closed_at__isnull=True),
                name="one_open_link_per_recruiter",
            )
        ]

    def __str__(self) -> str:
        return str(self.recruiter or self.place or self.code)


class Recruiter(User):
    """A person seen by whom they recruited."""

    class Meta:
        proxy = True
        verbose_name = _("recruiter")
        verbose_name_plural = _("recruiters")


class Individual(models.Model):
    """How a person signed up alone, and what became of it; once confirmed, a broker like others.

    Until then the phone is theirs by their word only: it stands here, not with the account, so that nobody can keep
    a stranger's number from being filed.
    """

    class State(models.TextChoices):
        WAITING = states.IndividualState.WAITING, _("Waiting to be confirmed")
        CONFIRMED = states.IndividualState.CONFIRMED, _("Confirmed")
        DECLINED = states.IndividualState.DECLINED, _("Declined")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    broker = models.OneToOneField(Broker, verbose_name=_("broker"), on_delete=models.PROTECT, related_name="individual")
    link = models.ForeignKey(
        RecruitingLink, verbose_name=_("came by"), on_delete=models.PROTECT, related_name="individuals"
    )
    relation = models.CharField(_("relation"), max_length=16, choices=RelationChoice.choices)
    detail = EncryptedTextField(_("home or employer"), blank=True)
    phone = models.ForeignKey(
        "privacy.Phone", verbose_name=_("phone"), on_delete=models.PROTECT, related_name="+", editable=False
    )
    phone_proven_at = models.DateTimeField(_("phone proven"), null=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING, editable=False)
    by_rule = models.BooleanField(_("confirmed by rule"), default=False, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)
    reason = models.TextField(_("reason"), blank=True, editable=False)
    signed_up_at = models.DateTimeField(_("signed up"), editable=False)
    code_asked_at = models.DateTimeField(null=True, editable=False)
    code_sent_at = models.DateTimeField(null=True, editable=False)
    codes_asked = models.PositiveSmallIntegerField(default=0, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("individual")
        verbose_name_plural = _("individuals")
        ordering = ["-signed_up_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | ~Q(state="waiting") & Q(decided_at__isnull=False),
                name="decided_individual_has_its_instant",
            ),
            models.CheckConstraint(
                condition=Q(by_rule=False)
                | Q(state="confirmed", decided_by__isnull=True, phone_proven_at__isnull=False),
                name="rule_confirms_proven_phones_only",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "signed_up_at"], name="individual_queue"),
            models.Index(fields=["phone", "code_asked_at"], name="individual_codes"),
        ]

    def __str__(self) -> str:
        return mask_name(self.broker.user.name) or self.broker.user.username
