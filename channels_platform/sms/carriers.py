"""What carries a text message: a file on a development machine, or a gateway by HTTP."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

from django.conf import settings

from channels_platform.lib import clock
from channels_platform.sms.message import Message

TIMEOUT_SECONDS = 10


class SmsFailed(Exception):
    """The carrier did not take the message; says why by code, never to whom or what."""


def may_send() -> bool:
    """Whether text messages are sent here at all."""
    return bool(settings.SMS_BACKEND != "off")


def send_sms(message: Message) -> None:
    """Give the message to the carrier and wait for its yes.

    Raises: SmsFailed.
    """
    carry = _CARRIERS.get(settings.SMS_BACKEND)
    if carry is None:
        raise SmsFailed("off")
    carry(message)


def _to_file(message: Message) -> None:
    path = Path(settings.SMS_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {"at": clock.now().isoformat(), **_body(message)}
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as out:
        out.write(json.dumps(line, ensure_ascii=False) + "\n")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _by_http(message: Message) -> None:
    request = urllib.request.Request(  # noqa: S310 - the settings take https, or this machine, only
        settings.SMS_URL,
        json.dumps(_body(message), ensure_ascii=False).encode(),
        {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Bearer {settings.SMS_TOKEN}",
            "Idempotency-Key": message.id,
        },
    )
    # `from None`: what the gateway says may repeat the number, and tracebacks are logged.
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        raise SmsFailed(f"http_{error.code}") from None
    except OSError:
        raise SmsFailed("unreachable") from None
    except HTTPException:
        raise SmsFailed("no_http") from None
    if not 200 <= status < 300:
        raise SmsFailed(f"http_{status}")


def _body(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "to": message.to,
        "text": message.text,
        "template": message.template,
        "values": message.values,
    }


_CARRIERS: dict[str, Callable[[Message], None]] = {"file": _to_file, "http": _by_http}
