"""Historical bars and ticks for one client."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from janus_paper_venue.instruments import Instrument
from janus_paper_venue.tws import bars, encode, times
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.link import Link
from janus_paper_venue.tws.routes import Routes

NO_DATA, NOT_FOUND = 162, 366
UPDATE_S = 5
MAX_TICKS = 1000
HEAD_S = 946_909_800  # 2000-01-03 14:30 UTC
TICK_MESSAGES = {"MIDPOINT": 96, "BID_ASK": 97, "TRADES": 98}
SHOWN = {
    *("TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST"),
    *("HISTORICAL_VOLATILITY", "OPTION_IMPLIED_VOLATILITY"),
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """A history that is kept up to date."""

    instrument: Instrument
    size_s: int
    format_date: int


class History:
    """Answers one client's questions about the past."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._kept: dict[int, _Kept] = {}

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            r.HistoricalData: self._bars,
            r.CancelHistoricalData: self._cancel,
            r.HeadTimestamp: self._head,
            r.CancelHeadTimestamp: self._nothing,
            r.HistoricalTicks: self._ticks,
        }

    def beat(self, second: int) -> None:
        """Send the newest bar of what is kept up to date."""
        if second % UPDATE_S:
            return
        now_s = self._now_s()
        for req_id, kept in self._kept.items():
            start_s = now_s - now_s % kept.size_s
            for bar in self._history(kept.instrument, start_s, now_s + 1, kept.size_s):
                row = _row(bar, kept.size_s, kept.format_date)
                self._link.send(encode.historical_update(req_id, row))

    def _bars(self, request: r.HistoricalData) -> None:
        instrument = self._link.instrument(request.req_id, request.contract)
        if instrument is None:
            return
        try:
            size_s, start_s, end_s = self._span(request)
        except ValueError as error:
            self._link.invalid(request.req_id, str(error))
            return
        if (end_s - start_s) / size_s > bars.MAX_BARS:
            text = "Historical Market Data Service error message:Time length exceeds maximum"
            self._link.error(request.req_id, NO_DATA, text)
            return
        rows = [
            _row(bar, size_s, request.format_date)
            for bar in self._history(instrument, start_s, end_s, size_s)
        ]
        start, end = (times.stamp(second * times.NS) for second in (start_s, end_s))
        self._link.send(encode.historical_data(request.req_id, rows, start=start, end=end))
        if request.keep_up_to_date:
            self._kept[request.req_id] = _Kept(instrument, size_s, request.format_date)

    def _span(self, request: r.HistoricalData) -> tuple[int, int, int]:
        """Return bar length, start and end in seconds; raise ValueError when one is wrong."""
        if request.what not in SHOWN:
            raise ValueError(f"Invalid whatToShow '{request.what[:20]}'")
        if request.keep_up_to_date and request.end:
            raise ValueError("The end must be empty for data that is kept up to date")
        size_s = bars.bar_seconds(request.bar_size)
        end_s = self._end_s(request.end)
        return size_s, max(0, end_s - bars.duration_seconds(request.duration)), end_s

    def _end_s(self, text: str) -> int:
        """Return the end asked for, at the latest now."""
        now_s = self._now_s()
        return min(times.parse(text) // times.NS, now_s) if text else now_s

    def _history(
        self, instrument: Instrument, start_s: int, end_s: int, size_s: int
    ) -> list[bars.Bar]:
        return bars.history(
            instrument,
            self._price(instrument),
            now_s=self._now_s(),
            start_s=start_s,
            end_s=end_s,
            size_s=size_s,
        )

    def _cancel(self, request: r.CancelHistoricalData) -> None:
        if self._kept.pop(request.req_id, None) is None:
            text = f"No historical data query found for ticker id:{request.req_id}"
            self._link.error(request.req_id, NOT_FOUND, text)

    def _head(self, request: r.HeadTimestamp) -> None:
        if self._link.instrument(request.req_id, request.contract) is None:
            return
        text = times.dashed(HEAD_S * times.NS) if request.format_date == 1 else str(HEAD_S)
        self._link.send(encode.head_timestamp(request.req_id, text))

    def _nothing(self, _: r.CancelHeadTimestamp) -> None:
        """Take a request that has no answer."""

    def _ticks(self, request: r.HistoricalTicks) -> None:
        link, message_id = self._link, TICK_MESSAGES.get(request.what)
        instrument = link.instrument(request.req_id, request.contract)
        if instrument is None:
            return
        if message_id is None or not 0 < request.count <= MAX_TICKS:
            link.invalid(request.req_id, f"Historical ticks are 1 to {MAX_TICKS} of "
                         f"{', '.join(TICK_MESSAGES)}")  # fmt: skip
            return
        try:
            seconds = self._tick_seconds(request)
        except ValueError as error:
            link.invalid(request.req_id, str(error))
            return
        rows = [self._tick(instrument, message_id, second) for second in seconds]
        link.send(encode.historical_ticks(message_id, request.req_id, rows))

    def _tick_seconds(self, request: r.HistoricalTicks) -> range:
        if request.start and not request.end:
            start_s = times.parse(request.start) // times.NS
            return range(start_s, min(start_s + request.count, self._now_s()))
        end_s = self._end_s(request.end)
        return range(end_s - request.count, end_s)

    def _tick(self, instrument: Instrument, message_id: int, second: int) -> tuple[object, ...]:
        price = bars.level(instrument, self._price(instrument), now_s=self._now_s(), at_s=second)
        if message_id == TICK_MESSAGES["TRADES"]:
            return second, 0, price, 100, instrument.primary_exchange, ""
        if message_id == TICK_MESSAGES["BID_ASK"]:
            step = instrument.increment_at(price)
            return second, 0, price - step, price + step, 100, 100
        return second, "", price, 0

    def _price(self, instrument: Instrument) -> Decimal:
        quote = self._link.exchange.quote(instrument.con_id)
        return quote.last or quote.bid or quote.ask or instrument.first_price

    def _now_s(self) -> int:
        return self._link.login.now_ns() // times.NS


def _row(bar: bars.Bar, size_s: int, format_date: int) -> tuple[object, ...]:
    """Return a bar as the wire has it; days are dates in either format."""
    time_ns = bar.start_s * times.NS
    if size_s >= bars.DAY_S:
        date = times.day(time_ns)
    else:
        date = times.stamp(time_ns) if format_date == 1 else str(bar.start_s)
    average = (bar.high + bar.low + bar.close) / 3
    count = max(1, bar.volume // 100)
    return date, bar.open, bar.high, bar.low, bar.close, bar.volume, average, count
