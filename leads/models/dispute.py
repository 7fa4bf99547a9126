"""Disputes (判客): an agency contests an outcome, a manager decides, it is kept for ever."""

from typing import Any

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField
from leads import states


class Dispute(models.Model):
    """One contest of one outcome, or the appeal against its decision.

    `decision`, `decided_by` and `decided_at` are there once it has effect; until a second manager approves, what the
    judge wrote stands in the `proposed_` fields: `proposed_shares` is `{"deal": id, "shares": [[referral id, "1/2"]]}`,
    or null where the outcome stays.
    """

    class State(models.TextChoices):
        OPEN = states.DisputeState.OPEN, _("Open")
        PROPOSED = states.DisputeState.PROPOSED, _("Awaiting a second manager")
        DECIDED = states.DisputeState.DECIDED, _("Decided")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(_("number"), max_length=40, unique=True)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="disputes"
    )
    agency = models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="disputes"
    )
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="disputes",
    )
    deal = models.ForeignKey(
        "leads.Deal", verbose_name=_("deal"), null=True, blank=True, on_delete=models.PROTECT, related_name="disputes"
    )
    claim_text = EncryptedTextField(_("what the agency says"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("raised by"), on_delete=models.PROTECT, related_name="+"
    )
    raised_at = models.DateTimeField(_("raised"))
    due_at = models.DateTimeField(_("decide by"))
    appeal_of = models.OneToOneField(
        "self", verbose_name=_("appeal of"), null=True, blank=True, on_delete=models.PROTECT, related_name="appeal"
    )
    first_judge = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    first_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("proposed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    proposed_at = models.DateTimeField(_("proposed"), null=True, blank=True)
    proposed_decision = models.TextField(_("proposed decision"), blank=True)
    proposed_shares = models.JSONField(null=True, blank=True, editable=False)
    needs_approval = models.BooleanField(_("needs a second manager"), default=False)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("approved by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decision = models.TextField(_("decision"), blank=True)

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-raised_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(referral__isnull=False) | Q(deal__isnull=False), name="dispute_is_about_something"
            ),
            models.UniqueConstraint(
                fields=["agency", "referral", "deal"],
                condition=~Q(state="decided") & Q(appeal_of__isnull=True),
                nulls_distinct=False,
                name="one_open_dispute_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(state="decided", decided_by__isnull=False, decided_at__isnull=False)
                | (~Q(state="decided") & Q(decided_by__isnull=True, decided_at__isnull=True)),
                name="dispute_decided_by_someone",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", proposed_by__isnull=False, proposed_at__isnull=False)
                | (~Q(state="proposed") & Q(proposed_by__isnull=True)),
                name="dispute_proposed_by_someone",
            ),
            models.CheckConstraint(
                condition=~Q(state="decided") | Q(needs_approval=False) | Q(approved_by__isnull=False),
                name="dispute_approved_where_needed",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("decided_by")),
                name="dispute_approver_is_another",
            ),
            models.CheckConstraint(
                condition=Q(appeal_of__isnull=True) ^ Q(first_judge__isnull=False), name="appeal_knows_first_judge"
            ),
            models.CheckConstraint(
                condition=Q(first_judge__isnull=True)
                | (
                    (Q(decided_by__isnull=True) | ~Q(decided_by=F("first_judge")))
                    & (Q(proposed_by__isnull=True) | ~Q(proposed_by=F("first_judge")))
                    & (Q(approved_by__isnull=True) | ~Q(approved_by=F("first_judge")))
                ),
                name="appeal_not_by_first_judge",
            ),
            models.CheckConstraint(
                condition=Q(first_approver__isnull=True)
                | (
                    (Q(decided_by__isnull=True) | ~Q(decided_by=F("first_approver")))
                    & (Q(proposed_by__isnull=True) | ~Q(proposed_by=F("first_approver")))
                ),
                name="appeal_not_by_first_approver",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], name="dispute_queue", condition=~Q(state="decided"))]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            # What the agency said stays writable: it is encrypted anew when keys are rotated.
            pgtrigger.Protect(
                name="decided_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.state = 'decided'"
                    " AND to_jsonb(OLD) - 'claim_text' IS DISTINCT FROM to_jsonb(NEW) - 'claim_text'"
                ),
            ),
            pgtrigger.Trigger(
                name="appealed_once",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__appeal_of__isnull=False),
                func="IF NOT EXISTS (SELECT 1 FROM leads_dispute WHERE id = NEW.appeal_of_id AND appeal_of_id IS NULL"
                " AND state = 'decided') THEN RAISE EXCEPTION 'an appeal is against a first decision' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class DisputeSide(models.Model):
    """An agency that is heard in a dispute, and for which referral of its own. Only sides read the decision."""

    id = models.BigAutoField(primary_key=True)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="sides", db_index=False)
    agency = models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="dispute_sides"
    )
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="dispute_sides",
    )
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("side of a dispute")
        verbose_name_plural = _("sides of disputes")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["dispute", "agency"], name="one_side_per_agency")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.dispute} {self.agency}"


def _of_side() -> models.ForeignKey[Any, Any]:
    """Whose it is that a row of a case belongs to; it is read with its dispute."""
    return models.ForeignKey(
        "brokers.Agency", verbose_name=_("agency"), on_delete=models.PROTECT, related_name="+", db_index=False
    )


class DisputeQuestion(models.Model):
    """What a manager asks a side about a referral of its own, by when, and what that side answers, once.

    Whoever holds the referral now reads and answers it, and the agency's manager. Without one: all who speak for it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="questions")
    agency = _of_side()
    referral = models.ForeignKey(
        "leads.Referral",
        verbose_name=_("referral"),
        null=True,
        on_delete=models.PROTECT,
        related_name="questions",
    )
    text = EncryptedTextField(_("question"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("asked by"), on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(_("asked"))
    due_at = models.DateTimeField(_("answer by"))
    answer = EncryptedTextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("answered by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        verbose_name = _("question of a dispute")
        verbose_name_plural = _("questions of disputes")
        ordering = ["asked_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(due_at__gt=F("asked_at")), name="question_due_after_asked"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True)
                | Q(answered_at__lt=F("due_at"), answered_by__isnull=False),
                name="question_answered_in_time",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="kept_for_ever", operation=pgtrigger.Delete),
            # The texts stay writable: they are encrypted anew when keys are rotated.
            pgtrigger.Protect(
                name="answered_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__answered_at__isnull=False)
                & (
                    pgtrigger.Q(old__answered_at__df=pgtrigger.F("new__answered_at"))
                    | pgtrigger.Q(old__answered_by__df=pgtrigger.F("new__answered_by"))
                ),
            ),
            pgtrigger.ReadOnly(
                name="asked_once", fields=["dispute", "agency", "referral", "asked_by", "asked_at", "due_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute} {self.asked_at:%Y-%m-%d}"


class DisputeFile(models.Model):
    """A file that a side handed in: with its claim, or in answer to a question."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="files")
    agency = _of_side()
    question = models.ForeignKey(
        DisputeQuestion, null=True, on_delete=models.PROTECT, related_name="files", db_index=False
    )
    attachment = models.OneToOneField("files.Attachment", on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("file of a dispute")
        verbose_name_plural = _("files of disputes")
        ordering = ["id"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return str(self.attachment)
