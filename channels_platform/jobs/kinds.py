"""The kinds of jobs: what they are called for the people who started them, and who may still read what came of one."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

_NAMES: dict[str, Any] = {}
_READABLE: dict[str, Callable[[Any, Any], bool]] = {}


def name_kind(kind: str, name: Any, *, readable: Callable[[Any, Any], bool] | None = None) -> None:
    """Give a kind of job its (translatable) name; called where the task is defined.

    `readable(job, starter)`: whether who started it may read it still; left out, always.
    """
    _NAMES[kind] = name
    if readable is not None:
        _READABLE[kind] = readable


def name_of(kind: str) -> str:
    return str(_NAMES.get(kind, _("Background job")))


def is_readable(job: Any, starter: Any) -> bool:
    """Whether who started a job may read still what came of it."""
    return _READABLE.get(job.kind, lambda _job, _starter: True)(job, starter)
