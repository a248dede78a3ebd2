"""The control port: faults by request and by file, orders by hand, and its own description."""

from __future__ import annotations

import jsonschema  # type: ignore[import-untyped]  # has no types
import pytest
from ib_async import IB, LimitOrder, Stock

from tests.support.venue import ACCOUNTS, VenueError, paper_venue
from tests.support.waiting import eventually

APPLE = Stock(conId=265598, exchange="SMART")


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    async with paper_venue(tmp_path_factory.mktemp("venue")) as running:
        yield running


@pytest.fixture
async def calm(venue):
    """The venue, with no faults before and after."""
    yield venue
    await venue.delete("/faults")
    await venue.delete("/market")


@pytest.fixture
async def trader(venue):
    ib = IB()
    await ib.connectAsync("127.0.0.1", venue.tws_port, clientId=0, timeout=20)
    yield ib
    ib.disconnect()
    await eventually(lambda: sessions_closed(venue))


async def sessions_closed(venue):
    return not await venue.get("/truth/sessions")


async def test_a_fault_is_injected_listed_and_lifted(calm):
    row = await calm.fault("reject_order", code=460, text="no", times=3)
    assert (row["left"], row["code"], row["fired"]) == (3, 460, 0)
    assert [one["name"] for one in await calm.get("/faults")] == ["reject_order"]

    assert await calm.delete("/faults", name="reject_order") == {"lifted": 1}
    assert await calm.get("/faults") == []


async def test_a_fault_strikes_the_next_order_and_is_gone(calm, trader):
    await calm.fault("error_201")
    trade = trader.placeOrder(APPLE, LimitOrder("BUY", 1, 5, account=ACCOUNTS[0], tif="DAY"))

    await eventually(lambda: trade.orderStatus.status == "Cancelled")
    assert trade.log[-1].errorCode == 201
    assert await calm.get("/faults") == []


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"name": "nothing"}, "no fault 'nothing'"),
        ({"name": "cut", "code": 3}, "cut has no code"),
        ({"name": "lose_fee", "probability": 2}, "probability 2"),
        ({"name": "lose_fee", "times": -1}, "times is below 0"),
        ({"name": "late_fee", "seconds": -1}, "seconds -1"),
        ({"name": "halted"}, "halted needs a symbol"),
        ({"name": "halted", "symbol": "NOPE"}, "no single instrument"),
        ({"name": "lose_fee", "often": 1}, "unknown field"),
    ],
)
async def test_what_cannot_be_meant_is_refused(calm, asked, reason):
    with pytest.raises(VenueError, match=reason):
        await calm.post("/faults", asked)


async def test_a_halted_stock_does_not_trade(calm, trader):
    ticker = trader.reqMktData(APPLE, "")
    await eventually(lambda: ticker.bid > 0)
    await calm.fault("halted", symbol="AAPL")
    order = LimitOrder("BUY", 1, 5_000, account=ACCOUNTS[0], tif="DAY")
    trade = trader.placeOrder(APPLE, order)
    await eventually(lambda: ticker.halted == 1 and trade.orderStatus.status == "Submitted")
    await trader.reqCurrentTimeAsync()
    assert trade.orderStatus.status == "Submitted"

    await calm.delete("/faults", name="halted")
    await eventually(lambda: trade.orderStatus.status == "Filled")


async def test_an_order_by_hand_is_of_client_0_without_an_id(calm, trader):
    asked = {"symbol": "AAPL", "side": "BUY", "qty": 3, "type": "LMT", "limit_price": 5}
    row = await calm.post("/orders", asked)
    assert (row["client_id"], row["order_id"], row["account"]) == (0, 0, ACCOUNTS[0])

    await eventually(lambda: bool(trader.openTrades()))
    [trade] = trader.openTrades()
    assert (trade.order.clientId, trade.order.orderId) == (0, 0)
    assert trade.order.permId == row["perm_id"]

    await calm.delete("/orders", perm_id=row["perm_id"])
    await eventually(lambda: trade.orderStatus.status == "Cancelled")


async def test_several_orders_by_hand_are_several(calm, trader):
    rows = [
        await calm.post("/orders", {"symbol": "AAPL", "side": "SELL", "qty": 1, "order_ref": ref})
        for ref in ("one", "two")
    ]
    assert len({row["perm_id"] for row in rows}) == 2
    found = await trader.reqExecutionsAsync()
    by_hand = {one.execution.orderRef: one.execution for one in found}
    assert {"one", "two"} <= set(by_hand)
    assert (by_hand["one"].clientId, by_hand["one"].orderId) == (0, 0)


async def test_a_wrong_order_by_hand_is_refused(calm):
    with pytest.raises(VenueError, match="434"):
        await calm.post("/orders", {"symbol": "AAPL", "side": "BUY", "qty": 0})
    with pytest.raises(VenueError, match="404"):
        await calm.delete("/orders", perm_id=1)


async def test_the_description_is_true(calm):
    """Every request in it is answered, and every body in it is described."""
    described = await calm.get("/openapi.json")
    bodies = {
        "/market": {"symbol": "AAPL", "bid": 99.5, "ask": 99.6},
        "/market/rate": {"ticks_per_s": 60},
        "/faults": {"name": "lose_fee"},
        "/orders": {"symbol": "AAPL", "side": "BUY", "qty": 1},
        "/clock": {"paused": False},
        "/borrow": {"symbol": "AAPL", "borrow": "easy"},
        "/accounts": {"account": ACCOUNTS[0], "can_short": True},
    }
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            body = bodies.get(path) if "requestBody" in operation else None
            if "requestBody" in operation:
                check(described, operation, body)
            if "requestBody" not in operation or body is not None:
                await answered(calm, method, path, body)


async def answered(venue, method, path, body):
    asking = {"get": venue.get, "delete": venue.delete}.get(method)
    asked = asking(path) if asking else venue.post(path, body)
    if (method, path) in {("delete", "/orders"), ("get", "/market/history")}:
        with pytest.raises(VenueError, match="404"):  # they want to know which one
            await asked
    else:
        await asked


def check(described, operation, body):
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    whole = {**schema, "components": described["components"]}
    validator = jsonschema.Draft202012Validator(whole)
    if body is not None:
        validator.validate(body)
    assert list(validator.iter_errors({"no such field": 1}))


async def test_a_file_of_faults(tmp_path):
    script = tmp_path / "faults.txt"
    script.write_text("# first\nreject_order code=460 times=2\nlose_fee at=0.2 probability=0.5\n")
    async with paper_venue(tmp_path, "--faults", str(script)) as venue:

        async def names():
            return [one["name"] for one in await venue.get("/faults")] == [
                "reject_order",
                "lose_fee",
            ]

        await eventually(names)


@pytest.mark.parametrize("line", ["nothing", "cut now", "late_fee seconds=soon", "cut at=-1"])
async def test_a_wrong_file_of_faults_ends_the_venue(tmp_path, line):
    script = tmp_path / "faults.txt"
    script.write_text(f"\n{line}\n")
    with pytest.raises(AssertionError, match=r"faults\.txt, line 2"):
        async with paper_venue(tmp_path, "--faults", str(script)):
            pass
