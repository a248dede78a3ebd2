"""The symbol registry in memory: read from here, written through to Postgres, then to the bus.

The table is the truth. The bucket ``instruments`` follows it: at once where the bus takes it,
within seconds where it did not, and whatever it holds is compared with the table at start.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right, insort

import msgspec
import structlog
from janus_common.bus.buckets import Bucket
from janus_common.clock import now_ns
from janus_common.errors import BusError, Code, Denied, StoreRefused
from janus_common.messages import Instrument

from janus_registry import store_instruments
from janus_registry.instruments import checked, merge
from janus_registry.store import Store

SHARE_S = 1.0  # how often the bus is tried again

log = structlog.get_logger()


class Symbols:
    """All instruments, by symbol."""

    def __init__(self, store: Store, bucket: Bucket) -> None:
        self._store, self._bucket = store, bucket
        self._known: dict[str, Instrument] = {}
        self._sorted: list[str] = []
        self._unshared: set[str] = set()
        self._is_compared = False

    async def load(self) -> None:
        """Read the table again; what it no longer has is forgotten."""
        rows = await store_instruments.load_all(self._store)
        self._known = {row.symbol: row for row in rows}
        self._sorted = sorted(self._known)
        self._is_compared = False
        log.info("symbols.loaded", count=len(rows))

    def get(self, symbol: str) -> Instrument | None:
        """Return the instrument of ``symbol``, which is canonical."""
        return self._known.get(symbol)

    def page(self, *, prefix: str, after: str, limit: int) -> tuple[list[Instrument], bool]:
        """Return the first ``limit`` that begin with ``prefix`` and sort behind ``after``.

        Also return whether there are more.
        """
        start = max(bisect_left(self._sorted, prefix), bisect_right(self._sorted, after))
        names = [s for s in self._sorted[start : start + limit + 1] if s.startswith(prefix)]
        return [self._known[name] for name in names[:limit]], len(names) > limit

    async def put(self, given: Instrument) -> Instrument:
        """Add ``given``, or fill what is not known yet of its symbol; return what is known then.

        Raises:
            Denied: it cannot be, says something else than what is known, or names a broker's
                id that belongs to another symbol.
            StoreUnavailable: nothing was written, or Postgres did not tell.
        """
        time_ns = now_ns()
        wanted = msgspec.structs.replace(checked(given), updated_ns=time_ns)
        try:
            stored = await store_instruments.put(
                self._store, wanted, lambda known: merge(known, wanted, now_ns=time_ns)
            )
        except StoreRefused as error:
            raise Denied(Code.AMBIGUOUS_SYMBOL, self._why_refused(wanted, error)) from error
        self._keep(stored)
        await self._share()
        return stored

    async def keep_shared(self) -> None:
        """Bring the bucket to what the table says, and again whenever it differs, for ever."""
        while True:
            try:
                if not self._is_compared:
                    await self._compare()
                await self._share()
            except BusError as error:
                log.info("symbols.share_waits", error=str(error))
            await asyncio.sleep(SHARE_S)

    def _keep(self, instrument: Instrument) -> None:
        known = self._known.get(instrument.symbol)
        if known is None:
            insort(self._sorted, instrument.symbol)
        elif known.updated_ns >= instrument.updated_ns:
            return  # a later write was quicker to come back
        self._known[instrument.symbol] = instrument
        self._unshared.add(instrument.symbol)

    def _why_refused(self, wanted: Instrument, error: StoreRefused) -> str:
        for other in self._known.values():
            for name in ("ib_conid", "webull_instrument_id"):
                value = getattr(wanted, name)
                if value is not None and getattr(other, name) == value:
                    return f"{wanted.symbol}: {name} {value} belongs to {other.symbol}"
        return f"{wanted.symbol}: {error}"

    async def _share(self) -> None:
        for symbol in sorted(self._unshared):
            instrument = self._known.get(symbol)
            try:
                if instrument is None:
                    await self._bucket.delete(symbol)
                else:
                    await self._bucket.put(symbol, instrument)
            except BusError as error:
                log.info("symbols.share_waits", symbol=symbol, error=str(error))
                return
            if self._known.get(symbol) == instrument:
                self._unshared.discard(symbol)

    async def _compare(self) -> None:
        self._is_compared = True  # before the first wait: a load meanwhile asks for another one
        try:
            different = await self._different()
        except BusError:
            self._is_compared = False
            raise
        self._unshared |= different
        log.info("symbols.compared", count=len(self._known), different=len(different))

    async def _different(self) -> set[str]:
        different = set(await self._bucket.keys()) - self._known.keys()
        shared = {entry.key: entry.value for entry in await self._bucket.all(Instrument)}
        different |= {name for name, one in self._known.items() if shared.get(name) != one}
        return different
