"""The registry process: one in the house, the only one that knows Postgres."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from janus_common import config, lifecycle, logs
from janus_common.bus import bus, service
from janus_common.bus.buckets import INSTRUMENTS
from janus_common.clock import monotonic_s

from janus_registry import migrate, store, store_migrations
from janus_registry.harmony import Harmonies
from janus_registry.health import Health
from janus_registry.journal import Journal
from janus_registry.lookups import Lookups
from janus_registry.requests import ReportRequests, SymbolRequests
from janus_registry.resolving import Resolving
from janus_registry.symbols import Symbols


async def serve(settings: config.Config) -> None:
    """Answer for symbols and keep the books, until stopped."""
    async with (
        store.connect(settings.postgres.dsn) as books,
        bus.connect(config.bus_url(settings), name="registry") as house,
    ):
        await store_migrations.migrate(books, migrate.read())
        here = await service.start(house, "registry")
        symbols = Symbols(books, house.bucket(INSTRUMENTS), here.tell)
        await symbols.load()
        journal = Journal(books)
        lookups = Lookups(house, monotonic_s=monotonic_s)
        await Resolving(symbols, lookups).offer(here)
        await SymbolRequests(symbols).offer(here)
        brokers = {account.broker for account in settings.accounts.values()}
        await Harmonies(house, symbols, lookups, configured=brokers).offer(here)
        await ReportRequests(books).offer(here)
        await lifecycle.run_until_stopped(
            here.be_present(),
            Health(here, books, symbols=symbols, journal=journal).keep_shown(house),
            symbols.keep_shared(),
            journal.keep_orders(house),
            journal.keep_fills(house),
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
