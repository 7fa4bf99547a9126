"""Phones: each distinct number once, encrypted, matched by a keyed digest."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels_platform.privacy.keys import cipher


class Phone(models.Model):
    """One phone number, however many people filed it.

    `digest` is the HMAC of the E.164 form; `masked` is what people see by default.
    """

    id = models.BigAutoField(primary_key=True)
    digest = models.BinaryField(unique=True)
    ciphertext = models.BinaryField()
    masked = models.CharField(_("phone"), max_length=20)
    last4 = models.CharField(max_length=4)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        indexes = [models.Index(fields=["last4"], name="phone_last4")]

    def __str__(self) -> str:
        return self.masked

    def reveal(self) -> str:
        """Return the full number; callers record who asked (services.reveal_phone)."""
        return cipher().decrypt(self.ciphertext) if self.erased_at is None else self.masked
