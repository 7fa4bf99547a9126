"""Notices: what a person should know in time."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from channels_platform.notices.kinds import Kind, kind_of, said


class Notice(models.Model):
    """One word to one person about one thing. Written in the transaction of what it tells of, so it is the outbox too.

    `once` makes a second telling of the same thing the same notice; `due_at` is the end it warns of, if it warns, by
    the clock of `zone`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("recipient"), on_delete=models.PROTECT, related_name="told"
    )
    kind = models.CharField(_("kind"), max_length=40)
    project_id = models.UUIDField(null=True, blank=True)
    target_kind = models.CharField(_("kind of object"), max_length=40, blank=True)
    target_id = models.CharField(_("object"), max_length=40, blank=True)
    target_label = models.CharField(_("number"), max_length=120, blank=True)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    path = models.CharField(_("page"), max_length=200, blank=True)
    once = models.CharField(max_length=160, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "once"], name="notice_told_once", condition=~Q(once="")),
        ]
        indexes = [
            models.Index(fields=["recipient", "-created_at", "-id"], name="notice_of_recipient"),
            models.Index(fields=["recipient"], name="notice_told_unread", condition=Q(read_at__isnull=True)),
            models.Index(fields=["once"], name="notice_once", condition=~Q(once="")),
            models.Index(fields=["created_at"], name="notice_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_label}".strip()

    @property
    def says(self) -> Kind:
        return kind_of(self.kind)

    @property
    def line(self) -> str:
        """What it says, in the language in force."""
        return said(self.says, self.facts, self.target_label)
