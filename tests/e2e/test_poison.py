"""Bytes that no program can read, on every subject of the contract, stop nothing."""

from __future__ import annotations

import nats
import pytest
from janus_common.contract import CHANNELS

TOKENS = {"principal": "stranger", "account": "ib-main", "symbol": "MSFT", "broker": "ib"}
POISON = (b"\xc1\xff", b"", b"{", b"\xff" * 2_000)
SUBJECTS = [
    ".".join(TOKENS.get(part.strip("{}"), "poisoned") if "{" in part else part for part in parts)
    for parts in (channel.address.split(".") for channel in CHANNELS)
]


@pytest.fixture
async def stranger(stack):
    connection = await nats.connect(stack.bus_url)
    yield connection
    await connection.close()


async def test_poison_on_every_subject_stops_no_process_and_no_order(stack, stranger):
    before = await stack.processes()
    for subject in SUBJECTS:
        for bytes_ in POISON:
            await stranger.publish(subject, bytes_, reply="_INBOX.nobody")
    await stranger.flush()

    for account in ("ib-main", "ib-alt"):
        placed = await stack.order("buy", "MSFT", "1", "-a", account, "--timeout", "30s")
        assert placed["state"] == "FILLED"
    after = await stack.processes()
    assert {n: row["pid"] for n, row in after.items()} == {
        n: row["pid"] for n, row in before.items()
    }
