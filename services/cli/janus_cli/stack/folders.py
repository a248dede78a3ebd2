"""Where the local stack keeps its state: one folder, ``.janus`` unless told otherwise.

``run/`` lives as long as the stack runs, ``logs/`` and ``data/`` stay. The root and ``data/`` may be
passed through by others (Postgres runs as another user when we are root); what is secret is 0600.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from janus_cli.stack.spec import StackError

PASSABLE, PRIVATE = 0o711, 0o700


@dataclass(frozen=True)
class StateFolder:
    """The paths below one state folder; ``root`` is absolute."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> StateFolder:
        """Return the state folder at ``path``, which need not exist yet."""
        return cls(path.expanduser().absolute())

    def create(self) -> None:
        """Make what is missing.

        Raises:
            StackError: that cannot be done there.
        """
        try:
            self._create()
        except OSError as error:
            raise StackError(
                f"cannot keep the stack's state in {self.root}: {error.strerror}",
                hint="give another folder: janus --state FOLDER up",
            ) from error

    def _create(self) -> None:
        if not self.root.exists():
            self.root.mkdir(parents=True)
            self.root.chmod(PASSABLE)
            (self.root / ".gitignore").write_text("*\n")
        for path, mode in ((self.run, PRIVATE), (self.logs, PRIVATE), (self.data, PASSABLE)):
            path.mkdir(exist_ok=True)
            path.chmod(mode)

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def halt(self) -> Path:
        """The file that halts the house while it is there; it outlives the stack."""
        return self.root / "halt"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    @property
    def socket(self) -> Path:
        return self.run / "control.sock"

    @property
    def config(self) -> Path:
        """The settings in effect, with the ports in use: what services and verbs read."""
        return self.run / "janus.toml"

    @property
    def ports(self) -> Path:
        return self.data / "ports.json"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def pid_file(self, name: str) -> Path:
        return self.run / f"{name}.pid"


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` at once by a file with ``text`` that only its owner can read."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600, exist_ok=False)
    fresh.write_text(text)
    fresh.replace(path)
