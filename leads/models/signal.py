"""Risk signals: what looks like intercepted clients, or filings out of inside knowledge. People judge them."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from leads import states


class RiskSignal(models.Model):
    """One thing noticed, with what it was noticed by. It penalizes nobody; a manager confirms or dismisses it, once.

    `once` names what was noticed, so that looking again finds it known.
    """

    class Kind(models.TextChoices):
        FILED_AT_ARRIVAL = states.SignalKind.FILED_AT_ARRIVAL, _("Filed just before the arrival")
        FILED_AFTER_WALK_IN = states.SignalKind.FILED_AFTER_WALK_IN, _("Filed around a walk-in of the same client")
        WALK_INS_TURNED = states.SignalKind.WALK_INS_TURNED, _("Many walk-ins turned into filings")
        OWN_CIRCLE = states.SignalKind.OWN_CIRCLE, _("Phones of colleagues filed again and again")
        ADDED_BEFORE_DEAL = states.SignalKind.ADDED_BEFORE_DEAL, _("A phone added just before it bought")
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
        "brokers.Broker", verbose_name=_("broker"), on_delete=models.PROTECT, related_name="signals"
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
        ]
        indexes = [models.Index(fields=["state", "-found_at"], name="signal_queue")]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="judged_once", operation=pgtrigger.Update, condition=~pgtrigger.Q(old__state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.broker}"
