"""What finance moves by hand: adjustments (调整), and advances (垫佣) against an agency's limit."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.keys import person_key
from channels_platform.lib.ids import uuid7
from commissions import states


def _posting() -> Any:
    return models.OneToOneField(
        "commissions.LedgerTransaction",
        verbose_name=_("ledger transaction"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )


class Asked(models.Model):
    """What one person asks for and another decides, once; what was asked for never changes."""

    class State(models.TextChoices):
        ASKED = states.RequestState.ASKED, _("Waiting for approval")
        APPROVED = states.RequestState.APPROVED, _("Approved")
        DECLINED = states.RequestState.DECLINED, _("Declined")

    reason = models.TextField(_("reason"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    asked_by = person_key(_("asked by"))
    asked_at = models.DateTimeField(_("asked"))
    decided_by = person_key(_("decided by"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        abstract = True


def _two_people(name: str) -> list[models.CheckConstraint]:
    undecided = Q(state="asked", decided_by__isnull=True, decided_at__isnull=True)
    decided = Q(state__in=["approved", "declined"], decided_by__isnull=False, decided_at__isnull=False)
    return [
        models.CheckConstraint(
            condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name=f"{name}_second_person"
        ),
        models.CheckConstraint(condition=undecided | decided, name=f"{name}_decided_by_someone"),
    ]


def _posted_once_approved(name: str) -> models.CheckConstraint:
    posted = Q(state="approved", transaction__isnull=False)
    return models.CheckConstraint(
        condition=posted | (~Q(state="approved") & Q(transaction__isnull=True)), name=f"{name}_posted_once_approved"
    )


def _decided_once(*decision: str) -> pgtrigger.Trigger:
    """Refuse all changes but the decision of what still waits for one."""
    moved = "\n".join(f"OLD.{column} := NEW.{column};" for column in ("state", "answer", *decision))
    return pgtrigger.Trigger(
        name="decided_once",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=f"""
        IF TG_OP = 'DELETE' OR OLD.state <> 'asked' THEN
            RAISE EXCEPTION 'what was asked for is kept, and decided once' USING ERRCODE = 'check_violation';
        END IF;
        {moved}
        OLD.decided_by_id := NEW.decided_by_id;
        OLD.decided_at := NEW.decided_at;
        IF ROW(NEW.*) IS DISTINCT FROM ROW(OLD.*) THEN
            RAISE EXCEPTION 'what was asked for is fixed' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
    )


class Adjustment(Asked):
    """An amount given to a payee, or taken, by hand; payable once another person approves."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=20, unique=True)
    payee = models.ForeignKey(
        "commissions.Payee", verbose_name=_("payee"), on_delete=models.PROTECT, related_name="adjustments"
    )
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="+"
    )
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    attachment = models.OneToOneField(
        "files.Attachment",
        verbose_name=_("attachment"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    transaction = _posting()

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="adjustment_not_zero"),
            *_two_people("adjustment"),
            _posted_once_approved("adjustment"),
        ]
        triggers = [_decided_once("transaction_id")]

    def __str__(self) -> str:
        return self.number


class AdvanceLimit(Asked):
    """Up to how much an agency may have advanced, in one project or in all of a company's of one currency.

    The latest approved of an agency and place is in force; 0 ends it. `fee_rate` is the part of an advance that the
    company keeps.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="advance_limits"
    )
    company = models.ForeignKey(
        "projects.PayingCompany", verbose_name=_("paying company"), on_delete=models.PROTECT, related_name="+"
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    fee_rate = models.DecimalField(_("fee"), max_digits=7, decimal_places=6)

    class Meta:
        verbose_name = _("advance limit")
        verbose_name_plural = _("advance limits")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="advance_limit_not_negative"),
            models.CheckConstraint(condition=Q(fee_rate__gte=0) & Q(fee_rate__lt=1), name="advance_limit_fee_rate"),
            models.UniqueConstraint(
                fields=["agency", "company", "project", "currency"],
                condition=Q(state="asked"),
                nulls_distinct=False,
                name="advance_limit_asked_once",
            ),
            *_two_people("advance_limit"),
        ]
        indexes = [
            models.Index(fields=["agency", "company"], name="advance_limits", condition=Q(state="approved")),
        ]
        triggers = [_decided_once()]

    def __str__(self) -> str:
        return f"{self.agency} {self.project or self.company}"


class Advance(Asked):
    """Pending commission paid to an agency before it is released; `fee` is kept by the company.

    What is outstanding is read off the ledger: what pending accounts lack beside any deal.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=20, unique=True)
    payee = models.ForeignKey(
        "commissions.Payee", verbose_name=_("payee"), on_delete=models.PROTECT, related_name="advances"
    )
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="+"
    )
    limit = models.ForeignKey(
        AdvanceLimit, verbose_name=_("advance limit"), on_delete=models.PROTECT, related_name="advances"
    )
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    fee = models.DecimalField(_("fee"), max_digits=18, decimal_places=4)
    transaction = _posting()

    class Meta:
        verbose_name = _("advance")
        verbose_name_plural = _("advances")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="advance_positive"),
            models.CheckConstraint(condition=Q(fee__gte=0) & Q(fee__lt=F("amount")), name="advance_fee_below_amount"),
            *_two_people("advance"),
            _posted_once_approved("advance"),
        ]
        indexes = [
            models.Index(fields=["project", "payee"], name="advances_granted", condition=Q(state="approved")),
        ]
        triggers = [_decided_once("transaction_id")]

    def __str__(self) -> str:
        return self.number
