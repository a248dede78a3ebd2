"""Faults as one line of text each, and files of them: ``NAME key=value …``, ``#`` a remark.

``at=SECONDS`` in a file is when, from the start of the venue, the fault is injected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import structlog
from janus_common.errors import ConfigError

from janus_paper_venue.faults import Fault, FaultInvalid, Faults, completed

log = structlog.get_logger()

Planned = tuple[float, Fault]


def read(path: Path) -> list[Planned]:
    """Return the faults in a file in order of time.

    Raises:
        ConfigError: it cannot be read, or a line is no fault.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--faults {path}: {error}") from error
    return sorted(_planned(path, lines), key=lambda one: one[0])


def _planned(path: Path, lines: list[str]) -> Iterator[Planned]:
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].strip()
        if words:
            try:
                yield parse(words)
            except FaultInvalid as error:
                raise ConfigError(f"--faults {path}, line {number}: {error}") from error


def parse(line: str) -> Planned:
    """Return the fault that one line names, and when.

    Raises:
        FaultInvalid: it names none.
    """
    name, *pairs = line.split()
    given: dict[str, str] = {"name": name}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FaultInvalid(f"{pair[:40]!r} is not key=value")
        given[key] = value
    try:
        at_s = float(given.pop("at", "0"))
        fault = msgspec.convert(given, Fault, strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        raise FaultInvalid(str(error)) from error
    if not 0 <= at_s < float("inf"):
        raise FaultInvalid(f"at={at_s} is not a number of seconds")
    completed(fault)
    return at_s, fault


async def play(faults: Faults, planned: list[Planned]) -> None:
    """Inject each fault at its time."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    for at_s, fault in planned:
        await asyncio.sleep(max(0.0, start_s + at_s - loop.time()))
        faults.inject(fault)
        log.info("fault.injected", name=fault.name)
    await asyncio.Event().wait()  # the venue runs on
