"""What benchmarks share: percentiles, memory, a line about the machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def percentile(values: list[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of ``values`` lie."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, round(share * (len(ranked) - 1)))]


def p50_p99(values: list[float]) -> str:
    """Return both, in milliseconds, as a table's cell."""
    if not values:
        return "–"
    return f"{percentile(values, 0.5) * 1e3:6.2f} / {percentile(values, 0.99) * 1e3:6.2f}"


def against(what: str, found: float, aim: float, unit: str, *, digits: int = 1) -> str:
    """Return a figure beside its aim, which it must not exceed; it says so if it does."""
    said = "" if found <= aim else "   MISSED"
    return f"{what + ':':<46}{found:8.{digits}f} {unit:<4} aim at most {aim:g} {unit}{said}"


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


def cpu_s(pid: int) -> float:
    """Return the seconds of processor that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Return one line about where this runs."""
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    busy = f", BUSY with other work: load {load:.0f}" if load > cores else ""
    return f"{cores} cores{busy}, Python {sys.version.split()[0]}, loopback"
