"""A router, a registry and workers that do as they are told, on a real bus."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

from janus_common import subjects
from janus_common.bus import bus, service
from janus_common.clock import monotonic_s
from janus_common.errors import Code, Denied
from janus_common.instruments import Instruments
from janus_common.messages import (
    Command,
    CommandReply,
    Intent,
    IntentReply,
    OcaCommand,
    OrderStatusCommand,
    Outcome,
    PlaceCommand,
    RegistryReply,
    Resolve,
)
from janus_common.repeats import in_doubt
from janus_router.intents import Intents, refusal

from tests.support.brakes import nothing_is_halted
from tests.support.messages import instrument


class Worker:
    """Takes commands for one account; may hang, or be frozen and then not even say what it has."""

    def __init__(self) -> None:
        self.taken: list[Command] = []
        self.hang = asyncio.Event()
        self.hang.set()
        self.is_frozen = False
        self.is_draining = False

    async def handle(self, asked: service.Asked[Command]) -> CommandReply:
        if isinstance(asked.message, OrderStatusCommand) and not self.is_frozen:
            return self.status(asked.message)
        if self.is_draining:
            raise Denied(Code.DRAINING, "this process is stopping")
        self.taken.append(asked.message)
        await self.hang.wait()
        return CommandReply(outcome=Outcome.ACCEPTED)

    def status(self, question: OrderStatusCommand) -> CommandReply:
        name = question.intent.client_order_id
        new = [each for each in self.taken if isinstance(each, PlaceCommand | OcaCommand)]
        if name in {each.intent.client_order_id for each in new}:
            return in_doubt(name, "it waits for its turn still")
        raise Denied(Code.UNKNOWN_ORDER, f"no order {name}")


class House:
    """A router, a registry that knows AAPL, and a worker for each of two accounts."""

    def __init__(self, client: bus.Bus, accounts: list[str], workers: list[Worker]) -> None:
        self.client, self.accounts, self.workers = client, accounts, workers

    async def ask_another_router(self, message: Intent, *, check) -> IntentReply:
        """Let a router answer that has heard of nothing before."""
        brokers = dict.fromkeys([*self.accounts, "nobody"], "ib")
        instruments = Instruments(self.client, monotonic_s=monotonic_s)
        other = Intents(self.client, instruments, brokers, check=check)
        where = subjects.intent("tester", message.account)
        try:
            return await other.handle(service.Asked(message, where))
        except Denied as denied:
            return refusal(denied, message)

    async def ask(self, message: Intent, *, account: str | None = None) -> IntentReply:
        where = subjects.intent("tester", account or message.account)
        return await self.client.request(where, message, IntentReply)


@asynccontextmanager
async def running(url, *, check=nothing_is_halted, **more):
    accounts = [f"a-{uuid4().hex[:8]}" for _ in range(2)]
    workers = [Worker() for _ in accounts]
    async with (
        bus.connect(url, name="test-house") as ours,
        bus.connect(url, name="tester") as client,
    ):
        here = await service.start(ours, "test-house")
        brokers = dict.fromkeys([*accounts, "nobody"], "ib")
        intents = Intents(
            ours, Instruments(ours, monotonic_s=monotonic_s), brokers, check=check, **more
        )
        await here.answer(subjects.intent(), Intent, intents.handle, refuse=refusal, at_once=100)
        await here.answer(
            subjects.registry("resolve"), Resolve, resolve, refuse=no_registry, at_once=10
        )
        for account, worker in zip(accounts, workers, strict=True):
            where = subjects.command(account)
            await here.answer(where, Command, worker.handle, refuse=no_command, at_once=200)
        yield House(client, accounts, workers)
        for worker in workers:
            worker.hang.set()


async def resolve(asked: service.Asked[Resolve]) -> RegistryReply:
    if asked.message.symbol == "AAPL":
        return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[instrument()])
    raise Denied(Code.UNKNOWN_SYMBOL, f"{asked.message.symbol} is not known")


def no_registry(denied: Denied) -> RegistryReply:
    return RegistryReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


def no_command(denied: Denied) -> CommandReply:
    return CommandReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)
