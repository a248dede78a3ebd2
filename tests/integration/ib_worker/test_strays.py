"""An order that another program sent under our client id and with a reference like ours."""

from __future__ import annotations

from ib_async import IB, LimitOrder, Stock
from janus_common.errors import Code
from janus_common.messages import OrderState, Outcome, ServiceState

from tests.support.ib_worker import ib_desk
from tests.support.venue import ACCOUNTS, paper_venue
from tests.support.waiting import eventually


async def send_past_janus(venue, *, client_id: int, reference: str) -> int:
    """Place an order over a connection of its own; return the broker's id of it."""
    ib = IB()
    await ib.connectAsync("127.0.0.1", venue.tws_port, client_id)
    try:
        apple = Stock("AAPL", "SMART", "USD")
        await ib.qualifyContractsAsync(apple)
        order = LimitOrder(
            "BUY", 3, 100, account=ACCOUNTS[0], tif="GTC", orderRef=reference, orderId=900
        )
        trade = ib.placeOrder(apple, order)
        await eventually(lambda: trade.orderStatus.status == "Submitted")
        return int(trade.orderStatus.permId)
    finally:
        ib.disconnect()


async def test_it_is_shown_told_and_left_alone(nats_url, tmp_path):
    async with (
        paper_venue(tmp_path, "--tick-rate", "5") as venue,
        ib_desk(nats_url, venue, tmp_path / "worker", client_id=11) as desk,
    ):
        await venue.pin("AAPL", 187.40, 187.42)
        await desk.workers[-1].stop()
        perm_id = await send_past_janus(venue, client_id=11, reference="looks-like-ours")

        await desk.is_in(ServiceState.READY, await desk.start_worker())

        name = f"foreign-{perm_id}"
        order = await desk.order_is(name, OrderState.WORKING, within_s=30.0)
        assert (order.origin, order.symbol, str(order.qty)) == ("foreign", "AAPL", "3")

        async def told():
            references = [e.details["reference"] for e in await desk.events("order-unrecorded")]
            assert references == ["looks-like-ours"]

        await eventually(told)
        refused = await desk.cancel(name)
        assert (refused.outcome, refused.code) == (Outcome.DENIED, Code.FOREIGN_ORDER)
        own = await desk.market(1)  # under an id above the stray's
        await desk.order_is(own, OrderState.FILLED)


async def test_one_of_ours_that_was_called_not_sent_is_shown_told_and_ours_to_end(
    nats_url, tmp_path
):
    async with (
        paper_venue(tmp_path, "--tick-rate", "5") as venue,
        ib_desk(nats_url, venue, tmp_path / "worker", client_id=11, sweep_s=1.0) as desk,
    ):
        await venue.pin("AAPL", 187.40, 187.42)
        await venue.fault("swallow_order")
        name = await desk.resting()
        done = await desk.order_is(name, OrderState.REJECTED, within_s=30.0)
        assert done.code is Code.NOT_SENT
        await desk.workers[-1].stop()
        perm_id = await send_past_janus(venue, client_id=11, reference=name)

        await desk.is_in(ServiceState.READY, await desk.start_worker())

        shown = f"foreign-{perm_id}"
        await desk.order_is(shown, OrderState.WORKING, within_s=30.0)
        reply = await desk.cancel_all()
        assert [order.client_order_id for order in reply.orders] == [shown]
        await desk.order_is(shown, OrderState.CANCELED)
        assert [row["status"] for row in await desk.truth(name)] == ["Cancelled"]
        references = [e.details["reference"] for e in await desk.events("order-unrecorded")]
        assert references == [name]
