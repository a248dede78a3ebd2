"""The router process: any number of them may run, each owns nothing."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from janus_common import config, lifecycle, logs, subjects
from janus_common.bus import bus, service
from janus_common.clock import monotonic_s
from janus_common.instruments import Instruments
from janus_common.messages import Intent, ServiceState

from janus_router.control import RouterControl
from janus_router.intents import Intents, refusal

AT_ONCE = 512  # intents in hand, over all accounts


async def serve(settings: config.Config) -> None:
    """Answer intents until stopped."""
    async with bus.connect(config.bus_url(settings), name="router") as house:
        here = await service.start(house, "router")
        brokers = {alias: account.broker for alias, account in settings.accounts.items()}
        control = RouterControl(house, tuple(brokers), file=config.halt_file(settings))
        instruments = Instruments(house, monotonic_s=monotonic_s)
        intents = Intents(house, instruments, brokers, check=control.check)

        async def ready() -> None:
            await control.begin(here)
            await here.answer(
                subjects.intent(), Intent, intents.handle, refuse=refusal, at_once=AT_ONCE
            )
            await here.show(ServiceState.READY)

        await lifecycle.run_until_stopped(
            here.be_present(), control.brake.run(), ready=ready, drain=house.drain
        )


def main() -> None:
    """Run ``python -m janus_router --config FILE``."""
    parser = argparse.ArgumentParser(prog="janus_router", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="janus.toml")
    arguments = parser.parse_args()
    lifecycle.run(partial(_start, arguments.config))


async def _start(path: Path) -> None:
    settings = config.load(path, secrets_of=())
    logs.configure(settings.log.level, service="router")
    await serve(settings)
