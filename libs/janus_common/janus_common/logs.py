"""Logging set up once per process: JSON lines on stderr, or colours on a terminal."""

from __future__ import annotations

import logging
import sys

import structlog

LEVELS = ("debug", "info", "warning", "error")


def configure(level: str = "info", *, service: str, account: str | None = None) -> None:
    """Send all log events to stderr, with ``service`` and ``account`` bound to each.

    Foreign loggers are let through from warning on.
    """
    terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    bound = {"service": service} | ({"account": account} if account else {})
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**bound)
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)


class _Foreign(logging.Handler):
    """Hands what libraries log to structlog, so that one process has one format."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        text = record.getMessage()
        if record.levelno >= logging.ERROR:
            log.error("library.error", logger=record.name, text=text, exc_info=record.exc_info)
        else:
            log.warning("library.warning", logger=record.name, text=text)
