"""A program that knows NATS and JSON, and nothing of Janus, trades with docs/subjects.md alone."""

from __future__ import annotations

import asyncio
import json
from uuid import uuid4

import msgspec
import nats
import pytest
from nats.aio.msg import Msg


@pytest.fixture
async def client(stack):
    connection = await nats.connect(stack.bus_url)
    yield connection
    await connection.close()


async def ask(client, subject, body):
    reply = await client.request(
        subject,
        json.dumps(body).encode(),
        timeout=10,
        headers={"Content-Type": "application/json"},
    )
    return json.loads(reply.data)


def buy(**fields):
    return {
        "kind": "OrderIntent",
        "client_order_id": uuid4().hex,
        "account": "ib-main",
        "symbol": "MSFT",
        "side": "BUY",
        "type": "MARKET",
        "qty": "3",
    } | fields


async def test_a_json_intent_gets_a_json_reply_and_its_fill_is_seen(client):
    fills: asyncio.Queue[Msg] = asyncio.Queue()
    await client.subscribe("janus.v1.fill.>", cb=fills.put)
    await client.flush()
    order = buy()

    reply = await ask(client, "janus.v1.intent.stranger.ib-main", order)

    assert (reply["kind"], reply["outcome"]) == ("IntentReply", "ACCEPTED")
    async with asyncio.timeout(20):
        while True:
            raw = await fills.get()
            fill = msgspec.msgpack.decode(raw.data)
            if fill["kind"] == "Fill" and fill["client_order_id"] == order["client_order_id"]:
                break
    assert raw.subject == "janus.v1.fill.ib-main.MSFT"
    assert (fill["side"], fill["qty"]) == ("BUY", "3")


async def test_a_refusal_is_told_in_json_with_code_and_reason(client):
    reply = await ask(client, "janus.v1.intent.stranger.ib-main", buy(qty="0"))

    assert (reply["outcome"], reply["code"]) == ("DENIED", "INVALID_QTY")
    assert "qty 0" in reply["reason"]


async def test_bytes_that_are_no_json_are_answered_in_json(client):
    reply = await client.request(
        "janus.v1.intent.stranger.ib-main",
        b"{not json",
        timeout=10,
        headers={"Content-Type": "application/json"},
    )

    assert json.loads(reply.data)["code"] == "INVALID_MESSAGE"


async def test_the_stock_service_api_lists_every_process(client):
    found: set[str] = set()
    inbox = client.new_inbox()
    listener = await client.subscribe(inbox)
    await client.publish("$SRV.PING", b"", reply=inbox)
    async with asyncio.timeout(10):
        while not {"registry", "router", "marketdata", "ib_worker"} <= found:
            found.add(json.loads((await listener.next_msg(timeout=20)).data)["name"])
