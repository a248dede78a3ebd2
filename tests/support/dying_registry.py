"""A registry that kills itself with signal 9 when it comes to a place: ``Run._write:1``.

python -m tests.support.dying_registry '_done>Sharing._settled:7' --config FILE

The place is written as for ``dying_worker``; what is called before ``>`` has to come first.
"""

from __future__ import annotations

import runpy
import sys
from types import FrameType

from tests.support.dying_worker import Death


class LaterDeath(Death):
    """Waits for the place once another one was passed."""

    def __init__(self, place: str) -> None:
        self._first, _, then = place.rpartition(">")
        super().__init__(then)

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if not self._first:
            super().__call__(frame, event, argument)
        elif frame.f_code.co_qualname == self._first:
            self._first = ""


if __name__ == "__main__":
    death = LaterDeath(sys.argv.pop(1))
    sys.setprofile(death)
    runpy.run_module("janus_registry", run_name="__main__")
