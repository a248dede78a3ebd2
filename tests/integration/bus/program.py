"""A small service for test_processes.py: ``python program.py WHAT NATS_URL``."""

from __future__ import annotations

import asyncio
import sys

from janus_common import lifecycle, logs, subjects
from janus_common.bus import bus, service
from janus_common.bus.service import Asked
from janus_common.messages import Lookup, LookupReply, Outcome

SLOW_S = 0.5


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def refuse(denied):
    return LookupReply(outcome=Outcome.DENIED, code=denied.code)


class Desk:
    """Answers look-ups: BREAK raises, SLOW takes its time, CLOSE upsets the server."""

    def __init__(self, here: bus.Bus) -> None:
        self._here = here

    async def handle(self, asked: Asked[Lookup]) -> LookupReply:
        match asked.message.symbol:
            case "BREAK":
                raise KeyError("a bug")
            case "SLOW":
                say("taken")
                await asyncio.sleep(SLOW_S)
            case "CLOSE":  # the server answers nonsense with an error and closes
                await self._here.client._send_command(b"NONSENSE\r\n")
                await self._here.client._flush_pending()
                await asyncio.Event().wait()
        return LookupReply(outcome=Outcome.ACCEPTED)


async def serve(url: str) -> None:
    async with bus.connect(url, name="program", within_s=1.0) as here:
        offered = await service.start(here, "program")

        async def ready() -> None:
            await offered.answer(
                subjects.lookup("ib"), Lookup, Desk(here).handle, refuse=refuse, at_once=4
            )
            say("ready")

        await lifecycle.run_until_stopped(offered.be_present(), ready=ready, drain=here.drain)


if __name__ == "__main__":
    logs.configure(service="program")
    lifecycle.run(lambda: serve(sys.argv[1]))
