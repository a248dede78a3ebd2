"""KV buckets: small shared state with compare-and-set, and keys that run out.

Buckets are polled or written, never watched: a KV watch is blind for many seconds after the
server restarts.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import uuid4

import msgspec
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js import api
from nats.js.errors import (
    APIError,
    BucketNotFoundError,
    KeyNotFoundError,
    NoStreamResponseError,
    NotFoundError,
)
from nats.js.kv import KV_OP, KeyValue

from janus_common import codec
from janus_common.bus.direct import DirectClient
from janus_common.bus.link import renamed, settle
from janus_common.bus.streams import replay
from janus_common.clock import NS_PER_S
from janus_common.errors import BusError, MessageInvalid
from janus_common.logs import get_logger

MAX_BATCH = 1_000  # keys that the server takes at once
BATCH_ID, BATCH_SEQUENCE, BATCH_COMMIT = (
    "Nats-Batch-Id",
    "Nats-Batch-Sequence",
    "Nats-Batch-Commit",
)
ALLOW_BATCHES = "allow_atomic"

R = TypeVar("R")
T = TypeVar("T")
log = get_logger()


@dataclass(frozen=True, slots=True)
class BucketSpec:
    """How one bucket is kept."""

    name: str
    ttl_s: float = 0  # a key not written for that long is gone; 0: kept for ever
    max_bytes: int = 64 * 1024 * 1024
    takes_batches: bool = False  # whether ``put_all`` works


PRESENCE = BucketSpec("presence", ttl_s=6.0)
INSTRUMENTS = BucketSpec("instruments", max_bytes=1024 * 1024 * 1024, takes_batches=True)
CONTROL = BucketSpec("control")
LEASE = BucketSpec("lease", ttl_s=10.0)
CHECKPOINT = BucketSpec("checkpoint")
GROUPS = BucketSpec("groups", ttl_s=30 * 86_400.0, max_bytes=256 * 1024 * 1024)
HARMONY = BucketSpec("harmony", ttl_s=3_600.0)
ALL = (PRESENCE, INSTRUMENTS, CONTROL, LEASE, CHECKPOINT, GROUPS, HARMONY)


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One key's value, with the revision that a compare-and-set needs."""

    key: str
    value: T
    revision: int


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One key's bytes as they are stored; None where the key was deleted."""

    key: str
    data: bytes | None
    revision: int


@dataclass(frozen=True, slots=True)
class BucketEnd:
    """How far a bucket is written, and which bucket that is: one made anew counts from 1."""

    created: str
    revision: int
    messages: int  # one per key, deleted ones included


class _NoSuchKey(BusError):
    """The bucket has no such key."""


class Bucket:
    """One KV bucket as seen over one connection."""

    def __init__(self, client: DirectClient, spec: BucketSpec) -> None:
        self._client, self._js = client, client.jetstream(timeout=5.0)
        self._spec = spec
        self._subject = f"$KV.{spec.name}."
        self._kv: KeyValue | None = None

    async def put(self, key: str, value: msgspec.Struct) -> int:
        """Write ``key`` whatever it holds; return the revision."""
        data = codec.encode(value)
        return await self._with(key, lambda kv: kv.put(key, data))

    async def put_all(self, entries: Mapping[str, msgspec.Struct]) -> None:
        """Write up to ``MAX_BATCH`` keys, all of them or none, with one write to the disk.

        Raises:
            BusError: none was written; or, for BusTimeout, the server did not tell.
        """
        data = [(key, codec.encode(value)) for key, value in entries.items()]
        await self._with("*", lambda _: self._put_batch(data))

    async def _put_batch(self, entries: Sequence[tuple[str, bytes]]) -> None:
        batch = uuid4().hex
        for number, (key, data) in enumerate(entries, start=1):
            headers = {BATCH_ID: batch, BATCH_SEQUENCE: str(number)}
            is_last = number == len(entries)
            if is_last:
                headers[BATCH_COMMIT] = "1"
            subject = f"{self._subject}{key}"
            if number == 1 or is_last:  # the first answer says whether batches are taken at all
                _raise_refusal(await self._client.request(subject, data, 5.0, headers=headers))
            else:
                await self._client.publish(subject, data, headers=headers)

    async def create(self, key: str, value: msgspec.Struct) -> int:
        """Write ``key`` if it does not exist; else raise WriteConflict."""
        data = codec.encode(value)
        return await self._with(key, lambda kv: kv.create(key, data))

    async def update(self, key: str, value: msgspec.Struct, *, revision: int) -> int:
        """Write ``key`` if it still has ``revision``; else raise WriteConflict."""
        data = codec.encode(value)
        return await self._with(key, lambda kv: kv.update(key, data, last=revision))

    async def get(self, key: str, kind: type[T]) -> Entry[T] | None:
        """Return the value of ``key``; None if there is none or it does not decode."""
        try:
            found = await self._with(key, lambda kv: kv.get(key))
        except _NoSuchKey:
            return None
        return self._decoded(key, found.value or b"", found.revision or 0, kind)

    async def must_get(self, key: str, kind: type[T]) -> Entry[T] | None:
        """Return the value of ``key``, None if there is none.

        Raises:
            MessageInvalid: there is one, and it does not decode.
        """
        try:
            found = await self._with(key, lambda kv: kv.get(key))
        except _NoSuchKey:
            return None
        return Entry(key, codec.decode(found.value or b"", kind), found.revision or 0)

    async def written_ns(self, key: str) -> int:
        """Return when ``key`` was written, by the server's clock."""
        subject = f"{self._subject}{key}"
        stored = await self._with(
            key, lambda _: self._js.get_last_msg(f"KV_{self._spec.name}", subject, direct=True)
        )
        assert stored.time is not None
        return round(stored.time.timestamp() * NS_PER_S)

    async def delete(self, key: str) -> None:
        """Remove ``key``."""
        await self._with(key, lambda kv: kv.delete(key))

    async def keys(self) -> list[str]:
        """Return all keys, sorted."""
        return sorted([self._key(raw) async for raw in self._last()])

    async def all(self, kind: type[T]) -> list[Entry[T]]:
        """Return all entries that decode, by key."""
        found = [
            self._decoded(self._key(raw), raw.data, raw.metadata.sequence.stream, kind)
            async for raw in self._last()
        ]
        return sorted((e for e in found if e is not None), key=lambda entry: entry.key)

    async def end(self) -> BucketEnd:
        """Return how far it is written; a bucket that somebody has deleted is made anew."""
        info = await self._with("*", lambda _: self._js.stream_info(f"KV_{self._spec.name}"))
        return BucketEnd(str(info.created), info.state.last_seq, info.state.messages)

    async def since(self, revision: int) -> AsyncIterator[RawEntry]:
        """Yield what was written behind ``revision``, one entry for each key; 0 is all there is."""
        await self._with("*", lambda kv: kv.status())
        policy = api.DeliverPolicy.BY_START_SEQUENCE
        start = {"opt_start_seq": revision + 1}
        pattern = f"{self._subject}>"
        async for raw in replay(self._client, f"KV_{self._spec.name}", pattern, policy, start):
            yield self._raw(raw, raw.metadata.sequence.stream)

    async def hear(self, heard: Callable[[RawEntry], None]) -> None:
        """Call ``heard`` for each key as it is written from now on; its revision is 0.

        It must neither wait nor raise. What is written while the connection is away is not heard.
        """
        with renamed(f"KV {self._spec.name}"):
            found = await self._client.subscribe(f"{self._subject}>", cb=_never)
            self._client.hear(found._id, lambda raw: heard(self._raw(raw, 0)))  # noqa: SLF001
            await settle(self._client)

    def _raw(self, raw: Msg, revision: int) -> RawEntry:
        data = None if KV_OP in (raw.headers or {}) else raw.data
        return RawEntry(self._key(raw), data, revision)

    async def _last(self) -> AsyncIterator[Msg]:
        """Yield the message behind each key, in one go; deleted keys are left out."""
        await self._with("*", lambda kv: kv.status())
        last = api.DeliverPolicy.LAST_PER_SUBJECT
        async for raw in replay(self._client, f"KV_{self._spec.name}", f"{self._subject}>", last):
            if KV_OP not in (raw.headers or {}):
                yield raw

    async def _with(self, key: str, work: Callable[[KeyValue], Awaitable[R]]) -> R:
        """Do ``work``; a bucket that somebody has deleted is made anew."""
        where = f"KV {self._spec.name}/{key}"
        with renamed(where):
            try:
                return await self._again_if_lost(work)
            except (KeyNotFoundError, NotFoundError) as error:
                raise _NoSuchKey(f"{where}: no such key") from error

    async def _again_if_lost(self, work: Callable[[KeyValue], Awaitable[R]]) -> R:
        try:
            return await work(await self._open())
        except (NoStreamResponseError, NoRespondersError, BucketNotFoundError):
            self._kv = None
            return await work(await self._open())

    async def _open(self) -> KeyValue:
        if self._kv is None:
            try:
                self._kv = await self._js.key_value(self._spec.name)
            except (BucketNotFoundError, NotFoundError):
                self._kv = await self._js.create_key_value(_config(self._spec))
            if self._spec.takes_batches:
                await self._allow_batches()
        return self._kv

    async def _allow_batches(self) -> None:
        """Let the server take many keys at once, which nats-py knows nothing of."""
        name = f"KV_{self._spec.name}"
        found = await self._client.request(f"$JS.API.STREAM.INFO.{name}", b"", 5.0)
        settings = json.loads(found.data).get("config", {})
        if not settings.get(ALLOW_BATCHES):
            settings[ALLOW_BATCHES] = True
            asked = json.dumps(settings).encode()
            _raise_refusal(await self._client.request(f"$JS.API.STREAM.UPDATE.{name}", asked, 5.0))

    def _key(self, raw: Msg) -> str:
        return raw.subject.removeprefix(self._subject)

    def _decoded(self, key: str, data: bytes, revision: int, kind: type[T]) -> Entry[T] | None:
        try:
            return Entry(key, codec.decode(data, kind), revision)
        except MessageInvalid as error:
            where = f"KV {self._spec.name}/{key}"
            log.warning("message.invalid", subject=where, error=str(error))
            return None


def _raise_refusal(answer: Msg) -> None:
    """Raise what an answer of the server says that it did not do."""
    if answer.data and (error := json.loads(answer.data).get("error")):
        raise APIError.from_error(error)


async def _never(_: Msg) -> None:
    """Stand in for a callback whose messages go elsewhere."""


def _config(spec: BucketSpec) -> api.KeyValueConfig:
    return api.KeyValueConfig(
        bucket=spec.name,
        ttl=spec.ttl_s or None,
        storage=api.StorageType.FILE,
        max_bytes=spec.max_bytes,
        direct=True,
    )
