"""Buyers' payments out of files of banks and sales systems: how a source's files read, a file, and its rows."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.keys import person_key
from channels_platform.guards import only_known_moves
from channels_platform.lib.ids import uuid7
from leads import states


class PaymentSource(models.Model):
    """Where files of payments come from, and how they read: `headings` by field, `words` by what they mean."""

    class Encoding(models.TextChoices):
        AUTO = "auto", _("Found out by itself")
        UTF8 = "utf-8-sig", _("UTF-8")
        GB18030 = "gb18030", _("GB18030")
        BIG5 = "big5", _("Big5")
        UTF16 = "utf-16", _("UTF-16")

    class Days(models.TextChoices):
        YEAR_FIRST = "ymd", _("2026-03-31, 20260331")
        DAY_FIRST = "dmy", _("31/03/2026")
        MONTH_FIRST = "mdy", _("03/31/2026")

    class Sign(models.TextChoices):
        RECEIVED = "received", _("What is received is positive")
        OPPOSITE = "opposite", _("What is received is negative")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="payment_sources"
    )
    name = models.CharField(_("name"), max_length=60)
    headings = models.JSONField(default=dict)
    words = models.JSONField(default=dict)
    encoding = models.CharField(_("encoding"), max_length=12, choices=Encoding.choices, default=Encoding.AUTO)
    days = models.CharField(_("days"), max_length=4, choices=Days.choices, default=Days.YEAR_FIRST)
    sign = models.CharField(_("sign"), max_length=10, choices=Sign.choices, default=Sign.RECEIVED)
    changed_by = person_key(_("changed by"), null=True)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("source of payments")
        verbose_name_plural = _("sources of payments")
        ordering = ["project__name", "name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="payment_source_name_in_project")]

    def __str__(self) -> str:
        return self.name


class PaymentFile(models.Model):
    """One file as it was read; its rows change nothing until a person takes it over."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="payment_files"
    )
    source = models.ForeignKey(
        PaymentSource, verbose_name=_("source"), null=True, on_delete=models.PROTECT, related_name="files"
    )
    name = models.CharField(_("file"), max_length=120)
    digest = models.CharField(max_length=64)
    job = models.OneToOneField("jobs.Job", on_delete=models.PROTECT, related_name="+", null=True)
    read_by = person_key(_("read by"), null=True)
    read_at = models.DateTimeField(_("read"))
    taken_by = person_key(_("taken over by"), null=True)
    taken_at = models.DateTimeField(_("taken over"), null=True)
    counts = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("file of payments")
        verbose_name_plural = _("files of payments")
        ordering = ["-read_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(taken_by__isnull=False), name="payment_file_taken_by_someone"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PaymentRow(models.Model):
    """One row: what the file says, and what became of it. Of the payer only the mask is kept.

    `received` is local and naive, as written: a day, or a minute. `fault` is why a row could not be read, or why it
    waits for a person.
    """

    class State(models.TextChoices):
        READ = states.PaymentRowState.READ, _("Read")
        RECORDED = states.PaymentRowState.RECORDED, _("Recorded")
        SAME = states.PaymentRowState.SAME, _("Known already")
        WAITING = states.PaymentRowState.WAITING, _("Waits for a person")
        FAULT = states.PaymentRowState.FAULT, _("Left out")
        ASSIGNED = states.PaymentRowState.ASSIGNED, _("Recorded by hand")
        ASIDE = states.PaymentRowState.ASIDE, _("Set aside")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.ForeignKey(PaymentFile, on_delete=models.PROTECT, related_name="rows", db_index=False)
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField(_("row"))
    deal_text = models.CharField(_("deal"), max_length=120, blank=True)
    unit_text = models.CharField(_("unit"), max_length=80, blank=True)
    payer_masked = models.CharField(_("payer"), max_length=40, blank=True)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4, null=True)
    kind = models.CharField(_("source"), max_length=16)
    received = models.CharField(_("received"), max_length=19, blank=True)
    reference = models.CharField(_("bank reference"), max_length=80, blank=True)
    reverses = models.CharField(_("takes back"), max_length=80, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.READ)
    fault = models.CharField(max_length=24, blank=True)
    payment = models.OneToOneField("leads.Payment", null=True, on_delete=models.PROTECT, related_name="row")
    settled_by = person_key(_("settled by"), null=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("row of payments")
        verbose_name_plural = _("rows of payments")
        ordering = ["file_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["file", "number"], name="payment_row_once_in_file"),
            models.UniqueConstraint(
                fields=["project", "reference"],
                condition=Q(state__in=["waiting", "aside"]),
                name="payment_row_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["recorded", "assigned"], payment__isnull=False)
                | (~Q(state__in=["recorded", "assigned"]) & Q(payment__isnull=True)),
                name="payment_row_has_its_payment",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["assigned", "aside"]) | Q(settled_at__isnull=False, settled_by__isnull=False),
                name="payment_row_settled_by_someone",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "id"], name="payment_row_waiting", condition=Q(state="waiting")),
            models.Index(fields=["project", "reverses"], name="payment_row_reverses", condition=~Q(reverses="")),
        ]
        triggers = [
            only_known_moves("row", states.PAYMENT_ROW_MOVES),
            pgtrigger.ReadOnly(
                name="said_once",
                fields=[
                    "file",
                    "project",
                    "number",
                    "deal_text",
                    "unit_text",
                    "amount",
                    "kind",
                    "received",
                    "reference",
                ],
            ),
        ]

    def __str__(self) -> str:
        return self.reference or str(self.number)
