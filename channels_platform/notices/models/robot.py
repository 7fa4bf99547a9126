"""Group robots: a project's notices in a WeCom, DingTalk or Feishu group."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_platform.lib.ids import uuid7
from channels_platform.privacy.fields import EncryptedTextField


class Robot(models.Model):
    """A group's robot. Its address is a key by itself, so it is encrypted like the secret and never shown again."""

    class Kind(models.TextChoices):
        WECOM = "wecom", _("WeCom")
        DINGTALK = "dingtalk", _("DingTalk")
        FEISHU = "feishu", _("Feishu")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(
        "projects.Project", verbose_name=_("project"), on_delete=models.PROTECT, related_name="robots"
    )
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    address: Any = EncryptedTextField(_("webhook address"))
    secret: Any = EncryptedTextField(_("signing secret"), blank=True)
    language = models.CharField(_("language"), max_length=10, default="zh-hans")
    tells = models.JSONField(_("tells of"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("group robot")
        verbose_name_plural = _("group robots")
        ordering = ["project", "name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="robot_name_in_project")]

    def __str__(self) -> str:
        return self.name
