"""A text column that is encrypted at rest and plain in Python."""

from typing import Any

from django.db import models

from channels_platform.privacy.keys import cipher


class EncryptedTextField(models.BinaryField):
    """Text kept as a Fernet token; it can be read, not searched.

    An unreadable token raises: wrong keys must never look like an empty name.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        return None if value is None else cipher().decrypt(bytes(value)) if len(value) else ""

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, bytes | memoryview):
            return value
        return cipher().encrypt(value) if value else b""

    def get_default(self) -> Any:
        return "" if not self.has_default() and not self.null else super().get_default()

    def value_to_string(self, obj: Any) -> str:
        return ""

    def formfield(self, **kwargs: Any) -> Any:
        from django import forms

        return forms.CharField(required=not self.blank, label=kwargs.get("label", self.verbose_name))
