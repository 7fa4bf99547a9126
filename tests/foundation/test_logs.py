"""No log line and no error page holds a full phone."""

import json
import logging

import pytest
import structlog
from django.test import RequestFactory

from channels_platform import logs
from channels_platform.audit.models import Event
from channels_platform.audit.services import record
from channels_platform.lib.redaction import redact
from channels_platform.logs import PersonalDataFilter


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("call 13812345678 now", "call 138****5678 now"),
        ("+8613812345678", "+86138****5678"),
        ("+86 138 1234 5678", "+86 138****5678"),
        ("138-1234-5678", "138****5678"),
        ("Key (phone)=(13812345678) already exists", "Key (phone)=(138****5678) already exists"),
        ("+14155552671", "+141****2671"),
        ("R-20260301-000042 of 1280000.00", "R-20260301-000042 of 1280000.00"),
        ("took 1772438400123 ms", "took 1772438400123 ms"),
        ("0190163d-8694-739b-aea5-966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad91"),
    ],
)
def test_whatever_looks_like_a_phone_is_masked(said, kept):
    assert redact(said) == kept


def _formatted(record: logging.LogRecord) -> str:
    described = logs.configure(level="INFO", as_json=True)["formatters"]["event"]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=described["processors"], foreign_pre_chain=described["foreign_pre_chain"]
    )
    return formatter.format(record)


def test_a_line_is_json_with_its_phones_masked_also_in_a_traceback():
    try:
        raise ValueError("13812345678 is known")
    except ValueError:
        import sys

        record = logging.LogRecord(
            "leads", logging.ERROR, __file__, 1, "filing of %s", ("13812345678",), sys.exc_info()
        )
    line = _formatted(record)
    said = json.loads(line)
    assert said["event"] == "filing of 138****5678"
    assert "138****5678 is known" in said["exception"]
    assert "13812345678" not in line


@pytest.mark.parametrize(
    ("request_line", "kept"), [("GET /readyz", False), ("GET /healthz", False), ("GET /portal/", True)]
)
def test_answers_to_a_load_balancer_are_not_logged(request_line, kept):
    record = logging.LogRecord(
        "web", logging.INFO, __file__, 1, {"event": "request_started", "request": request_line}, (), None
    )
    assert logs._is_worth_a_line(record) is kept


def test_error_report_shows_no_form_input():
    request = RequestFactory().post("/portal/file", {"name": "Zhang San", "phones": "13812345678"})
    shown = PersonalDataFilter().get_post_parameters(request)
    assert set(shown) == {"name", "phones"}
    assert not {"Zhang San", "13812345678"} & set(shown.values())


@pytest.mark.django_db
def test_a_reason_kept_for_ever_holds_no_phone_that_somebody_typed():
    record("referral.withdrawn", actor=None, reason="客户 13812345678 改变主意, or +852 9123 4567")
    assert Event.objects.get().reason == "客户 138****5678 改变主意, or +852****4567"
