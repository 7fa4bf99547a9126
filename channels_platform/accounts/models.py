"""People who sign in, and the tokens of their programs."""

import hashlib
import secrets
from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.permissions import AGENCY_ROLES, Can, Role, may
from channels_platform.lib.ids import uuid7


class RoleChoice(models.TextChoices):
    MARKETING = Role.MARKETING, _("Marketing")
    MARKETING_MANAGER = Role.MARKETING_MANAGER, _("Marketing manager")
    RECEPTION = Role.RECEPTION, _("Reception")
    CONSULTANT = Role.CONSULTANT, _("Property consultant")
    FINANCE = Role.FINANCE, _("Finance")
    FINANCE_APPROVER = Role.FINANCE_APPROVER, _("Finance approver")
    AGENCY_ADMIN = Role.AGENCY_ADMIN, _("Agency manager")
    BROKER = Role.BROKER, _("Broker")
    AUDITOR = Role.AUDITOR, _("Auditor")


class User(AbstractUser):
    """A person with one role.

    Staff see the projects they are assigned to, or all; agency people are bound to their agency
    by their Broker record. `phone` serves the own-phone check of filings; `sign_in_phone` is one that was
    proven to be theirs, and serves in place of the user name.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=RoleChoice.choices, blank=True)
    phone = models.ForeignKey(
        "privacy.Phone", verbose_name=_("phone"), null=True, blank=True, on_delete=models.PROTECT, related_name="users"
    )
    sign_in_phone = models.OneToOneField(
        "privacy.Phone", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    all_projects = models.BooleanField(_("all projects"), default=False)
    projects: Any = models.ManyToManyField(
        "projects.Project", verbose_name=_("projects"), blank=True, related_name="staff"
    )
    language = models.CharField(_("language"), max_length=10, blank=True)
    # what the pages spoke as this person last signed in: mail has no browser to ask
    spoken = models.CharField(max_length=10, blank=True, editable=False)
    is_demo = models.BooleanField(_("demo account"), default=False, editable=False)

    objects = UserManager()  # type: ignore[misc]
    REQUIRED_FIELDS = ["email"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            # people sign in with either spelling: two that differ by case would both be shut out
            models.UniqueConstraint(Lower("username"), name="username_once_in_any_case")
        ]

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Leave the user name to `lock_username`, which says so beside the field and holds against a race."""
        super().validate_constraints(exclude={*(exclude or ()), "username"})

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.name or self.username

    def can(self, act: Can) -> bool:
        return may(self, act)

    @property
    def written_to_in(self) -> str:
        """The language of mail: as chosen, else as the pages spoke at the last sign-in; '' where neither is known."""
        return self.language or self.spoken

    @property
    def is_agency_side(self) -> bool:
        return self.role in AGENCY_ROLES

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Model permissions of the admin follow the role table (accounts.admin_access)."""
        from channels_platform.accounts.admin_access import has_model_permission

        return self.is_active and (self.is_superuser or has_model_permission(self, perm))

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and (self.is_superuser or may(self, Can.SEE_ADMIN))


class ApiToken(models.Model):
    """A program's key, kept as a SHA-256 digest; it ends by itself and can be revoked."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, verbose_name=_("person"), on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.BinaryField(unique=True)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("ends"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.user} {self.created_at:%Y-%m-%d}"

    @staticmethod
    def digest_of(key: str) -> bytes:
        return hashlib.sha256(key.encode()).digest()

    @staticmethod
    def new_key() -> str:
        return secrets.token_urlsafe(32)
