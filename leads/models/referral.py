"""Referrals (报备), their phones, and the claims that protect them."""

from datetime import datetime

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Least, Right
from django.utils.translation import gettext_lazy as _

from channels_platform.guards import only_known_moves
from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField
from leads import states

_LIVE = Q(state__in=["filed", "visited"])
# The instant at which a live referral ends unless something happens; indexes hold it as it stands here.
DEADLINE = Case(When(state="filed", then=Least("lapse_at", "window_ends_at")), default=F("window_ends_at"))


class Consultant(models.Model):
    """A property consultant on one project's site."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.PROTECT, related_name="consultancies"
    )
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="consultants"
    )
    on_duty = models.BooleanField(_("on duty"), default=True)
    last_assigned_at = models.DateTimeField(_("last assigned"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("property consultant")
        verbose_name_plural = _("property consultants")
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="consultant_once_per_project")]

    def __str__(self) -> str:
        return str(self.user)


class Referral(models.Model):
    """One filing of one client, by one broker, for one project.

    `state` is as last written; `state_at(now)` is what holds. There is one protection window per
    referral; its claims share the end.
    """

    class State(models.TextChoices):
        FILED = states.ReferralState.FILED, _("Filed")
        VISITED = states.ReferralState.VISITED, _("Visited")
        WON = states.ReferralState.WON, _("Won")
        REJECTED = states.ReferralState.REJECTED, _("Not accepted")
        LAPSED = states.ReferralState.LAPSED, _("Lapsed")
        EXPIRED = states.ReferralState.EXPIRED, _("Expired")
        WITHDRAWN = states.ReferralState.WITHDRAWN, _("Withdrawn")
        LOST = states.ReferralState.LOST, _("Lost")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=40, unique=True)
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        on_delete=models.PROTECT,
        related_name="referrals",
        db_index=False,
    )
    policy = models.ForeignKey(
        "projects.Policy", verbose_name=_("policy"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    agency = models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="referrals", db_index=False
    )
    broker = models.ForeignKey(
        "brokers.Broker", verbose_name=_("broker"), on_delete=models.PROTECT, related_name="referrals", db_index=False
    )
    client_name = EncryptedTextField(_("client"), blank=True)
    client_masked = models.CharField(_("client"), max_length=40, blank=True)
    expected_arrival = models.DateTimeField(_("expected arrival"), null=True, blank=True)
    party_size = models.PositiveSmallIntegerField(_("party size"), null=True, blank=True)
    note = EncryptedTextField(_("note"), blank=True)
    preferred_consultant = models.ForeignKey(
        Consultant,
        verbose_name=_("preferred consultant"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    consultant = models.ForeignKey(
        Consultant,
        verbose_name=_("consultant"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="referrals",
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices)
    reason = models.CharField(_("reason"), max_length=20, blank=True)
    state_before_won = models.CharField(max_length=10, blank=True)
    filed_at = models.DateTimeField(_("filed"))
    filed_on = models.DateField(_("filed on"))
    lapse_at = models.DateTimeField(_("visit by"), null=True, blank=True)
    first_visited_at = models.DateTimeField(_("first visit"), null=True, blank=True)
    window_starts_at = models.DateTimeField(_("protected from"), null=True, blank=True)
    window_ends_at = models.DateTimeField(_("protected until"), null=True, blank=True)
    erased_at = models.DateTimeField(_("personal data erased"), null=True, blank=True)

    # What a filing just made was filed with, so that its answer need not read it back.
    filed_masks: list[str] | None = None

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        ordering = ["-filed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(window_ends_at__isnull=True) | Q(window_ends_at__gt=F("window_starts_at")),
                name="referral_window_right_way_round",
            ),
            models.CheckConstraint(
                condition=Q(state="rejected") | Q(reason="") | ~Q(state__in=["filed", "visited"]),
                name="referral_live_without_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-filed_at", "-id"], name="referral_of_project"),
            models.Index(fields=["agency", "-filed_at", "-id"], name="referral_of_agency"),
            models.Index(fields=["broker", "-filed_at", "-id"], name="referral_of_broker"),
            models.Index(fields=["-filed_at", "-id"], name="referral_newest"),
            models.Index(fields=["broker", "project", "filed_on"], name="referral_daily_limit"),
            models.Index(fields=["state", "-filed_at", "-id"], name="referral_of_state"),
            models.Index(fields=["agency", "state", "-filed_at", "-id"], name="referral_of_agency_by_state"),
            models.Index(fields=["broker", "state", "-filed_at", "-id"], name="referral_of_broker_by_state"),
            models.Index(fields=["agency", "-filed_at", "-id"], name="referral_live_of_agency", condition=_LIVE),
            models.Index(fields=["broker", "-filed_at", "-id"], name="referral_live_of_broker", condition=_LIVE),
            models.Index("agency", DEADLINE, "id", name="referral_ending_of_agency", condition=_LIVE),
            models.Index("broker", DEADLINE, "id", name="referral_ending_of_broker", condition=_LIVE),
            models.Index(fields=["lapse_at"], name="referral_lapse_due", condition=Q(state="filed")),
            models.Index(fields=["window_ends_at"], name="referral_expiry_due", condition=_LIVE),
            models.Index(fields=["project", "expected_arrival"], name="referral_expected", condition=_LIVE),
        ]
        triggers = [
            only_known_moves("referral", states.REFERRAL_MOVES),
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.number

    def state_at(self, now: datetime) -> states.ReferralState:
        """Return the state that holds at `now`, whatever the sweep has done yet."""
        return states.state_by_clock(
            state=self.state, lapse_at=self.lapse_at, window_ends_at=self.window_ends_at, now=now
        )


class ReferralPhone(models.Model):
    """A phone of a referral; in a masked filing only the mask is known until the visit."""

    id = models.BigAutoField(primary_key=True)
    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="phones", db_index=False)
    phone = models.ForeignKey(
        "privacy.Phone", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    masked = models.CharField(_("phone"), max_length=20)
    position = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("phone of a referral")
        verbose_name_plural = _("phones of referrals")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["referral", "position"], name="referral_phone_position"),
            models.UniqueConstraint(fields=["phone", "referral"], name="referral_phone_once"),
        ]
        indexes = [
            models.Index(Right("masked", 4), name="referral_phone_last_four"),
            models.Index(fields=["masked"], name="referral_phone_mask", condition=Q(phone__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.masked


class Claim(models.Model):
    """A referral's exclusive hold on one phone in one project, [starts_at, ends_at).

    The hold ends earlier at `lapses_at` (a filing without a visit) or `released_at`. `live` says
    that nothing has closed it yet; the partial unique index lets one claim per phone and project
    be live. An index cannot look at the clock, so whoever wants the phone first closes what is past.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    referral = models.ForeignKey(Referral, verbose_name=_("referral"), on_delete=models.PROTECT, related_name="claims")
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    phone = models.ForeignKey(
        "privacy.Phone", verbose_name=_("phone"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    lapses_at = models.DateTimeField(_("lapses"), null=True, blank=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    live = models.BooleanField(_("live"), default=True)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "phone"], condition=Q(live=True), name="one_live_claim_per_phone"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="claim_span_right_way_round"),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(released_at__gte=F("starts_at")),
                name="claim_released_after_start",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(live=False), name="claim_released_is_not_live"
            ),
        ]
        indexes = [models.Index(fields=["phone", "project"], name="claim_of_phone")]
        triggers = [pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.referral} {self.starts_at:%Y-%m-%d}"

    @property
    def held_until(self) -> datetime:
        """The end of the span actually held, as known so far."""
        return min(end for end in (self.ends_at, self.lapses_at, self.released_at) if end is not None)

    def holds_at(self, instant: datetime) -> bool:
        return self.starts_at <= instant < self.held_until
