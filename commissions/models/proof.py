"""What proves the ledger: seals over what was posted, and the checks of it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commissions.models.ledger import APPEND_ONLY


class LedgerSeal(models.Model):
    """A digest over the transactions `after` < id <= `upto`, chained to the seal before; `proof.seals` says of what."""

    id = models.BigAutoField(primary_key=True)
    number = models.PositiveIntegerField(_("number"), unique=True)
    after = models.BigIntegerField(_("after transaction"))
    upto = models.BigIntegerField(_("up to transaction"))
    transactions = models.PositiveBigIntegerField(_("transactions"))
    entries = models.PositiveBigIntegerField(_("entries"))
    previous = models.CharField(_("digest before"), max_length=64, blank=True)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        verbose_name = _("ledger seal")
        verbose_name_plural = _("ledger seals")
        ordering = ["-number"]
        constraints = [models.CheckConstraint(condition=Q(upto__gt=F("after")), name="ledger_seal_right_way_round")]
        triggers = [APPEND_ONLY]

    def __str__(self) -> str:
        return f"#{self.number}"


class LedgerCheck(models.Model):
    """One proof of the ledger: what was looked at, and what differed. `finished_at` missing: running, or killed.

    `differences` holds the first of them, `found` says how many there are.
    """

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    ok = models.BooleanField(_("everything agrees"), null=True)
    found = models.PositiveIntegerField(_("differences"), default=0)
    counts = models.JSONField(_("counts"), default=dict)
    differences = models.JSONField(_("differences"), default=list)

    class Meta:
        verbose_name = _("ledger check")
        verbose_name_plural = _("ledger checks")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, ok__isnull=True)
                | Q(finished_at__isnull=False, ok=True, found=0)
                | Q(finished_at__isnull=False, ok=False, found__gt=0),
                name="ledger_check_says_what_it_found",
            )
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="fixed_once_finished",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"

    @property
    def state(self) -> str:
        return "unfinished" if self.ok is None else "agrees" if self.ok else "differs"

    @property
    def seconds(self) -> int | None:
        return None if self.finished_at is None else round((self.finished_at - self.started_at).total_seconds())
