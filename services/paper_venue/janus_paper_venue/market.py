"""The market of the venue: where quotes come from, which are pinned, and what they were.

Each instrument follows a recording or a random walk. A pinned one stays where it was put; what
would have moved it only refreshes its displayed sizes.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Collection, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from heapq import heapify, heappop, heapreplace
from itertools import takewhile

import msgspec

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.ledger import Split
from janus_paper_venue.quotes import (
    ALL,
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    LAST,
    LAST_SIZE,
    Quote,
)
from janus_paper_venue.recording import Recording
from janus_paper_venue.sessions import Phase
from janus_paper_venue.walk import Walk

replace = msgspec.structs.replace
HISTORY_ROWS = 5_000  # quotes kept per instrument
LONGEST_GAP_NS = 250_000_000  # in a recording; longer ones are cut to this
STAMP_RANGE_US = 1_000_000_000
PARTS = (
    ("bid", BID),
    ("bid_size", BID_SIZE),
    ("ask", ASK),
    ("ask_size", ASK_SIZE),
    ("last", LAST),
    ("last_size", LAST_SIZE),
)


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody has put a market; ``None`` is a side without a quote."""

    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    bid_size: Decimal = Decimal(1_000)
    ask_size: Decimal = Decimal(1_000)


class Market:
    """All sources of quotes; moves only when told to."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        seed: int,
        recordings: Mapping[int, Recording] | None = None,
    ) -> None:
        self._exchange = exchange
        self._recordings = dict(recordings or {})
        self._walks = {
            one.con_id: Walk(one, seed=seed)
            for one in exchange.catalogue
            if one.con_id not in self._recordings
        }
        self._moving: list[int] = []
        self._turn = 0
        self.choose(None)
        self._free: dict[int, Quote] = {}  # what each source says, pinned or not
        self._pins: dict[int, Pin] = {}
        self._history: dict[int, deque[Quote]] = {}
        self.is_stamping = False  # sizes tell the time: for measuring how old a tick is
        self._scales: dict[int, Decimal] = {}  # new shares for one old one
        for split in exchange.splits():
            self._scale(split)
        self._replayed_ns = 0  # how far into the recordings, since their starts
        self._queue: list[tuple[int, int]] = []

    def open(self) -> None:
        """Show every instrument's first quote."""
        for con_id, walk in self._walks.items():
            self._follow(walk.first(Quote(con_id=con_id)), ALL)
        for con_id, recording in self._recordings.items():
            self._follow(recording.open(), ALL)
            self._enqueue(con_id, recording)
        heapify(self._queue)

    def choose(self, con_ids: Collection[int] | None) -> None:
        """Let only these walk from now on; ``None``: all, the quiet ones every tenth round."""
        if con_ids is not None:
            self._moving = [con_id for con_id in self._walks if con_id in con_ids]
        else:
            quiet = {one.con_id for one in self._exchange.catalogue if _is_quiet(one)}
            busy = [con_id for con_id in self._walks if con_id not in quiet]
            self._moving = busy * 10 + [con_id for con_id in self._walks if con_id in quiet]
        self._turn = 0

    def walk(self, steps: int) -> None:
        """Move the synthetic markets on by ``steps`` ticks in all, one after the other."""
        if not self._moving:
            return
        for _ in range(steps):
            con_id = self._moving[self._turn % len(self._moving)]
            self._turn += 1
            if self._exchange.phase(con_id) is Phase.CLOSED:
                continue
            self._follow(*self._walks[con_id].step(self._free[con_id]))

    def replay(self, duration_ns: int) -> None:
        """Move the recordings on by ``duration_ns``; a gap longer than the longest is cut."""
        until_ns = self._replayed_ns + duration_ns
        while self._queue:
            due_ns, con_id = self._queue[0]
            if due_ns > until_ns:
                until_ns = max(until_ns, due_ns - LONGEST_GAP_NS)
                break
            recording = self._recordings[con_id]
            quote, changed = recording.step()
            if recording.next_ns is None:
                heappop(self._queue)
            else:
                heapreplace(self._queue, (recording.next_ns - recording.start_ns, con_id))
            if changed:
                self._follow(quote, changed)
        self._replayed_ns = until_ns

    def pin(self, instrument: Instrument, pin: Pin) -> Quote:
        """Put the market of ``instrument`` where ``pin`` says, until ``unpin``."""
        self._pins[instrument.con_id] = pin
        quote = self._pinned(self._exchange.quote(instrument.con_id), pin)
        self._show(quote, self._changes(quote))
        return quote

    def unpin(self, con_id: int | None = None) -> None:
        """Let one market (or all) move again, from where its source is now."""
        released = list(self._pins) if con_id is None else [con_id]
        for one in released:
            if self._pins.pop(one, None) is not None and one in self._free:
                self._show(self._scaled(self._free[one]), ALL)

    def split(self, split: Split) -> None:
        """Show an instrument at its new price from now on; a pin is lifted."""
        self._scale(split)
        self._pins.pop(split.con_id, None)
        if split.con_id in self._free:
            self._show(self._scaled(self._free[split.con_id]), ALL)

    def is_pinned(self, con_id: int) -> bool:
        """Whether somebody has put this market where it is."""
        return con_id in self._pins

    def history(self, con_id: int, *, start_ns: int = 0, end_ns: int | None = None) -> list[Quote]:
        """Return the quotes from the one that held at ``start_ns`` to the last one of ``end_ns``.

        At most the newest ``HISTORY_ROWS`` are known.
        """
        rows = list(
            takewhile(
                lambda one: end_ns is None or one.time_ns <= end_ns, self._history.get(con_id, ())
            )
        )
        before = sum(1 for _ in takewhile(lambda one: one.time_ns <= start_ns, rows))
        return rows[max(before - 1, 0) :]

    def _enqueue(self, con_id: int, recording: Recording) -> None:
        if recording.next_ns is not None:
            self._queue.append((recording.next_ns - recording.start_ns, con_id))

    def _scale(self, split: Split) -> None:
        before = self._scales.get(split.con_id, Decimal(1))
        self._scales[split.con_id] = before * split.numerator / split.denominator

    def _scaled(self, quote: Quote) -> Quote:
        """Return what the source says at the price after all splits."""
        ratio = self._scales.get(quote.con_id)
        if ratio is None:
            return quote
        return per_new_share(quote, self._exchange.catalogue.by_con_id[quote.con_id], ratio)

    def _follow(self, quote: Quote, changed: int) -> None:
        con_id = quote.con_id
        self._free[con_id] = quote
        pin = self._pins.get(con_id)
        if pin is None:
            self._show(self._scaled(quote), changed)
        else:
            self._show(self._exchange.quote(con_id), BID_SIZE | ASK_SIZE)

    def _show(self, quote: Quote, changed: int) -> None:
        stamped = replace(quote, time_ns=self._exchange.now_ns())
        if self.is_stamping:
            stamped = _with_time_as_size(stamped, changed)
        history = self._history.get(quote.con_id)
        if history is None:
            history = self._history[quote.con_id] = deque(maxlen=HISTORY_ROWS)
        history.append(stamped)
        self._exchange.show(stamped, changed)

    def _pinned(self, quote: Quote, pin: Pin) -> Quote:
        return replace(
            quote,
            bid=pin.bid,
            bid_size=pin.bid_size,
            ask=pin.ask,
            ask_size=pin.ask_size,
            last=pin.last if pin.last is not None else _between(quote.last, pin),
            source_ns=0,
        )

    def _changes(self, quote: Quote) -> int:
        """Return flags of what differs from the market now, displayed sizes always."""
        now = self._exchange.quote(quote.con_id)
        changed = sum(flag for name, flag in PARTS if getattr(now, name) != getattr(quote, name))
        return changed | BID_SIZE | ASK_SIZE


def per_new_share(quote: Quote, instrument: Instrument, ratio: Decimal) -> Quote:
    """Return ``quote`` with its prices divided by ``ratio``, on the grid and no nearer together."""

    def divided(price: Decimal | None, rounding: str = ROUND_HALF_EVEN) -> Decimal | None:
        if price is None:
            return None
        exact = price / ratio
        increment = instrument.increment_at(exact)
        return max((exact / increment).to_integral_value(rounding) * increment, increment)

    return replace(
        quote,
        bid=divided(quote.bid, ROUND_FLOOR),
        ask=divided(quote.ask, ROUND_CEILING),
        **{
            name: divided(getattr(quote, name)) for name in ("last", "open", "high", "low", "close")
        },
    )


def _is_quiet(one: Instrument) -> bool:
    return one.sec_type is SecType.OPTION or bool(one.alias)


def _with_time_as_size(quote: Quote, changed: int) -> Quote:
    """Return ``quote`` with the monotonic clock, in microseconds, as its changed sizes."""
    size = Decimal(time.monotonic_ns() // 1_000 % STAMP_RANGE_US)
    return replace(
        quote,
        bid_size=size if changed & BID_SIZE else quote.bid_size,
        ask_size=size if changed & ASK_SIZE else quote.ask_size,
        last_size=size if changed & LAST_SIZE else quote.last_size,
    )


def _between(last: Decimal | None, pin: Pin) -> Decimal | None:
    """Return the last trade moved to the nearer side of a pinned market."""
    if pin.bid is None or pin.ask is None:
        return last
    return pin.bid if last is None else min(max(last, pin.bid), pin.ask)
