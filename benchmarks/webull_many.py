"""Ten accounts on one key: who gets how many of its turns, and what they ask for in all.

All of it over Webull's slow table, which the venue holds to. Nine accounts have one order waiting at
all times, the tenth has many: it must not take the turns of the others.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from janus_common.bus import bus
from janus_common.messages import OrderType, Outcome, ServiceState
from janus_paper_venue.webull.limits import Rates, limit_of

from benchmarks.figures import against, percentile, resident_mb
from benchmarks.relay import Passed, most_within, relay
from tests.support.servers import nats_server
from tests.support.venue import paper_venue
from tests.support.webull_worker import (
    KEY,
    SECRET,
    WebullDesk,
    WebullWorkerProcess,
    write_settings,
)

MANY = [f"WBMANY{number:02}" for number in range(10)]
KEYS = f"{KEY}:{SECRET}:{'+'.join(MANY)}\n"
SECONDS = 60.0
GREEDY = 12  # orders that the first account has waiting at all times
PATIENCE_S = 90.0  # of an order
READY_WITHIN_S = 120.0
FAIR_WAIT_S = 15.0  # aim: ten accounts at one order a second, and half as much again
RESIDENT_MB = 120.0


@dataclass
class Account:
    """One account's orders."""

    desk: WebullDesk
    account_id: str
    served: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)


async def run() -> None:
    """Measure and print."""
    print(f"  many: {len(MANY)} accounts on one key, legacy table, {SECONDS:.0f} s; "
          f"one with {GREEDY} orders waiting, nine with one")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("venue", "nats"):
            (folder / part).mkdir()
        options = ("--webull-rates", "legacy", "--tick-rate", "0")
        aliases = {f"wb-{number:02}": account for number, account in enumerate(MANY)}
        async with (
            nats_server(folder / "nats") as nats,
            paper_venue(folder / "venue", *options, webull_keys=KEYS) as venue,
            relay(venue.webull_port) as (port, passed),
            bus.connect(nats.url, name="bench") as house,
        ):
            await venue.pin("AAPL", 187.40, 187.42)
            await house.streams.provision()
            venue.webull_port = port
            write_settings(
                folder / "worker", nats.url, venue, aliases,
                log_level="info", rates="legacy", busy_sweep_s=15.0, sweep_s=60.0, settle_s=30.0,
            )  # fmt: skip
            first, *others = aliases
            worker = WebullWorkerProcess(folder / "worker", first)
            worker.more = tuple(word for alias in others for word in ("--account", alias))
            began = time.monotonic()
            await worker.start()
            accounts = [
                Account(WebullDesk(house, venue, folder, alias), account_id)
                for alias, account_id in aliases.items()
            ]
            try:
                for account in accounts:
                    await account.desk.is_in(ServiceState.READY, within_s=READY_WITHIN_S)
                print(f"    start → all ten READY: {time.monotonic() - began:.1f} s "
                      "(each account's questions wait for their turn)")  # fmt: skip
                await trade(accounts)
                show(accounts, passed, resident_mb(worker.pid))
            finally:
                await worker.stop()
            paced = sum(line["event"] == "broker.paced" for line in worker.log())
            print(against("    refused with 429", paced, 0, "", digits=0))


async def trade(accounts: list[Account]) -> None:
    """Keep each account's orders waiting until the time is over."""
    for account in accounts:  # each desk keeps what it was told
        await account.desk.instrument("AAPL")
    until = time.monotonic() + SECONDS
    async with asyncio.TaskGroup() as tasks:
        for number, account in enumerate(accounts):
            for _ in range(1 if number else GREEDY):
                tasks.create_task(keep_sending(account, until))


async def keep_sending(account: Account, until: float) -> None:
    while (began := time.monotonic()) < until:
        reply = await account.desk.place(
            "AAPL", 1, id_=uuid.uuid4().hex, kind=OrderType.LIMIT, limit="50",
            expires_in_s=PATIENCE_S, timeout_s=PATIENCE_S + 5,
        )  # fmt: skip
        if reply.outcome is Outcome.ACCEPTED:
            account.waits.append(time.monotonic() - began)
            account.served += time.monotonic() < until
        else:
            account.refused[str(reply.code)] += 1
            await asyncio.sleep(1.0)


def show(accounts: list[Account], passed: list[Passed], size_mb: float) -> None:
    """Print who got what."""
    greedy, *modest = accounts
    served = [account.served for account in modest]
    waits = [wait for account in modest for wait in account.waits]
    print(f"    orders served: the greedy one {greedy.served}, the others {min(served)}–{max(served)} "
          f"each; refused: {sum((account.refused for account in accounts), Counter()) or 'none'}")  # fmt: skip
    print(f"    waits of the greedy one: p50 {percentile(greedy.waits, 0.5):.1f} s, longest "
          f"{max(greedy.waits):.1f} s; of the others p50 {percentile(waits, 0.5):.1f} s")  # fmt: skip
    print(against("    longest wait of the others", max(waits), FAIR_WAIT_S, "s"))
    print(against("    worker resident, ten accounts", size_mb, RESIDENT_MB, "MiB"))
    by_account = Counter(each.account for each in passed if each.account)
    counts = [by_account[account.account_id] for account in modest]
    print(f"    requests per account: the greedy one {by_account[greedy.account_id]}, the others "
          f"{min(counts)}–{max(counts)}; per key, most within a window of the table:")  # fmt: skip
    for path in sorted({each.path for each in passed}):
        limit = limit_of(path, Rates.LEGACY)
        assert limit is not None
        moments = [each.at_s for each in passed if each.path == path]
        most = most_within(moments, limit.seconds)
        said = "" if most <= limit.calls else "   MISSED"
        print(f"      {path:<26}{len(moments):4} in all, {most:3} of {limit.calls} "
              f"in {limit.seconds:g} s{said}")  # fmt: skip
