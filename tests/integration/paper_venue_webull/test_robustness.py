"""Rubbish on the ports of the Webull face: nothing falls over, and others are not disturbed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import grpc
import pytest
from janus_paper_venue.serving import serve_http
from janus_paper_venue.webull.connections import Connections

from tests.support.waiting import eventually
from tests.support.webull import ACCOUNTS, APPLE, Refusal, order, signed_headers
from tests.support.webull_events import METHOD, Heard, signed_metadata, subscribed

HOST = "127.0.0.1"
PLACE = "/trade/order/place"


@asynccontextmanager
async def socket_to(port):
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@pytest.fixture(autouse=True)
async def still_serves(venue, client):
    """Whatever a test did: orders and events go on."""
    yield
    async with subscribed(venue.events_port) as heard:
        await heard.kind(0)
        name = await client.place()
        assert (await heard.event())["client_order_id"] == name
    assert not [line for line in venue.log() if line["level"] == "critical"]
    assert not [line for line in venue.log() if "crash" in line["event"]]


@pytest.mark.parametrize("seed", range(10))
async def test_random_bytes_are_survived(venue, seed):
    chance = Random(seed)
    for port in (venue.webull_port, venue.events_port):
        async with socket_to(port) as (_, writer):
            start = chance.choice([b"", b"POST /trade/order/place HTTP/1.1\r\n", b"PRI * HTTP/2.0"])
            writer.write(start + chance.randbytes(chance.randrange(1, 5000)))
            await writer.drain()


async def test_a_body_that_ends_early_does_nothing(venue, client):
    before = len(await venue.get("/truth/orders"))
    async with socket_to(venue.webull_port) as (_, writer):
        writer.write(f"POST {PLACE} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{{".encode())
        await writer.drain()
    assert len(await venue.get("/truth/orders")) == before


@pytest.mark.parametrize("length", ["1000000000000", "-1", "x", "0x10"])
async def test_a_length_that_cannot_be_is_refused(venue, length):
    async with socket_to(venue.webull_port) as (reader, writer):
        head = f"POST {PLACE} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
        writer.write(head.encode() + b"x" * 70_000)
        status = (await reader.readline()).split()[1]
    assert status in {b"400", b"413"}


async def test_headers_without_end_are_refused(venue):
    async with socket_to(venue.webull_port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 40_000)
        status = (await reader.readline()).split()[1]
    assert status == b"400"


@pytest.mark.parametrize(
    "body",
    [b"[" * 60_000, b'{"a":' * 10_000, b'{"account_id":1e999}', b"\x00", b'"' + b"a" * 60_000],
    ids=["lists", "objects", "number", "nul", "text"],
)
async def test_json_that_is_a_trap_is_refused(client, body):
    headers = signed_headers(PLACE, host=client.host, query={}, body=body)
    answer = await client.http.post(PLACE, headers=headers, content=body)
    assert (answer.status_code, answer.json()["error_code"]) == (417, "ILLEGAL_PARAMETER")


async def test_two_hundred_connections_that_say_little_disturb_nobody(venue, client):
    async with asyncio.TaskGroup() as group:
        end = asyncio.Event()
        held = []

        async def hold(port, words):
            async with socket_to(port) as (_, writer):
                writer.write(words)
                held.append(port)
                await end.wait()

        for number in range(200):
            words = b"" if number % 2 else b"GET /account/profile HTT"
            group.create_task(hold(venue.webull_port, words))
        for _ in range(100):
            group.create_task(hold(venue.events_port, b"PRI * HT"))
        await eventually(lambda: len(held) == 300)
        query = {"account_id": ACCOUNTS[0]}
        assert (await client.get("/account/profile", **query))["account_status"] == "NORMAL"
        async with subscribed(venue.events_port) as heard:
            await heard.kind(0)
        end.set()


async def test_a_client_that_does_not_go_on_is_given_up():
    """A connection without a whole request, and one that stops after its first."""

    async def application(scope, receive, send):
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    connections = Connections(patience_s=0.2)
    server = await _serving(application, connections)
    async with server as port:
        for words in (b"", b"GET / HTTP/1.1\r\nHos", b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET"):
            async with socket_to(port) as (reader, writer), asyncio.timeout(10):
                writer.write(words)
                try:
                    while await reader.read(1000):
                        pass
                except ConnectionResetError:
                    pass
        await eventually(lambda: not connections.open)


async def _serving(application, connections):
    import socket

    @asynccontextmanager
    async def server():
        with socket.create_server((HOST, 0)) as listener:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(
                    serve_http(application, listener, protocol=connections.protocol())
                )
                yield listener.getsockname()[1]
                task.cancel()

    return server()


async def _call(venue, method, request, metadata):
    async with grpc.aio.insecure_channel(f"{HOST}:{venue.events_port}") as channel:
        heard = Heard()
        await heard.read(channel.unary_stream(method)(request, metadata=metadata))
        return heard


async def test_a_request_that_cannot_be_read_is_an_invalid_argument(venue):
    for request in (b"\xff\xff\xff", b"\x2a\xff\x01"):
        heard = await _call(venue, METHOD, request, signed_metadata(request))
        assert heard.end == "INVALID_ARGUMENT"


async def test_a_request_without_signature_or_too_long_or_elsewhere_is_refused(venue):
    heard = await _call(venue, METHOD, b"", [])
    assert (heard.end, heard.kinds) == ("OK", [2])
    heard = await _call(venue, METHOD, b"x" * 100_000, [])
    assert heard.end == "RESOURCE_EXHAUSTED"
    heard = await _call(venue, METHOD.replace("Subscribe", "Publish"), b"", [])
    assert heard.end == "UNIMPLEMENTED"


NASTY = ("", "0", "-1", "x" * 5000, "\u00e9", "1e9", "null", "[]", "2026-13-40", "0001-01-01",
         "9999-12-31", "AAPL", "US", "US_STOCK", "EQUITY", APPLE, ACCOUNTS[0])  # fmt: skip
QUERIES = (
    *("account_id", "client_order_id", "page_size", "last_instrument_id", "symbols", "category"),
    *("last_client_order_id", "instrument_id", "symbol", "market", "instrument_super_type"),
    *("start", "end", "start_time", "end_time", "start_date", "end_date", "pagination_key"),
    *("total_asset_currency", "subscription_id"),
)
GETS = (
    *("/app/subscriptions/list", "/account/profile", "/account/balance", "/account/positions"),
    *("/instrument/list", "/trade/instrument", "/trade/security", "/trade/calendar"),
    *("/trade/order/detail", "/trade/orders/list-open", "/trade/orders/list-today"),
    *("/trading/accounts/list", "/trading/assets/balances/get", "/trading/assets/positions/list"),
    *("/trading/instruments/stocks/profiles/list", "/trading/orders/get"),
    *("/trading/orders/open-orders/list", "/trading/orders/historical-orders/list"),
    "/openapi/config",
)
POSTS = (
    *("/trade/order/place", "/trade/order/replace", "/trade/order/cancel"),
    *("/trading/orders/place", "/trading/orders/replace", "/trading/orders/cancel"),
    *("/trading/orders/preview", "/auth/tokens/create", "/auth/tokens/check"),
)
BODIES = ("stock_order", "new_orders", "modify_orders", "account_id", "client_order_id", "token")


@pytest.mark.parametrize("path", [*GETS, *POSTS])
async def test_no_request_makes_the_venue_stumble(client, path):
    """Whatever stands in a signed request, it is answered or refused."""
    chance = Random(path)
    for _ in range(25):
        if path in GETS:
            query = {name: chance.choice(NASTY) for name in chance.sample(QUERIES, 6)}
            query |= {"account_id": ACCOUNTS[0]} if chance.random() < 0.7 else {}
            call = client.get(path, **query)
        else:
            values: list[Any] = [
                *NASTY,
                7,
                None,
                {},
                [],
                [{}],
                {"qty": []},
                [{"symbol": "AAPL"}],
                order(),
            ]
            body = {name: chance.choice(values) for name in chance.sample(BODIES, 4)}
            body |= {"account_id": ACCOUNTS[0]} if chance.random() < 0.7 else {}
            call = client.post(path, body)
        refused = None
        try:
            await call
        except Refusal as refusal:
            refused = refusal
        assert refused is None or (refused.status in {401, 403, 417} and refused.code), refused
