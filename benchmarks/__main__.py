"""Run all benchmarks, or the named ones: ``python -m benchmarks [order_path tick_path footprint venue]``."""

from __future__ import annotations

import asyncio
import sys

from benchmarks import footprint, order_path, tick_path, venue

ALL = {
    "order_path": order_path.run,
    "tick_path": tick_path.run,
    "footprint": footprint.run,
    "venue": venue.run,
}


def main() -> None:
    """Print the figures of each named benchmark."""
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        sys.exit(f"Error: no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}")
    for name in names:
        asyncio.run(ALL[name]())


main()
