"""A process with a life for test_lifecycle.py: ``python lifecycle_program.py WHAT``."""

from __future__ import annotations

import asyncio
import sys

from janus_common import lifecycle, logs
from janus_common.errors import BusUnavailable, ConfigError, StoreUnavailable


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def endless() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        say("job ended")


async def crash() -> None:
    raise KeyError("a bug")


async def ready() -> None:
    say("ready")


async def drain() -> None:
    say("draining")
    await asyncio.sleep(0.2)
    say("drained")


async def drain_for_ever() -> None:
    say("draining")
    await asyncio.Event().wait()


async def serve_jobs(what: str) -> None:
    match what:
        case "work":
            await lifecycle.run_until_stopped(endless(), ready=ready, drain=drain)
        case "job-that-ends":
            await lifecycle.run_until_stopped(asyncio.sleep(0), ready=ready)
        case "job-crashes":
            await lifecycle.run_until_stopped(endless(), crash(), drain=drain)
        case "ready-crashes":
            await lifecycle.run_until_stopped(endless(), ready=crash, drain=drain)
        case "drain-crashes":
            await lifecycle.run_until_stopped(endless(), ready=ready, drain=crash)
        case "drain-hangs":
            await lifecycle.run_until_stopped(endless(), ready=ready, drain=drain_for_ever)
        case "drain-is-cut":
            lifecycle.DRAIN_LIMIT_S = 0.2
            await lifecycle.run_until_stopped(endless(), ready=ready, drain=drain_for_ever)
        case "start-hangs":
            say("starting")
            await endless()


async def serve_errors(what: str) -> None:
    errors = {
        "config": ConfigError("janus.toml: accounts.x.port: missing"),
        "postgres": StoreUnavailable("no Postgres answers at h:1"),
        "bus": BusUnavailable("no NATS server answers at h:2"),
    }
    if what in errors:
        raise errors[what]
    async with asyncio.TaskGroup() as group:
        group.create_task(raised(errors[what.removeprefix("grouped-")]))


async def raised(error: Exception) -> None:
    raise error


if __name__ == "__main__":
    logs.configure(service="program")
    chosen = sys.argv[1]
    is_error = chosen.removeprefix("grouped-") in {"config", "postgres", "bus"}
    lifecycle.run(lambda: serve_errors(chosen) if is_error else serve_jobs(chosen))
