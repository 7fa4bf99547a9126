"""Deals (成交): buyers, shares, payments, and what tells commission that something changed."""

from fractions import Fraction

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.guards import only_known_moves
from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField
from leads import states


class Deal(models.Model):
    """One sale, from subscription to handover or cancellation.

    `facts` counts what was recorded of the deal, so that facts of one instant keep their order.
    """

    class State(models.TextChoices):
        SUBSCRIBED = states.DealState.SUBSCRIBED, _("Subscribed")
        CONTRACTED = states.DealState.CONTRACTED, _("Contracted")
        HANDED_OVER = states.DealState.HANDED_OVER, _("Handed over")
        CANCELLED = states.DealState.CANCELLED, _("Cancelled")

    class Method(models.TextChoices):
        LUMP_SUM = "lump_sum", _("Lump sum")
        INSTALMENT = "instalment", _("Instalments")
        MORTGAGE = "mortgage", _("Mortgage")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=40, unique=True)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="deals", db_index=False
    )
    unit = models.ForeignKey(
        "projects.Unit", verbose_name=_("unit"), null=True, blank=True, on_delete=models.PROTECT, related_name="deals"
    )
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=4)
    method = models.CharField(_("payment method"), max_length=12, choices=Method.choices)
    first_payment_amount = models.DecimalField(_("first payment"), max_digits=18, decimal_places=4)
    loan_amount = models.DecimalField(_("loan"), max_digits=18, decimal_places=4, null=True, blank=True)
    visitor = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("came under referral"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    consultant = models.ForeignKey(
        "leads.Consultant",
        verbose_name=_("consultant"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="deals",
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.SUBSCRIBED)
    subscribed_at = models.DateTimeField(_("subscribed"))
    recorded_at = models.DateTimeField(_("recorded"), null=True, blank=True, editable=False)
    contracted_at = models.DateTimeField(_("contracted"), null=True, blank=True)
    handed_over_at = models.DateTimeField(_("handed over"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancel_reason = models.TextField(_("reason for cancelling"), blank=True)
    # When its milestones are expected, where somebody knows; they decide nothing. Else the project's dates stand in.
    first_payment_due_on = models.DateField(_("first payment due"), null=True, blank=True)
    loan_expected_on = models.DateField(_("loan expected"), null=True, blank=True)
    full_payment_due_on = models.DateField(_("full payment due"), null=True, blank=True)
    handover_expected_on = models.DateField(_("handover expected"), null=True, blank=True)
    facts = models.PositiveIntegerField(default=0, editable=False)
    # What it was attributed by at its subscription (attribution.kept_facts); null for those before that was kept.
    attributed_by = models.JSONField(null=True, editable=False)
    handover_sequence = models.PositiveIntegerField(null=True, editable=False)

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ["-subscribed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], condition=~Q(state="cancelled") & Q(unit__isnull=False), name="one_live_deal_per_unit"
            ),
            models.CheckConstraint(condition=Q(price__gt=0), name="deal_price_positive"),
            models.CheckConstraint(
                condition=Q(first_payment_amount__gte=0) & Q(first_payment_amount__lte=F("price")),
                name="deal_first_payment_within_price",
            ),
            models.CheckConstraint(
                condition=Q(loan_amount__isnull=True) | (Q(loan_amount__gt=0) & Q(loan_amount__lte=F("price"))),
                name="deal_loan_within_price",
            ),
            models.CheckConstraint(
                condition=Q(contracted_at__isnull=True) | Q(contracted_at__gte=F("subscribed_at")),
                name="deal_contract_after_subscription",
            ),
            models.CheckConstraint(
                condition=Q(handed_over_at__isnull=True) | Q(handed_over_at__gte=F("contracted_at")),
                name="deal_handover_after_contract",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | Q(handed_over_at__isnull=True),
                name="deal_not_cancelled_after_handover",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-subscribed_at", "-id"], name="deal_of_project"),
            models.Index(fields=["project", "contracted_at", "number"], name="deal_layout"),
        ]
        triggers = [
            only_known_moves("deal", states.DEAL_MOVES),
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.number


class DealBuyer(models.Model):
    """A buyer of record; attribution goes by these phones alone."""

    id = models.BigAutoField(primary_key=True)
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="buyers")
    phone = models.ForeignKey("privacy.Phone", verbose_name=_("phone"), on_delete=models.PROTECT, related_name="+")
    name = EncryptedTextField(_("buyer"), blank=True)
    name_masked = models.CharField(_("buyer"), max_length=40, blank=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("buyer")
        verbose_name_plural = _("buyers")
        ordering = ["position"]

    def __str__(self) -> str:
        return self.name_masked or str(self.phone)


class AttributionDecision(models.Model):
    """A manager's override of who gets a deal, kept with its reason and evidence."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    deal = models.ForeignKey(Deal, verbose_name=_("deal"), on_delete=models.PROTECT, related_name="decisions")
    dispute = models.ForeignKey(
        "leads.Dispute",
        verbose_name=_("dispute"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decisions",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("decided by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"))
    reason = models.TextField(_("reason"))
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))

    class Meta:
        verbose_name = _("attribution decision")
        verbose_name_plural = _("attribution decisions")
        ordering = ["decided_at"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.deal} {self.decided_at:%Y-%m-%d}"


class DealShare(models.Model):
    """A referral's part of a deal: frozen at subscription, or put there by a decision."""

    id = models.BigAutoField(primary_key=True)
    deal = models.ForeignKey(
        Deal, verbose_name=_("deal"), on_delete=models.PROTECT, related_name="shares", db_index=False
    )
    referral = models.ForeignKey(
        "leads.Referral", verbose_name=_("referral"), on_delete=models.PROTECT, related_name="shares"
    )
    numerator = models.PositiveIntegerField()
    denominator = models.PositiveIntegerField()
    decision = models.ForeignKey(
        AttributionDecision, null=True, blank=True, on_delete=models.PROTECT, related_name="shares"
    )
    since = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("share")
        verbose_name_plural = _("shares")
        constraints = [
            models.UniqueConstraint(
                fields=["deal", "referral"], condition=Q(ended_at__isnull=True), name="one_share_per_referral"
            ),
            models.CheckConstraint(
                condition=Q(numerator__gte=1) & Q(numerator__lte=F("denominator")), name="share_above_zero_to_one"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="frozen", fields=["deal", "referral", "numerator", "denominator", "decision", "since"]
            ),
        ]

    def __str__(self) -> str:
        return str(self.fraction)

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.numerator, self.denominator)


class Payment(models.Model):
    """Money received for a deal; negative: a refund. Written once."""

    class Source(models.TextChoices):
        OWN = "own", _("Own money")
        LOAN = "loan", _("Bank loan")
        PROVIDENT_FUND = "provident_fund", _("Provident fund")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+", db_index=False)
    deal = models.ForeignKey(Deal, verbose_name=_("deal"), on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    source = models.CharField(_("source"), max_length=16, choices=Source.choices, default=Source.OWN)
    received_at = models.DateTimeField(_("received"))
    reference = models.CharField(_("bank reference"), max_length=80)
    sequence = models.PositiveIntegerField(editable=False)
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recorded by"), null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["received_at", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["project", "reference"], name="payment_reference_in_project"),
            models.CheckConstraint(condition=~Q(amount=0), name="payment_not_zero"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.reference


class Amendment(models.Model):
    """A recorded change of a deal: a name change, a unit swap, the price."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    deal = models.ForeignKey(Deal, verbose_name=_("deal"), on_delete=models.PROTECT, related_name="amendments")
    at = models.DateTimeField(_("time"))
    before = models.JSONField(_("before"))
    after = models.JSONField(_("after"))
    reason = models.TextField(_("reason"))
    amended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("amended by"), null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("amendment")
        verbose_name_plural = _("amendments")
        ordering = ["at"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.deal} {self.at:%Y-%m-%d}"


class DealOutbox(models.Model):
    """Word that a deal changed, written in the deal's own transaction, for the commission run to take."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="+")
    deal = models.ForeignKey(Deal, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    what = models.CharField(max_length=20)
    written_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.what} {self.deal_id}"
