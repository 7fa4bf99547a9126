"""Risk signals: what looks like intercepted clients, or filings out of inside knowledge. People judge them."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from leads import states


class RiskSignal(models.Model):
    """One thing noticed, with what it was noticed by. It penalizes nobody; a manager confirms or dismisses it, once.

    It is about a broker, about a person of the site (who recorded, entered, changed), or about both. `once` names what
    was noticed, so that looking again finds it known.
    """

    class Kind(models.TextChoices):
        FILED_AT_ARRIVAL = states.SignalKind.FILED_AT_ARRIVAL, _("Filed just before the arrival")
        FILED_AFTER_WALK_IN = states.SignalKind.FILED_AFTER_WALK_IN, _("Filed around a walk-in of the same client")
        WALK_INS_TURNED = states.SignalKind.WALK_INS_TURNED, _("Many walk-ins turned into filings")
        WALK_INS_GIVEN = (
            states.SignalKind.WALK_INS_GIVEN,
            _("Walk-ins turned into filings around one person"),
        )
        WALK_INS_PAIR = (
            states.SignalKind.WALK_INS_PAIR,
            _("Walk-ins turned into filings by a person and a broker"),
        )
        SHARED_DEVICE = states.SignalKind.SHARED_DEVICE, _("One device filing for many brokers")
        SHARED_ADDRESS = states.SignalKind.SHARED_ADDRESS, _("One address filing for many agencies")
        OWN_CIRCLE = states.SignalKind.OWN_CIRCLE, _("Phones of colleagues filed again and again")
        ADDED_BEFORE_DEAL = states.SignalKind.ADDED_BEFORE_DEAL, _("A phone added just before it bought")
        DEAL_BACKDATED = states.SignalKind.DEAL_BACKDATED, _("A deal entered late that its date decided")
        BUYERS_CHANGED = states.SignalKind.BUYERS_CHANGED, _("The referred buyer taken out after the deal")
        WALK_IN_BACKDATED = states.SignalKind.WALK_IN_BACKDATED, _("A walk-in entered late, before a filing")
        PROBING = states.SignalKind.PROBING, _("Asking for clients the site knows")

    class State(models.TextChoices):
        OPEN = states.SignalState.OPEN, _("Open")
        CONFIRMED = states.SignalState.CONFIRMED, _("Confirmed")
        DISMISSED = states.SignalState.DISMISSED, _("Dismissed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    broker = models.ForeignKey(
        "brokers.Broker", verbose_name=_("broker"), null=True, on_delete=models.PROTECT, related_name="signals"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person of the site"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    referral = models.ForeignKey(
        "leads.Referral", verbose_name=_("referral"), null=True, on_delete=models.PROTECT, related_name="signals"
    )
    evidence = models.JSONField(_("evidence"))
    once = models.CharField(max_length=120, unique=True)
    found_at = models.DateTimeField(_("found"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    judged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("judged by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    judged_at = models.DateTimeField(_("judged"), null=True)
    judgement = models.TextField(_("judgement"), blank=True)

    class Meta:
        verbose_name = _("risk signal")
        verbose_name_plural = _("risk signals")
        ordering = ["-found_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open") ^ Q(judged_by__isnull=False, judged_at__isnull=False),
                name="signal_judged_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(broker__isnull=False) | Q(person__isnull=False), name="signal_about_someone"
            ),
            models.CheckConstraint(
                condition=Q(judged_by__isnull=True) | Q(person__isnull=True) | ~Q(judged_by=F("person")),
                name="signal_not_judged_by_whom_it_is_about",
            ),
        ]
        indexes = [models.Index(fields=["state", "-found_at"], name="signal_queue")]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="judged_once", operation=pgtrigger.Update, condition=~pgtrigger.Q(old__state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.broker or self.person}"

    @property
    def agency_id(self) -> Any:
        """The agency whose broker it is about, if it is about one."""
        return None if self.broker is None else self.broker.agency_id
