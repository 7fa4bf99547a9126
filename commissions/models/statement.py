"""Months that are closed, and the statements (对账单) issued with them: frozen, confirmed or contested by payees."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.keys import person_key
from channels_platform.guards import only_known_moves
from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField
from commissions import states

FIGURES = ("earned", "clawed_back", "released", "kept", "paid", "tax")
_OPENING = ("opening_pending", "opening_retained", "opening_payable")
_CLOSING = ("pending", "retained", "payable")


def _money(label: Any) -> Any:
    return models.DecimalField(label, max_digits=18, decimal_places=4, default=Decimal(0))


class ClosedMonth(models.Model):
    """A company's month in which nothing is posted any more. `month`: its first day; the span is half-open.

    `issuer` is what the statements say of the company: its name and details on the day. Closing waits for every
    posting of the company's projects under way (advisory lock 7403), and postings for a closing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(
        "projects.PayingCompany",
        verbose_name=_("paying company"),
        on_delete=models.PROTECT,
        related_name="closed_months",
    )
    month = models.DateField(_("month"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    answer_by = models.DateTimeField(_("to be answered by"))
    issuer = models.JSONField(_("issuer"))
    closed_by = person_key(_("closed by"))
    closed_at = models.DateTimeField(_("closed"))

    class Meta:
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        ordering = ["-month", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["company", "month"], name="month_closed_once"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")) & Q(closed_at__gte=F("ends_at")), name="closed_when_over"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="closed_month_first_day"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="closed_in_order",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                PERFORM pg_advisory_xact_lock(7403, hashtext(NEW.company_id::text));
                IF NEW.month <> (SELECT max(c.month) + interval '1 month' FROM commissions_closedmonth c
                                 WHERE c.company_id = NEW.company_id) THEN
                    RAISE EXCEPTION 'months close one after the other' USING ERRCODE = 'check_violation';
                END IF;
                IF NEW.starts_at <> (SELECT max(c.ends_at) FROM commissions_closedmonth c
                                     WHERE c.company_id = NEW.company_id) THEN
                    RAISE EXCEPTION 'a month begins where the one before it ends' USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} {self.month:%Y-%m}"


class Statement(models.Model):
    """One payee's month at a company, in one currency.

    `opening` + `earned` - `clawed_back` - `paid` - `tax` = `closing`.
    Summed from the ledger's entries as the month is closed, and never changed. Opening and closing are what is unpaid,
    as pending, retained and payable; `released` is what left pending, less what was taken back of it.
    """

    class State(models.TextChoices):
        ISSUED = states.StatementState.ISSUED, _("Issued")
        CONTESTED = states.StatementState.CONTESTED, _("Contested")
        ANSWERED = states.StatementState.ANSWERED, _("Answered")
        CONFIRMED = states.StatementState.CONFIRMED, _("Confirmed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=40, unique=True)
    closing_of = models.ForeignKey(
        ClosedMonth, verbose_name=_("month"), on_delete=models.PROTECT, related_name="statements"
    )
    payee = models.ForeignKey(
        "commissions.Payee", verbose_name=_("payee"), on_delete=models.PROTECT, related_name="statements"
    )
    payee_name = models.CharField(_("name"), max_length=150)
    currency = models.CharField(_("currency"), max_length=3)
    opening_pending = _money(_("pending before"))
    opening_retained = _money(_("retained before"))
    opening_payable = _money(_("payable before"))
    earned = _money(_("earned"))
    clawed_back = _money(_("clawed back"))
    released = _money(_("released"))
    paid = _money(_("paid"))
    tax = _money(_("tax withheld"))
    pending = _money(_("pending"))
    retained = _money(_("retained"))
    payable = _money(_("payable"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ISSUED)
    issued_at = models.DateTimeField(_("issued"))
    confirmed_by = person_key(_("confirmed by"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["closing_of", "payee", "currency"], name="statement_once_a_month"),
            models.CheckConstraint(
                condition=Q(
                    pending=F("opening_pending") + F("earned") - F("clawed_back") - F("released"),
                ),
                name="statement_pending_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(
                    pending=F("opening_pending") + F("opening_retained") + F("opening_payable") + F("earned")
                    - F("clawed_back") - F("paid") - F("tax") - F("retained") - F("payable"),
                ),
                name="statement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(state="confirmed", confirmed_by__isnull=False, confirmed_at__isnull=False)
                | Q(~Q(state="confirmed"), confirmed_by__isnull=True, confirmed_at__isnull=True),
                name="statement_confirmed_by_someone",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["payee", "issued_at"], name="statement_of_payee"),
            models.Index(fields=["issued_at", "id"], name="statement_by_issue"),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="frozen", exclude=["state", "confirmed_by", "confirmed_at"]),
            only_known_moves("statement", states.STATEMENT_MOVES),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def opening(self) -> Decimal:
        return sum((getattr(self, name) for name in _OPENING), start=Decimal(0))

    @property
    def kept(self) -> Decimal:
        """What was retained in the month, less what was set free."""
        moved: Decimal = self.retained - self.opening_retained
        return moved

    @property
    def closing(self) -> Decimal:
        return sum((getattr(self, name) for name in _CLOSING), start=Decimal(0))

    def taken_as_confirmed(self, now: datetime) -> bool:
        """Whether its time ran out with nothing contested: silence is consent."""
        silent = self.state in (states.StatementState.ISSUED, states.StatementState.ANSWERED)
        return silent and now >= self.closing_of.answer_by

    def state_at(self, now: datetime) -> str:
        """Return the state as people read it: `accepted` where it was neither confirmed nor contested in time."""
        return "accepted" if self.taken_as_confirmed(now) else str(self.state)


class StatementLine(models.Model):
    """What the month did to one component of one deal, or to what is no deal's: figures that add up to the statement.

    `kept` is how retained moved: below zero where the handover set it free. `before` is the explanation that stood
    until the month, where the deal is an earlier one; `cause` names what rated it anew (engine.rerating).
    """

    class Nature(models.TextChoices):
        NEW = states.LineNature.NEW, _("Newly earned")
        ADJUSTED = states.LineNature.ADJUSTED, _("Rated anew")
        TAKEN_BACK = states.LineNature.TAKEN_BACK, _("Taken back")
        RELEASED = states.LineNature.RELEASED, _("Released")
        PAID = states.LineNature.PAID, _("Paid")
        OTHER = states.LineNature.OTHER, _("Other")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    statement = models.ForeignKey(
        Statement, verbose_name=_("statement"), on_delete=models.PROTECT, related_name="lines"
    )
    place = models.PositiveIntegerField(_("place"))
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+", db_index=False)
    deal = models.ForeignKey(
        "leads.Deal", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    referral = models.ForeignKey(
        "leads.Referral", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=80)
    nature = models.CharField(_("what happened"), max_length=10, choices=Nature.choices)
    unit = models.CharField(_("unit"), max_length=80, blank=True)
    contracted_on = models.DateField(_("contracted"), null=True, blank=True)
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=4, null=True, blank=True)
    earned = _money(_("earned"))
    clawed_back = _money(_("clawed back"))
    released = _money(_("released"))
    kept = _money(_("kept until handover"))
    paid = _money(_("paid"))
    tax = _money(_("tax withheld"))
    explanation = models.JSONField(_("explanation"), default=dict)
    before = models.JSONField(null=True)
    cause = models.JSONField(null=True)

    class Meta:
        verbose_name = _("statement line")
        verbose_name_plural = _("statement lines")
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["statement", "place"], name="statement_line_place"),
            models.UniqueConstraint(
                fields=["statement", "project", "deal", "referral", "kind"],
                name="statement_line_key",
                nulls_distinct=False,
            ),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.statement} {self.place}"


class Objection(models.Model):
    """A line that its payee contests (异议): what is unpaid of it waits until finance has answered, once."""

    class State(models.TextChoices):
        OPEN = states.ObjectionState.OPEN, _("Waits for an answer")
        UPHELD = states.ObjectionState.UPHELD, _("Stands as it is")
        CORRECTED = states.ObjectionState.CORRECTED, _("Corrected")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    line = models.OneToOneField(
        StatementLine, verbose_name=_("statement line"), on_delete=models.PROTECT, related_name="objection"
    )
    text = EncryptedTextField(_("what the payee says"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    raised_by = person_key(_("raised by"))
    raised_at = models.DateTimeField(_("raised"))
    answer = models.TextField(_("answer"), blank=True)
    answered_by = person_key(_("answered by"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")
        ordering = ["raised_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="open", answered_by__isnull=True)
                | Q(~Q(state="open"), answered_by__isnull=False, answered_at__isnull=False),
                name="objection_answered_by_someone",
            )
        ]
        indexes = [models.Index(fields=["line"], name="objection_open", condition=Q(state="open"))]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="raised_once", fields=["line", "raised_by", "raised_at"]),
            pgtrigger.Protect(
                name="answered_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__answered_at__isnull=False)
                & (
                    pgtrigger.Q(old__state__df=pgtrigger.F("new__state"))
                    | pgtrigger.Q(old__answer__df=pgtrigger.F("new__answer"))
                    | pgtrigger.Q(old__answered_by__df=pgtrigger.F("new__answered_by"))
                    | pgtrigger.Q(old__answered_at__df=pgtrigger.F("new__answered_at"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return str(self.line)


class ObjectionFile(models.Model):
    """A file that shows what an objection says; one may stand behind several lines."""

    objection = models.ForeignKey(Objection, on_delete=models.PROTECT, related_name="files")
    attachment = models.ForeignKey("files.Attachment", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("file of an objection")
        verbose_name_plural = _("files of objections")
        constraints = [models.UniqueConstraint(fields=["objection", "attachment"], name="objection_file_once")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return str(self.attachment)
