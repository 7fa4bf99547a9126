"""Clients that went from one broker to a colleague: of one who left, or because staff transferred them."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Handover(models.Model):
    """One referral that went from one broker of its agency to another.

    `Referral.broker` is who has it now. Who had it at an instant is the `former` of the first handover after that
    instant (`leads.holders`); a referral without handovers was always its broker's.
    """

    id = models.BigAutoField(primary_key=True)
    referral = models.ForeignKey(
        "leads.Referral", verbose_name=_("referral"), on_delete=models.PROTECT, related_name="handovers"
    )
    former = models.ForeignKey(
        "brokers.Broker", verbose_name=_("former broker"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    successor = models.ForeignKey(
        "brokers.Broker", verbose_name=_("Successor"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("handover of a referral")
        verbose_name_plural = _("handovers of referrals")
        indexes = [models.Index(fields=["former", "at"], name="handed_over_by")]
        constraints = [models.CheckConstraint(condition=~Q(former=F("successor")), name="handed_to_somebody_else")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.referral}: {self.former} → {self.successor}"
