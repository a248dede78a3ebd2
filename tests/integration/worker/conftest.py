"""A desk in this process, on a real bus, with a broker that does what the test says."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from contextlib import asynccontextmanager
from typing import Any

import pytest
from janus_common.bus import bus, service
from janus_common.bus.service import Asked
from janus_common.clock import monotonic_s
from janus_common.messages import Event, Instrument, ServiceState
from janus_common.shorts import ShortRule
from janus_common.symbols import AssetClass
from janus_common.worker.desk import Desk
from janus_common.worker.intake import Intake
from janus_common.worker.lease import HeldLease
from janus_common.worker.pacing import Pacer
from janus_common.worker.policy import Policy
from janus_common.worker.process import Worker, intake_of

from tests.support.ib_worker import IbDesk
from tests.support.scripted_broker import ScriptedBroker
from tests.support.servers import NatsServer
from tests.support.waiting import eventually


class ScriptedDesk(IbDesk):
    """One account with a scripted broker; ``run`` is one life of its worker."""

    def __init__(self, house, url: str, broker: ScriptedBroker, alias: str) -> None:
        nothing: Any = None  # no venue, no files
        super().__init__(house, nothing, nothing, alias)
        self._url, self.broker = url, broker
        self.policy = Policy(short_rule=ShortRule(allow_short=True))
        self.silence_s = self.sweep_s = 0.3
        self.pacer = Pacer(monotonic_s=monotonic_s)
        self.nats: NatsServer  # of its own, for those that may kill it
        self.desk: Desk
        self.intake: Intake
        self.worker_task: asyncio.Task[None]

    async def instrument(self, symbol: str) -> Instrument:
        return Instrument(symbol=symbol, asset_class=AssetClass.EQUITY, ib_conid=1)

    @asynccontextmanager
    async def run(self, *, ready: bool = True):
        """Run a worker for this account; leaving kills it, without a chance to say goodbye."""
        async with bus.connect(self._url, name=f"worker-{self.alias}") as house:
            here = self.service = await service.start(house, "ib_worker", account=self.alias)
            lease = HeldLease(house, self.alias, instance=uuid.uuid4().hex)
            pacer = self.pacer
            self.desk = Desk(
                self.alias,
                broker=self.broker,
                bus=house,
                service=here,
                lease=lease,
                sweep_s=self.sweep_s,
                policy=self.policy,
                silence_s=self.silence_s,
                settle_s=0.1,
            )
            self.intake = intake_of(self.alias, self.desk, pacer, self.policy)
            worker = Worker(
                "ib_worker",
                account=self.alias,
                broker_type=f"scripted-{self.alias}",
                mode="paper",
                has_market_data=True,
                sweep_s=self.sweep_s,
                policy=self.policy,
                make_broker=lambda _: self.broker,
            )
            present = asyncio.get_running_loop().create_task(here.be_present())
            self.worker_task = asyncio.get_running_loop().create_task(
                worker._trade(here, self.desk, lease, pacer)
            )
            try:
                if ready:
                    await self.state_is(ServiceState.READY)
                yield self
            finally:
                for task in (self.worker_task, present):
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, BaseExceptionGroup):
                        await task
                await lease.release()

    async def state_is(self, state: ServiceState) -> None:
        def check():
            assert self.service.state is state, self.service.state

        await eventually(check, 30.0)

    async def give(self, command):
        """Hand a command to the intake itself, past the bus."""
        return await self.intake.handle(Asked(command, "direct"))

    async def place_directly(self, **fields):
        """Hand a command to the intake itself, past the bus."""
        return await self.intake.handle(Asked(await self.command(**fields), "direct"))

    async def alarms(self, what: str) -> list[Event]:
        return await self.events(what)


@pytest.fixture
def broker():
    return ScriptedBroker()


@pytest.fixture
async def account(nats_url, broker):
    """An account whose worker is not running yet."""
    alias = f"ib-{uuid.uuid4().hex[:8]}"
    async with bus.connect(nats_url, name=f"test-{alias}") as house:
        await house.streams.provision()
        yield ScriptedDesk(house, nats_url, broker, alias)


@pytest.fixture
async def desk(account):
    """The same with its worker running and READY."""
    async with account.run():
        yield account


@pytest.fixture
async def lonely(own_nats, broker):
    """An account on a bus of its own, which may be killed; its worker is not running yet."""
    alias = f"ib-{uuid.uuid4().hex[:8]}"
    async with bus.connect(own_nats.url, name=f"test-{alias}") as house:
        await house.streams.provision()
        found = ScriptedDesk(house, own_nats.url, broker, alias)
        found.nats = own_nats
        yield found
