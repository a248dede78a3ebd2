"""The venue's memory: one SQLite file, written before anybody is told, and a log of the truth.

A batch of events is one transaction. Nothing that was written is lost when the process is
killed (``synchronous=NORMAL`` with a write-ahead log; a power cut may take the last batches).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from io import FileIO
from pathlib import Path

import msgspec
from janus_common.errors import ConfigError

from janus_paper_venue.events import (
    Corrected,
    Event,
    Executed,
    OrderAccepted,
    OrderChanged,
    OrderIdTaken,
    OrderTrailed,
    QuoteChanged,
    SettingChanged,
    SplitDone,
)
from janus_paper_venue.instruments import Catalogue, Instrument
from janus_paper_venue.ledger import Split
from janus_paper_venue.orders import Execution, VenueOrder
from janus_paper_venue.records import State
from janus_paper_venue.truth_log import lines

FILE, LOG = "venue.sqlite", "truth.jsonl"
SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, cash TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS order_ids (client_id INTEGER PRIMARY KEY, next_id INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS instruments (con_id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (perm_id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS executions (
    number INTEGER PRIMARY KEY, exec_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, line BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS splits (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class Store:
    """An open state folder; one process at a time."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        """Open ``folder``, which is made if needed.

        Raises:
            ConfigError: it cannot be written, is no state, or another venue has it open.
        """
        self._catalogue = catalogue
        self._known = set[int]()  # instruments that are written
        self._encode = msgspec.json.Encoder().encode
        path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=1.0)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(SCHEMA)
            self._log = self._open_log(folder / LOG)
        except sqlite3.OperationalError as error:
            raise ConfigError(f"--state {folder}: {error}; is another venue using it?") from error
        except (OSError, sqlite3.DatabaseError) as error:
            raise ConfigError(f"--state {folder}: {error}") from error

    def settings(self) -> dict[str, str]:
        """Return what was set while the venue ran."""
        return dict(self._db.execute("SELECT name, value FROM settings"))

    def load(self) -> State:
        """Return what was written so far, and add its instruments to the catalogue."""
        for (body,) in self._db.execute("SELECT body FROM instruments ORDER BY con_id"):
            instrument = msgspec.json.decode(body, type=Instrument)
            self._known.add(instrument.con_id)
            if self._catalogue.get(instrument.con_id) is None:
                self._catalogue.add(instrument)
        order, execution = msgspec.json.Decoder(VenueOrder), msgspec.json.Decoder(Execution)
        rows = self._db.execute
        return State(
            orders=tuple(
                order.decode(body) for (body,) in rows("SELECT body FROM orders ORDER BY perm_id")
            ),
            executions=tuple(
                execution.decode(body)
                for (body,) in rows("SELECT body FROM executions ORDER BY number")
            ),
            next_order_ids=dict(rows("SELECT client_id, next_id FROM order_ids")),
            starting_cash={
                name: Decimal(cash) for name, cash in rows("SELECT name, cash FROM accounts")
            },
            splits=tuple(
                msgspec.json.decode(body, type=Split)
                for (body,) in rows("SELECT body FROM splits ORDER BY number")
            ),
            settings=self.settings(),
        )

    def keep_accounts(self, cash: Mapping[str, Decimal]) -> None:
        """Write what each account began with, unless it is known."""
        rows = [(name, str(amount)) for name, amount in cash.items()]
        self._db.executemany("INSERT OR IGNORE INTO accounts VALUES (?, ?)", rows)

    def write(self, events: Sequence[Event]) -> None:
        """Make ``events`` durable, all or none; quotes are not kept."""
        kept = [one for one in events if not isinstance(one, QuoteChanged)]
        if not kept:
            return
        orders = {
            one.order.perm_id: one.order
            for one in kept
            if isinstance(one, OrderAccepted | OrderChanged | OrderTrailed | Corrected)
        }
        executions = [one.execution for one in kept if isinstance(one, Executed)]
        corrections = [one.execution for one in kept if isinstance(one, Corrected)]
        told = list(lines(kept))
        splits = [one.split for one in kept if isinstance(one, SplitDone)]
        self._db.execute("BEGIN")
        self._put_instruments(order.request.con_id for order in orders.values())
        put = self._db.executemany
        put(
            "INSERT OR REPLACE INTO order_ids VALUES (?, ?)",
            [(one.client_id, one.next_id) for one in kept if isinstance(one, OrderIdTaken)],
        )
        put(
            "INSERT OR REPLACE INTO orders VALUES (?, ?)",
            [(perm_id, self._encode(order)) for perm_id, order in orders.items()],
        )
        put(
            "INSERT INTO executions (exec_id, body) VALUES (?, ?)",
            [(one.exec_id, self._encode(one)) for one in executions],
        )
        put(
            "UPDATE executions SET exec_id = ?, body = ? WHERE exec_id = ?",
            [(one.exec_id, self._encode(one), one.revised[-1].exec_id) for one in corrections],
        )
        put("INSERT INTO splits (body) VALUES (?)", [(self._encode(one),) for one in splits])
        put(
            "INSERT OR REPLACE INTO settings VALUES (?, ?)",
            [(one.name, one.value) for one in kept if isinstance(one, SettingChanged)],
        )
        put("INSERT INTO log (line) VALUES (?)", [(line,) for line in told])
        self._db.execute("COMMIT")
        self._log.write(b"".join(line + b"\n" for line in told))

    def close(self) -> None:
        """Close the files."""
        self._db.close()
        self._log.close()

    def _open_log(self, path: Path) -> FileIO:
        """Open the log to append to; write it again if a death has cut its end off."""
        [(size,)] = self._db.execute("SELECT coalesce(sum(length(line) + 1), 0) FROM log")
        log = FileIO(path, "a")
        if log.tell() != size:
            log.truncate(0)
            for (line,) in self._db.execute("SELECT line FROM log ORDER BY number"):
                log.write(line + b"\n")
        return log

    def _put_instruments(self, con_ids: Iterable[int]) -> None:
        for con_id in con_ids:
            if con_id not in self._known:
                self._known.add(con_id)
                body = self._encode(self._catalogue.get(con_id))
                self._db.execute("INSERT OR REPLACE INTO instruments VALUES (?, ?)", (con_id, body))
