"""An IB worker that kills itself with signal 9 when it comes to a place: ``Journal.begin:2``.

python -m tests.support.dying_worker Journal.begin:2 --config FILE --account ALIAS

The place is a function by its qualified name, and the how-manieth call; ``<`` after the name
means when it returns.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from types import FrameType


class Death:
    """Waits for the place."""

    def __init__(self, place: str) -> None:
        name, _, number = place.partition(":")
        self._event = "return" if name.endswith("<") else "call"
        self._name, self._left = name.rstrip("<"), int(number or 1)

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == self._event and frame.f_code.co_qualname == self._name:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    death = Death(sys.argv.pop(1))
    sys.setprofile(death)
    runpy.run_module("janus_ib_worker", run_name="__main__")
