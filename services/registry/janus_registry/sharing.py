"""Keeps the bucket ``instruments`` at what the registry knows, whatever happens in between.

After each write through, the keys that changed are put. What the registry remembers of the bucket
in Postgres (which bucket, its last revision, the last change that is in it) tells after a restart
which keys may differ; only a bucket that is another one, or that lost something, is compared whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog
from janus_common import codec
from janus_common.bus.buckets import MAX_BATCH, Bucket, BucketEnd
from janus_common.errors import BusError, BusTimeout, BusUnavailable
from janus_common.messages import Instrument

from janus_registry.store_share import Mark

log = structlog.get_logger()


class Sharing:
    """What of ``known`` the bucket does not hold yet."""

    def __init__(self, bucket: Bucket, known: Mapping[str, Instrument]) -> None:
        self._bucket, self._known = bucket, known
        self._waiting: set[str] = set()
        self._seen: BucketEnd | None = None  # all up to here is as it should be
        self._own = 0  # writes of ours behind it

    @property
    def is_done(self) -> bool:
        """Whether the bucket holds all that is known, as far as we know."""
        return self._seen is not None and not self._waiting

    def begin(self, mark: Mark | None) -> None:
        """Trust the bucket as far as ``mark`` says; None: compare all of it."""
        self._seen = mark.end if mark is not None else None

    def changed(self, symbols: Iterable[str]) -> None:
        """Share ``symbols`` with the next ``share``."""
        self._waiting.update(symbols)

    async def share(self, symbols: Iterable[str] | None = None) -> None:
        """Put ``symbols``, or all that wait; what the bus does not take stays for the next time."""
        waiting = sorted(self._waiting if symbols is None else self._waiting.intersection(symbols))
        for start in range(0, len(waiting), MAX_BATCH):
            batch = waiting[start : start + MAX_BATCH]
            if not (await self._put(batch[0]) if len(batch) == 1 else await self._put_all(batch)):
                return

    async def _put_all(self, symbols: Sequence[str]) -> bool:
        """Bring many keys to what is known; return whether the bus took them."""
        sent = {symbol: self._known[symbol] for symbol in symbols if symbol in self._known}
        gone = [symbol for symbol in symbols if symbol not in sent]
        try:
            if sent:
                await self._bucket.put_all(sent)
        except (BusUnavailable, BusTimeout) as error:
            log.info("symbols.share_waits", symbols=len(sent), error=str(error))
            return False
        except BusError as error:  # one of them may be what is wrong
            log.warning("symbols.batch_refused", symbols=len(sent), error=str(error))
            return all([await self._put(symbol) for symbol in symbols])
        self._own += len(sent)
        for symbol, instrument in sent.items():
            self._settled(symbol, instrument)
        return all([await self._put(symbol) for symbol in gone])

    def _settled(self, symbol: str, instrument: Instrument | None) -> None:
        """Go by what was stored: what changed meanwhile may stand behind it, and is put again."""
        if self._known.get(symbol) is instrument:
            self._waiting.discard(symbol)
        else:
            self._waiting.add(symbol)

    async def verify(self) -> BucketEnd | None:
        """Look whether anybody else wrote, or took something away; what differs then waits.

        Return where the bucket ends if it holds all that is known.

        Raises:
            BusError: the bus is away; look again later.
        """
        end, own = await self._bucket.end(), self._own
        if not self._is_ours(end, own):
            await self._compare(end)
        self._seen = end
        self._own -= own
        return end if self.is_done else None

    async def _put(self, symbol: str) -> bool:
        """Bring one key to what is known; return whether the bus took it."""
        instrument = self._known.get(symbol)
        try:
            if instrument is None:
                await self._bucket.delete(symbol)
            else:
                await self._bucket.put(symbol, instrument)
        except BusError as error:
            log.info("symbols.share_waits", symbol=symbol, error=str(error))
            return False
        self._own += 1
        self._settled(symbol, instrument)
        return True

    def _is_ours(self, end: BucketEnd, own: int) -> bool:
        """Whether nobody has written since the last look but we, ``own`` times."""
        seen = self._seen
        if seen is None or seen.created != end.created:
            return False
        if own == 0:
            return seen == end
        return end.revision == seen.revision + own and end.messages >= seen.messages

    async def _compare(self, end: BucketEnd) -> None:
        """Let what differs wait: of what was written since the last look, or of all."""
        seen = self._seen
        goes_on = (
            seen is not None
            and seen.created == end.created
            and (seen.revision < end.revision or seen.messages == end.messages)
            and seen.messages <= end.messages
        )
        since = seen.revision if seen is not None and goes_on else 0
        missing = set() if goes_on else set(self._known)
        different: set[str] = set()
        count = 0
        async for entry in self._bucket.since(since):
            count += 1
            missing.discard(entry.key)
            known = self._known.get(entry.key)
            if entry.data != (None if known is None else codec.encode(known)):
                different.add(entry.key)
        self._waiting |= different | missing
        log.info("symbols.compared", keys=count, different=len(different), missing=len(missing))
