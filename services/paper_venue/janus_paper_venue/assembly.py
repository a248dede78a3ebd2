"""The venue's parts, put together as the command line says."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from socket import socket
from typing import Any

from janus_common.clock import NS_PER_S, monotonic_s, now_ns

from janus_paper_venue import faults_script
from janus_paper_venue import options as words
from janus_paper_venue.catalogue import default_catalogue
from janus_paper_venue.clock import restored
from janus_paper_venue.control import Control
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faults import FaultInvalid, Faults
from janus_paper_venue.faults_market import Halts, correct_fills
from janus_paper_venue.feed import Feed
from janus_paper_venue.instruments import Catalogue
from janus_paper_venue.market import Market
from janus_paper_venue.store import Store
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.server import TwsFace


@dataclass(frozen=True)
class Venue:
    """All that runs in the process."""

    store: Store
    feed: Feed
    face: TwsFace
    control: Control

    def services(self, *, tws: socket, control: socket) -> list[Coroutine[Any, Any, None]]:
        """Return what has to run."""
        return [self.face.serve(tws), self.control.serve(control), self.feed.run()]


def assemble(options: Namespace) -> Venue:
    """Open the venue's memory and its market."""
    accounts = words.accounts(options.accounts)
    catalogue = Catalogue()
    store = Store(options.state, catalogue)
    clock = restored(now_ns, store.settings(), first_ns=words.moment(options.clock))
    for instrument in default_catalogue(datetime.fromtimestamp(clock() / NS_PER_S, tz=UTC).date()):
        catalogue.add(instrument)
    recordings = words.recordings(options.ticks, catalogue)
    planned = faults_script.read(options.faults) if options.faults else []
    rules = words.rules(options)
    store.keep_accounts(dict.fromkeys(accounts, rules.starting_cash))
    exchange = Exchange(
        catalogue,
        accounts=accounts,
        now_ns=clock,
        rules=rules,
        journal=store.write,
        state=store.load(),
    )
    market = Market(exchange, seed=options.seed, recordings=recordings)
    market.open()
    feed = Feed(exchange, market, clock=clock, ticks_per_s=options.tick_rate, speed=options.speed)
    faults = Faults(
        seed=options.seed, now_s=monotonic_s, con_id=lambda name: con_id_of(catalogue, name)
    )
    face = TwsFace(exchange, Options(messages_per_s=options.messages_per_s or None), faults)
    Halts(exchange, market, faults)
    correct_fills(exchange, faults)
    faults_script.plan(exchange, faults, planned)
    control = Control(exchange, market, feed, [face], faults=faults)
    return Venue(store, feed, face, control)


def con_id_of(catalogue: Catalogue, name: str) -> int:
    """Return the one instrument that people call ``name``.

    Raises:
        FaultInvalid: there is none, or several.
    """
    with suppress(ValueError):
        [one] = catalogue.named(name)
        return one.con_id
    raise FaultInvalid(f"no single instrument is called {name[:40]!r}")
