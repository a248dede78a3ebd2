"""The venue's parts, put together as the command line says."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from janus_common.clock import NS_PER_S, monotonic_s, now_ns

from janus_paper_venue import faults_script
from janus_paper_venue import options as words
from janus_paper_venue.catalogue import default_catalogue
from janus_paper_venue.clock import restored
from janus_paper_venue.control import Control
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.faces import Lister
from janus_paper_venue.faults import FaultInvalid, Faults
from janus_paper_venue.faults_market import Halts, correct_fills
from janus_paper_venue.feed import Feed
from janus_paper_venue.instruments import Catalogue
from janus_paper_venue.market import Market
from janus_paper_venue.store import Store
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.server import TwsFace
from janus_paper_venue.webull.gateway import Gateway
from janus_paper_venue.webull.keys import AppKey
from janus_paper_venue.webull.server import WebullFace


class Events(Lister, Protocol):
    """The side of a face that is no listening socket of ours."""

    def bind(self) -> int:
        """Take the port, and return which it is."""

    async def serve(self) -> None:
        """Serve clients until canceled."""


@dataclass(frozen=True)
class Venue:
    """All that runs in the process."""

    store: Store
    feed: Feed
    tws: TwsFace
    webull: WebullFace | None
    events: Events | None
    control: Control

    def bind(self, ports: words.Ports) -> dict[str, int]:
        """Take what port is not held yet; return all of them by name."""
        found = {name: one.getsockname()[1] for name, one in ports._asdict().items() if one}
        return found | ({"webull_events": self.events.bind()} if self.events else {})

    def services(self, ports: words.Ports) -> list[Coroutine[Any, Any, None]]:
        """Return what has to run."""
        found = [self.tws.serve(ports.tws), self.control.serve(ports.control), self.feed.run()]
        if self.webull is not None and ports.webull is not None:
            found.append(self.webull.serve(ports.webull))
        if self.events is not None:
            found.append(self.events.serve())
        return found


def assemble(options: Namespace) -> Venue:
    """Open the venue's memory and its market."""
    tws_accounts, keys = words.accounts(options.accounts), words.webull_keys(options)
    accounts = all_accounts(tws_accounts, keys)
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
    pace = Options(messages_per_s=options.messages_per_s or None)
    tws = TwsFace(exchange, pace, faults, accounts=tws_accounts)
    webull, events = (
        webull_faces(Gateway(exchange, keys, faults), options) if keys else (None, None)
    )
    Halts(exchange, market, faults)
    correct_fills(exchange, faults)
    faults_script.plan(exchange, faults, planned)
    faces = [one for one in (tws, webull, events) if one is not None]
    control = Control(exchange, market, feed, faces, faults=faults)
    return Venue(store, feed, tws, webull, events, control)


def webull_faces(gateway: Gateway, options: Namespace) -> tuple[WebullFace, Events | None]:
    """Return the HTTP side of the Webull face, and its events if they are asked for."""
    settings = words.webull(options)
    http = WebullFace(gateway, settings)
    if not options.webull_events:
        return http, None
    # Here, because gRPC takes its time to load, and only who asks for it shall wait.
    from janus_paper_venue.webull.events_server import WebullEvents

    return http, WebullEvents(gateway, settings, options.webull_events)


def all_accounts(tws: Sequence[str], keys: Mapping[str, AppKey]) -> tuple[str, ...]:
    """Return the accounts of all brokers; one may be at two of them."""
    others = (account for key in keys.values() for account in key.accounts)
    return tuple(dict.fromkeys((*tws, *others)))


def con_id_of(catalogue: Catalogue, name: str) -> int:
    """Return the one instrument that people call ``name``.

    Raises:
        FaultInvalid: there is none, or several.
    """
    with suppress(ValueError):
        [one] = catalogue.named(name)
        return one.con_id
    raise FaultInvalid(f"no single instrument is called {name[:40]!r}")
