"""The last step before a child's own program: runs in the child, then becomes that program.

``python -I -S launch.py PARENT SIGNAL USER [FD=FOLDER …] -- COMMAND…``. It gives the child its user,
opens folders that this user could not reach, and asks Linux to end the child with its supervisor.
Standard library only, and nothing of Janus: it starts in a few milliseconds.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False  # typing's own would be an import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NOT_STARTED = 127
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def command(
    wanted: tuple[str, ...],
    *,
    end_signal: int,
    run_as: tuple[int, int] | None = None,
    open_folders: Mapping[int, Path] | None = None,
) -> list[str]:
    """Return the command that runs ``wanted`` through this module, as a child of ours."""
    folders = (open_folders or {}).items()
    return [
        *(sys.executable, "-I", "-S", __file__),
        str(os.getpid()),
        str(int(end_signal)),
        f"{run_as[0]}:{run_as[1]}" if run_as else "-",
        *(f"{descriptor}={folder}" for descriptor, folder in folders),
        "--",
        *wanted,
    ]


def main(arguments: list[str]) -> None:
    split = arguments.index("--")
    parent, number, user, *folders = arguments[:split]
    command = arguments[split + 1 :]
    for entry in folders:
        _open_folder(*entry.split("=", 1))
    end_with_parent = _end_with_parent()
    if user != "-":
        _become(*map(int, user.split(":")))
    end_with_parent(int(parent), int(number))
    os.umask(0o077)
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec passes that on
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execv(command[0], command)  # noqa: S606 - the supervisor's own command, no shell
    except OSError as error:
        sys.stderr.write(f"cannot run {command[0]}: {error.strerror}\n")
        sys.exit(NOT_STARTED)


def _open_folder(descriptor: str, path: str) -> None:
    opened = os.open(path, os.O_PATH | os.O_DIRECTORY)
    if opened == int(descriptor):
        os.set_inheritable(opened, True)
        return
    os.dup2(opened, int(descriptor))
    os.close(opened)


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _end_with_parent() -> Callable[[int, int], None]:
    """Return what has the system send us a signal when the parent ends.

    It must be called after the change of user, which would undo it, and imported before: that user
    may not reach our modules.
    """
    if sys.platform != "linux":
        return lambda _parent, _number: None
    import ctypes

    prctl = ctypes.CDLL(None).prctl

    def ask(parent: int, number: int) -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # it ended before we asked
            sys.exit(NOT_STARTED)

    return ask


if __name__ == "__main__":
    main(sys.argv[1:])
