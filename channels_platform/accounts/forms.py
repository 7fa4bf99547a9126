"""Forms of people's own accounts."""

from typing import Any

from allauth.account import forms as allauth_forms
from allauth.mfa.base import forms as mfa_forms
from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from channels_platform.accounts.models import User
from channels_platform.accounts.selectors import username_of_phone
from channels_platform.audit.services import record


class _Plain:
    """Labels stand above the fields; a placeholder that repeats them only looks like an answer."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class LoginForm(_Plain, allauth_forms.LoginForm):
    """User name or phone, and password, spelled for phone keyboards."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs.update(
            {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}
        )
        self.fields["login"].label = _("User name or phone")
        self.fields["password"].help_text = ""
        self.fields["remember"].label = _("Keep me signed in on this device")

    def clean_login(self) -> str:
        typed: str = super().clean_login()
        return username_of_phone(typed) or typed


class ChangePasswordForm(_Plain, allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""


class ResetPasswordForm(_Plain, allauth_forms.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(_Plain, allauth_forms.ResetPasswordKeyForm):
    pass


class SecondFactorForm(_Plain, mfa_forms.AuthenticateForm):
    """The code after the password; a wrong one is a failed sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"

    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()
        except ValidationError:
            record("signin.failed", actor=None, target=self.user, after={"known_account": True, "second_factor": True})
            raise
        return code


class InvitationForm(forms.Form):
    """The first password, twice."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
        help_text=password_validation.password_validators_help_text_html(),
    )
    repeated = forms.CharField(
        label=_("Password, again"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password, repeated = cleaned.get("password"), cleaned.get("repeated")
        if password and repeated and password != repeated:
            self.add_error("repeated", _("The two passwords are not the same."))
        elif password:
            try:
                password_validation.validate_password(password, self._user)
            except ValidationError as weak:
                self.add_error("password", weak)
        return cleaned
