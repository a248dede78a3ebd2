"""What a process knows of symbols: a live copy that outlives the registry's absence.

Only symbols that were asked for are held. The bucket ``instruments`` is heard, so that a change
that the registry has written is in use at once; what may have been missed is read again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import structlog

from janus_common import codec, subjects
from janus_common.bus.buckets import INSTRUMENTS, RawEntry
from janus_common.bus.bus import Bus
from janus_common.errors import BusError, Code, Denied, MessageInvalid
from janus_common.messages import Instrument, Outcome, RegistryReply, Resolve, SymbolStatus
from janus_common.symbols import AssetClass, parse

FRESH_S = 60.0
LOOKUP_TIMEOUT_S = 8.0  # the registry may have to ask a broker
NAMED_BY = {"ib": "ib_conid", "webull": "webull_ticker"}  # what each broker's orders need

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Known:
    instrument: Instrument
    until_s: float


class Instruments:
    """Resolves symbols: own copy, then KV ``instruments``, then the registry."""

    def __init__(self, bus: Bus, *, monotonic_s: Callable[[], float]) -> None:
        self._bus, self._bucket = bus, bus.bucket(INSTRUMENTS)
        self._monotonic_s = monotonic_s
        self._known: dict[str, _Known] = {}
        self._asking: dict[tuple[str, str], asyncio.Task[Instrument | Denied]] = {}
        self._connections: int | None = None  # None: nothing is heard yet

    async def resolve(
        self, symbol: str, broker: str = "ib", *, may_be_retired: bool = False
    ) -> Instrument:
        """Return the instrument of ``symbol``, which is canonical, for an order at ``broker``.

        All who ask the same at once share one question. Who takes one that ``may_be_retired``
        sees to it that it is only closed.

        Raises:
            Denied: nobody knows it, it is ambiguous, or not in use any more.
        """
        await self._hear()
        known = self._known.get(symbol)
        if (
            known is not None
            and self._monotonic_s() < known.until_s
            and has_name(known.instrument, broker)
        ):
            return known.instrument if may_be_retired else in_use(known.instrument)
        key = symbol, broker
        asking = self._asking.get(key)
        if asking is None:
            asking = self._bus.tasks.create_task(self._asked(symbol, broker, known))
            self._asking[key] = asking
            asking.add_done_callback(lambda _: self._asking.pop(key))
        found = await asyncio.shield(asking)
        if isinstance(found, Denied):
            raise Denied(found.code, found.reason, found.hint)
        return found if may_be_retired else in_use(found)

    async def _hear(self) -> None:
        """Hear the bucket from the first question on, and mistrust all after a lost connection."""
        connections = self._bus.connections
        if connections == self._connections:
            return
        if self._connections is None:
            try:
                await self._bucket.hear(self._heard)
            except BusError as error:
                log.warning("instruments.unheard", error=str(error))
                return
        self._connections = connections
        self._known = {name: _Known(one.instrument, 0.0) for name, one in self._known.items()}

    def _heard(self, entry: RawEntry) -> None:
        """Take over a change of a symbol that is in use here; Postgres has it already."""
        known = self._known.get(entry.key)
        if known is None:
            return
        try:
            changed = codec.decode(entry.data or b"", Instrument)
        except MessageInvalid:  # deleted, or nothing of the registry: ask when it is needed
            self._known[entry.key] = _Known(known.instrument, 0.0)
            return
        if changed.updated_ns >= known.instrument.updated_ns:
            self._known[entry.key] = _Known(changed, self._monotonic_s() + FRESH_S)

    async def _asked(self, symbol: str, broker: str, known: _Known | None) -> Instrument | Denied:
        """Ask; a refusal is returned, because an error would end the process."""
        try:
            return await self._found(symbol, broker, known)
        except Denied as denied:
            return denied

    async def _found(self, symbol: str, broker: str, known: _Known | None) -> Instrument:
        found = await self._from_bucket(symbol)
        if found is None or not has_name(found, broker):
            if found is not None:
                in_use(found)
            is_retired = known is not None and known.instrument.status is SymbolStatus.RETIRED
            bare = None if is_retired else bare_ticker(symbol, broker, found)
            if bare is not None:
                return bare  # not kept: the registry may learn better
            found = await self._from_registry(symbol, broker, known)
        self._known[symbol] = _Known(found, self._monotonic_s() + FRESH_S)
        return found

    async def _from_bucket(self, symbol: str) -> Instrument | None:
        try:
            entry = await self._bucket.get(symbol, Instrument)
        except BusError as error:
            log.warning("instruments.unreadable", symbol=symbol, error=str(error))
            return None
        return entry.value if entry is not None else None

    async def _from_registry(self, symbol: str, broker: str, known: _Known | None) -> Instrument:
        try:
            reply = await self._bus.request(
                subjects.registry("resolve"),
                Resolve(symbol=symbol, broker=broker),
                RegistryReply,
                timeout_s=LOOKUP_TIMEOUT_S,
            )
        except (BusError, MessageInvalid) as error:
            if known is not None and has_name(known.instrument, broker):
                return known.instrument
            raise Denied(
                Code.REGISTRY_DOWN,
                f"{symbol} is not known here and the registry does not answer",
                "janus ps; try again when the registry is READY",
            ) from error
        if reply.outcome is Outcome.ACCEPTED and reply.instruments:
            return reply.instruments[0]
        raise Denied(
            reply.code or Code.UNKNOWN_SYMBOL,
            reply.reason or f"{symbol} is not known",
            reply.hint or f"janus symbols resolve {symbol}",
        )


def in_use(instrument: Instrument) -> Instrument:
    """Return ``instrument``; raise Denied if it is retired."""
    if instrument.status is not SymbolStatus.RETIRED:
        return instrument
    raise Denied(
        Code.SYMBOL_RETIRED,
        f"{instrument.symbol} is retired",
        f"janus symbols undo {instrument.symbol}",
    )


def has_name(instrument: Instrument, broker: str) -> bool:
    """Whether it is known what ``broker`` calls ``instrument``."""
    return getattr(instrument, NAMED_BY.get(broker, "symbol"), None) is not None


def bare_ticker(symbol: str, broker: str, known: Instrument | None) -> Instrument | None:
    """Return an equity that goes to Webull under its canonical symbol; None for all else."""
    if broker != "webull" or parse(symbol).asset_class is not AssetClass.EQUITY:
        return None
    if known is None:
        return Instrument(
            symbol=symbol, asset_class=AssetClass.EQUITY, webull_ticker=symbol, webull_market="US"
        )
    return msgspec.structs.replace(known, webull_ticker=symbol) if known.currency == "USD" else None
