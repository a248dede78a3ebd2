"""The venue's process: opens its memory, its market and its two ports, and runs until stopped."""

from __future__ import annotations

import argparse
import errno
import re
import socket
from argparse import Namespace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import structlog
from janus_common import lifecycle, logs
from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import ConfigError

from janus_paper_venue.catalogue import default_catalogue, replayed_stock
from janus_paper_venue.control import Control
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.feed import Feed
from janus_paper_venue.fees import SCHEDULES
from janus_paper_venue.instruments import Catalogue, SecType
from janus_paper_venue.market import Market
from janus_paper_venue.recording import Recording, find_recordings, read_rows
from janus_paper_venue.rules import Rules
from janus_paper_venue.store import Store
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.server import TwsFace

ACCOUNT = re.compile(r"[A-Z]{1,3}[0-9]{1,12}")
BACKLOG = 200

log = structlog.get_logger()


async def serve(options: Namespace) -> None:
    """Run the venue as ``options`` say until stopped."""
    logs.configure(options.log_level, service="paper_venue")
    accounts = _accounts(options.accounts)
    with _listen("--tws", options.tws) as tws, _listen("--control", options.control) as control:
        now = datetime.fromtimestamp(now_ns() / NS_PER_S, tz=UTC)
        catalogue = default_catalogue(now.date())
        recordings = _recordings(options.ticks, catalogue)
        store = Store(options.state, catalogue)
        rules = _rules(options)
        store.keep_accounts(dict.fromkeys(accounts, rules.starting_cash))
        exchange = Exchange(
            catalogue,
            accounts=accounts,
            now_ns=now_ns,
            rules=rules,
            journal=store.write,
            state=store.load(),
        )
        market = Market(exchange, seed=options.seed, recordings=recordings)
        market.open()
        feed = Feed(exchange, market, ticks_per_s=options.tick_rate, speed=options.speed)
        limit = options.messages_per_s or None
        face = TwsFace(exchange, Options(messages_per_s=limit))
        port = Control(exchange, market, feed, [face])
        log.info("venue.listening", tws=tws.getsockname()[1], control=control.getsockname()[1])
        try:
            await lifecycle.run_until_stopped(face.serve(tws), port.serve(control), feed.run())
        finally:
            store.close()


def main() -> None:
    """Run ``python -m janus_paper_venue``."""
    lifecycle.run(partial(serve, _parser().parse_args()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="janus_paper_venue",
        description="A simulated exchange that speaks the TWS API.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--tws", default="127.0.0.1:7497", metavar="HOST:PORT", help="for TWS API clients")
    add("--control", default="127.0.0.1:7498", metavar="HOST:PORT", help="HTTP: truth, market")
    add("--accounts", default="DU1234567", help="comma list; under one login")
    add("--seed", type=int, default=1, help="the same seed makes the same market")
    add("--state", type=Path, default=Path("paper-venue"), help="folder of the venue's memory")
    add("--ticks", type=Path, help="folder of recordings, SYMBOL.csv.gz, to replay")
    add("--speed", type=float, default=1.0, help="of the replay; 1 is as it was")
    add("--tick-rate", type=float, default=60.0, help="synthetic ticks a second, in all")
    add("--cash", type=Decimal, default=Decimal(1_000_000), help="an account begins with, USD")
    add("--leverage", type=Decimal, default=Decimal(1), help="buying power over available funds")
    add("--fees", choices=SCHEDULES, default="fixed", help="IB's prices")
    add("--fee-delay", type=float, default=0.0, help="seconds from a fill to its fee report")
    add("--messages-per-s", type=int, default=50, help="limit of a TWS client; 0: none")
    add("--log-level", choices=logs.LEVELS, default="info")
    return parser


def _rules(options: Namespace) -> Rules:
    return Rules(
        starting_cash=options.cash,
        leverage=options.leverage,
        fees=SCHEDULES[options.fees],
        fee_delay_ns=int(options.fee_delay * NS_PER_S),
    )


def _accounts(text: str) -> tuple[str, ...]:
    accounts = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for account in accounts:
        if not ACCOUNT.fullmatch(account):
            raise ConfigError(f"--accounts: {account!r} is no account id, like DU1234567")
    if not accounts:
        raise ConfigError("--accounts: at least one account is needed, like DU1234567")
    return accounts


def _listen(option: str, address: str) -> socket.socket:
    """Return a socket that listens at ``address``: clients may connect from now on."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"{option} {address}: not HOST:PORT")
    try:
        return socket.create_server((host, int(port)), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"{option} {address}: port {port} is in use by another process; choose another"
            ) from error
        raise ConfigError(f"{option} {address}: {error.strerror or error}") from error


def _recordings(folder: Path | None, catalogue: Catalogue) -> dict[int, Recording]:
    """Open the recordings in ``folder``; symbols that do not exist yet are added as US stocks."""
    if folder is None:
        return {}
    found: dict[int, Recording] = {}
    for symbol, paths in find_recordings(folder).items():
        stocks = [one for one in catalogue.named(symbol) if one.sec_type is SecType.STOCK]
        if not stocks:
            first = next(read_rows(paths), None)
            if first is None:
                continue
            stocks = [replayed_stock(symbol, first.price)]
            catalogue.add(stocks[0])
        con_id = stocks[0].con_id
        found[con_id] = Recording(con_id, read_rows(paths))
    return found
