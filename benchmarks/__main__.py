"""Run all benchmarks, or the named ones: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from benchmarks import footprint, order_path, tick_path, venue

ALL = {
    "order_path": order_path.run,
    "tick_path": tick_path.run,
    "footprint": footprint.run,
    "venue": venue.run,
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
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in ALL]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(ALL)}")
    if arguments.without_disk:
        tempfile.tempdir = str(MEMORY)
        print(f"WITHOUT THE DISK: all state is in {MEMORY}; nothing below is durable")
    for name in arguments.names or ALL:
        asyncio.run(ALL[name]())


main()
