"""One supervisor per state folder: a lock that the system releases when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from janus_cli.stack import identity
from janus_cli.stack.identity import Identity
from janus_cli.stack.spec import StackError


class Held(StackError):
    """Another supervisor has that state folder."""

    def __init__(self, path: Path, holder: Identity | None) -> None:
        self.holder = holder
        who = f"process {holder.pid}" if holder else "another process"
        super().__init__(
            f"{path.parent.parent} is in use by {who}, which holds {path}",
            hint="`janus ps` shows that stack, `janus down` stops it",
        )


class Lock:
    """Held from ``take`` to ``release``; the file exists only meanwhile."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    @classmethod
    def take(cls, path: Path) -> Lock:
        """Take the lock at ``path`` or raise ``Held`` at once."""
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                raise Held(path, identity.load(path)) from None
            if _is_still(descriptor, path):
                break
            os.close(descriptor)  # its last holder has just removed it
        me = Identity.of(os.getpid())
        os.truncate(descriptor, 0)
        os.write(descriptor, msgspec.json.encode(me))
        return cls(path, descriptor)

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Whether a running supervisor has the lock at ``path``."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
