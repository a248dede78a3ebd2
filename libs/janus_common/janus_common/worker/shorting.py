"""The short rule at the place that sends: asked right before an order is journalled.

This worker is the only sender of its account, so what is checked here cannot be raced. What has to
be asked of the broker is asked before the order's turn; the turn itself waits for nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from janus_common.clock import monotonic_s
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.messages import Effect, Instrument, OrderUpdate, Side
from janus_common.shorts import (
    SHORTENS,
    ShortRule,
    Stand,
    check,
    effect_of,
    needs_locate,
    only_closed,
    open_quantity,
)
from janus_common.worker.block import Block
from janus_common.worker.book import Book
from janus_common.worker.broker import Session
from janus_common.worker.positions import Positions

LOCATE_S = 10.0  # for so long the broker's word on what can be borrowed is used again
NOT_ASKED = "the broker has not been asked for shares"


class ShortGuard:
    """Checks orders of one account against what it holds and what its open orders will sell."""

    def __init__(
        self,
        rule: ShortRule,
        *,
        block: Block,
        book: Book,
        positions: Positions,
        session: Callable[[], Session],
        ask_positions: Callable[[], Awaitable[None]],
    ) -> None:
        self.rule, self._book, self._positions = rule, book, positions
        self._session, self._ask_positions, self._block = session, ask_positions, block
        self._lent: dict[str, tuple[float, str | None]] = {}  # when asked, why there are none

    async def prepare(self, order: OrderUpdate, instrument: Instrument, qty: Decimal) -> None:
        """Ask the broker what ``check`` will need to know, if it is not known.

        Raises:
            Denied: it does not answer.
        """
        if order.side is Side.BUY:
            return
        try:
            effect = effect_of(self._stand(order), order.side, qty)
            if effect in SHORTENS and not self._positions.is_settled(order.symbol):
                await self._ask_positions()
                effect = effect_of(self._stand(order), order.side, qty)
            if needs_locate(self.rule, instrument.asset_class, order.side, effect):
                await self._locate(instrument)
        except BrokerUnavailable as error:
            raise Denied(
                Code.BROKER_DOWN, f"nothing was sent: what is held cannot be asked: {error}"
            ) from error

    def check(self, order: OrderUpdate, instrument: Instrument, qty: Decimal) -> Effect:
        """Return what ``qty`` more of ``order`` does to the position; waits for nothing.

        Raises:
            Denied: the account may not sell so much.
        """
        if not self._positions.is_known:
            raise Denied(
                Code.ACCOUNT_NOT_READY,
                "the broker has not told what the account holds",
                "nothing was sent; try again in a moment",
            )
        asked_s, unavailable = self._lent.get(order.symbol, (0.0, NOT_ASKED))
        if monotonic_s() - asked_s > LOCATE_S:
            unavailable = NOT_ASKED
        effect = effect_of(self._stand(order), order.side, qty)
        self._block.check(order, effect)
        only_closed(instrument, effect)
        return check(
            self.rule,
            self._stand(order),
            symbol=order.symbol,
            asset_class=instrument.asset_class,
            side=order.side,
            qty=qty,
            unavailable=unavailable,
        )

    def check_block(self, order: OrderUpdate) -> None:
        """Refuse a change of an order whose symbol is being closed."""
        self._block.check(order, Effect.REDUCE)

    def _stand(self, order: OrderUpdate) -> Stand:
        symbol = order.symbol
        others = [each for each in self._book.orders() if each.symbol == symbol]
        selling, buying = (
            open_quantity(
                others,
                side,
                parent_of=self._book.get,
                wanted=self._book.asked_qty,
                besides=order,
            )
            for side in (Side.SELL, Side.BUY)
        )
        held = self._positions.lowest(symbol)
        if order.side is Side.BUY:
            held = self._positions.highest(symbol)
        return Stand(position=held, selling=selling, buying=buying)

    async def _locate(self, instrument: Instrument) -> None:
        asked_s, _ = self._lent.get(instrument.symbol, (float("-inf"), None))
        if monotonic_s() - asked_s > LOCATE_S / 2:
            unavailable = await self._session().unavailable_to_short(instrument)
            self._lent[instrument.symbol] = (monotonic_s(), unavailable)
