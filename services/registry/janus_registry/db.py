"""``python -m janus_registry.db``: the database's schema, backups, and what is in it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from janus_common import config, logs
from janus_common.errors import ConfigError, JanusError, StoreRefused, StoreUnavailable

from janus_registry import migrate, store, store_backup, store_migrations, store_status
from janus_registry.store import Store

UNREACHABLE, NOT_READY = 4, 6  # exit statuses, as those of ``janus``


def main() -> NoReturn:
    """Run one of ``migrate``, ``status``, ``backup FILE`` and ``restore FILE``."""
    parser = argparse.ArgumentParser(prog="janus db", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="janus.toml")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("verb", choices=("migrate", "status", "backup", "restore"))
    parser.add_argument("file", type=Path, nargs="?", help="of backup and restore")
    asked = parser.parse_args()
    if (asked.file is None) == (asked.verb in {"backup", "restore"}):
        parser.error(f"{asked.verb} {'needs a' if asked.file is None else 'takes no'} FILE")
    logs.configure("error", service="db")
    try:
        asyncio.run(_run(asked))
    except (JanusError, KeyboardInterrupt) as error:
        sys.exit(_told(error))
    sys.exit(0)


async def _run(asked: argparse.Namespace) -> None:
    settings = config.load(asked.config)
    async with store.connect(settings.postgres.dsn) as books:
        match asked.verb:
            case "migrate":
                done = await store_migrations.migrate(books, migrate.read())
                names = [migration.name for migration in done]
                _print(asked, {"applied": names}, "\n".join(names) or "nothing to do")
            case "status":
                await _status(asked, books)
            case "backup":
                made = await store_backup.backup(books, asked.file, _progress)
                _print_rows(asked, made, f"in {asked.file}")
            case "restore":
                made = await store_backup.restore(books, asked.file, migrate.read(), _progress)
                _print_rows(asked, made, f"from {asked.file} restored")


async def _status(asked: argparse.Namespace, books: Store) -> None:
    found = await store_status.status(books)
    waiting = [each.name for each in migrate.pending(migrate.read(), found.applied)]
    sizes = {table.name: table.rows for table in found.tables}
    said = {
        "where": books.where,
        "server": found.server,
        "user": found.user,
        "is_read_only": found.is_read_only,
        "size_bytes": found.size_bytes,
        "migrations": [each.name for each in found.applied],
        "pending": waiting,
        "rows": sizes,
    }
    note = ", READ-ONLY" if found.is_read_only else ""
    due = f"PENDING: {', '.join(waiting)}" if waiting else "none pending"
    lines = [
        f"Postgres {found.server} at {books.where} as {found.user}{note}",
        f"{found.size_bytes / 2**20:.1f} MB, {len(found.applied)} migrations, {due}",
        *(f"{rows:>12,}  {name}" for name, rows in sizes.items()),
    ]
    _print(asked, said, "\n".join(lines))
    if waiting:
        raise ConfigError(f"{len(waiting)} migrations are pending: run `janus db migrate`")


def _print_rows(asked: argparse.Namespace, made: store_backup.Manifest, where: str) -> None:
    rows = {table.name: table.rows for table in made.tables}
    said = {"file": str(asked.file), "rows": rows, "made_ns": made.made_ns}
    _print(asked, said, f"{sum(rows.values()):,} rows of {len(rows)} tables {where}")


def _print(asked: argparse.Namespace, data: dict[str, Any], text: str) -> None:
    line = msgspec.json.encode({"schema": f"janus.db_{asked.verb}/1", "data": data}).decode()
    sys.stdout.write(f"{line if asked.json else text}\n")


def _progress(table: str, rows: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{rows:>12,}  {table}\n")


def _told(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("\ninterrupted; nothing was changed\n")
        return 130
    sys.stderr.write(f"Error: {error}\n")
    return UNREACHABLE if isinstance(error, StoreUnavailable | StoreRefused) else NOT_READY


if __name__ == "__main__":
    main()
