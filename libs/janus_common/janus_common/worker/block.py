"""Which symbols are being closed now, so that nothing but the closing orders goes out for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from janus_common.errors import Code, Denied
from janus_common.messages import Effect, OrderUpdate

TAG = "flatten"  # in the tags of closing orders: the name of the flatten
CLOSES = frozenset({Effect.REDUCE, Effect.COVER})


class Block:
    """The scopes of the flattens under way."""

    def __init__(self) -> None:
        self._scopes: list[str | None] = []  # a symbol; None: all
        self.closing: set[str] = set()  # ids of closing orders

    @contextmanager
    def of(self, symbol: str | None) -> Iterator[None]:
        """Refuse orders of a symbol, or of all, meanwhile."""
        self._scopes.append(symbol)
        try:
            yield
        finally:
            self._scopes.remove(symbol)

    def check(self, order: OrderUpdate, effect: Effect) -> None:
        """Refuse an order that would come between, and a closing one that would not close."""
        if order.client_order_id in self.closing:
            if effect not in CLOSES:
                raise Denied(Code.NOT_FLAT, f"the position in {order.symbol} has changed meanwhile")
        elif None in self._scopes or order.symbol in self._scopes:
            raise Denied(
                Code.FLATTENING,
                f"{order.symbol} is being closed on {order.account}",
                "nothing was sent; send it once the flatten is done",
            )
