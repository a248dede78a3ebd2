"""Turns: the test processes of all clones on a machine run no more files at once than it bears.

Each file of tests holds one of a few places while it runs. Two clones that are tested at once then
take twice as long as one, and meet the deadlines that one meets. A place is a name in the abstract
namespace of Unix sockets: it leaves no file behind, and the kernel frees it with its process.
"""

from __future__ import annotations

import os
import socket
import time

PLACES = max(6, 3 * (os.cpu_count() or 1))  # `make test` alone has six processes
ASKED_EVERY_S = 0.05


class Turn:
    """The place that this process holds, if it holds one."""

    _held: socket.socket | None = None

    def take(self) -> None:
        """Wait for a free place, unless one is held."""
        while self._held is None:
            self._held = next(filter(None, map(_place, range(PLACES))), None)
            if self._held is None:
                time.sleep(ASKED_EVERY_S)

    def give_back(self) -> None:
        if self._held is not None:
            self._held.close()
        self._held = None


def _place(number: int) -> socket.socket | None:
    place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        place.bind(f"\0janus-tests-{number}")
    except OSError:
        place.close()
        return None
    return place
