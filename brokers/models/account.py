"""Where money goes: accounts at banks, confirmed by a second person, and who an individual is to the tax office."""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from brokers import states
from brokers.models.agency import Agency, Broker
from channels_platform.accounts.keys import person_key
from channels_platform.guards import only_known_moves
from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField


class PayoutAccount(models.Model):
    """An account that an agency, or a broker in person, is to be paid to.

    Money goes to the one confirmed last whose `effective_at` has come; until then the one before it is used. Stopped
    after that instant, it leaves its party without one. `carried_over`: it was typed in before accounts were confirmed.
    """

    class State(models.TextChoices):
        ASKED = states.AccountState.ASKED, _("Waiting for confirmation")
        CONFIRMED = states.AccountState.CONFIRMED, _("Confirmed")
        DECLINED = states.AccountState.DECLINED, _("Declined")
        STOPPED = states.AccountState.STOPPED, _("Stopped")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agency = models.ForeignKey(
        Agency, verbose_name=_("agency"), null=True, on_delete=models.PROTECT, related_name="accounts"
    )
    broker = models.ForeignKey(
        Broker, verbose_name=_("broker"), null=True, on_delete=models.PROTECT, related_name="accounts"
    )
    holder = models.CharField(_("account holder"), max_length=120)
    bank_name = models.CharField(_("bank and branch"), max_length=120)
    branch_code = models.CharField(_("branch code"), max_length=20, blank=True)
    account: Any = EncryptedTextField(_("account number"))
    last4 = models.CharField(max_length=4)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    carried_over = models.BooleanField(default=False, editable=False)
    asked_by = person_key(_("asked by"), null=True)
    asked_at = models.DateTimeField(_("asked"))
    confirmed_by = person_key(_("confirmed by"), null=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    effective_at = models.DateTimeField(_("used from"), null=True)
    closed_by = person_key(_("closed by"), null=True)
    closed_at = models.DateTimeField(_("closed"), null=True)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("payout account")
        verbose_name_plural = _("payout accounts")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(agency__isnull=True) ^ Q(broker__isnull=True), name="account_of_one"),
            models.UniqueConstraint(fields=["agency"], condition=Q(state="asked"), name="one_account_asked_per_agency"),
            models.UniqueConstraint(fields=["broker"], condition=Q(state="asked"), name="one_account_asked_per_broker"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | Q(asked_by__isnull=True) | ~Q(confirmed_by=F("asked_by")),
                name="account_second_person",
            ),
            models.CheckConstraint(
                condition=Q(effective_at__isnull=True)
                | Q(carried_over=True)
                | Q(confirmed_by__isnull=False, effective_at__gte=F("confirmed_at") + states.ACCOUNT_WAIT),
                name="account_waits_after_confirmation",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(effective_at__isnull=False), name="account_confirmed_is_used"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="as_it_was_asked",
                fields=[
                    "agency", "broker", "holder", "bank_name", "branch_code", "last4", "carried_over", "asked_by",
                    "asked_at",
                ],
            ),
            pgtrigger.Protect(
                name="confirmed_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__effective_at__isnull=False)
                & (
                    pgtrigger.Q(old__effective_at__df=pgtrigger.F("new__effective_at"))
                    | pgtrigger.Q(old__confirmed_by__df=pgtrigger.F("new__confirmed_by"))
                    | pgtrigger.Q(old__confirmed_at__df=pgtrigger.F("new__confirmed_at"))
                ),
            ),
            only_known_moves("account", states.ACCOUNT_MOVES),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.party} {self.masked}"

    @property
    def party(self) -> Agency | Broker:
        return self.agency or self.broker  # type: ignore[return-value]

    @property
    def masked(self) -> str:
        """What people see of the number: its end."""
        return f"···· {self.last4}"


class Identity(models.Model):
    """The number by which the tax office knows a broker who is paid in person; shown by its end only."""

    class Kind(models.TextChoices):
        ID_CARD = states.IdentityKind.ID_CARD, _("Identity card")
        PASSPORT = states.IdentityKind.PASSPORT, _("Passport")
        OTHER = states.IdentityKind.OTHER, _("Another document")

    broker = models.OneToOneField(
        Broker, verbose_name=_("broker"), primary_key=True, on_delete=models.PROTECT, related_name="identity"
    )
    kind = models.CharField(_("document"), max_length=10, choices=Kind.choices, default=Kind.ID_CARD)
    number: Any = EncryptedTextField(_("number"))
    last4 = models.CharField(max_length=4)
    entered_by = person_key(_("entered by"), null=True)
    entered_at = models.DateTimeField(_("entered"))

    class Meta:
        verbose_name = _("identity number")
        verbose_name_plural = _("identity numbers")

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        return f"···· {self.last4}"
