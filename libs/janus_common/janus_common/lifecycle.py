"""The life of a process: one definition of start, stop, drain and exit status.

A service is ``config -> logs -> resources -> jobs``. A signal drains within a limit, a second
one stops at once; a job that raises ends the process with status 1, and its supervisor starts
it again.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn

import structlog

from janus_common.errors import BusUnavailable, ConfigError, StoreUnavailable

EXIT_CRASH = 1
EXIT_BUS = 4
EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h: an operator must change something
EXIT_INTERRUPTED = 130
DRAIN_LIMIT_S = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)

Job = Coroutine[Any, Any, None]


class _Stopped(Exception):
    """Raised inside the TaskGroup to cancel its jobs after a drain."""


async def run_until_stopped(
    *jobs: Job,
    ready: Callable[[], Awaitable[None]] | None = None,
    drain: Callable[[], Awaitable[None]] | None = None,
    drain_limit_s: float | None = None,
) -> None:
    """Run ``jobs`` until SIGTERM or SIGINT, then drain; a job that raises ends the process.

    ``ready`` is called once the jobs have started. ``drain`` finishes what is in hand and is
    given ``drain_limit_s``, else ``DRAIN_LIMIT_S``; it is not called when a job crashed.
    """
    log = structlog.get_logger()
    stopping = asyncio.Event()
    with _signals(stopping.set):
        try:
            async with asyncio.TaskGroup() as group:
                for job in jobs:
                    group.create_task(job)
                await asyncio.sleep(0)
                if ready is not None:
                    await ready()
                gc.collect()
                gc.freeze()  # what lives now lives on: later collections need not walk it
                log.info("service.ready")
                await stopping.wait()
                log.info("service.draining")
                await _within_limit(drain, drain_limit_s or DRAIN_LIMIT_S)
                raise _Stopped
        except* _Stopped:
            log.info("service.stopped")


async def _within_limit(drain: Callable[[], Awaitable[None]] | None, limit_s: float) -> None:
    if drain is None:
        return
    try:
        async with asyncio.timeout(limit_s):
            await drain()
    except TimeoutError:
        structlog.get_logger().warning("service.drain_cut", limit_s=limit_s)


class _signals:  # noqa: N801 - used as a function
    """Call ``stop`` on the first SIGTERM or SIGINT; a second one ends the process at once."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop, self._asked = stop, False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._received)

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.remove_signal_handler(number)

    def _received(self) -> None:
        if self._asked:
            sys.exit(EXIT_INTERRUPTED)
        self._asked = True
        self._stop()


def run(serve: Callable[[], Job]) -> NoReturn:
    """Run ``serve`` to its end and exit with the status that says how it ended.

    0 stopped, 1 crashed, 4 the bus is away, 78 the configuration or Postgres needs an operator.
    """
    sys.exit(_status(serve))


def _status(serve: Callable[[], Job]) -> int:
    log = structlog.get_logger()
    try:
        asyncio.run(_stoppable(serve))
    except asyncio.CancelledError:
        log.info("service.stopped")
    except Exception as error:  # the last frame of the process: log, then the status says it
        found = _first(error)
        if isinstance(found, ConfigError | StoreUnavailable):
            log.error("service.refused", error=str(found))  # noqa: TRY400 - no traceback: no bug
            return EXIT_CONFIG
        if isinstance(found, BusUnavailable):
            log.error("service.bus_lost", error=str(found))  # noqa: TRY400
            return EXIT_BUS
        log.exception("service.crashed")
        return EXIT_CRASH
    return 0


async def _stoppable(serve: Callable[[], Job]) -> None:
    """Let a signal cancel what comes before ``run_until_stopped``, so that it is cleaned up."""
    task = asyncio.current_task()
    assert task is not None
    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await serve()


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
