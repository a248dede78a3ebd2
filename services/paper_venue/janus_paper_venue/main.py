"""The venue's process: opens its memory, its market and its two ports, and runs until stopped."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from functools import partial

import structlog
from janus_common import lifecycle, logs
from janus_common.clock import NS_PER_S, now_ns

from janus_paper_venue import options as words
from janus_paper_venue.catalogue import default_catalogue
from janus_paper_venue.control import Control
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.feed import Feed
from janus_paper_venue.market import Market
from janus_paper_venue.store import Store
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.server import TwsFace

log = structlog.get_logger()


async def serve(options: Namespace) -> None:
    """Run the venue as ``options`` say until stopped."""
    logs.configure(options.log_level, service="paper_venue")
    accounts = words.accounts(options.accounts)
    with words.ports(options) as (tws, control):
        now = datetime.fromtimestamp(now_ns() / NS_PER_S, tz=UTC)
        catalogue = default_catalogue(now.date())
        recordings = words.recordings(options.ticks, catalogue)
        store = Store(options.state, catalogue)
        rules = words.rules(options)
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
    lifecycle.run(partial(serve, words.parser().parse_args()))
