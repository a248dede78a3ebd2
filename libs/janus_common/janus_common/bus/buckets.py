"""KV buckets: small shared state with compare-and-set, and keys that run out.

Buckets are polled or written, never watched: a KV watch is blind for many seconds after the
server restarts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from nats.aio.client import Client
from nats.js import api
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, NoKeysError, NotFoundError
from nats.js.kv import KeyValue

from janus_common import codec
from janus_common.bus.link import renamed
from janus_common.errors import MessageInvalid
from janus_common.logs import get_logger

T = TypeVar("T")
log = get_logger()


@dataclass(frozen=True, slots=True)
class BucketSpec:
    """How one bucket is kept."""

    name: str
    ttl_s: float = 0  # a key not written for that long is gone; 0: kept for ever
    in_memory: bool = False
    max_bytes: int = 64 * 1024 * 1024


PRESENCE = BucketSpec("presence", ttl_s=6.0, in_memory=True)
INSTRUMENTS = BucketSpec("instruments", max_bytes=1024 * 1024 * 1024)
CONTROL = BucketSpec("control")
LEASE = BucketSpec("lease", ttl_s=10.0)
ALL = (PRESENCE, INSTRUMENTS, CONTROL, LEASE)


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One key's value, with the revision that a compare-and-set needs."""

    key: str
    value: T
    revision: int


class Bucket:
    """One KV bucket as seen over one connection."""

    def __init__(self, client: Client, spec: BucketSpec) -> None:
        self._js = client.jetstream(timeout=5.0)
        self._spec = spec
        self._kv: KeyValue | None = None

    async def put(self, key: str, value: msgspec.Struct) -> int:
        """Write ``key`` whatever it holds; return the revision."""
        with renamed(self._where(key)):
            return await (await self._open()).put(key, codec.encode(value))

    async def create(self, key: str, value: msgspec.Struct) -> int:
        """Write ``key`` if it does not exist; else raise WriteConflict."""
        with renamed(self._where(key)):
            return await (await self._open()).create(key, codec.encode(value))

    async def update(self, key: str, value: msgspec.Struct, *, revision: int) -> int:
        """Write ``key`` if it still has ``revision``; else raise WriteConflict."""
        with renamed(self._where(key)):
            return await (await self._open()).update(key, codec.encode(value), last=revision)

    async def get(self, key: str, kind: type[T]) -> Entry[T] | None:
        """Return the value of ``key``; None if there is none or it does not decode."""
        with renamed(self._where(key)):
            try:
                found = await (await self._open()).get(key)
            except (KeyNotFoundError, NotFoundError):
                return None
        try:
            return Entry(key, codec.decode(found.value or b"", kind), found.revision or 0)
        except MessageInvalid as error:
            log.warning("message.invalid", subject=self._where(key), error=str(error))
            return None

    async def delete(self, key: str) -> None:
        """Remove ``key``."""
        with renamed(self._where(key)):
            await (await self._open()).delete(key)

    async def keys(self) -> list[str]:
        """Return all keys, sorted."""
        with renamed(self._spec.name):
            try:
                return sorted(await (await self._open()).keys())
            except NoKeysError:
                return []

    async def all(self, kind: type[T]) -> list[Entry[T]]:
        """Return all entries that decode, by key."""
        found = [await self.get(key, kind) for key in await self.keys()]
        return [entry for entry in found if entry is not None]

    async def _open(self) -> KeyValue:
        if self._kv is None:
            try:
                self._kv = await self._js.key_value(self._spec.name)
            except (BucketNotFoundError, NotFoundError):
                self._kv = await self._js.create_key_value(_config(self._spec))
        return self._kv

    def _where(self, key: str) -> str:
        return f"KV {self._spec.name}/{key}"


def _config(spec: BucketSpec) -> api.KeyValueConfig:
    return api.KeyValueConfig(
        bucket=spec.name,
        ttl=spec.ttl_s or None,
        storage=api.StorageType.MEMORY if spec.in_memory else api.StorageType.FILE,
        max_bytes=spec.max_bytes,
        direct=True,
    )
