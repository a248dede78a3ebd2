"""Which migrations a database still needs; pure, and refuses a history that is not ours.

A migration is a file ``NNNN_name.sql``. Once applied it never changes: its hash is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from janus_common.errors import ConfigError

FOLDER = Path(__file__).with_name("migrations")

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    sql: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A step that a database has taken."""

    number: int
    name: str
    sha256: str


def read(folder: Path = FOLDER) -> list[Migration]:
    """Return the migrations in ``folder``, in order.

    Raises:
        ConfigError: a file's name is none of a migration, or a number is missing or double.
    """
    found = [_read_one(path) for path in sorted(folder.glob("*.sql"))]
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise ConfigError(f"{folder}: migrations must count 1, 2, 3 …, these are {numbers}")
    return found


def pending(known: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """Return what of ``known`` is not in ``applied`` yet.

    Raises:
        ConfigError: an applied one was changed since, or is not known here.
    """
    by_number = {migration.number: migration for migration in known}
    for done in applied:
        ours = by_number.get(done.number)
        if ours is None:
            raise ConfigError(
                f"the database has migration {done.name}, which this version of Janus does not "
                "know: run the version that made it, or a newer one"
            )
        if ours.sha256 != done.sha256:
            raise ConfigError(
                f"migration {done.name} was changed after it was applied (sha256 "
                f"{ours.sha256[:12]}, applied {done.sha256[:12]}): restore the file and put the "
                "change into a new migration"
            )
    taken = {done.number for done in applied}
    return [migration for migration in known if migration.number not in taken]


def _read_one(path: Path) -> Migration:
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise ConfigError(f"{path}: a migration is named NNNN_name.sql")
    data = path.read_bytes()
    return Migration(int(match[1]), path.name, data.decode(), hashlib.sha256(data).hexdigest())
