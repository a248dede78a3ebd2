"""Webull's ids of instruments: from the registry, else asked for, in the ways that a key may."""

from __future__ import annotations

from functools import partial

from janus_common.clock import now_ns
from janus_common.errors import Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import Instrument
from janus_common.symbols import AssetClass
from janus_common.worker.pacing import Rank

from janus_webull_worker import fields, translate
from janus_webull_worker.codes import Verdict
from janus_webull_worker.fields import BadAnswer
from janus_webull_worker.key import AppKey
from janus_webull_worker.outcome import Refused
from janus_webull_worker.rates import Path

CATEGORIES = ("US_STOCK", "US_ETF")

log = get_logger()


class Instruments:
    """What one app key knows by which number; kept for as long as the process lives."""

    def __init__(self, key: AppKey) -> None:
        self._key = key
        self._ids: dict[str, str] = {}

    def held(self, symbol: str, instrument_id: str) -> None:
        """Take note of what an account's holdings show."""
        if instrument_id:
            self._ids.setdefault(symbol, instrument_id)

    def id_of(self, instrument: Instrument) -> str:
        """Return the id of an instrument that was prepared.

        Raises:
            Denied: nobody knows it.
        """
        found = instrument.webull_instrument_id or self._ids.get(instrument.symbol)
        if not found:
            raise _unknown(instrument.symbol)
        return found

    async def prepare(self, instrument: Instrument) -> None:
        """Learn the id of an instrument.

        Raises:
            Denied: Webull has none of that ticker.
            BrokerUnavailable: it does not answer.
        """
        if instrument.asset_class is not AssetClass.EQUITY:
            raise Denied(Code.UNSUPPORTED, f"{instrument.asset_class} at webull is not traded")
        symbol = instrument.symbol
        if instrument.webull_instrument_id or symbol in self._ids:
            return
        wanted = instrument.webull_ticker or translate.ticker(symbol)
        found = await self.lookup(wanted, rank=Rank.ORDER)
        if len(found) != 1 or not found[0].webull_instrument_id:
            raise _unknown(symbol)
        self._ids[symbol] = found[0].webull_instrument_id

    async def lookup(self, symbol: str, *, rank: Rank = Rank.SYNC) -> list[Instrument]:
        """Return all that Webull has under a ticker.

        Raises:
            BrokerUnavailable: it does not answer.
        """
        ticker = translate.ticker(symbol)
        found, may_list = [], False
        for category in CATEGORIES:
            try:
                answer = await self._key.ask(
                    Path.INSTRUMENTS,
                    partial(self._key.client.instruments, ticker, category),
                    rank=rank,
                )
            except Refused as refused:
                may_list |= refused.verdict is not Verdict.NO_DATA
                continue
            may_list = True
            found += _read(answer.value)
        if not found and not may_list:  # a key without market data cannot list instruments
            found = await self._security(ticker, rank)
        by_id = {each.webull_instrument_id: each for each in found}
        return list(by_id.values())

    async def _security(self, ticker: str, rank: Rank) -> list[Instrument]:
        try:
            answer = await self._key.ask(
                Path.SECURITY, partial(self._key.client.security, ticker), rank=rank
            )
        except Refused as refused:
            log.info("instrument.not_found", ticker=ticker, reason=refused.reason)
            return []
        return _read([answer.value])

    async def unavailable_to_short(self, instrument: Instrument) -> str | None:
        """Return why an instrument cannot be sold short; None: it can.

        Raises:
            BrokerUnavailable: Webull does not answer.
        """
        number = self.id_of(instrument)
        try:
            answer = await self._key.ask(
                Path.TRADABLE, partial(self._key.client.tradable, number), rank=Rank.ORDER
            )
            row = fields.row(answer.value, "instrument")
        except Refused as refused:
            return refused.reason
        except BadAnswer as error:
            return str(error)
        if row.get("shortable") in (True, "true", "YES"):
            return None
        return f"webull does not call {instrument.symbol} shortable"


def _read(value: object) -> list[Instrument]:
    try:
        return [translate.instrument(row, now_ns=now_ns()) for row in fields.rows(value, "list")]
    except BadAnswer as error:
        log.warning("instrument.unreadable", reason=str(error))
        return []


def _unknown(symbol: str) -> Denied:
    return Denied(
        Code.UNKNOWN_SYMBOL,
        f"webull has no single instrument {symbol}",
        f"janus symbols show {symbol}",
    )
