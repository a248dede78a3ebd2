"""The Webull worker process: the accounts of one app key."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from janus_common import config, lifecycle, logs
from janus_common.worker.process import serve_together

from janus_webull_worker.account import Account
from janus_webull_worker.broker import WebullBroker
from janus_webull_worker.choice import chosen
from janus_webull_worker.crew import SERVICE, worker
from janus_webull_worker.gateway import Client
from janus_webull_worker.gateway_events import Stream
from janus_webull_worker.instruments import Instruments
from janus_webull_worker.key import AppKey
from janus_webull_worker.watch import EventsWatch

STOP_WITHIN_S = 2.0  # orders that wait for their turn, one a second, would hold it up for long


def main() -> None:
    """Run ``python -m janus_webull_worker --config FILE --account ALIAS [--account ALIAS …]``."""
    parser = argparse.ArgumentParser(prog="janus_webull_worker", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="janus.toml")
    parser.add_argument(
        "--account", action="append", required=True, help="alias of an account; all of one app key"
    )
    arguments = parser.parse_args()
    lifecycle.run(partial(_start, arguments.config, arguments.account))


async def _start(path: Path, aliases: Sequence[str]) -> None:
    settings = config.load(path, secrets_of=[f"accounts.{alias}" for alias in aliases])
    logs.configure(settings.log.level, service=SERVICE, account=",".join(aliases))
    accounts = chosen(settings, aliases, source=str(path))
    shared = next(iter(accounts.values()))
    config.use_no_proxy_for(shared.endpoint)
    key = AppKey(shared, Client(shared))
    instruments = Instruments(key)
    brokers = {
        alias: WebullBroker(Account(alias, account, key, instruments))
        for alias, account in accounts.items()
    }
    watch = EventsWatch(partial(Stream, shared), list(brokers.values()))
    jobs = [watch.run] if shared.has_events else []
    halt_file = config.halt_file(settings)
    workers = [
        worker(alias, accounts[alias], broker, halt_file=halt_file)
        for alias, broker in brokers.items()
    ]
    await serve_together(config.bus_url(settings), workers, *jobs, stop_within_s=STOP_WITHIN_S)
