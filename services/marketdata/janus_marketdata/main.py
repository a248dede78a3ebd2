"""The market data process: one active in the house."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from janus_common import config, lifecycle, logs, subjects
from janus_common.bus import bus, service
from janus_common.clock import monotonic_s
from janus_common.instruments import Instruments
from janus_common.messages import ServiceState, Snapshot, Subscribe, Tick, Unsubscribe

from janus_marketdata.hub import Hub, refusal
from janus_marketdata.keep import keep
from janus_marketdata.leases import Leases
from janus_marketdata.lines import Lines

AT_ONCE = 64


async def serve(settings: config.Config) -> None:
    """Fan ticks out until stopped."""
    feeds = [alias for alias, account in settings.accounts.items() if account.market_data]
    async with bus.connect(config.bus_url(settings), name="marketdata") as house:
        here = await service.start(house, "marketdata")
        leases = Leases()
        lines = Lines(house, Instruments(house, monotonic_s=monotonic_s), feeds)
        hub = Hub(house, leases, lines)

        async def ready() -> None:
            await house.listen(subjects.source(), Tick, hub.ticked)
            answer = partial(here.answer, refuse=refusal, at_once=AT_ONCE)
            await answer(subjects.marketdata("subscribe"), Subscribe, hub.subscribe)
            await answer(subjects.marketdata("unsubscribe"), Unsubscribe, hub.unsubscribe)
            await answer(subjects.marketdata("snapshot"), Snapshot, hub.snapshot)
            await here.show(ServiceState.READY)

        await lifecycle.run_until_stopped(
            here.be_present(), keep(leases, lines, hub), ready=ready, drain=house.drain
        )


def main() -> None:
    """Run ``python -m janus_marketdata --config FILE``."""
    parser = argparse.ArgumentParser(prog="janus_marketdata", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="janus.toml")
    lifecycle.run(partial(_start, parser.parse_args().config))


async def _start(path: Path) -> None:
    settings = config.load(path, secrets_of=())
    logs.configure(settings.log.level, service="marketdata")
    await serve(settings)
