"""What the command line says, made into the venue's parts; a wrong option ends it with one line."""

from __future__ import annotations

import argparse
import errno
import re
import socket
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from janus_common import logs
from janus_common.clock import NS_PER_S
from janus_common.errors import ConfigError

from janus_paper_venue.catalogue import replayed_stock
from janus_paper_venue.fees import SCHEDULES
from janus_paper_venue.instruments import Catalogue, SecType
from janus_paper_venue.recording import Recording, find_recordings, read_rows
from janus_paper_venue.rules import Rules, Terms
from janus_paper_venue.sessions import Hours
from janus_paper_venue.webull.keys import AppKey, read_keys
from janus_paper_venue.webull.limits import Rates
from janus_paper_venue.webull.options import WebullOptions

ACCOUNT = re.compile(r"[A-Z]{1,3}[0-9]{1,12}")
BACKLOG = 200


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    found = argparse.ArgumentParser(
        prog="janus_paper_venue",
        description="A simulated exchange that speaks the TWS API and Webull's.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = found.add_argument
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
    add("--fee-delay", type=_delay, default="0", help="seconds to a fill's fee report, or never")
    add("--latency", type=float, default=0.0, help="seconds from an order to its arrival")
    add("--slippage", type=Decimal, default=Decimal(0), help="share of the price lost on arrival")
    add("--naive", action="store_true", help="fill in full at the last trade, at once")
    add("--no-short", default="", metavar="ACCOUNTS", help="comma list; may not sell short")
    add("--hours", choices=[str(one) for one in Hours], help="when markets are open; or as before")
    add("--clock", metavar="ISO", help="begin at this moment, standing still until told otherwise")
    add("--messages-per-s", type=int, default=50, help="limit of a TWS client; 0: none")
    add("--webull", metavar="HOST:PORT", help="HTTP of a second broker, Webull; else none")
    add("--webull-keys", metavar="KEYS", help="KEY:SECRET:ACCOUNT[+ACCOUNT],... or file:PATH")
    add("--webull-events", metavar="HOST:PORT", help="gRPC: Webull's trade events; else none")
    add("--webull-ping", type=float, default=10.0, help="seconds between pings on them")
    add("--webull-rates", choices=[str(one) for one in Rates], default="legacy", help="429 table")
    add("--webull-skew", type=float, default=300.0, help="seconds a timestamp may be wrong")
    add("--faults", type=Path, help="file of faults, one a line: NAME key=value ... at=SECONDS")
    add("--log-level", choices=logs.LEVELS, default="info")
    return found


def rules(options: Namespace) -> Rules:
    """Return how the venue trades."""
    return Rules(
        starting_cash=options.cash,
        leverage=options.leverage,
        fees=SCHEDULES[options.fees],
        fee_delay_ns=options.fee_delay,
        latency_ns=int(options.latency * NS_PER_S),
        slippage=options.slippage,
        is_naive=options.naive,
        hours=Hours(options.hours) if options.hours else None,
        terms={
            account: Terms(leverage=options.leverage, can_short=False)
            for account in (accounts(options.no_short) if options.no_short else ())
        },
    )


def moment(text: str | None) -> int | None:
    """Return the moment that ``--clock`` names; without a zone it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--clock {text}: not a moment like 2026-11-23T15:00:00Z") from error
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()) * NS_PER_S


def _delay(text: str) -> int | None:
    return None if text == "never" else int(float(text) * NS_PER_S)


def accounts(text: str) -> tuple[str, ...]:
    """Return the account ids in a comma list."""
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for account in found:
        if not ACCOUNT.fullmatch(account):
            raise ConfigError(f"--accounts: {account!r} is no account id, like DU1234567")
    if not found:
        raise ConfigError("--accounts: at least one account is needed, like DU1234567")
    return found


def webull(options: Namespace) -> WebullOptions:
    """Return how the Webull face behaves."""
    return WebullOptions(
        rates=Rates(options.webull_rates),
        skew_s=options.webull_skew,
        ping_s=options.webull_ping,
    )


def webull_keys(options: Namespace) -> Mapping[str, AppKey]:
    """Return who may call the Webull face; nobody if there is none."""
    if not (options.webull or options.webull_keys or options.webull_events):
        return {}
    if not (options.webull and options.webull_keys):
        raise ConfigError("--webull, --webull-keys and --webull-events: give the first two or none")
    if options.webull_events:
        _address("--webull-events", options.webull_events)
    return read_keys(options.webull_keys)


class Ports(NamedTuple):
    """The sockets on which clients are served."""

    tws: socket.socket
    control: socket.socket
    webull: socket.socket | None


@contextmanager
def ports(options: Namespace) -> Iterator[Ports]:
    """Hold the sockets: clients may connect from now on."""
    if options.webull_events:  # gRPC takes its port itself, and says little when it cannot
        _listen("--webull-events", options.webull_events).close()
    with ExitStack() as held:
        tws = held.enter_context(_listen("--tws", options.tws))
        control = held.enter_context(_listen("--control", options.control))
        webull = options.webull and held.enter_context(_listen("--webull", options.webull))
        yield Ports(tws, control, webull)


def _listen(option: str, address: str) -> socket.socket:
    host, port = _address(option, address)
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"{option} {address}: port {port} is in use by another process; choose another"
            ) from error
        raise ConfigError(f"{option} {address}: {error.strerror or error}") from error


def _address(option: str, address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(f"{option} {address}: not HOST:PORT")
    return host, int(port)


def recordings(folder: Path | None, catalogue: Catalogue) -> dict[int, Recording]:
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
