"""Imports structlog without rich, which it would draw tracebacks with on a terminal.

A process that logs into a pipe or a file draws none: that saves a fifth of its start and some
megabytes. Imported by a service's ``__main__`` before all else.
"""

from __future__ import annotations

import sys

if sys.stderr and not sys.stderr.isatty() and not {"rich", "structlog"} & sys.modules.keys():
    sys.modules["rich"] = None  # type: ignore[assignment]  # "not installed", for structlog alone
    import structlog  # noqa: F401

    del sys.modules["rich"]
