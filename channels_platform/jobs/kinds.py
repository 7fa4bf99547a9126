"""The kinds of jobs: what they are called for the people who started them, and who may still read what came of one."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

_NAMES: dict[str, Any] = {}
_READABLE: dict[str, Callable[[Any, Any], bool]] = {}
_ABOUT: dict[str, Callable[[Any], str]] = {}


def name_kind(
    kind: str,
    name: Any,
    *,
    readable: Callable[[Any, Any], bool] | None = None,
    about: Callable[[Any], str] | None = None,
) -> None:
    """Give a kind of job its (translatable) name; called where the task is defined.

    `readable(job, starter)`: whether who started it may read it still; left out, always.
    `about(job)`: which of its kind it is, in the active language; left out, nothing is said.
    """
    _NAMES[kind] = name
    if readable is not None:
        _READABLE[kind] = readable
    if about is not None:
        _ABOUT[kind] = about


def name_of(kind: str) -> str:
    return str(_NAMES.get(kind, _("Background job")))


def about(job: Any) -> str:
    """Return which of its kind a job is; '' where nothing is said."""
    return _ABOUT.get(job.kind, lambda _job: "")(job)


def is_readable(job: Any, starter: Any) -> bool:
    """Whether who started a job may read still what came of it."""
    return _READABLE.get(job.kind, lambda _job, _starter: True)(job, starter)
