"""Logging set up once per process: JSON lines on stderr, or colours on a terminal."""

from __future__ import annotations

import logging
import sys
from typing import Any

LEVELS = ("debug", "info", "warning", "error")


class Log:
    """A logger that imports its library at its first event: a short command has none to tell.

    Until ``configure`` is called, warnings and errors go to stderr and the rest nowhere.
    """

    def debug(self, event: str, **fields: object) -> None:
        _logger().debug(event, **fields)

    def info(self, event: str, **fields: object) -> None:
        _logger().info(event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        _logger().warning(event, **fields)

    def error(self, event: str, **fields: object) -> None:
        _logger().error(event, **fields)


def get_logger() -> Log:
    """Return the logger of a library module."""
    return Log()


def _logger() -> Any:
    import structlog

    if not structlog.is_configured():
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        )
    return structlog.get_logger()


def configure(level: str = "info", *, service: str, account: str | None = None) -> None:
    """Send all log events to stderr, with ``service`` and ``account`` bound to each.

    Foreign loggers are let through from warning on.
    """
    import structlog

    renderers: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        # one write per line: a print is two where Python does not buffer, and what a C library
        # says of itself then comes between a line and its end
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    bound = {"service": service} | ({"account": account} if account else {})
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**bound)
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)


def bind(**fields: str) -> None:
    """Put ``fields`` into each event that the running task, and those that it starts, log."""
    import structlog

    structlog.contextvars.bind_contextvars(**fields)


class _Foreign(logging.Handler):
    """Hands what libraries log to structlog, so that one process has one format."""

    def emit(self, record: logging.LogRecord) -> None:
        log = _logger()
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):  # a library's arguments that do not fit its text
            text = f"{record.msg!r} {record.args!r}"
        if record.levelno >= logging.ERROR:
            log.error("library.error", logger=record.name, text=text, exc_info=record.exc_info)
        else:
            log.warning("library.warning", logger=record.name, text=text)
