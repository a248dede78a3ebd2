"""Ports: free ones on loopback, chosen once and remembered, so that restarts keep them."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from pathlib import Path

import msgspec

from janus_cli.stack.folders import write_private
from janus_cli.stack.spec import StackError

HOST = "127.0.0.1"
# Below the range that systems give to outgoing connections: one of those could take
# a child's port while the child restarts.
LOWEST, HIGHEST = 20_000, 32_000
TRIES = 200


def settle(
    names: list[str],
    *,
    remembered: Mapping[str, int],
    wanted: Mapping[str, int | None],
) -> dict[str, int]:
    """Return a free port for each name: the wanted one, else the remembered one, else a new one.

    Raises:
        StackError: a wanted port is taken.
    """
    chosen = {name: port for name in names if (port := wanted.get(name)) is not None}
    for name, port in chosen.items():
        _demand(name, port)
    for name in names:
        if name not in chosen:
            before = remembered.get(name, 0)
            is_good = before and before not in chosen.values() and is_free(before)
            chosen[name] = before if is_good else _find(set(chosen.values()))
    return chosen


def is_free(port: int) -> bool:
    """Whether ``port`` can be listened on now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def load(path: Path) -> dict[str, int]:
    """Return the remembered ports; none when the file is missing or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except (OSError, msgspec.MsgspecError):
        return {}


def save(path: Path, chosen: Mapping[str, int]) -> None:
    write_private(path, msgspec.json.encode(dict(chosen)).decode())


def _demand(name: str, port: int) -> None:
    if not is_free(port):
        raise StackError(
            f"port {port}, set for {name}, is in use by another program",
            hint="stop that program, set another port, or set none and let one be found",
        )


def _find(taken: set[int]) -> int:
    for _ in range(TRIES):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311 - two stacks must not choose alike
        if port not in taken and is_free(port):
            return port
    raise StackError(f"no free port between {LOWEST} and {HIGHEST} on {HOST}")
