"""The one-time code at the desk: hashed, short-lived, few tries, few messages, and in no log."""

import json
import logging
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer
from threading import Thread

import pytest
from django.db import connection

from channels_platform.audit.models import Event
from channels_platform.jobs.models import OutboxMessage
from channels_platform.jobs.services import deliver_message
from channels_platform.lib import clock
from channels_platform.lib.errors import Forbidden, NotAllowed
from channels_platform.sms import Message
from leads.models import ArrivalCode
from leads.services.codes import CodeAnswer, ask_arrival_code, check_arrival_code, send_arrival_code
from tests.pages.world import CLIENT_PHONE, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(settings, tmp_path):
    """What was sent, as the file back end keeps it."""
    settings.SMS_BACKEND, settings.SMS_FILE = "file", str(tmp_path / "sms" / "sent.jsonl")

    def read():
        path = tmp_path / "sms" / "sent.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read


def deliver():
    for pk in OutboxMessage.objects.filter(done_at__isnull=True).values_list("pk", flat=True):
        deliver_message(pk)


@pytest.fixture
def desk(box):
    world = make_world()
    referral = world.file()
    world.now = clock.now()

    def ask(at=None, **more):
        with clock.at(at or world.now):
            code = ask_arrival_code(actor=world.reception, referral=referral, **more)
            deliver()
        return code

    def check(digits, at=None):
        with clock.at(at or world.now):
            return check_arrival_code(actor=world.reception, referral=referral, digits=digits)

    return world, referral, ask, check


def other_than(digits):
    return f"{(int(digits) + 1) % 10**6:06}"


def test_the_code_goes_to_the_clients_phone_and_matches_once(desk, box):
    _world, referral, ask, check = desk
    ask()
    (sent,) = box()
    assert sent["to"] == f"+86{CLIENT_PHONE}"
    assert sent["values"]["code"] in sent["text"] and "Golden Lake" in sent["text"]
    assert check(sent["values"]["code"]) is CodeAnswer.MATCHED
    assert check(sent["values"]["code"]) is CodeAnswer.OVER
    assert ArrivalCode.objects.get().matched_at is not None
    referral.refresh_from_db()
    assert referral.state == "filed"


def test_the_code_is_over_at_ten_minutes_and_good_a_moment_before(desk, box):
    world, _referral, ask, check = desk
    ask()
    digits = box()[0]["values"]["code"]
    assert check(digits, world.now + timedelta(minutes=10)) is CodeAnswer.OVER
    assert check(digits, world.now + timedelta(minutes=10) - timedelta(microseconds=1)) is CodeAnswer.MATCHED


def test_five_wrong_tries_use_the_code_up(desk, box):
    _world, _referral, ask, check = desk
    ask()
    digits = box()[0]["values"]["code"]
    assert [check(other_than(digits)) for _ in range(5)] == [CodeAnswer.WRONG] * 5
    assert check(digits) is CodeAnswer.OVER
    assert ArrivalCode.objects.get().matched_at is None


def test_four_wrong_tries_leave_one(desk, box):
    _world, _referral, ask, check = desk
    ask()
    digits = box()[0]["values"]["code"]
    for _ in range(4):
        check(other_than(digits))
    assert check(digits) is CodeAnswer.MATCHED


def test_only_the_code_sent_last_counts(desk, box):
    world, _referral, ask, check = desk
    ask()
    ask(world.now + timedelta(seconds=60))
    first, second = (sent["values"]["code"] for sent in box())
    later = world.now + timedelta(minutes=2)
    if first != second:
        assert check(first, later) is CodeAnswer.WRONG
    assert check(second, later) is CodeAnswer.MATCHED


def test_one_message_a_minute_and_five_in_a_day_for_a_phone_whoever_files_it(desk, box):
    world, _referral, ask, _check = desk
    ask()
    with pytest.raises(NotAllowed) as soon:
        ask(world.now + timedelta(seconds=59))
    for minute in range(1, 5):
        ask(world.now + timedelta(minutes=minute))
    rivals = world.file(world.outsider)
    for referral_asked in (desk[1], rivals):
        with pytest.raises(NotAllowed) as much, clock.at(world.now + timedelta(minutes=30)):
            ask_arrival_code(actor=world.reception, referral=referral_asked)
        assert much.value.code == "code_limit"
    assert (soon.value.code, len(box())) == ("code_too_soon", 5)
    ask(world.now + timedelta(hours=24))
    assert len(box()) == 6


def test_neither_code_nor_number_is_kept_logged_or_put_into_a_task(desk, box, caplog):
    world, _referral, ask, check = desk
    caplog.set_level(logging.DEBUG)
    ask()
    digits = box()[0]["values"]["code"]
    check(other_than(digits))
    check(digits)
    kept = json.dumps([message.arguments for message in OutboxMessage.objects.all()])
    kept += json.dumps([[event.after, event.reason] for event in Event.objects.all()], default=str)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(c)::text FROM leads_arrivalcode c")
        kept += str(cursor.fetchall())
    said = kept + caplog.text + repr(Message("1", f"+86{CLIENT_PHONE}", digits, "arrival_code", {"code": digits}))
    assert CLIENT_PHONE not in said
    assert f'"{digits}"' not in said and f" {digits}" not in caplog.text
    assert [message.arguments.keys() for message in OutboxMessage.objects.all()] == [{"code_id"}]
    actions = list(
        Event.objects.filter(action__startswith="arrival_code").order_by("pk").values_list("action", flat=True)
    )
    assert actions == ["arrival_code.asked", "arrival_code.refused", "arrival_code.matched"]
    assert world.reception.pk == Event.objects.filter(action="arrival_code.matched").get().actor_id


def test_a_code_that_is_still_on_its_way_uses_up_no_try(desk, box):
    world, referral, _ask, check = desk
    with clock.at(world.now):
        ask_arrival_code(actor=world.reception, referral=referral)
    assert check("000000") is CodeAnswer.ON_ITS_WAY
    assert check("", world.now + timedelta(minutes=10)) is CodeAnswer.OVER
    assert ArrivalCode.objects.get().tries == 0


def test_a_masked_filing_before_its_visit_and_one_that_is_over_get_no_code(desk, box):
    world = desk[0]
    refused = world.file(phone="1")
    world.policy(phone_mode="masked")
    masked = world.file(phones=["139****0001"])
    codes = []
    for referral in (refused, masked):
        with pytest.raises(NotAllowed) as error:
            ask_arrival_code(actor=world.reception, referral=referral)
        codes.append(error.value.code)
    assert codes == ["not_live", "no_full_phone"]
    assert box() == []


def test_who_may_not_confirm_sends_and_checks_nothing(desk, box):
    world, referral, _ask, _check = desk
    for actor in (world.owner.user, world.consultant.user):
        with pytest.raises(Forbidden):
            ask_arrival_code(actor=actor, referral=referral)
        with pytest.raises(Forbidden):
            check_arrival_code(actor=actor, referral=referral, digits="000000")
    assert not ArrivalCode.objects.exists()


@pytest.fixture
def gateway(settings):
    """A gateway on this machine that first fails, then takes what it gets."""
    got, answers = [], [503]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((self.headers["Authorization"], self.headers["Idempotency-Key"], body))
            self.send_response(answers.pop(0) if answers else 202)
            self.end_headers()
            self.wfile.write(json.dumps({"to": body["to"]}).encode())

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.SMS_BACKEND, settings.SMS_TOKEN = "http", "gateway-token"
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/send"
    yield got, answers
    server.shutdown()


def test_a_gateway_that_fails_is_asked_again_and_the_number_is_in_no_log(gateway, caplog):
    caplog.set_level(logging.DEBUG)
    got, _answers = gateway
    world = make_world()
    referral = world.file()
    code = ask_arrival_code(actor=world.reception, referral=referral)
    deliver()
    message = OutboxMessage.objects.get()
    assert (message.error, message.done_at, ArrivalCode.objects.get().sent_at) == ("SmsFailed", None, None)
    deliver()
    assert OutboxMessage.objects.get().done_at is not None
    assert [(one[0], one[1]) for one in got] == [("Bearer gateway-token", str(code.pk))] * 2
    assert CLIENT_PHONE not in caplog.text
    digits = got[1][2]["values"]["code"]
    assert check_arrival_code(actor=world.reception, referral=referral, digits=digits) is CodeAnswer.MATCHED


def test_a_redirecting_gateway_is_a_failure_and_what_is_over_is_sent_no_more(gateway):
    got, answers = gateway
    answers[:] = [302]
    world = make_world()
    now = clock.now()
    with clock.at(now):
        ask_arrival_code(actor=world.reception, referral=world.file())
        deliver()
    with clock.at(now + timedelta(minutes=10)):
        deliver()
    assert len(got) == 1
    assert ArrivalCode.objects.get().sent_at is None


def test_a_gateway_that_is_away_is_a_failure_by_code_and_tried_again(settings, caplog):
    caplog.set_level(logging.DEBUG)
    settings.SMS_BACKEND, settings.SMS_TOKEN, settings.SMS_URL = "http", "gateway-token", "http://127.0.0.1:9/send"
    world = make_world()
    ask_arrival_code(actor=world.reception, referral=world.file())
    deliver()
    message = OutboxMessage.objects.get()
    assert (message.error, message.attempts, message.done_at, message.failed_at) == ("SmsFailed", 1, None, None)
    assert CLIENT_PHONE not in caplog.text and "gateway-token" not in caplog.text


def test_a_gateway_that_answers_with_the_number_instead_of_http_puts_it_into_no_log(settings, caplog):
    caplog.set_level(logging.DEBUG)

    class Echo(StreamRequestHandler):
        def handle(self):
            self.request.recv(65_536)
            self.wfile.write(f"no such subscriber +86{CLIENT_PHONE}\r\n".encode())

    server = TCPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    settings.SMS_BACKEND, settings.SMS_TOKEN = "http", "gateway-token"
    settings.SMS_URL = f"http://127.0.0.1:{server.server_address[1]}/send"
    world = make_world()
    ask_arrival_code(actor=world.reception, referral=world.file())
    deliver()
    server.shutdown()
    server.server_close()
    assert OutboxMessage.objects.get().error == "SmsFailed"
    assert CLIENT_PHONE not in caplog.text


def test_where_no_messages_are_sent_none_is_offered(settings):
    settings.SMS_BACKEND = "off"
    world = make_world()
    with pytest.raises(NotAllowed) as off:
        ask_arrival_code(actor=world.reception, referral=world.file())
    assert off.value.code == "sms_off"


def test_each_attempt_sends_the_same_code(desk, box):
    """The carrier may have passed on what it did not confirm; it sends the same message once."""
    _world, _referral, ask, check = desk
    code = ask()
    ArrivalCode.objects.filter(pk=code.pk).update(sent_at=None)
    with clock.at(_world.now + timedelta(minutes=2)):
        send_arrival_code(code_id=code.pk)
    first, again = box()
    assert first["values"]["code"] == again["values"]["code"]
    assert check(first["values"]["code"]) is CodeAnswer.MATCHED
