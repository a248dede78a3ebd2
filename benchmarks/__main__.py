"""Run all benchmarks, or the named ones: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks import (
    footprint,
    harmony,
    order_path,
    pacing,
    registry,
    restart,
    tick_path,
    venue,
    webull,
    workers,
)

ALL = {
    "order_path": order_path.run,
    "tick_path": tick_path.run,
    "pacing": pacing.run,
    "registry": registry.run,
    "restart": restart.run,
    "workers": workers.run,
    "footprint": footprint.run,
    "venue": venue.run,
    "harmony": harmony.run,
    "webull": webull.run,
}
MEMORY = Path("/dev/shm")


def main() -> None:
    """Print the figures of each named benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; none: all")
    parser.add_argument(
        "--without-disk",
        action="store_true",
        help=f"keep journal and books in {MEMORY}: to tell Janus' share from the disk's",
    )
    parser.add_argument(
        "--soak-minutes",
        type=float,
        default=3.0,
        help="how long ticks flow in `workers`: 60 for good",
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in ALL]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}")
    if arguments.without_disk:
        tempfile.tempdir = str(MEMORY)
        print(f"WITHOUT THE DISK: all state is in {MEMORY}; nothing below is durable")
    for name in arguments.names or ALL:
        if name == "workers":
            asyncio.run(workers.run(arguments.soak_minutes * 60))
        else:
            asyncio.run(ALL[name]())


main()
