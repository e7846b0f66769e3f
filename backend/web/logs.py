"""Log lines as JSON: what happened to which route, never what somebody wrote or who it was about."""

import logging
import sys
from typing import Any, BinaryIO

import msgspec
import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_encode = msgspec.json.Encoder(enc_hook=str).encode


def configure_logs(level: str = "info", form: str = "json", stream: BinaryIO | None = None) -> None:
    """Send every log line to `stream` (standard error), as JSON or readable on a console."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _on_console() if form == "console" else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(stream or sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )


def _on_console() -> Any:
    render = structlog.dev.ConsoleRenderer()
    return lambda logger, name, line: str(render(logger, name, line)).encode()


def _as_json(_logger: Any, _name: str, line: Any) -> bytes:
    return _encode(line)
