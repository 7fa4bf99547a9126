"""Answers kept for the same request sent again."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_platform.privacy.fields import EncryptedTextField


class StoredAnswer(models.Model):
    """The first answer to a POST that carried an Idempotency-Key.

    `request_digest` is a keyed hash of method, path and body: a body holds phones and passwords, so not even
    a plain hash of it is kept. The answer names clients, so it is encrypted.
    """

    id = models.BigAutoField(primary_key=True)
    caller = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("caller"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(_("key"), max_length=210)
    request_digest = models.BinaryField()
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=60)
    body = EncryptedTextField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("stored answer")
        verbose_name_plural = _("stored answers")
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"{self.key} {self.status}"
