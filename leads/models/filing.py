"""How filings arrive: their own keys, and spreadsheets of many."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField


class FilingKey(models.Model):
    """The key a filing came with, from a phone or from a row of a spreadsheet; kept for as long as the referral.

    A phone may be away for weeks, longer than any stored answer: this is what makes its filing one.
    """

    id = models.BigAutoField(primary_key=True)
    caller = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=80)
    referral = models.OneToOneField("leads.Referral", on_delete=models.PROTECT, related_name="filing_key")

    class Meta:
        verbose_name = _("key of a filing")
        verbose_name_plural = _("keys of filings")
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_filing_per_key")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.key


class FilingOrigin(models.Model):
    """Where a filing came from: keyed digests of the device and of the network, never the two themselves.

    Kept for as long as risk signals look back, then deleted.
    """

    referral = models.OneToOneField("leads.Referral", primary_key=True, on_delete=models.PROTECT, related_name="origin")
    device = models.BinaryField(null=True)
    address = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("origin of a filing")
        verbose_name_plural = _("origins of filings")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(device__isnull=False) | models.Q(address__isnull=False), name="origin_says_something"
            )
        ]
        triggers = [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return str(self.referral_id)


class ClientSheet(models.Model):
    """A spreadsheet of clients, judged row by row.

    `numbers` are those of its rows, as the spreadsheet shows them. `content` (JSON, encrypted) is emptied once all
    is judged. `faults` says which rows could not be filed and why: `[{"row", "field", "column", "code"}]`, no
    personal data. What was filed is found by its keys.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    broker = models.ForeignKey("brokers.Broker", on_delete=models.PROTECT, related_name="client_sheets")
    job = models.OneToOneField("jobs.Job", on_delete=models.PROTECT, related_name="+", null=True)
    numbers = models.JSONField(default=list)
    content = EncryptedTextField(blank=True)
    # where it came from, as FilingOrigin has it of each of its filings; emptied with the content
    device = models.BinaryField(null=True)
    address = models.BinaryField(null=True)
    faults = models.JSONField(default=list, blank=True)
    uploaded_at = models.DateTimeField(_("sent"))
    judged_at = models.DateTimeField(_("judged"), null=True, blank=True)

    class Meta:
        verbose_name = _("spreadsheet of clients")
        verbose_name_plural = _("spreadsheets of clients")
        ordering = ["-id"]
        indexes = [models.Index(fields=["uploaded_at"], name="sheet_to_forget", condition=~models.Q(content=b""))]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def keys(self) -> dict[str, int]:
        """The keys of its filings, each with its row."""
        return {self.key_of(number): number for number in self.numbers}

    def key_of(self, row: int) -> str:
        """Return the key of the filing of one row."""
        return f"{self.pk}:{row}"
