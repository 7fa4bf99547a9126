"""Saying something in a WeCom, DingTalk or Feishu group, as each of them wants it signed.

Sources: the vendors' pages on custom group robots - developer.work.weixin.qq.com (群机器人), open.dingtalk.com
(自定义机器人安全设置), open.feishu.cn (自定义机器人使用指南).
"""

import base64
import hashlib
import hmac
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.parse import quote_plus, urlsplit

from django.conf import settings
from django.utils import translation

from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.notices.models import Notice, Robot

TIMEOUT_SECONDS = 5
_MOST_ANSWER = 64 * 1024
_NO_ADDRESS = re.compile(r"[^!-~]")


class RobotRefused(Exception):
    """The group's server answered, and not with yes."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def check_address(address: str) -> None:
    """Refuse an address that is no robot's: only the hosts of `ROBOT_HOSTS`, and only by https.

    What staff type in is where the server will send to, so it is no way into the network the server stands in.
    Raises: Invalid `robot_address` at `address`.
    """
    try:
        parts = urlsplit(address)
        known = parts.netloc in settings.ROBOT_HOSTS and not _NO_ADDRESS.search(address)
    except ValueError:
        known = False
    if not known or (parts.scheme != "https" and parts.hostname != "127.0.0.1"):
        raise Invalid("this is no robot's address", code="robot_address", field="address")


def say_in_group(robot: Robot, notice: Notice) -> None:
    """Send the notice's line with a link to the group, signed.

    Raises: OSError where the server does not answer; RobotRefused.
    """
    with translation.override(robot.language):
        text = f"{notice.line}\n{settings.SITE_URL}{notice.path}" if notice.path else notice.line
    send_text(robot, text)


def send_text(robot: Robot, text: str) -> None:
    """Send one text to the group.

    Raises: OSError, RobotRefused.
    """
    check_address(robot.address)
    address, body = _SIGNED[robot.kind](robot, text)
    answer = _post(address, body)
    code = answer.get("errcode", answer.get("code", answer.get("StatusCode")))
    if code != 0:
        raise RobotRefused(f"answer_{code}"[:40])


def _wecom(robot: Robot, text: str) -> tuple[str, dict[str, Any]]:
    """The key in its address is all that WeCom asks for."""
    return robot.address, {"msgtype": "text", "text": {"content": text}}


def _dingtalk(robot: Robot, text: str) -> tuple[str, dict[str, Any]]:
    body = {"msgtype": "text", "text": {"content": text}}
    if not robot.secret:
        return robot.address, body
    millis = str(int(clock.now().timestamp() * 1000))
    digest = hmac.new(robot.secret.encode(), f"{millis}\n{robot.secret}".encode(), hashlib.sha256).digest()
    joint = "&" if "?" in robot.address else "?"
    sign = quote_plus(base64.b64encode(digest))
    return f"{robot.address}{joint}timestamp={millis}&sign={sign}", body


def _feishu(robot: Robot, text: str) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if robot.secret:
        seconds = str(int(clock.now().timestamp()))
        digest = hmac.new(f"{seconds}\n{robot.secret}".encode(), b"", hashlib.sha256).digest()
        body |= {"timestamp": seconds, "sign": base64.b64encode(digest).decode()}
    return robot.address, body


_SIGNED: dict[str, Callable[[Robot, str], tuple[str, dict[str, Any]]]] = {
    Robot.Kind.WECOM: _wecom,
    Robot.Kind.DINGTALK: _dingtalk,
    Robot.Kind.FEISHU: _feishu,
}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def _post(address: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked
        address, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json; charset=utf-8"}
    )
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            found = json.loads(answer.read(_MOST_ANSWER))
    except urllib.error.HTTPError as error:
        raise RobotRefused(f"http_{error.code}") from error
    except HTTPException as error:
        raise RobotRefused("no_http") from error
    except ValueError as error:
        raise RobotRefused("unreadable_answer") from error
    return found if isinstance(found, dict) else {}
