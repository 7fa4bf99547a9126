"""Notices on their way: at least once, later where a channel is down, in quiet hours not at all."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer
from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection, connections

from channels_platform.lib import clock
from channels_platform.lib.errors import Invalid
from channels_platform.notices import kinds
from channels_platform.notices.models import Delivery, Notice, Robot
from channels_platform.notices.robots import RobotRefused
from channels_platform.notices.services import tell
from channels_platform.notices.services.choices import choose_notices, keep_robot, try_robot
from channels_platform.notices.services.delivering import deliver_due, forget_old, send_again
from tests.cast import person, project_of

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai, the server's zone
kinds.register(
    kinds.Kind("test.paid", "Paid", "%(target)s is paid", mailed=True),
    kinds.Kind("test.fire", "Fire", "fire", mailed=True, urgent=True),
    kinds.Kind("test.aside", "Aside", "by the way"),
)


@pytest.fixture
def reader():
    return person("broker", email="reader@example.com")


def told(*readers, kind="test.paid", at=NOON, **how):
    with clock.at(at):
        return tell(kind=kind, recipients=readers, **how)


def delivered(at=NOON):
    with clock.at(at):
        return deliver_due()


def test_a_notice_is_mailed_once_to_who_wants_it(reader, mailoutbox):
    told(reader, target=reader, path="/portal/")
    told(reader, kind="test.aside")
    told(person("broker"))
    assert delivered() == {"sent": 1, "failed": 0, "given_up": 0}
    assert delivered(NOON + timedelta(days=1))["sent"] == 0
    assert [message.subject for message in mailoutbox] == [f"{reader} is paid"]
    assert "/portal/" in mailoutbox[0].body


def test_each_chooses_what_comes_by_mail(reader, mailoutbox):
    choose_notices(person=reader, mailed=["test.aside"])
    told(reader, target=reader)
    told(reader, kind="test.aside")
    delivered()
    assert [message.subject for message in mailoutbox] == ["by the way"]


def test_quiet_hours_run_over_midnight_and_what_is_urgent_passes(reader, mailoutbox):
    choose_notices(person=reader, mailed=["test.paid", "test.fire"], quiet_from=time(22, 0), quiet_until=time(8, 0))
    night = NOON + timedelta(hours=11)  # 23:00
    told(reader, target=reader, at=night)
    told(reader, kind="test.fire", at=night)
    assert delivered(night)["sent"] == 1
    morning = NOON + timedelta(hours=20)  # 08:00
    assert delivered(morning - timedelta(seconds=1))["sent"] == 0
    assert delivered(morning)["sent"] == 1
    assert [message.subject for message in mailoutbox] == ["fire", f"{reader} is paid"]


def test_a_digest_is_one_mail_a_day(reader, mailoutbox):
    choose_notices(person=reader, mailed=["test.paid", "test.aside"], digest_at=time(18, 0))
    told(reader, target=reader)
    told(reader, kind="test.aside", at=NOON + timedelta(hours=1))
    assert delivered(NOON + timedelta(hours=5))["sent"] == 0
    assert delivered(NOON + timedelta(hours=6))["sent"] == 2
    assert len(mailoutbox) == 1
    assert mailoutbox[0].subject == "2 notices for you"
    assert "by the way" in mailoutbox[0].body


def test_quiet_hours_need_both_ends(reader):
    with pytest.raises(Invalid) as refused:
        choose_notices(person=reader, mailed=[], quiet_from=time(22))
    assert refused.value.field == "quiet_until"


def test_a_server_out_of_reach_is_tried_later_each_time_and_given_up_after_days(reader, settings, mailoutbox):
    told(reader, target=reader)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert delivered()["failed"] == 1
    assert delivered() == {"sent": 0, "failed": 0, "given_up": 0}
    delivery = Delivery.objects.get()
    assert (delivery.attempts, delivery.error) == (1, "ConnectionRefusedError")
    assert delivered(NOON + timedelta(minutes=1))["failed"] == 1
    assert delivered(NOON + timedelta(days=3, minutes=1))["given_up"] == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert delivered(NOON + timedelta(days=4))["sent"] == 0
    with clock.at(NOON + timedelta(days=4)):
        assert send_again(actor=None, delivery=delivery)
    assert delivered(NOON + timedelta(days=4))["sent"] == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_once(reader, mailoutbox):
    for _ in range(20):
        told(reader, target=reader)
    start, counts = Barrier(2), []

    def work():
        try:
            start.wait(10)
            counts.append(delivered()["sent"])
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == 20
    assert len(mailoutbox) == 20


def test_old_notices_are_forgotten_with_their_deliveries(reader):
    told(reader, target=reader)
    with clock.at(NOON + timedelta(days=91)):
        assert forget_old() == 1
    assert not Delivery.objects.exists()


# --- group robots -----------------------------------------------------------------------------------------


@contextmanager
def group_server(status: int = 200, answer: str = '{"errcode": 0}') -> Iterator[tuple[str, list[tuple[str, dict]]]]:
    heard: list[tuple[str, dict]] = []

    class Group(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, json.loads(body)))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Group)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        server.server_close()


def robot_at(host, settings, *, kind="wecom", secret="", tells=("test.paid",), project=None, **fields):
    settings.ROBOT_HOSTS = [host]
    fields = {
        "project": project or project_of(),
        "name": f"Sales {kind}",
        "kind": kind,
        "address": f"http://{host}/send?key=k1",
        "secret": secret,
        "tells": list(tells),
        "language": "en",
        "is_active": True,
        **fields,
    }
    return keep_robot(actor=None, fields=fields)


def test_a_group_hears_each_thing_once_whoever_else_does(reader, settings):
    with group_server() as (host, heard):
        robot = robot_at(host, settings)
        told(reader, person("broker"), target=reader, project=robot.project, path="/desk/x/", once="D-1")
        told(person("broker"), target=reader, project=project_of(), once="D-1")
        assert delivered()["sent"] == 2  # the group, and the one reader with an address
    assert heard == [
        ("/send?key=k1", {"msgtype": "text", "text": {"content": f"{reader} is paid\n{settings.SITE_URL}/desk/x/"}})
    ]


def test_dingtalk_is_signed_over_time_and_secret(settings):
    with group_server() as (host, heard):
        robot = robot_at(host, settings, kind="dingtalk", secret="SEC1")
        with clock.at(NOON):
            try_robot(actor=None, robot=robot, text="hello")
    query = parse_qs(urlsplit(heard[0][0]).query)
    millis = str(int(NOON.timestamp() * 1000))
    wanted = base64.b64encode(hmac.new(b"SEC1", f"{millis}\nSEC1".encode(), hashlib.sha256).digest()).decode()
    assert (query["timestamp"], query["sign"], query["key"]) == ([millis], [wanted], ["k1"])
    assert heard[0][1] == {"msgtype": "text", "text": {"content": "hello"}}


def test_feishu_is_signed_in_its_body(settings):
    with group_server(answer='{"code": 0, "msg": "success"}') as (host, heard):
        robot = robot_at(host, settings, kind="feishu", secret="SEC2")
        with clock.at(NOON):
            try_robot(actor=None, robot=robot, text="hello")
    body = heard[0][1]
    seconds = str(int(NOON.timestamp()))
    wanted = base64.b64encode(hmac.new(f"{seconds}\nSEC2".encode(), b"", hashlib.sha256).digest()).decode()
    assert body == {"msg_type": "text", "content": {"text": "hello"}, "timestamp": seconds, "sign": wanted}


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (200, '{"errcode": 310000, "errmsg": "sign not match"}', "answer_310000"),
        (500, "{}", "http_500"),
        (302, "{}", "http_302"),
        (200, "<html>", "unreadable_answer"),
    ],
)
def test_a_group_that_does_not_take_it_is_tried_again(settings, reader, status, answer, error):
    with group_server(status, answer) as (host, heard):
        robot = robot_at(host, settings)
        told(person("broker"), target=reader, project=robot.project)
        assert delivered()["failed"] == 1
    assert len(heard) == 1
    assert Delivery.objects.get().error == error
    assert delivered(NOON + timedelta(minutes=5))["failed"] == 1  # nobody listens there now


def test_a_server_that_speaks_no_http_is_a_failure_with_a_name(settings, reader):
    """Also for whoever tries the robot out, and for what is due after it in the same run."""
    robot, mine = robot_at("127.0.0.1:9", settings), person("broker", email="next@example.com")
    with raw_server(b"SSH-2.0-OpenSSH_9.6\r\n") as host:
        keep_robot(actor=None, robot=robot, fields=_at(host, settings))
        told(person("broker"), target=reader, project=robot.project)
        told(mine, target=mine, at=NOON + timedelta(seconds=1))
        assert delivered(NOON + timedelta(seconds=2)) == {"sent": 1, "failed": 1, "given_up": 0}
        with pytest.raises(RobotRefused):
            try_robot(actor=None, robot=robot, text="hello")
    assert Delivery.objects.get(channel="robot").error == "no_http"


def test_one_notice_that_cannot_be_put_into_a_mail_holds_up_no_other(reader, mailoutbox):
    bad = person("broker", email="two\nlines@example.com")
    told(bad, target=bad)
    told(reader, target=reader, at=NOON + timedelta(seconds=1))
    assert delivered(NOON + timedelta(seconds=2)) == {"sent": 1, "failed": 1, "given_up": 0}
    assert Delivery.objects.get(notice__recipient=bad).error == "BadHeaderError"
    assert len(mailoutbox) == 1


def _at(host, settings):
    settings.ROBOT_HOSTS = [host]
    return {"address": f"http://{host}/send?key=k1"}


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """A port where something else than a web server listens."""

    class Other(StreamRequestHandler):
        def handle(self) -> None:
            self.request.recv(65_536)
            self.wfile.write(answer)

    server = TCPServer(("127.0.0.1", 0), Other)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/robot",
        "http://oapi.dingtalk.com/robot",
        "https://127.0.0.1/",
        "file:///etc/passwd",
        "",
        "https://[oapi.dingtalk.com/robot",
        "https://oapi.dingtalk.com/robot send?access_token=1",
    ],
)
def test_a_robot_lives_at_a_known_host_only(address):
    with pytest.raises(Invalid) as refused:
        keep_robot(
            actor=None,
            fields={"project": project_of(), "name": "x", "kind": "wecom", "address": address, "tells": []},
        )
    assert (refused.value.code, refused.value.field) == ("robot_address", "address")
    assert not Robot.objects.exists()


def test_an_address_left_out_stays_and_is_kept_encrypted(settings):
    with group_server() as (host, _heard):
        robot = robot_at(host, settings)
        keep_robot(actor=None, robot=robot, fields={"name": "Other", "address": "", "secret": ""})
        robot.refresh_from_db()
        assert (robot.name, robot.address) == ("Other", f"http://{host}/send?key=k1")
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM notices_robot")
        assert b"key=k1" not in bytes(cursor.fetchone()[0])


def test_notices_of_another_kind_or_of_an_inactive_robot_stay_out_of_the_group(settings, reader):
    with group_server() as (host, heard):
        robot = robot_at(host, settings)
        told(reader, kind="test.aside", project=robot.project)
        keep_robot(actor=None, robot=robot, fields={"is_active": False})
        told(person("broker"), target=reader, project=robot.project)
        delivered()
    assert heard == []
    assert Notice.objects.count() == 2


def test_who_was_disabled_since_gets_no_mail(reader, mailoutbox):
    told(reader)
    type(reader).objects.filter(pk=reader.pk).update(is_active=False)
    assert delivered() == {"sent": 0, "failed": 0, "given_up": 1}
    assert mailoutbox == []
    assert Delivery.objects.get().error == "inactive"


def test_people_are_offered_what_they_may_ever_be_told():
    offered = {
        role: {kind.name for kind in kinds.kinds_for(person(role))}
        for role in ("broker", "consultant", "marketing_manager")
    }
    assert "referral.filed" in offered["broker"] and "signal.raised" not in offered["broker"]
    assert "referral.filed" not in offered["consultant"] and "referral.assigned" in offered["consultant"]
    assert all("dispute.decided" in names for names in offered.values())
