"""The stack's own Postgres: how its cluster is made and how it is run.

Postgres refuses to run as root. Then it runs as an unprivileged user that reaches its folders by
descriptors, opened before the user is changed: so a project in a closed home folder works, and the
data stays in the state folder.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from janus_cli.stack import launch, programs
from janus_cli.stack.folders import PRIVATE, StateFolder, write_private
from janus_cli.stack.ports import HOST
from janus_cli.stack.programs import Programs
from janus_cli.stack.spec import ExecReady, ProcessSpec, RunAs, StackError

NAME = "postgres"
DATABASE = "postgres"
OWNER = "janus"
BASE_FD, SOCKETS_FD = 90, 91
LONGEST_SOCKET_FOLDER = 80  # bytes; the system's limit is 107 with the socket's own name
INITDB_LIMIT_S = 60.0
SETTINGS = (
    f"listen_addresses={HOST}",
    "max_connections=32",
    "shared_buffers=32MB",
    "logging_collector=off",
    "log_destination=stderr",
    "log_line_prefix=",
    "timezone=UTC",
    "log_timezone=UTC",
)


@dataclass(frozen=True)
class Home:
    """Where one cluster lives, and as whom it runs."""

    base: Path  # holds the cluster, and the first password while the cluster is made
    sockets: Path
    password_file: Path
    run_as: RunAs | None  # None: as we are

    @property
    def cluster(self) -> Path:
        return self.base / "cluster"

    @property
    def seen_base(self) -> Path:
        """``base`` as the server itself can reach it."""
        return Path(f"/proc/self/fd/{BASE_FD}") if self.run_as else self.base

    @property
    def seen_sockets(self) -> Path | None:
        """The folder for its Unix socket; None when its path is too long for one."""
        if self.run_as:
            return Path(f"/proc/self/fd/{SOCKETS_FD}")
        return self.sockets if len(os.fsencode(self.sockets)) <= LONGEST_SOCKET_FOLDER else None

    @property
    def open_folders(self) -> dict[int, Path]:
        return {BASE_FD: self.base, SOCKETS_FD: self.sockets} if self.run_as else {}


def spec(folder: StateFolder, *, port: int, env: Mapping[str, str]) -> ProcessSpec:
    """Return how to run the server; the cluster is made before its first start.

    Raises:
        StackError: there is no Postgres, or no user to run it as.
    """
    base = folder.data / NAME
    home = Home(
        base=base,
        sockets=base / "socket",
        password_file=folder.data / "postgres.password",
        run_as=programs.unprivileged(base),
    )
    found = programs.find(folder.run, run_as=home.run_as)
    _password(home)
    settings = [*SETTINGS, f"unix_socket_directories={_quoted(home.seen_sockets)}"]
    return ProcessSpec(
        name=NAME,
        command=(
            str(found.postgres),
            *("-D", str(home.seen_base / "cluster"), "-p", str(port)),
            *(word for setting in settings for word in ("-c", setting)),
        ),
        cwd=folder.data,
        env={"PATH": env.get("PATH", ""), "LC_ALL": "C"},
        ready=ExecReady((str(found.pg_isready), "-q", "-h", HOST, "-p", str(port))),
        stop_signal=signal.SIGINT,  # "fast": it does not wait for clients to leave
        stop_group=False,  # the postmaster tells its own
        run_as=home.run_as,
        open_folders=home.open_folders,
        port=port,
        prepare=partial(prepare, home, found),
    )


def dsn(folder: StateFolder, port: int) -> str:
    """Return the server's address, password included."""
    password = (folder.data / "postgres.password").read_text()
    return f"postgresql://{OWNER}:{password}@{HOST}:{port}/{DATABASE}"


async def prepare(home: Home, found: Programs) -> None:
    """Make the cluster if there is none, and clear what a killed server left.

    Raises:
        StackError: it cannot be made.
    """
    _make_folders(home)
    if not home.cluster.exists():
        await _make_cluster(home, found)
    _remove_stale_lock(home.cluster)


def _password(home: Home) -> str:
    try:
        return home.password_file.read_text()
    except FileNotFoundError:
        pass
    if home.cluster.exists():
        raise StackError(
            f"{home.password_file} is gone, and with it the way into the cluster beside it",
            hint=f"put it back, or remove {home.base} to begin with empty books",
        )
    password = secrets.token_urlsafe(24)
    write_private(home.password_file, password)
    return password


def _make_folders(home: Home) -> None:
    for path in (home.base, home.sockets):
        path.mkdir(exist_ok=True)
        path.chmod(PRIVATE)
        if home.run_as:
            os.chown(path, home.run_as.uid, home.run_as.gid)


async def _make_cluster(home: Home, found: Programs) -> None:
    """Run initdb beside the cluster's place and move the result there: whole, or not at all."""
    fresh, first_password = home.base / "cluster.new", home.base / "password.new"
    await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
    write_private(first_password, _password(home))
    if home.run_as:
        os.chown(first_password, home.run_as.uid, home.run_as.gid)
    command = (
        str(found.initdb),
        *("-D", str(home.seen_base / fresh.name), "-U", OWNER, "-A", "scram-sha-256"),
        *("--pwfile", str(home.seen_base / first_password.name), "-E", "UTF8", "--locale", "C"),
    )
    try:
        await _run(command, home)
    finally:
        first_password.unlink(missing_ok=True)
    fresh.rename(home.cluster)


async def _run(command: tuple[str, ...], home: Home) -> None:
    process = await asyncio.create_subprocess_exec(
        *launch.command(
            command,
            end_signal=signal.SIGKILL,
            run_as=(home.run_as.uid, home.run_as.gid) if home.run_as else None,
            open_folders=home.open_folders,
        ),
        cwd="/",
        env={"LC_ALL": "C"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(INITDB_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        raise StackError(f"{command[0]} took more than {INITDB_LIMIT_S:g} s") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
    if process.returncode != 0:
        last = " ".join(output.decode(errors="replace").split("\n")[-4:]).strip()
        raise StackError(f"{command[0]} failed: {last}")


def _remove_stale_lock(cluster: Path) -> None:
    """Remove the lock of a server that was killed; its pid may be another program by now.

    Ours cannot run: the supervisor holds the state folder. What runs on this very cluster all the
    same keeps its lock, and Postgres refuses to start beside it.
    """
    lock = cluster / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
        is_its_own = Path(f"/proc/{pid}/cwd").samefile(cluster)
    except FileNotFoundError:
        is_its_own = False
    except (ValueError, PermissionError):
        return
    if not is_its_own and Path("/proc/self").exists():
        lock.unlink(missing_ok=True)


def _quoted(path: Path | None) -> str:
    """Return ``path`` for a setting that takes a list of paths."""
    if path is None:
        return ""
    doubled = str(path).replace('"', '""')
    return f'"{doubled}"'
