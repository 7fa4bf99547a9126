"""Files that people hand in: licences, evidence, visit sheets. Private; whoever owns one says who may see it."""

from pathlib import PurePath

import pgtrigger
from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7


def stored_path(attachment: "Attachment", filename: str) -> str:
    """Name a file by its id: what its sender called it names nothing on our disk."""
    return f"files/{attachment.uploaded_at:%Y/%m}/{attachment.pk}{PurePath(filename).suffix}"


class Attachment(models.Model):
    """One file as it is kept: checked by content, images drawn anew, never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.FileField(_("file"), upload_to=stored_path, max_length=120)
    name = models.CharField(_("name"), max_length=120)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(_("checksum"), max_length=64)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("sent by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    uploaded_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["id"]
        triggers = [pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")
