"""KV buckets on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from janus_common import codec
from janus_common.bus.buckets import MAX_BATCH, BucketSpec, Entry, RawEntry
from janus_common.bus.direct import DirectClient
from janus_common.bus.streams import replay
from janus_common.errors import BusError, WriteConflict
from janus_common.examples_registry import AAPL, NQ
from janus_common.messages import Instrument, Lookup
from msgspec.structs import replace
from nats.aio.msg import Msg
from nats.js import api

from tests.support.waiting import eventually


@pytest.fixture
def bucket(here, account):
    return here.bucket(BucketSpec(f"test-{account}"))


async def test_an_empty_bucket_has_nothing(bucket):
    assert await bucket.get("AAPL", Instrument) is None
    assert await bucket.keys() == []
    assert await bucket.all(Instrument) == []


async def test_what_was_put_is_there(bucket):
    revision = await bucket.put("AAPL", AAPL)

    assert await bucket.get("AAPL", Instrument) == Entry("AAPL", AAPL, revision)


async def test_a_key_with_dots_is_one_key(bucket):
    await bucket.put("NQ.2603", NQ)
    await bucket.put("AAPL", AAPL)

    assert await bucket.keys() == ["AAPL", "NQ.2603"]
    assert [entry.value for entry in await bucket.all(Instrument)] == [AAPL, NQ]


async def test_creating_what_exists_is_a_conflict(bucket):
    await bucket.create("AAPL", AAPL)

    with pytest.raises(WriteConflict, match="AAPL"):
        await bucket.create("AAPL", AAPL)


async def test_a_deleted_key_is_gone_and_can_be_created_again(bucket):
    await bucket.create("AAPL", AAPL)
    await bucket.delete("AAPL")

    assert await bucket.get("AAPL", Instrument) is None
    assert await bucket.keys() == []
    assert await bucket.create("AAPL", AAPL)


async def test_an_update_needs_the_revision_that_is_there(bucket):
    first = await bucket.create("AAPL", AAPL)
    second = await bucket.update("AAPL", AAPL, revision=first)

    assert second > first
    with pytest.raises(WriteConflict):
        await bucket.update("AAPL", AAPL, revision=first)


async def test_updating_what_does_not_exist_is_a_conflict(bucket):
    with pytest.raises(WriteConflict):
        await bucket.update("AAPL", AAPL, revision=1)


async def test_a_value_that_does_not_decode_counts_as_none(bucket):
    await bucket.put("AAPL", Lookup(symbol="AAPL"))
    await bucket.put("NQ.2603", NQ)

    assert await bucket.get("AAPL", Instrument) is None
    assert [entry.key for entry in await bucket.all(Instrument)] == ["NQ.2603"]


@pytest.mark.parametrize("key", ["", " ", "a b", "*", "a.>", ".a"])
async def test_a_key_that_is_no_key_is_refused(bucket, key):
    with pytest.raises(BusError):
        await bucket.put(key, AAPL)


async def test_a_key_that_is_not_written_again_runs_out(here, account):
    brief = here.bucket(BucketSpec(f"test-{account}", ttl_s=0.5))
    await brief.put("AAPL", AAPL)

    async def is_gone():
        assert await brief.get("AAPL", Instrument) is None

    await eventually(is_gone)
    assert await brief.create("AAPL", AAPL)


async def test_many_keys_are_read_in_one_go(bucket):
    names = sorted(f"K{number}" for number in range(600))
    for name in names:
        await bucket.put(name, AAPL)

    assert await bucket.keys() == names
    assert len(await bucket.all(Instrument)) == len(names)


async def test_many_keys_are_written_at_once_and_all_of_them_are_there(here, account):
    many = here.bucket(BucketSpec(f"many-{account}", takes_batches=True))
    written = {f"X{n}Y": replace(AAPL, symbol=f"X{n}Y") for n in range(MAX_BATCH)}

    await many.put_all(written)
    await many.put_all({"X1Y": NQ})

    found = {entry.key: entry.value for entry in await many.all(Instrument)}
    assert found == written | {"X1Y": NQ}
    assert (await many.end()).revision == MAX_BATCH + 1


async def test_of_many_keys_none_is_written_if_one_cannot_be(here, account):
    many = here.bucket(BucketSpec(f"many-{account}", takes_batches=True))

    with pytest.raises(BusError):
        await many.put_all({"AAPL": AAPL, "A": replace(AAPL, source="x" * 100_000)})

    assert await many.keys() == []


async def test_a_bucket_of_before_takes_many_keys_as_well(here, account):
    await here.bucket(BucketSpec(f"many-{account}")).put("NQ.2603", NQ)
    many = here.bucket(BucketSpec(f"many-{account}", takes_batches=True))

    await many.put_all({"AAPL": AAPL, "MSFT": AAPL})

    assert await many.keys() == ["AAPL", "MSFT", "NQ.2603"]


async def test_what_is_written_is_heard_and_what_was_written_since_is_read(bucket):
    heard: list[RawEntry] = []
    await bucket.put("NQ.2603", NQ)
    since = (await bucket.end()).revision
    await bucket.hear(heard.append)

    await bucket.put("AAPL", AAPL)
    await bucket.delete("NQ.2603")

    await eventually(lambda: len(heard) == 2)
    assert [(one.key, one.data and codec.decode(one.data, Instrument)) for one in heard] == [
        ("AAPL", AAPL),
        ("NQ.2603", None),
    ]
    assert [(one.key, one.data is None) async for one in bucket.since(since)] == [
        ("AAPL", False),
        ("NQ.2603", True),
    ]


class Emptied:
    """A client whose stream is emptied right before the first messages are asked for."""

    def __init__(self, client: DirectClient, stream: str) -> None:
        self._client, self._stream = client, stream
        self.jetstream = client.jetstream

    async def collect(self, *asked, **more) -> list[Msg]:
        await self._client.jetstream().purge_stream(self._stream)
        return await self._client.collect(*asked, **more)


async def test_what_expires_while_it_is_read_is_no_longer_waited_for(bucket, here, account):
    await bucket.put("AAPL", AAPL)
    stream, last = f"KV_test-{account}", api.DeliverPolicy.LAST_PER_SUBJECT

    emptied: Any = Emptied(here.client, stream)

    found = replay(emptied, stream, f"$KV.test-{account}.>", last)

    assert [raw async for raw in found] == []
