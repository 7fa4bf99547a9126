"""Acts on many clients at once: what was asked, and what became of each."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from leads import states


class BulkAct(models.Model):
    """One act that a member of staff asked for on many referrals, with its reason."""

    class Kind(models.TextChoices):
        TRANSFER = states.BulkKind.TRANSFER, _("Transfer to a colleague")
        EXTEND = states.BulkKind.EXTEND, _("Extend the protection")
        RELEASE = states.BulkKind.RELEASE, _("Release")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("act"), max_length=10, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), on_delete=models.PROTECT, related_name="bulk_acts"
    )
    reason = models.TextField(_("reason"))
    receiver = models.ForeignKey(
        "brokers.Broker", verbose_name=_("receiver"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    days = models.PositiveSmallIntegerField(_("days"), null=True)
    job = models.OneToOneField("jobs.Job", on_delete=models.PROTECT, related_name="+", null=True)
    asked_at = models.DateTimeField(_("asked"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("act on many clients")
        verbose_name_plural = _("acts on many clients")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="transfer", receiver__isnull=False, days__isnull=True)
                | Q(kind="extend", receiver__isnull=True, days__gt=0)
                | Q(kind="release", receiver__isnull=True, days__isnull=True),
                name="bulk_act_has_what_it_needs",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class BulkItem(models.Model):
    """One referral of an act. `outcome` is empty until it is judged: `done`, or why it was left out."""

    DONE = "done"

    id = models.BigAutoField(primary_key=True)
    act = models.ForeignKey(BulkAct, on_delete=models.PROTECT, related_name="items", db_index=False)
    referral = models.ForeignKey("leads.Referral", on_delete=models.PROTECT, related_name="bulk_items")
    outcome = models.CharField(max_length=24, blank=True)
    before = models.CharField(max_length=80, blank=True)
    after = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("client of an act on many")
        verbose_name_plural = _("clients of acts on many")
        ordering = ["referral_id"]
        constraints = [
            models.UniqueConstraint(fields=["act", "referral"], name="once_in_a_bulk_act"),
            models.CheckConstraint(condition=Q(outcome="") | Q(at__isnull=False), name="bulk_item_judged_at"),
        ]

    def __str__(self) -> str:
        return f"{self.referral} {self.outcome}"
