"""A POST sent twice with one Idempotency-Key is done once and answered twice.

The answer is written in the transaction of the work itself, so both are there or neither, also when the
process is killed. While the first request runs it holds an advisory lock of its transaction; the second
sees that without waiting.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.http import HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from channels_platform.db import TryAgain, constraint_of, one_transaction
from channels_platform.http.models import StoredAnswer
from channels_platform.http.problems import CONTENT_TYPE, Problem, of_refusal, problem_of
from channels_platform.inserts import insert_together
from channels_platform.lib import clock
from channels_platform.lib.errors import Refused
from channels_platform.prepared import Prepared

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEEP = timedelta(hours=48)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_JSON = "application/json"
_renderer = JSONRenderer()
_LOOK = Prepared(
    "SELECT mine, a.id FROM pg_try_advisory_xact_lock(%(lock)s) AS mine"
    " LEFT JOIN http_storedanswer a ON a.caller_id = %(caller)s AND a.key = %(key)s"
)
PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="1-200 visible ASCII characters; the same request again gets the first answer.",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What makes two requests one: who asked, under which key, for what."""

    caller: UUID
    key: str
    digest: bytes

    @property
    def lock(self) -> int:
        found = hashlib.blake2b(f"{self.caller}\n{self.key}".encode(), digest_size=8).digest()
        return int.from_bytes(found, "big", signed=True)

    def part(self, place: int) -> "Asked":
        """Return the same for one item of a list; the line feed keeps it apart from any key a client can send."""
        return Asked(self.caller, f"{self.key}\n{place}", self.digest)


def asked_in(request: Request) -> Asked | None:
    """Return the request's identity, or None where it brings no key.

    Raises: Problem `bad_idempotency_key`.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Problem(400, "bad_idempotency_key", _("An Idempotency-Key is 1 to 200 visible ASCII characters."))
    facts = b"\n".join((request.method.encode(), request.path.encode(), request._request.body))
    return Asked(request.user.pk, key, salted_hmac("http.idempotency", facts, algorithm="sha256").digest())


def answer_once(handler: Callable[..., Any], request: Request, *args: Any, **kwargs: Any) -> Any:
    """Answer through `handler`, unless this very request was answered before.

    Refusals by rule are kept too; what never reached the rules (400, 401, 403, 404, field errors) is judged anew.
    """
    asked = asked_in(request)
    if asked is None:
        return handler(request, *args, **kwargs)
    return do_once(asked, lambda: handler(request, *args, **kwargs))


def do_once(asked: Asked, work: Callable[[], Response]) -> HttpResponse:
    """Do `work` and keep its answer in one transaction, or return the answer kept before.

    Raises: Problem `key_reused`, `in_progress`.
    Locks:  an advisory lock on caller and key, not waited for.
    Writes: StoredAnswer.
    """
    try:
        return one_transaction(lambda: _first_or_again(asked, work))
    except Refused as refusal:
        problem = of_refusal(refusal)
        return _keep_refusal(asked, problem)


def answer_each(request: Request, items: Sequence[Any], work: Callable[[Any], Response]) -> HttpResponse:
    """Answer a list item by item, each in its own transaction and each at most once under the request's key.

    What was answered before an interruption is answered the same again, the rest is done now.
    Shape:  207, a list in the order of `items`; an item that cannot be is a problem, with its `status`.
    Raises: Problem `in_progress`, `key_reused`.
    """
    asked = asked_in(request)
    if asked is None:
        return HttpResponse(_listed([_one(partial(work, item)) for item in items]), status=207, content_type=_JSON)
    with alone(asked):
        answers = [_one(partial(do_once, asked.part(place), partial(work, item))) for place, item in enumerate(items)]
    again = {REPLAYED: "true"} if all(REPLAYED in answer.headers for answer in answers) else {}
    return HttpResponse(_listed(answers), status=207, content_type=_JSON, headers=again)


def _one(work: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        answer = work()
    except Exception as error:
        problem = problem_of(error)
        if problem is None or problem.code == "key_reused":
            raise
        return HttpResponse(_renderer.render(problem.as_dict()), status=problem.status)
    return HttpResponse(_renderer.render(answer.data), status=answer.status_code) if hasattr(answer, "data") else answer


def _listed(answers: Sequence[HttpResponse]) -> bytes:
    return b"[" + b",".join(answer.content for answer in answers) + b"]"


@contextmanager
def alone(asked: Asked) -> Iterator[None]:
    """Hold a key for longer than one transaction, on this connection; it is let go also when the process dies.

    Raises: Problem `in_progress`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [asked.lock])
        mine = cursor.fetchone()[0]
    if not mine:
        raise _in_progress()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [asked.lock])


def _first_or_again(asked: Asked, work: Callable[[], Response]) -> HttpResponse:
    kept, mine = _look(asked)
    if kept is not None:
        return _again(kept, asked)
    if not mine:
        raise _in_progress()
    response = work()
    if response.status_code >= 400:
        # a handler that answers a problem itself wrote nothing worth replaying
        return response
    body = _renderer.render(response.data)
    return _keep(asked, status=response.status_code, body=body, content_type=_JSON)


def _look(asked: Asked) -> tuple[StoredAnswer | None, bool]:
    """Return the answer kept, and whether the key is ours to answer: one statement, lock first."""
    row = _LOOK.fetch({"lock": asked.lock, "caller": asked.caller, "key": asked.key})
    mine, found = row or (False, None)
    return (StoredAnswer.objects.get(pk=found) if found else None), mine


def _keep(asked: Asked, *, status: int, body: bytes, content_type: str) -> HttpResponse:
    answer = StoredAnswer(
        caller_id=asked.caller,
        key=asked.key,
        request_digest=asked.digest,
        status=status,
        content_type=content_type,
        body=body.decode(),
        created_at=clock.now(),
    )
    try:
        insert_together([answer])
    except IntegrityError as error:
        if constraint_of(error) != "one_answer_per_key":
            raise
        # committed between our look and our lock: begin again, and find it
        raise TryAgain from error
    return HttpResponse(body, status=status, content_type=content_type)


def _keep_refusal(asked: Asked, problem: Problem) -> HttpResponse:
    """Keep a refusal after its work was rolled back; where another request came in between, that one's answer holds."""
    body = _renderer.render(problem.as_dict())
    try:
        with transaction.atomic():
            return _keep(asked, status=problem.status, body=body, content_type=CONTENT_TYPE)
    except TryAgain:
        return _again(StoredAnswer.objects.get(caller=asked.caller, key=asked.key), asked)


def _again(kept: StoredAnswer, asked: Asked) -> HttpResponse:
    if bytes(kept.request_digest) != asked.digest:
        raise Problem(422, "key_reused", _("This Idempotency-Key was used for another request."))
    return HttpResponse(kept.body, status=kept.status, content_type=kept.content_type, headers={REPLAYED: "true"})


def _in_progress() -> Problem:
    return Problem(409, "in_progress", _("The first request with this key is still running."))


def forget_answers(*, limit: int = 10_000) -> int:
    """Delete answers older than `KEEP`; return how many.

    Writes: StoredAnswer.
    """
    due = StoredAnswer.objects.filter(created_at__lt=clock.now() - KEEP).order_by("created_at").values("pk")[:limit]
    return StoredAnswer.objects.filter(pk__in=due).delete()[0]
