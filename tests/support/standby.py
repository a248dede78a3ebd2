"""Two workers for one account: what is offered to both, and what each says that it has sent."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from janus_common.errors import Code, JanusError
from janus_common.messages import CommandReply, Outcome

from tests.support.ib_worker import IbDesk, ib_desk
from tests.support.venue import paper_venue
from tests.support.waiting import STRETCH
from tests.support.worker_process import WorkerProcess

BURST = 8  # the bus gives about half of them to each of two workers
ANSWER_S = 20.0


@asynccontextmanager
async def standby_desk(nats_url: str, folder: Path) -> AsyncIterator[IbDesk]:
    """Run a venue and a worker that logs what it sends."""
    async with (
        paper_venue(folder) as venue,
        ib_desk(nats_url, venue, folder / "worker", log_level="debug") as found,
    ):
        await found.instrument("AAPL")  # asked for now, when there is somebody to answer
        yield found


class Offered:
    """Orders that are offered to whoever listens, and what is answered."""

    def __init__(self, desk: IbDesk, group: asyncio.TaskGroup) -> None:
        self._desk, self._group = desk, group
        self.replies: dict[str, CommandReply | None] = {}

    async def burst(self) -> None:
        """Send some more, and see that the bus has them."""
        for _ in range(BURST):
            name = uuid.uuid4().hex
            self.replies[name] = None
            self._group.create_task(self._one(name))
        await asyncio.sleep(0)
        await self._desk.bus.client.flush()

    async def _one(self, name: str) -> None:
        try:
            self.replies[name] = await self._desk.place(
                "AAPL", 1, id_=name, timeout_s=ANSWER_S * STRETCH
            )
        except JanusError:  # nobody listens, or it died over it
            return

    def with_outcome(self, outcome: Outcome) -> set[str]:
        return {name for name, reply in self.replies.items() if reply and reply.outcome is outcome}

    def codes(self) -> set[Code | None]:
        return {reply.code for reply in self.replies.values() if reply}


def sent_by(worker: WorkerProcess) -> set[str]:
    """Return the orders that a worker says it has written to its gateway."""
    return {line["client_order_id"] for line in worker.log() if line["event"] == "order.sent"}


def has_the_lease(worker: WorkerProcess) -> bool:
    return any(line["event"] == "lease.taken" for line in worker.log())


async def at_venue(desk: IbDesk) -> set[str]:
    return {row["order_ref"] for row in await desk.venue.get("/truth/orders")}
