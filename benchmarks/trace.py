"""Where each millisecond of an order goes: a run of its own, with a listener beside the bus."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable

from janus_common import subjects
from janus_common.bus.bus import Bus
from janus_common.messages import Snapshot

from benchmarks import tap
from benchmarks.figures import p50_p99

Stamps = dict[str, int]
STEPS = (
    ("client → bus", "sent", "intent"),
    ("router, to the bus", "intent", "command"),
    ("worker, to its record on the bus", "command", "record"),
    ("journal: record → acknowledged", "record", "acknowledged"),
    ("worker's wire → bytes at the venue", "acknowledged", "bytes"),
    ("bytes at the venue → worker's reply", "bytes", "command reply"),
    ("router, reply to the bus", "command reply", "intent reply"),
    ("bytes at the venue → fill on the bus", "bytes", "fill"),
    ("journal: fill → acknowledged", "fill", "fill acknowledged"),
)


class Tap:
    """The listener, and what it saw."""

    def __init__(self, house: Bus, url: str, account: str, *, worker: str = "ib_worker") -> None:
        self._house, self._url = house, url
        self._patterns = (
            subjects.intent(),
            subjects.command(account),
            subjects.order(account),
            subjects.fill(account),
            "_INBOX_bench-orders.>",
            "_INBOX_router-orders.>",
            f"_INBOX_{worker}-{account}-orders.>",
        )

    async def around(self, work: Callable[[], Awaitable[None]]) -> dict[str, Stamps]:
        """Return the stamps of each order that was sent during ``work``, by its id."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.tap", self._url, *self._patterns),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        await work()
        await self._house.publish(tap.LAST, Snapshot(symbols=[]))
        out, _ = await process.communicate()
        return _stamps([json.loads(line) for line in out.splitlines()])


def _stamps(rows: list[tuple[int, str, str, str, str]]) -> dict[str, Stamps]:
    answered = {subject: ns for ns, subject, *_ in rows}
    found: dict[str, Stamps] = defaultdict(dict)
    for ns, subject, reply, name, word in rows:
        kind = subject.split(".")[2] if subject.startswith(subjects.ROOT) else ""
        stamps, answer = found[name], answered.get(reply, 0)
        if kind == "intent":
            stamps |= {"intent": ns, "intent reply": answer}
        elif kind == "command":
            stamps |= {"command": ns, "command reply": answer}
        elif kind == "order" and word == "SENDING":
            stamps |= {"record": ns, "acknowledged": answer}
        elif kind == "fill" and word != "FillFee":
            stamps |= {"fill": ns, "fill acknowledged": answer}
    return found


def table(stamps: dict[str, Stamps]) -> list[str]:
    """Return a line for each step: p50 and p99 in ms."""
    lines = []
    for what, begin, end in STEPS:
        took = [
            (each[end] - each[begin]) / 1e9
            for each in stamps.values()
            if each.get(begin) and each.get(end)
        ]
        lines.append(f"{'':>8} {what:<40} {p50_p99(took)}   n={len(took)}")
    return lines
