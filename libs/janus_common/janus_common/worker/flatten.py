"""Closing positions: end the orders, agree on what is held, sell or buy back exactly that, look.

A size is taken only when no order of the symbol can fill any more, and the broker's positions say
what the fills say; while they differ, nothing is sent and nothing is called flat. The closing
orders are ordinary ones, journalled first: whatever dies in the middle, a repeated flatten ends
them like any other order and takes the size anew.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal

from janus_common.clock import NS_PER_S, latest_ns, monotonic_s
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import (
    CommandReply,
    FlattenCommand,
    Instrument,
    OrderIntent,
    OrderState,
    OrderType,
    OrderUpdate,
    Outcome,
    PlaceCommand,
    Position,
    Side,
    Tif,
)
from janus_common.orders import is_final
from janus_common.symbols import plain
from janus_common.worker.block import TAG
from janus_common.worker.canceling import NAMED, Canceling
from janus_common.worker.holdings import Holdings
from janus_common.worker.positions import Positions
from janus_common.worker.reach import Reach
from janus_common.worker.unfinished import Unfinished

ROUNDS = 3  # a late fill may leave something to close again
LOOK_S = 0.05
CANCEL_AGAIN_S = 3.0  # when a cancel was refused, or its answer does not come
END_ORDERS_S = 12.0
STEADY_S = 3.0  # what the broker repeats for so long counts, though the fills say otherwise
ASK_S = 0.3
ASK_GROWTH = 2.0  # so that half a minute takes no more than ten questions, as Webull allows
ASK_MOST_S = 5.0
HELD_BACK_S = 5.0  # an order that the broker keeps from the market for so long is left there

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What was held when a flatten began, and how much had been filled by then."""

    held: dict[str, Decimal]
    moved: dict[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What was held of a symbol when its first closing order was sent, and how much had moved."""

    qty: Decimal
    moved: Decimal

    def left(self, moved: Decimal) -> Decimal:
        """Return what the fills since then leave of it; ``moved`` is the sum of all by now."""
        return self.qty + moved - self.moved


def exceeds(qty: Decimal, left: Decimal) -> bool:
    """Whether closing ``qty`` would trade more than is ``left`` to close, or the other way."""
    return abs(qty) > abs(left) or (qty > 0) != (left > 0)


def closing(qty: Decimal) -> tuple[Side, Decimal]:
    """Return the order that takes a position of ``qty`` to zero and no further."""
    return (Side.SELL if qty > 0 else Side.BUY), abs(qty)


def hindrances(open_orders: list[OrderUpdate]) -> dict[str, str]:
    """Return by symbol why it cannot be closed: an order of it may still fill."""
    return {
        order.symbol: f"{order.symbol} is not closed: order {order.client_order_id} is "
        f"{order.state} and could fill as well" + (f" ({order.reason})" if order.reason else "")
        for order in open_orders
    }


@dataclass(slots=True)
class _Run:
    command: FlattenCommand
    until_s: float
    anchor: Anchor
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    sent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    starts: dict[str, Start] = field(default_factory=dict)

    @property
    def symbol(self) -> str | None:
        return self.command.intent.symbol


class Flatten:
    """Closes positions of one account, one request at a time."""

    def __init__(
        self,
        reach: Reach,
        *,
        canceling: Canceling,
        unfinished: Unfinished,
        turn: asyncio.Lock,
        positions: Positions,
        holdings: Holdings,
        ask_positions: Callable[[], Awaitable[None]],
        ask_all: Callable[[], Awaitable[object]],
        place: Callable[[PlaceCommand], Awaitable[CommandReply]],
    ) -> None:
        self._reach, self._canceling, self._turn = reach, canceling, turn
        self._unfinished, self._block = unfinished, unfinished.block
        self._positions, self._holdings = positions, holdings
        self._ask_positions, self._ask_all, self._place = ask_positions, ask_all, place
        self._one = asyncio.Lock()

    async def flatten(self, command: FlattenCommand) -> CommandReply:
        """Close what is held in the command's scope; say what could not be."""
        left_s = (command.expires_ns - latest_ns()) / NS_PER_S
        until_s = monotonic_s() + left_s
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                await self._one.acquire()
        except TimeoutError:
            raise Denied(Code.EXPIRED, "the flatten came too late to begin", "ask again") from None
        try:
            with self._block.of(command.intent.symbol):
                async with self._turn:
                    pass  # whatever was past the block by now is out, and among the open orders
                run = _Run(command, until_s, self._anchor())
                await self._unfinished.begin(run.name, command)
                reply = await self._flatten(run)
                await self._unfinished.end(run.name, run.symbol)
                return reply
        finally:
            self._one.release()

    async def _flatten(self, run: _Run) -> CommandReply:
        log.warning("flatten.begun", symbol=run.symbol, name=run.name)
        code, hint = Code.NOT_FLAT, ""
        try:
            for _ in range(ROUNDS):
                run.problems = []
                if not await self._round(run):
                    break
            else:
                last = (await self._agree(run)).values()
                run.problems += [words for words in last if words not in run.problems]
        except Denied as denied:
            code, hint = denied.code, denied.hint
            run.problems.append(denied.reason)
        finally:
            self._block.closing.difference_update(run.sent)
        orders = [order for name in run.sent if (order := self._reach.book.get(name)) is not None]
        remaining = self._held(run.symbol)
        log.warning("flatten.ended", name=run.name, remaining=len(remaining), why=run.problems)
        if not remaining and not run.problems:
            return CommandReply(outcome=Outcome.ACCEPTED, orders=orders[:NAMED])
        return CommandReply(
            outcome=Outcome.DENIED,
            code=code,
            reason="; ".join(run.problems) or "what was closed is held again, or could not be",
            hint=hint or "janus flatten again, once that is over",
            orders=orders[:NAMED],
            remaining=remaining[:NAMED],
        )

    async def _round(self, run: _Run) -> bool:
        """End orders, close what is held; return whether to look once more."""
        await self._ask_all()  # for orders that were made elsewhere
        in_the_way = hindrances(await self._end_orders(run))
        run.problems += in_the_way.values()
        doubts = await self._agree(run)
        unclear = self._reach.unread.unclear(run.symbol)
        run.problems += [*unclear.values(), *doubts.values()]
        kept = in_the_way.keys() | unclear.keys() | doubts.keys()
        wanted = [p for p in self._held(run.symbol) if p.symbol not in kept]
        if not wanted:
            return False
        self._check_halt()
        names = [name for position in wanted if (name := await self._close(run, position))]
        await self._wait(run, names)
        done = [order for name in names if (order := self._reach.book.get(name)) is not None]
        for order in done:
            if order.state is not OrderState.FILLED:
                run.problems.append(_unfilled(order))
        if any(not is_final(order) for order in done):
            await self._ask()
            return False
        return bool(names)

    def _check_halt(self) -> None:
        """Refuse to close what is held while the account is halted: then only orders are ended."""
        try:
            self._reach.session()
        except Denied as denied:
            if denied.code is Code.HALTED:
                raise Denied(
                    Code.HALTED,
                    f"open orders were canceled and nothing was closed: {denied.reason}",
                    f"{denied.hint.removeprefix('nothing was sent; ')}, then janus flatten",
                ) from denied
            raise

    async def _end_orders(self, run: _Run) -> list[OrderUpdate]:
        """Cancel what is open until it is over; return what still is after a while."""
        until_s = run.until_s
        asked_s: dict[str, float] = {}
        while True:
            opened = [o for o in self._reach.book.orders() if run.symbol in {None, o.symbol}]
            mine = [order for order in opened if self._reach.may_touch(order)]
            now_s = monotonic_s()
            if not mine or now_s > until_s:
                return opened
            due = [
                order
                for order in mine
                if now_s - asked_s.get(order.client_order_id, float("-inf")) > CANCEL_AGAIN_S
            ]
            is_first = not asked_s
            _, failed = await self._canceling.send_all(due, expires_ns=run.command.expires_ns)
            now_s = monotonic_s()  # at a slow broker the turns of many cancels take a while
            asked_s |= {order.client_order_id: now_s for order in due}
            if is_first:
                until_s = min(until_s, now_s + END_ORDERS_S)
            if failed and len(failed) == len(due):
                raise failed[0]
            await asyncio.sleep(LOOK_S)

    async def _agree(self, run: _Run) -> dict[str, str]:
        """Ask for positions until they are what the fills make of those at the beginning.

        Returns by symbol why it cannot be closed now, if others can: they are not kept waiting.

        Raises:
            Denied: the time is over.
        """
        steady_s, before, ask_s = monotonic_s(), None, ASK_S
        while True:
            await self._ask()
            unclear = self._reach.unread.unclear(run.symbol)
            symbols = [
                symbol
                for symbol in {*self._positions.symbols(), *run.anchor.held}
                if run.symbol in {None, symbol} and symbol not in unclear
            ]
            told = {symbol: self._positions.told(symbol) for symbol in symbols}
            doubts = {s: self._doubt(s) for s in symbols if not self._positions.is_settled(s)}
            if not doubts and all(told[s] == self._expected(run.anchor, s) for s in symbols):
                return {}
            if told != before:
                steady_s, before = monotonic_s(), told
            elif monotonic_s() - steady_s > STEADY_S:
                if doubts:
                    self._check_halt()  # then nothing will be closed, however they agree
                others = any(qty for symbol, qty in told.items() if symbol not in doubts)
                if not doubts or others or all(self._has_grown(run, s) for s in doubts):
                    return doubts
            if monotonic_s() + ask_s > run.until_s:
                words = "; ".join(doubts.values())
                raise Denied(Code.NOT_FLAT, words or "the broker's positions do not hold still")
            await asyncio.sleep(ask_s)
            ask_s = min(ask_s * ASK_GROWTH, ASK_MOST_S)

    def _doubt(self, symbol: str) -> str:
        told, likely = self._positions.told(symbol), self._positions.likely(symbol)
        return (
            f"{symbol} is not closed: positions and fills disagree, the broker shows "
            f"{plain(told)} and the fills make {plain(likely)}"
        )

    def _has_grown(self, run: _Run, symbol: str) -> bool:
        """Whether what this flatten sent has made the position larger, as the broker shows it."""
        start = run.starts.get(symbol)
        return start is not None and abs(self._positions.told(symbol)) > abs(start.qty)

    async def _close(self, run: _Run, position: Position) -> str:
        """Send the order that closes ``position``; return its id, empty if there is none."""
        side, qty = closing(position.qty)
        moved = self._positions.moved(position.symbol)
        start = run.starts.setdefault(position.symbol, Start(qty=position.qty, moved=moved))
        if exceeds(position.qty, start.left(moved)):
            run.problems.append(
                f"{position.symbol} is not closed: {plain(start.qty)} were held at first, the fills "
                f"since then leave {plain(start.left(moved))}, the broker shows {plain(position.qty)}"
            )
            return ""
        name = f"{TAG}-{run.name}-{len(run.sent) + 1}"
        run.sent.append(name)
        self._block.closing.add(name)
        intent = OrderIntent(
            client_order_id=name,
            account=position.account,
            symbol=position.symbol,
            side=side,
            type=OrderType.MARKET,
            qty=qty,
            tif=Tif.DAY,
            expires_ns=run.command.expires_ns,
            tags={TAG: run.name},
        )
        try:
            instrument = await self._instrument(position)
            command = PlaceCommand(
                intent=intent, instrument=instrument, principal=run.command.principal
            )
            reply = await self._place(command)
        except Denied as denied:
            run.problems.append(f"{position.symbol} is not closed: {denied.reason}")
            return ""
        if reply.outcome is not Outcome.ACCEPTED:
            run.problems.append(f"{position.symbol} is not closed: {reply.reason}")
            return ""
        return name

    async def _instrument(self, position: Position) -> Instrument:
        """Return what the broker calls a position; what it lists under that name, else its id."""
        found: list[Instrument] = []
        try:
            found = await self._reach.session().lookup(position.symbol)
        except BrokerUnavailable as error:
            raise Denied(Code.BROKER_DOWN, str(error)) from error
        except Denied as denied:
            if denied.code is not Code.INVALID_SYMBOL:
                raise
        for instrument in found:
            if str(instrument.ib_conid) == position.venue_instrument_id:
                return instrument
        number = position.venue_instrument_id or ""
        return Instrument(
            symbol=position.symbol,
            asset_class=position.asset_class,
            currency=position.currency,
            multiplier=position.multiplier,
            ib_conid=int(number) if number.isdigit() else None,
        )

    async def _wait(self, run: _Run, names: list[str]) -> None:
        """Wait until the closing orders are over, or the broker holds them back."""
        began_s = monotonic_s()
        while monotonic_s() < run.until_s:
            found = [self._reach.book.get(name) for name in names]
            still = [order for order in found if order is not None and not is_final(order)]
            if monotonic_s() - began_s > HELD_BACK_S:
                still = [order for order in still if not (order.reason and not order.filled_qty)]
            if not still:
                return
            await asyncio.sleep(LOOK_S)

    async def _ask(self) -> None:
        try:
            await self._ask_positions()
        except BrokerUnavailable as error:
            raise Denied(Code.BROKER_DOWN, f"what is held cannot be asked: {error}") from error

    def _anchor(self) -> Anchor:
        symbols = self._positions.symbols()
        return Anchor(
            held={symbol: self._positions.likely(symbol) for symbol in symbols},
            moved=self._positions.all_moved(),
        )

    def _expected(self, anchor: Anchor, symbol: str) -> Decimal:
        moved = self._positions.moved(symbol) - anchor.moved.get(symbol, Decimal(0))
        return anchor.held.get(symbol, Decimal(0)) + moved

    def _held(self, symbol: str | None) -> list[Position]:
        return [p for p in self._holdings.held() if symbol in {None, p.symbol}]


def _unfilled(order: OrderUpdate) -> str:
    what = f"closing order {order.client_order_id} of {order.symbol} is {order.state}"
    if is_final(order):
        return what + (f": {order.reason}" if order.reason else "")
    why = f": {order.reason}" if order.reason else ", the market may be closed"
    return f"{what}{why}; it stays at the broker, janus cancel {order.client_order_id} ends it"
