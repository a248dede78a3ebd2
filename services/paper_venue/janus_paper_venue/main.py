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
    with words.ports(options) as (tws, control):
        venue = assemble(options)
        log.info("venue.listening", tws=tws.getsockname()[1], control=control.getsockname()[1])
        try:
            await lifecycle.run_until_stopped(*venue.services(tws=tws, control=control))
        finally:
            venue.store.close()


def main() -> None:
    """Run ``python -m janus_paper_venue``."""
    lifecycle.run(partial(serve, words.parser().parse_args()))
