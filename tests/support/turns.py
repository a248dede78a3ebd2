"""Turns: the test processes of all clones on a machine run no more files at once than it bears.

Each file of tests holds one of a few places while it runs. Clones that are tested at once and need
more places than there are take longer, and meet the deadlines that one alone meets. A place is a
name in the abstract namespace of Unix sockets, and the queue for them a lock on the folder of
temporary files: nothing is left behind, and the kernel frees both with their process.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import tempfile
import time

PLACES = max(6, 3 * (os.cpu_count() or 1))  # `make test` alone has six processes
ASKED_EVERY_S = 0.05


class Turn:
    """The place that this process holds, if it holds one."""

    _held: socket.socket | None = None

    def take(self) -> None:
        """Wait in the queue for a free place, unless one is held."""
        if self._held is not None:
            return
        queue = os.open(tempfile.gettempdir(), os.O_RDONLY)
        try:
            fcntl.flock(queue, fcntl.LOCK_EX)
            while (place := next(filter(None, map(_place, range(PLACES))), None)) is None:
                time.sleep(ASKED_EVERY_S)
        finally:
            os.close(queue)
        self._held = place

    def give_back(self) -> None:
        if self._held is not None:
            self._held.close()
        self._held = None


def _place(number: int) -> socket.socket | None:
    place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        place.bind(f"\0janus-tests-{number}")
    except OSError as error:
        place.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return place
