"""What passes between us and the bank: files of transfers by template, and the bank's results."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.keys import person_key
from channels_platform.lib.ids import uuid7


class BankTemplate(models.Model):
    """How a company's bank wants its transfers: `columns` are `{field, heading, text}`, in order."""

    class Encoding(models.TextChoices):
        UTF8_BOM = "utf-8-sig", _("UTF-8 with a mark (opens in Excel)")
        UTF8 = "utf-8", _("UTF-8")
        GB18030 = "gb18030", _("GB18030")
        GBK = "gbk", _("GBK")

    class Delimiter(models.TextChoices):
        COMMA = ",", _("Comma")
        SEMICOLON = ";", _("Semicolon")
        TAB = "\t", _("Tab")
        BAR = "|", _("Vertical bar")

    class Amounts(models.TextChoices):
        PLAIN = "plain", _("1234.50")
        MINOR = "minor", _("123450, in the smallest unit")

    class LineEnd(models.TextChoices):
        CRLF = "crlf", _("Windows (CR LF)")
        LF = "lf", _("Unix (LF)")

    company = models.OneToOneField(
        "projects.PayingCompany",
        verbose_name=_("paying company"),
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="bank_template",
    )
    name = models.CharField(_("name"), max_length=80)
    columns = models.JSONField(_("columns"), default=list)
    headings = models.BooleanField(_("a line of headings"), default=True)
    first_line = models.CharField(_("first line"), max_length=200, blank=True)
    last_line = models.CharField(_("last line"), max_length=200, blank=True)
    delimiter = models.CharField(_("between columns"), max_length=1, choices=Delimiter.choices, default=",")
    encoding = models.CharField(_("encoding"), max_length=10, choices=Encoding.choices, default="utf-8-sig")
    amounts = models.CharField(_("amounts"), max_length=6, choices=Amounts.choices, default="plain")
    line_end = models.CharField(_("line end"), max_length=4, choices=LineEnd.choices, default="crlf")
    changed_by = person_key(_("changed by"), null=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("bank file template")
        verbose_name_plural = _("bank file templates")

    def __str__(self) -> str:
        return self.name


class BankFile(models.Model):
    """One bank file that was made of a batch: its checksum, how many transfers, their total, and by which template."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(
        "commissions.PayoutBatch", verbose_name=_("batch"), on_delete=models.PROTECT, related_name="bank_files"
    )
    sha256 = models.CharField(max_length=64)
    transfers = models.PositiveIntegerField(_("transfers"))
    total = models.DecimalField(_("total"), max_digits=18, decimal_places=4)
    size = models.PositiveIntegerField(_("bytes"))
    template = models.JSONField(_("template"), default=dict)
    made_by = person_key(_("made by"), null=True)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("bank file")
        verbose_name_plural = _("bank files")
        ordering = ["-made_at", "-id"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.sha256[:12]


class UnsentBankFile(models.Model):
    """A person's word that a bank file was not sent, or that the bank refused all of it, and how that is known."""

    file = models.OneToOneField(
        BankFile, verbose_name=_("bank file"), primary_key=True, on_delete=models.PROTECT, related_name="unsent"
    )
    reason = models.TextField(_("how this is known"))
    said_by = person_key(_("said by"))
    said_at = models.DateTimeField(_("said"))

    class Meta:
        verbose_name = _("bank file not sent")
        verbose_name_plural = _("bank files not sent")
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return str(self.file)


class ResultMapping(models.Model):
    """How to read a company's bank's result files: which heading holds what, and which word means which outcome."""

    company = models.OneToOneField(
        "projects.PayingCompany",
        verbose_name=_("paying company"),
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="result_mapping",
    )
    headings = models.JSONField(_("headings"), default=dict)
    words = models.JSONField(_("words"), default=dict)
    changed_by = person_key(_("changed by"), null=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("reading of bank results")
        verbose_name_plural = _("readings of bank results")

    def __str__(self) -> str:
        return str(self.company)


class BankResult(models.Model):
    """One result file of the bank for a batch, as it was read, and whether it was taken over.

    `rows`: what each said, by the line it was found to be about; of accounts only their ends. `digest`: the file's.
    `reading`: above 1 where what was left out of a file that was taken over was read anew.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    batch = models.ForeignKey(
        "commissions.PayoutBatch", verbose_name=_("batch"), on_delete=models.PROTECT, related_name="bank_results"
    )
    name = models.CharField(_("file"), max_length=120)
    digest = models.CharField(max_length=64)
    reading = models.PositiveSmallIntegerField(default=1)
    rows = models.JSONField(default=list)
    read_by = person_key(_("read by"), null=True)
    read_at = models.DateTimeField(_("read"))
    taken_by = person_key(_("taken over by"), null=True)
    taken_at = models.DateTimeField(_("taken over"), null=True)
    counts = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("bank result")
        verbose_name_plural = _("bank results")
        ordering = ["-read_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "digest", "reading"], name="bank_result_once_per_batch"),
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(taken_by__isnull=False), name="bank_result_taken_by_someone"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="as_the_bank_sent_it", fields=["batch", "digest", "reading", "read_by", "read_at"]),
            pgtrigger.Protect(
                name="taken_once", operation=pgtrigger.Update, condition=pgtrigger.Q(old__taken_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.name
