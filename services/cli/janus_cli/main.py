"""The ``janus`` command: run one verb, and end with a status that scripts can rely on."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; nothing but an interrupt gets out."""
    try:
        _import_quickly()
        return _run(arguments)
    except KeyboardInterrupt:  # also while modules are imported, so that none is to be had
        sys.stderr.write("\ninterrupted\n")
        return 130


def _run(arguments: Sequence[str]) -> int:
    from janus_cli import tree
    from janus_cli.failures import Status, as_failure, tell

    try:
        status = tree.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE
    except Exception as error:  # noqa: BLE001 - the last frame: a user sees words, not a traceback
        if "--debug" in arguments:
            import traceback

            traceback.print_exception(error)
        failure = as_failure(error)
        tell(failure, as_json="--json" in arguments)
        return failure.status
    return status


def _import_quickly() -> None:
    """Save most of a short command's time, which goes into imports.

    Modules stay compiled, msgspec needs no typing_extensions, the collector looks once.
    """
    gc.set_threshold(50_000)
    if sys.dont_write_bytecode and sys.pycache_prefix is None:
        sys.pycache_prefix = f"{sys.prefix}/pycache"
        sys.dont_write_bytecode = False
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # "not installed"
    import msgspec  # noqa: F401

    del sys.modules["typing_extensions"]
