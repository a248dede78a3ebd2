"""Market data of one client: lines, tick by tick, 5-second bars."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.quotes import ZERO, Quote
from janus_paper_venue.rules import Borrow
from janus_paper_venue.sessions import Phase
from janus_paper_venue.tws import encode
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.link import Link
from janus_paper_venue.tws.options import Permission
from janus_paper_venue.tws.routes import Routes
from janus_paper_venue.tws.ticks import DELAYED, LIVE, TickLine
from janus_paper_venue.tws.trades import BAR_S, BarLine, TradeLine, tick_kind

NOT_FOUND, NO_LINE_LEFT, NO_TRADE_LINE_LEFT = 300, 101, 10190
NOT_SUBSCRIBED, NOT_ENABLED, SUBSCRIBE_MORE, SHOWING_DELAYED = 354, 10168, 10089, 10167
GENERIC_SNAPSHOT = 414
MAX_TRADE_LINES = 5  # tick-by-tick subscriptions of one client
LIVE_TYPE, FROZEN_TYPE, DELAYED_TYPE, DELAYED_FROZEN_TYPE = 1, 2, 3, 4
FROZEN = {LIVE_TYPE: FROZEN_TYPE, DELAYED_TYPE: DELAYED_FROZEN_TYPE}  # once the market has closed
SHORTABLE = {Borrow.EASY: 3, Borrow.LOCATE: 2, Borrow.NONE: 1}
BBO_EXCHANGE = "9c0001"

Subscribed = TickLine | TradeLine | BarLine


class Market:
    """What one client has subscribed to."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._wanted = LIVE_TYPE
        self._lines: dict[int, tuple[int, Subscribed]] = {}  # by request id, with the con id

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            r.MarketData: self._subscribe,
            r.CancelMarketData: self._canceler("Can't find EId with tickerId"),
            r.MarketDataType: self._choose,
            r.TickByTick: self._subscribe_trades,
            r.CancelTickByTick: self._canceler("Can't find tick-by-tick subscription"),
            r.RealTimeBars: self._subscribe_bars,
            r.CancelRealTimeBars: self._canceler("Can't find real-time bars subscription"),
        }

    def request_ids(self) -> list[int]:
        """Return the requests of all lines."""
        return list(self._lines)

    def con_id(self, req_id: int) -> int:
        """Return what the line ``req_id`` is of; 0: there is none."""
        return self._lines[req_id][0] if req_id in self._lines else 0

    def resume(self) -> None:
        """Send what was held back while the client was behind."""
        for _, line in self._lines.values():
            if isinstance(line, TickLine):
                line.resume()

    def beat(self, second: int) -> None:
        """Send the bars that are due."""
        if second % BAR_S:
            return
        epoch_s = self._link.login.now_ns() // 1_000_000_000
        for _, line in self._lines.values():
            if isinstance(line, BarLine):
                line.finish(epoch_s - BAR_S)

    def close(self) -> None:
        """End all subscriptions."""
        for con_id, line in self._lines.values():
            self._link.login.remove_line(con_id, line)
        self._lines.clear()

    def _subscribe(self, request: r.MarketData) -> None:
        link, req_id = self._link, request.req_id
        if request.snapshot and request.generic_ticks:
            text = "Snapshot market data subscription is not applicable to generic ticks"
            link.error(req_id, GENERIC_SNAPSHOT, text)
            return
        instrument = link.instrument(req_id, request.contract)
        kind = self._kind(req_id, instrument) if instrument else None
        if instrument is None or kind is None:
            return
        kinds = LIVE if kind in {LIVE_TYPE, FROZEN_TYPE} else DELAYED
        line = TickLine(link.outbox, req_id, kinds=kinds, generic=request.generic_ticks)
        if not request.snapshot and not self._add(req_id, instrument, line):
            return
        link.send(encode.market_data_type(req_id, kind))
        link.send(
            encode.tick_req_params(req_id, min_tick=instrument.min_tick, bbo_exchange=BBO_EXCHANGE)
        )
        shortable = SHORTABLE[link.exchange.borrow(instrument.con_id)]
        line.open(
            self._shown(instrument, kind),
            kind,
            shortable=shortable if instrument.sec_type is SecType.STOCK else None,
        )
        if request.snapshot:
            link.send(encode.tick_snapshot_end(req_id))

    def _shown(self, instrument: Instrument, kind: int) -> Quote:
        """Return the quote of an instrument; a closed market has none but the frozen one."""
        quote = self._link.exchange.quote(instrument.con_id)
        if kind in FROZEN and self._is_closed(instrument):
            return msgspec.structs.replace(quote, bid=None, ask=None, bid_size=ZERO, ask_size=ZERO)
        return quote

    def _is_closed(self, instrument: Instrument) -> bool:
        return self._link.exchange.phase(instrument.con_id) is Phase.CLOSED

    def _kind(self, req_id: int, instrument: Instrument) -> int | None:
        """Return the market data type the client gets, or None after refusing."""
        kind = self._permitted(req_id)
        wants_frozen = self._wanted in FROZEN.values() and self._is_closed(instrument)
        return FROZEN[kind] if kind is not None and wants_frozen else kind

    def _permitted(self, req_id: int) -> int | None:
        """Return the live or the delayed type, or None after refusing."""
        link, has = self._link, self._link.login.options.data
        not_subscribed = "Requested market data is not subscribed."
        if has is Permission.LIVE:
            return LIVE_TYPE
        wants_delayed = self._wanted in {DELAYED_TYPE, DELAYED_FROZEN_TYPE}
        if has is Permission.NONE:
            code = NOT_ENABLED if wants_delayed else NOT_SUBSCRIBED
            text = " Delayed market data is not enabled." if wants_delayed else ""
            link.error(req_id, code, not_subscribed + text)
            return None
        if wants_delayed:
            link.error(req_id, SHOWING_DELAYED, f"{not_subscribed} Displaying delayed market data.")
            return DELAYED_TYPE
        text = "Requested market data requires additional subscription for API."
        link.error(req_id, SUBSCRIBE_MORE, f"{text} Delayed market data is available.")
        return None

    def _add(self, req_id: int, instrument: Instrument, line: Subscribed) -> bool:
        if req_id in self._lines:
            self._link.cannot(req_id, "Duplicate ticker id")
            return False
        if not self._link.login.add_line(instrument.con_id, line):
            self._link.error(req_id, NO_LINE_LEFT, "Max number of tickers has been reached")
            return False
        self._lines[req_id] = instrument.con_id, line
        return True

    def _canceler(self, text: str) -> Callable[[r.Numbered], None]:
        def cancel(request: r.Numbered) -> None:
            con_id, line = self._lines.pop(request.req_id, (0, None))
            if line is None:
                self._link.error(request.req_id, NOT_FOUND, f"{text}:{request.req_id}")
            else:
                self._link.login.remove_line(con_id, line)

        return cancel

    def _choose(self, request: r.MarketDataType) -> None:
        """Prefer live or delayed data from now on, and frozen data of closed markets."""
        if request.kind not in {*FROZEN, *FROZEN.values()}:
            self._link.invalid(-1, f"Invalid market data type {request.kind}")
            return
        self._wanted = request.kind

    def _subscribe_trades(self, request: r.TickByTick) -> None:
        link, req_id = self._link, request.req_id
        kind = tick_kind(request.kind)
        if kind is None:
            link.invalid(req_id, f"Invalid tick-by-tick type '{request.kind[:20]}'")
            return
        active = sum(isinstance(line, TradeLine) for _, line in self._lines.values())
        if active >= MAX_TRADE_LINES:
            text = "Max number of tick-by-tick requests has been reached."
            link.error(req_id, NO_TRADE_LINE_LEFT, text)
            return
        if instrument := link.instrument(req_id, request.contract):
            line = TradeLine(link.outbox, req_id, kind=kind, exchange=instrument.primary_exchange)
            self._add(req_id, instrument, line)

    def _subscribe_bars(self, request: r.RealTimeBars) -> None:
        link, req_id = self._link, request.req_id
        if request.bar_size != BAR_S or request.what not in BarLine.WHAT:
            link.invalid(req_id, f"Real-time bars are of {BAR_S} s and {', '.join(BarLine.WHAT)}")
            return
        if instrument := link.instrument(req_id, request.contract):
            quote = link.exchange.quote(instrument.con_id)
            line = BarLine(link.outbox, req_id, what=request.what, quote=quote)
            self._add(req_id, instrument, line)
