"""The checks that need the machine: the recording's file, and what a stopped stack left behind."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from janus_cli.demo import tape
from janus_cli.demo.record import Check, Truth


def recorded(folder: Path, truth: Truth) -> Check:
    """Check each fill against the quotes in the recording's own file."""
    outside: list[str] = []
    for symbol in sorted({row["symbol"] for row in truth.executions}):
        rows = [row for row in truth.executions if row["symbol"] == symbol]
        quotes = tape.quoted(folder, symbol, [row["source_ns"] for row in rows])
        outside += [
            f"{symbol} {row['price']} not in {found.low}-{found.high}"
            for row in rows
            if not (found := quotes[row["source_ns"]]).low <= Decimal(row["price"]) <= found.high
        ]
    detail = ", ".join(outside) or f"{len(truth.executions)} fills"
    return Check("each fill lies within what the recording quoted then", not outside, detail)


def left_behind(processes: Iterable[dict[str, Any]]) -> list[str]:
    """Return the processes and ports that are still there after the stack has stopped."""
    rows = list(processes)
    alive = [f"process {row['name']} ({row['pid']})" for row in rows if _is_alive(row["pid"])]
    ports = {row["port"] for row in rows if row["port"]}
    return alive + [f"port {port}" for port in sorted(ports) if _is_open(port)]


def _is_alive(pid: int | None) -> bool:
    return pid is not None and Path(f"/proc/{pid}").exists()


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
