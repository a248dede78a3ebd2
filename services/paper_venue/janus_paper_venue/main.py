"""The venue's process: opens its memory, its market and its two ports, and runs until stopped."""

from __future__ import annotations

from argparse import Namespace
from functools import partial

import structlog
from janus_common import lifecycle, logs

from janus_paper_venue import options as words
from janus_paper_venue.assembly import assemble

log = structlog.get_logger()


async def serve(options: Namespace) -> None:
    """Run the venue as ``options`` say until stopped."""
    logs.configure(options.log_level, service="paper_venue")
    words.accounts(options.accounts)
    words.webull_keys(options)
    with words.ports(options) as ports:
        venue = assemble(options)
        try:
            log.info("venue.listening", **venue.bind(ports))
            await lifecycle.run_until_stopped(*venue.services(ports))
        finally:
            venue.store.close()


def main() -> None:
    """Run ``python -m janus_paper_venue``."""
    lifecycle.run(partial(serve, words.parser().parse_args()))
