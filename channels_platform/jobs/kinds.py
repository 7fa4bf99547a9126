"""What the kinds of jobs are called, for the people who started them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

_NAMES: dict[str, Any] = {}


def name_kind(kind: str, name: Any) -> None:
    """Give a kind of job its (translatable) name; called where the task is defined."""
    _NAMES[kind] = name


def name_of(kind: str) -> str:
    return str(_NAMES.get(kind, _("Background job")))
