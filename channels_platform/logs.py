"""Logs as events with a request id, and without anybody's phone number."""

import logging
from typing import Any

import structlog
from django.views.debug import SafeExceptionReporterFilter

from channels_platform.lib.redaction import redact


def _redact_line(logger: Any, method: str, line: Any) -> Any:
    return redact(line) if isinstance(line, str) else line


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Whether a record is no mere answer to a load balancer."""
    event = record.msg if isinstance(record.msg, dict) else {}
    return not str(event.get("request", "")).endswith(("/healthz", "/readyz"))


class PersonalDataFilter(SafeExceptionReporterFilter):
    """Error reports show no form input at all: it is people's names and phones."""

    def get_post_parameters(self, request: Any) -> dict[str, str]:
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)

    def is_active(self, request: Any) -> bool:
        return True


def configure(*, level: str, as_json: bool) -> dict[str, Any]:
    """Set structlog up and return Django's LOGGING to match, so that both write the same lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.processors.UnicodeDecoder(),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, _redact_line],
                "foreign_pre_chain": shared,
            },
        },
        "filters": {"worth": {"()": lambda: _is_worth_a_line}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event", "filters": ["worth"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": level},
            "django.server": {"handlers": [], "propagate": True, "level": logging.WARNING},
            # a line per beat of the heart tells nobody anything: runs are recorded as rows
            "celery": {"level": logging.WARNING},
            "django_structlog.celery": {"level": logging.WARNING},
        },
    }
