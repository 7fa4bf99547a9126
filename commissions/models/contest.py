"""Contests (竞赛): prizes for the first places of each week or month, posted once a manager has approved them."""

from datetime import datetime
from fractions import Fraction

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from brokers.models import Agency
from channels_platform.lib.ids import uuid7
from channels_platform.lib.spans import day_span
from commissions import states
from commissions.engine.contests import Days, Every, round_label


class Contest(models.Model):
    """Brokers of a project compete by visits or deals; fixed once approved, but for its last day.

    `from_on` and `to_on` are local days of the project, both included; `prizes` are amounts as text, of the first
    place first; an empty `agency_kind` lets the brokers of every agency take part.
    """

    class Measure(models.TextChoices):
        VISITS = "visits", pgettext_lazy("ranking", "Visits")
        DEALS = "deals", pgettext_lazy("ranking", "Deals")

    class Period(models.TextChoices):
        WEEKLY = Every.WEEK, _("Weekly")
        MONTHLY = Every.MONTH, _("Monthly")

    class State(models.TextChoices):
        DRAFT = states.ContestState.DRAFT, _("Draft")
        APPROVED = states.ContestState.APPROVED, _("Approved")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="contests"
    )
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=60)
    measure = models.CharField(_("counted by"), max_length=6, choices=Measure.choices, default=Measure.VISITS)
    period = models.CharField(_("rounds"), max_length=8, choices=Period.choices, default=Period.WEEKLY)
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    agency_kind = models.CharField(
        _("who takes part"), max_length=12, choices=[("", _("Brokers of every agency")), *Agency.Kind.choices],
        blank=True, default="",
    )  # fmt: skip
    prizes = models.JSONField(_("prizes"))
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

    class Meta:
        verbose_name = _("contest")
        verbose_name_plural = _("contests")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="contest_span_right_way_round"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("author")), name="contest_second_person"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(approved_by__isnull=False), name="contest_approved_by_someone"
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
                    RAISE EXCEPTION 'an approved contest is kept' USING ERRCODE = 'check_violation';
                END IF;
                OLD.to_on := NEW.to_on;
                IF ROW(NEW.*) IS DISTINCT FROM ROW(OLD.*) THEN
                    RAISE EXCEPTION 'an approved contest is fixed' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return self.name


class ContestRound(models.Model):
    """One week or month of a contest that is over; its prizes are posted once, or not at all.

    Until then its standings are what the facts say; posting writes them down (`ContestResult`).
    """

    class State(models.TextChoices):
        PROPOSED = states.RoundState.PROPOSED, _("Waiting for approval")
        POSTED = states.RoundState.POSTED, _("Posted")
        DECLINED = states.RoundState.DECLINED, _("Declined")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contest = models.ForeignKey(Contest, verbose_name=_("contest"), on_delete=models.PROTECT, related_name="rounds")
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.PROPOSED)
    proposed_at = models.DateTimeField(_("proposed"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    transaction = models.OneToOneField(
        "commissions.LedgerTransaction",
        verbose_name=_("ledger transaction"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="contest_round",
    )

    class Meta:
        verbose_name = _("contest round")
        verbose_name_plural = _("contest rounds")
        ordering = ["-to_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["contest", "from_on"], name="contest_round_once"),
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="contest_round_right_way_round"),
            models.CheckConstraint(
                condition=Q(state="proposed", transaction__isnull=True)
                | Q(state="declined", transaction__isnull=True, decided_by__isnull=False)
                | Q(state="posted", decided_by__isnull=False),
                name="contest_round_decided_by_someone",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="decided_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func="""
                IF TG_OP = 'DELETE' OR OLD.state <> 'proposed' THEN
                    RAISE EXCEPTION 'a decided round is kept as it is' USING ERRCODE = 'check_violation';
                END IF;
                IF EXISTS (SELECT 1 FROM commissions_contest c
                           WHERE c.id = NEW.contest_id AND c.author_id = NEW.decided_by_id) THEN
                    RAISE EXCEPTION 'who drafted a contest decides none of its rounds'
                        USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contest} {self.label}"

    @property
    def days(self) -> Days:
        return Days(self.from_on, self.to_on)

    @property
    def label(self) -> str:
        return round_label(self.contest.period, self.days)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The instants at which the round begins and has ended, by the project's calendar."""
        return day_span(self.from_on, self.to_on, self.contest.project.zone)


class ContestResult(models.Model):
    """Whom a posted round had at which place, with how much of which prizes; written with the posting."""

    id = models.BigAutoField(primary_key=True)
    round = models.ForeignKey(ContestRound, verbose_name=_("round"), on_delete=models.PROTECT, related_name="results")
    broker = models.ForeignKey(
        "brokers.Broker", verbose_name=_("broker"), on_delete=models.PROTECT, related_name="contest_results"
    )
    place = models.PositiveIntegerField(_("place"))
    sharing = models.PositiveIntegerField(_("sharing the place"), default=1)
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(default=1)
    amount = models.DecimalField(_("prize"), max_digits=18, decimal_places=4)

    class Meta:
        verbose_name = _("contest result")
        verbose_name_plural = _("contest results")
        ordering = ["place", "id"]
        constraints = [
            models.UniqueConstraint(fields=["round", "broker"], name="contest_result_per_broker"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="contest_prize_not_negative"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.round} {self.place}"

    @property
    def figure(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)
