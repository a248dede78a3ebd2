"""The registry process: one in the house, the only one that knows Postgres."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from janus_common import config, lifecycle, logs
from janus_common.bus import bus, service
from janus_common.bus.buckets import INSTRUMENTS

from janus_registry import assembly, migrate, store, store_migrations
from janus_registry.health import Health
from janus_registry.journal import Journal
from janus_registry.symbols import Symbols


async def serve(settings: config.Config) -> None:
    """Answer for symbols and keep the books, until stopped."""
    await store_migrations.bring_up(settings.postgres.dsn, migrate.read())
    async with (
        store.connect(settings.postgres.dsn, role=store.SERVICE_ROLE) as books,
        bus.connect(config.bus_url(settings), name="registry") as house,
    ):
        here = await service.start(house, "registry")
        symbols = Symbols(books, house.bucket(INSTRUMENTS), here.tell)
        await symbols.load()
        journal = Journal(books)
        await journal.begin(house)
        brokers = {alias: account.broker for alias, account in settings.accounts.items()}
        beside = await assembly.offer(here, house, books, symbols, brokers)
        await lifecycle.run_until_stopped(
            here.be_present(),
            Health(here, books, symbols=symbols, journal=journal).keep_shown(house),
            symbols.keep_shared(),
            journal.keep_orders(house),
            journal.keep_fills(house),
            *beside,
            drain=house.drain,
        )


def main() -> None:
    """Run ``python -m janus_registry --config FILE``."""
    parser = argparse.ArgumentParser(prog="janus_registry", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="janus.toml")
    lifecycle.run(partial(_start, parser.parse_args().config))


async def _start(path: Path) -> None:
    settings = config.load(path, secrets_of=("postgres",))
    logs.configure(settings.log.level, service="registry")
    await serve(settings)
