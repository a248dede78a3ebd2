"""What operators do to symbols: change, retire, put back, settle conflicts, bring many in."""

from __future__ import annotations

from dataclasses import dataclass, field

from janus_common.clock import NS_PER_S, now_ns
from janus_common.errors import Code, Denied
from janus_common.messages import (
    ImportSymbols,
    Instrument,
    RetireSymbol,
    SetInstrument,
    SettleConflict,
    UndoChange,
)

from janus_registry import amending, store_amend
from janus_registry.instruments import canonical, named
from janus_registry.store import Store
from janus_registry.symbols import Symbols

MAX_ROWS = 2_000_000  # of one import
MAX_IMPORTS = 4  # under way at once
FORGOTTEN_NS = 60 * NS_PER_S  # after the last part of an import that does not go on


class Curation:
    """Writes what operators say, and lets memory and bus follow."""

    def __init__(self, store: Store, symbols: Symbols) -> None:
        self._store, self._symbols = store, symbols
        self._imports: dict[str, _Import] = {}

    async def amend(self, asked: SetInstrument) -> Instrument:
        """Change fields of a symbol; return it as it is then.

        Raises:
            Denied: it is not known, a value cannot be, or an id belongs to another symbol.
        """
        by, time_ns = named(asked.by), now_ns()
        return await self._amend(
            asked.symbol,
            lambda known: amending.amended(known, asked.fields, by=by, now_ns=time_ns),
            by=by,
            verb="set",
        )

    async def retire(self, asked: RetireSymbol) -> Instrument:
        """Take a symbol out of use; return it as it is then."""
        by, time_ns = named(asked.by), now_ns()
        return await self._amend(
            asked.symbol,
            lambda known: amending.retired(known, by=by, now_ns=time_ns),
            by=by,
            verb="retire",
        )

    async def undo(self, asked: UndoChange) -> Instrument:
        """Put a symbol back to what it was before a change; return it as it is then."""
        after = await store_amend.undo(
            self._store,
            canonical(asked.symbol),
            asked.number,
            by=named(asked.by),
            now_ns=now_ns(),
        )
        await self._symbols.follow([after])
        return after

    async def settle(self, asked: SettleConflict) -> Instrument | None:
        """Settle a conflict; return its symbol as it is then, None if that is not known."""
        after = await store_amend.settle(
            self._store, asked.number, asked.ruling, by=named(asked.by), now_ns=now_ns()
        )
        await self._symbols.follow([after] if after else [])
        return after

    async def bring_in(self, asked: ImportSymbols) -> dict[str, int]:
        """Take one part of an import; write all of them with the last one, and say how many.

        Raises:
            Denied: a row cannot be, or a part before is missing; nothing was written.
        """
        running = self._import(asked)
        if running.counts is not None:
            return running.counts
        running.take(asked)
        if not asked.is_last:
            return {}
        del self._imports[asked.import_id]  # if it fails, the sender begins again
        done = await store_amend.bring_in(
            self._store,
            running.rows,
            replace=asked.replace,
            dry_run=asked.dry_run,
            by=named(asked.by),
            now_ns=now_ns(),
        )
        self._imports[asked.import_id] = running
        running.finish(done.counts)
        if not asked.dry_run:
            await self._symbols.follow([each.after for each in done.writes])
        return done.counts

    async def _amend(
        self, symbol: str, change: store_amend.Change, *, by: str, verb: str
    ) -> Instrument:
        after = await store_amend.amend(self._store, canonical(symbol), change, by=by, verb=verb)
        await self._symbols.follow([after])
        return after

    def _import(self, asked: ImportSymbols) -> _Import:
        time_ns = now_ns()
        for name, one in list(self._imports.items()):
            if one.last_ns < time_ns - FORGOTTEN_NS:
                del self._imports[name]
        if asked.import_id not in self._imports:
            if asked.part != 0:
                raise Denied(
                    Code.IMPORT_REFUSED,
                    f"part {asked.part} of an import that has not begun here; nothing was written",
                    "begin again with part 0",
                )
            if len(self._imports) >= MAX_IMPORTS:
                raise Denied(
                    Code.IMPORT_REFUSED,
                    f"{MAX_IMPORTS} imports are under way; nothing was written",
                    "try again in a minute",
                )
            self._imports[asked.import_id] = _Import()
        return self._imports[asked.import_id]


@dataclass(slots=True)
class _Import:
    """The parts of an import that came so far."""

    rows: list[Instrument] = field(default_factory=list)
    parts: int = 0
    last_ns: int = 0
    counts: dict[str, int] | None = None  # of one that is done

    def take(self, asked: ImportSymbols) -> None:
        self.last_ns = now_ns()
        if asked.part == self.parts - 1:
            return  # the same part again: its answer was lost
        if asked.part != self.parts or len(self.rows) + len(asked.instruments) > MAX_ROWS:
            raise Denied(
                Code.IMPORT_REFUSED,
                f"part {asked.part} came where part {self.parts} was due, or there are more than "
                f"{MAX_ROWS} rows; nothing was written",
                "begin again with part 0",
            )
        self.rows += asked.instruments
        self.parts += 1

    def finish(self, counts: dict[str, int]) -> None:
        self.counts, self.last_ns = counts, now_ns()
        self.rows = []
