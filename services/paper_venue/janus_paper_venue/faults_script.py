"""Faults as one line of text each, and files of them: ``NAME key=value …``, ``#`` a remark.

``at=SECONDS`` in a file is when, by the venue's own clock from its start, the fault is injected.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import msgspec
import structlog
from janus_common.clock import NS_PER_S
from janus_common.errors import ConfigError

from janus_paper_venue.exchange import Exchange
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


def plan(exchange: Exchange, faults: Faults, planned: list[Planned]) -> None:
    """Have each fault injected at its time, counted on the venue's own clock from now on."""
    for at_s, fault in planned:
        exchange.later(int(at_s * NS_PER_S), partial(_inject, faults, fault))
    exchange.advance()


def _inject(faults: Faults, fault: Fault) -> None:
    try:
        faults.inject(fault)
    except FaultInvalid as error:
        log.warning("fault.refused", name=fault.name, reason=str(error))
    else:
        log.info("fault.injected", name=fault.name)
