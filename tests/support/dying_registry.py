"""A registry that kills itself with signal 9 when it comes to a place: ``Run._write:1``.

python -m tests.support.dying_registry Run._write:1 --config FILE

The place is written as for ``dying_worker``.
"""

from __future__ import annotations

import runpy
import sys

from tests.support.dying_worker import Death

if __name__ == "__main__":
    death = Death(sys.argv.pop(1))
    sys.setprofile(death)
    runpy.run_module("janus_registry", run_name="__main__")
