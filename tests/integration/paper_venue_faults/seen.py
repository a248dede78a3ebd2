"""What the tests of faults say to a client, and ask of it."""

from __future__ import annotations

from ib_async import LimitOrder, MarketOrder

from tests.integration.paper_venue_tws.support import ACCOUNTS, stock
from tests.support.waiting import eventually


def limit(price=90, **more):
    """A limit order that rests."""
    return LimitOrder("BUY", 10, price, account=ACCOUNTS[0], tif="DAY", **more)


def market(qty=10, **more):
    """An order that fills at once."""
    return MarketOrder("BUY", qty, account=ACCOUNTS[0], tif="DAY", **more)


def place(running, ib, order):
    return ib.placeOrder(stock(running), order)


def heard(ib, trade):
    """The codes that came for an order."""
    return [code for req_id, code, _ in ib.heard if req_id == trade.order.orderId]


def notices(ib):
    """The codes that concern no request, those of the start left out."""
    return [code for req_id, code, _ in ib.heard if req_id == -1][3:]


def truth(running):
    return running.exchange.all_orders()


async def final(trade, status):
    await eventually(lambda: trade.orderStatus.status == status)


async def is_quiet(ib):
    """Wait until all that was sent before has been answered."""
    assert await ib.reqCurrentTimeAsync()
