"""What an operator can set while the venue runs: clock, hours, borrowing, accounts, splits."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from janus_common.clock import NS_PER_S

from janus_paper_venue.exchange import Exchange
from janus_paper_venue.feed import Feed
from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.market import Market
from janus_paper_venue.openapi import Operation
from janus_paper_venue.rules import Borrow, Terms
from janus_paper_venue.sessions import Calendar, Hours
from janus_paper_venue.truth import Row, iso

LONGEST_STEP_S = 600.0
LONGEST_JUMP_NS = 92 * 86_400 * NS_PER_S
MAX_RATIO = 1_000
MAX_LEVERAGE = 10


class Refused(Exception):
    """A request that cannot be done; the text says why."""

    def __init__(self, reason: str, status: int = 400) -> None:
        self.status = status
        super().__init__(reason)


class ClockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /clock``: done in this order, what is absent is left out."""

    paused: bool | None = None  # clock and market stand still
    to: str = ""  # "close", "open", "tomorrow", or a moment in ISO 8601
    kind: SecType = SecType.STOCK  # whose close and open
    step_s: float = 0.0  # let so much time pass at once, with its ticks


class HoursRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /hours``: when the markets are open."""

    hours: Hours
    early_closes: tuple[date, ...] = ()


class BorrowRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /borrow``: whether an instrument can be sold short."""

    symbol: str
    borrow: Borrow


class TermsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /accounts``: what is absent stays as it is."""

    account: str
    leverage: Decimal | None = None
    can_short: bool | None = None


class SplitRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /splits``: ``numerator`` new shares for ``denominator`` old ones."""

    symbol: str
    numerator: int
    denominator: int = 1


class Levers:
    """Sets things as requests say; each answers with how they are then."""

    def __init__(self, exchange: Exchange, market: Market, feed: Feed) -> None:
        self._exchange, self._market, self._feed = exchange, market, feed

    def operations(self) -> list[Operation]:
        """Return everything that can be asked here."""
        do = Operation
        return [
            do("GET", "/clock", "what time it is here", lambda _: self.clock()),
            do("POST", "/clock", "pauses, jumps, steps", self.set_clock, ClockRequest),
            do("GET", "/hours", "when the markets are open", lambda _: self.hours()),
            do("POST", "/hours", "opens and closes them", self.set_hours, HoursRequest),
            do("POST", "/borrow", "lets a stock be sold short", self.set_borrow, BorrowRequest),
            do("POST", "/accounts", "what an account may do", self.set_terms, TermsRequest),
            do("GET", "/splits", "every stock split", lambda _: self.splits()),
            do("POST", "/splits", "splits a stock", self.split, SplitRequest),
        ]

    def clock(self) -> Row:
        """Return what time it is here, and whether time passes."""
        clock = self._feed.clock
        now_ns = clock()
        return {
            "now_ns": now_ns,
            "now": iso(now_ns),
            "ahead_ns": clock.offset_ns,
            "paused": clock.is_paused,
        }

    def set_clock(self, wanted: ClockRequest) -> Row:
        """Pause, jump, step."""
        clock = self._feed.clock
        if not 0 <= wanted.step_s <= LONGEST_STEP_S:
            raise Refused(f"step_s {wanted.step_s} is not between 0 and {LONGEST_STEP_S:.0f}")
        moment_ns = self._moment(wanted) if wanted.to else None
        if wanted.paused is not None:
            (clock.pause if wanted.paused else clock.resume)()
        if moment_ns is not None:
            self._feed.jump(moment_ns)
        if wanted.step_s:
            self._feed.step(wanted.step_s)
        self._feed.keep_clock()
        return self.clock()

    def hours(self) -> Row:
        """Return when the markets are open, and whether they are."""
        calendar, now_ns = self._exchange.calendar, self._exchange.now_ns()
        return {
            "hours": calendar.hours,
            "early_closes": sorted(calendar.early_closes),
            "markets": {
                kind.value: {
                    "phase": calendar.phase(kind, now_ns),
                    "next_open": iso(calendar.next_open_ns(kind, now_ns)),
                    "next_close": iso(calendar.next_close_ns(kind, now_ns)),
                }
                for kind in SecType
            },
        }

    def set_hours(self, wanted: HoursRequest) -> Row:
        """Open and close the markets at other hours."""
        self._exchange.set_hours(Calendar(wanted.hours, early_closes=wanted.early_closes))
        return self.hours()

    def set_borrow(self, wanted: BorrowRequest) -> Row:
        """Let an instrument be sold short, or not."""
        instrument = self.instrument(wanted.symbol)
        self._exchange.set_borrow(instrument.con_id, wanted.borrow)
        return {"symbol": instrument.name, "borrow": self._exchange.borrow(instrument.con_id)}

    def set_terms(self, wanted: TermsRequest) -> Row:
        """Let an account do more or less."""
        if wanted.account not in self._exchange.accounts:
            raise Refused(f"no account is called {wanted.account[:40]!r}", 404)
        leverage = wanted.leverage
        if leverage is not None and not 1 <= leverage <= MAX_LEVERAGE:
            raise Refused(f"leverage {leverage} is not between 1 and {MAX_LEVERAGE}")
        now = self._exchange.terms(wanted.account)
        terms = Terms(
            leverage=now.leverage if leverage is None else leverage,
            can_short=now.can_short if wanted.can_short is None else wanted.can_short,
        )
        self._exchange.set_terms(wanted.account, terms)
        return {"account": wanted.account, "leverage": terms.leverage, "can_short": terms.can_short}

    def split(self, wanted: SplitRequest) -> Row:
        """Split a stock."""
        instrument = self.instrument(wanted.symbol)
        if instrument.sec_type is not SecType.STOCK:
            raise Refused(f"{instrument.name} is no stock")
        for name, value in (("numerator", wanted.numerator), ("denominator", wanted.denominator)):
            if not 1 <= value <= MAX_RATIO:
                raise Refused(f"{name} {value} is not between 1 and {MAX_RATIO}")
        done = self._exchange.split(instrument.con_id, wanted.numerator, wanted.denominator)
        self._market.split(done)
        return {"symbol": instrument.name, "time": iso(done.time_ns), "price": done.price}

    def splits(self) -> list[Any]:
        """Return every split, oldest first."""
        return [msgspec.structs.asdict(one) for one in self._exchange.splits()]

    def instrument(self, name: str) -> Instrument:
        """Return the one instrument that people call ``name``.

        Raises:
            Refused: there is none, or several.
        """
        found = self._exchange.catalogue.named(name)
        if not found:
            raise Refused(f"no instrument is called {name[:40]!r}; GET /market lists them", 404)
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise Refused(f"{name!r} names several instruments: {names}")
        return found[0]

    def _moment(self, wanted: ClockRequest) -> int:
        calendar, now_ns = self._exchange.calendar, self._exchange.now_ns()
        if wanted.to == "close":
            return calendar.next_close_ns(wanted.kind, now_ns)
        if wanted.to == "open":
            return calendar.next_open_ns(wanted.kind, now_ns)
        if wanted.to == "tomorrow":
            today = calendar.day(wanted.kind, now_ns)
            return calendar.next_open_ns(wanted.kind, today.ends_ns - 1)
        try:
            moment = datetime.fromisoformat(wanted.to)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise Refused(
                f"to {wanted.to[:40]!r} is not close, open, tomorrow or a moment with its zone"
            )
        moment_ns = int(moment.timestamp() * NS_PER_S)
        if not now_ns <= moment_ns <= now_ns + LONGEST_JUMP_NS:
            raise Refused(f"to {wanted.to} is in the past, or more than 92 days ahead")
        return moment_ns
