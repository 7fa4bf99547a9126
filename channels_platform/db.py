"""Transactions of services: one at the outside, tried again when the database asks for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

from channels_platform.lib.errors import Refused

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
_RETRYABLE = frozenset({"40001", "40P01"})
_joined: ContextVar[bool] = ContextVar("db_joined", default=False)


class TryAgain(Exception):
    """What was read before the lock no longer holds; the whole transaction is to run again."""


def transactional(service: Callable[P, R]) -> Callable[P, R]:
    """Run a service in one transaction; the outermost is retried on deadlock or `TryAgain`.

    Inside another transaction it is a savepoint, unless the outer one undertook to roll back
    whole on any error (`one_transaction`).
    """

    @wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            if not _joined.get():
                return _atomic(service, *args, **kwargs)
            with transaction.atomic(savepoint=False):
                return service(*args, **kwargs)
        return _retrying(lambda: _atomic(service, *args, **kwargs))

    return run


def one_transaction(work: Callable[[], R]) -> R:
    """Run `work` in one transaction that the services inside join without savepoints.

    An exception rolls all of it back. Retried like a service.
    """
    with _joining():
        return _retrying(lambda: _atomic(work))


def constraint_of(error: IntegrityError) -> str:
    """Return the name of the database constraint that an error is about, or ''."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or ""


@contextmanager
def refused_by(constraint: str, refusal: Refused) -> Iterator[None]:
    """Do what is inside in a transaction or savepoint, and raise `refusal` where that constraint is against it."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint_of(error) != constraint:
            raise
        raise refusal from error


def _atomic(work: Callable[..., R], *args: object, **kwargs: object) -> R:
    """Do `work` in a transaction or savepoint; a refusal's aftermath is written once that is rolled back.

    Where an outer one rolls back too, the aftermath is gone with the rest and written again there.
    """
    try:
        with transaction.atomic():
            return work(*args, **kwargs)
    except Refused as refusal:
        if refusal.aftermath is not None:
            with transaction.atomic():
                refusal.aftermath()
        raise


def _retrying(work: Callable[[], R]) -> R:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except TryAgain:
            if attempt == ATTEMPTS:
                raise
        except OperationalError as error:
            if attempt == ATTEMPTS or getattr(error.__cause__, "pgcode", None) not in _RETRYABLE:
                raise
    raise TryAgain


@contextmanager
def _joining() -> Iterator[None]:
    token = _joined.set(True)
    try:
        yield
    finally:
        _joined.reset(token)
