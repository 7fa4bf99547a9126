"""How notices leave the product: one row for each way that each takes, kept until it has arrived."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels_platform.notices.models.notice import Notice
from channels_platform.notices.models.robot import Robot


class Channel(models.TextChoices):
    MAIL = "mail", _("E-mail")
    ROBOT = "robot", _("Group robot")


class Delivery(models.Model):
    """A notice on its way. It is tried until it is sent, each time later, and given up after days, never silently.

    `together`: it waits for its reader's digest and leaves in one mail with others.
    """

    notice = models.ForeignKey(Notice, verbose_name=_("notice"), on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    robot = models.ForeignKey(
        Robot, verbose_name=_("group robot"), null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    together = models.BooleanField(default=False)
    due_at = models.DateTimeField(_("due"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=80, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True)
    given_up_at = models.DateTimeField(_("given up"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "channel", "robot"], name="delivery_once_each_way", nulls_distinct=False
            ),
            models.CheckConstraint(condition=Q(channel="robot") ^ Q(robot__isnull=True), name="delivery_by_its_robot"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="delivery_waiting", condition=Q(sent_at__isnull=True, given_up_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.notice}"

    @property
    def state(self) -> str:
        if self.sent_at:
            return "sent"
        return "given_up" if self.given_up_at else "waiting"


class Preference(models.Model):
    """When a person may be written to: not in the quiet hours, and if wished once a day in one mail.

    Times of day are those of the server's zone. Quiet hours may run over midnight.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="notice_preference"
    )
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    digest_at = models.TimeField(_("once a day, at"), null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_begin_and_end",
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)


class Wish(models.Model):
    """What a person said of one kind on one channel; where they said nothing, the kind's own word holds."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    wanted = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind", "channel"], name="wish_said_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}: {self.wanted}"
