"""Streams: the journal. Append with compare-and-set, read the last, consume durably."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import UnionType
from typing import Any, Generic, TypeVar

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from janus_common import codec, subjects
from janus_common.bus.direct import DirectClient
from janus_common.bus.link import renamed
from janus_common.cancels import heeded
from janus_common.clock import NS_PER_S
from janus_common.errors import BusTimeout, MessageInvalid
from janus_common.logs import get_logger

APPEND_TIMEOUT_S = 2.0
FETCH_TIMEOUT_S = 1.0  # bounds the harm of a fetch that stalls
READ_TIMEOUT_S = 5.0
BATCH = 500  # messages that are read before they are looked at
REPLAY_IDLE_S = 10.0  # then the server forgets a reader
ACK_WAIT_S = 5.0  # an acknowledgement that died with the server holds the rest up for so long
GIB = 1024**3
DAY_S = 86_400.0
T = TypeVar("T")
Start = dict[str, Any]  # options of a consumer that does not begin at the beginning

log = get_logger()


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """How one stream is kept; all are limited in size and refuse rather than forget."""

    name: str
    subjects: tuple[str, ...]
    max_bytes: int
    max_age_s: float = 0  # 0: for ever
    per_subject: int = -1  # messages kept of each subject; -1: all
    dedupe_s: float = 120.0


ORDERS = StreamSpec("ORDERS", (subjects.order(),), 4 * GIB)
FILLS = StreamSpec("FILLS", (subjects.fill(),), 2 * GIB, dedupe_s=3_600.0)
STATE = StreamSpec("STATE", (subjects.position(), subjects.balance()), GIB // 4, per_subject=1)
EVENTS = StreamSpec("EVENTS", (subjects.event(),), GIB // 2, max_age_s=30 * DAY_S)
ALL = (ORDERS, FILLS, STATE, EVENTS)


@dataclass(frozen=True, slots=True)
class Stored(Generic[T]):
    """One message of a stream, with its place in it."""

    message: T
    subject: str
    sequence: int
    is_last: bool = True  # False: what stands behind it, at ``sequence``, cannot be read


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The last place of a stream, and which stream that is: one made anew counts from 1."""

    created: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Ack:
    """Done; never deliver it again."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not now: deliver it again, and nothing behind it before."""

    reason: str
    delay_s: float = 1.0


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It will never work: drop it, and say so in the log."""

    reason: str


Settled = Ack | Retry | GiveUp


@dataclass(frozen=True, slots=True)
class Appending:
    """A message on its way into a stream; awaited, it is the message's sequence there."""

    _subject: str
    _answer: asyncio.Future[Msg]

    def __await__(self) -> Generator[Any, None, int]:
        return self._stored().__await__()

    async def _stored(self) -> int:
        with renamed(self._subject):
            try:
                said = json.loads((await self._answer).data)
            except nats.errors.NoRespondersError as error:
                raise NoStreamResponseError from error
            if "error" in said:
                raise APIError.from_error(said["error"])
            return int(said["seq"])


class Streams:
    """The streams as seen over one connection."""

    def __init__(self, client: DirectClient) -> None:
        self._client = client
        self._js: JetStreamContext = client.jetstream(timeout=READ_TIMEOUT_S)

    async def provision(self) -> None:
        """Create the streams that do not exist yet; existing ones are left as they are."""
        for spec in ALL:
            with renamed(spec.name):
                try:
                    await self._js.stream_info(spec.name)
                except NotFoundError:
                    await self._js.add_stream(_config(spec))

    async def append(
        self,
        subject: str,
        message: msgspec.Struct,
        *,
        expected_last: int | None = None,
        message_id: str | None = None,
    ) -> int:
        """Store ``message`` durably and return its sequence in the stream.

        ``expected_last`` is the sequence that the last message of that subject must have, 0 for
        none. A ``message_id`` seen before is not stored twice.

        Raises:
            WriteConflict: the last message is another one: somebody else wrote.
            StorageFull: the stream takes no more.
            BusTimeout: it may be stored or not; ``last`` tells.
            BusUnavailable: it is not stored.
        """
        headers: dict[str, str] = {}
        if expected_last is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(expected_last)
        if message_id is not None:
            headers["Nats-Msg-Id"] = message_id
        return await Appending(subject, self._send(subject, message, headers))

    def begin_append(self, subject: str, message: msgspec.Struct, *, message_id: str) -> Appending:
        """Send ``message`` before this returns; what is returned is to be awaited as ``append``."""
        return Appending(subject, self._send(subject, message, {"Nats-Msg-Id": message_id}))

    def _send(
        self, subject: str, message: msgspec.Struct, headers: dict[str, str]
    ) -> asyncio.Future[Msg]:
        return self._client.ask(
            subject, codec.encode(message), timeout_s=APPEND_TIMEOUT_S, headers=headers or None
        )

    async def last(
        self, spec: StreamSpec, subject: str, kind: type[T] | UnionType
    ) -> Stored[T] | None:
        """Return the last message of ``subject``, or None.

        Bytes that do not decode are passed over and logged: then it is the newest one that does,
        with the place of the last one, behind which a next write comes.
        """
        with renamed(subject):
            try:
                raw = await self._js.get_last_msg(spec.name, subject, direct=True)
            except NotFoundError:
                return None
        sequence = raw.seq or 0
        try:
            return Stored(codec.decode(raw.data or b"", kind), subject, sequence)
        except MessageInvalid as error:
            log.warning("message.invalid", subject=subject, error=str(error))
        readable = [each async for each in self.history(spec, subject, kind)]
        if not readable:
            return None
        return Stored(readable[-1].message, subject, sequence, is_last=False)

    async def last_of_each(
        self, spec: StreamSpec, pattern: str, kind: type[T]
    ) -> AsyncIterator[Stored[T]]:
        """Yield the last message of every subject that matches ``pattern``, as ``last`` does."""
        bad: list[str] = []
        policy = api.DeliverPolicy.LAST_PER_SUBJECT
        async for raw in replay(self._client, spec.name, pattern, policy):
            if (stored := _decoded(raw, kind)) is not None:
                yield stored
            else:
                bad.append(raw.subject)
        for subject in bad:
            if (stored := await self.last(spec, subject, kind)) is not None:
                yield stored

    async def history(
        self,
        spec: StreamSpec,
        pattern: str,
        kind: type[T] | UnionType,
        *,
        since_ns: int = 0,
        since_sequence: int = 0,
    ) -> AsyncIterator[Stored[T]]:
        """Yield every message that matches ``pattern``, oldest first; bad ones are logged.

        Those stored before ``since_ns``, or before ``since_sequence``, are left out.
        """
        start: Start = {}
        policy = api.DeliverPolicy.ALL
        if since_sequence:
            start, policy = (
                {"opt_start_seq": since_sequence},
                api.DeliverPolicy.BY_START_SEQUENCE,
            )
        elif since_ns:
            start, policy = {"opt_start_time": _utc(since_ns)}, api.DeliverPolicy.BY_START_TIME
        async for stored in self._read(spec, pattern, kind, policy, start):
            yield stored

    async def end(self, spec: StreamSpec) -> StreamEnd:
        """Return where the stream ends now."""
        with renamed(spec.name):
            info = await self._js.stream_info(spec.name)
        return StreamEnd(created=str(info.created), sequence=info.state.last_seq)

    async def _read(
        self,
        spec: StreamSpec,
        pattern: str,
        kind: type[T] | UnionType,
        policy: api.DeliverPolicy,
        start: Start | None = None,
    ) -> AsyncIterator[Stored[T]]:
        async for raw in replay(self._client, spec.name, pattern, policy, start):
            if (stored := _decoded(raw, kind)) is not None:
                yield stored

    async def forget(self, spec: StreamSpec, durable: str) -> None:
        """Let the durable consumer ``durable`` begin at the beginning again."""
        with renamed(spec.name), contextlib.suppress(NotFoundError):
            await self._js.delete_consumer(spec.name, durable)

    @asynccontextmanager
    async def consumer(
        self, spec: StreamSpec, durable: str, pattern: str
    ) -> AsyncIterator[JetStreamContext.PullSubscription]:
        """Hold the durable consumer ``durable``: one message at a time, in order."""
        with renamed(pattern):
            found = await self._js.pull_subscribe(
                pattern,
                durable=durable,
                stream=spec.name,
                config=api.ConsumerConfig(ack_wait=ACK_WAIT_S, max_ack_pending=1),
            )
        yield found


async def replay(
    client: DirectClient,
    stream: str,
    pattern: str,
    policy: api.DeliverPolicy,
    start: Start | None = None,
) -> AsyncIterator[Msg]:
    """Yield what ``stream`` has now under ``pattern``, and end.

    Raises:
        BusTimeout: not all of it came. The server sends nothing twice, so a connection that is cut
            and found again leaves a hole, behind which an open order would be overlooked.
    """
    js = client.jetstream(timeout=READ_TIMEOUT_S)
    config = api.ConsumerConfig(
        deliver_policy=policy,
        ack_policy=api.AckPolicy.NONE,
        mem_storage=True,
        inactive_threshold=REPLAY_IDLE_S,
        filter_subject=pattern,
        **(start or {}),
    )
    with renamed(pattern):
        made = await js.add_consumer(stream, config)
    pending, taken = made.num_pending or 0, 0
    subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{made.name}"
    try:
        while pending > 0:
            with renamed(pattern):
                try:
                    count = min(pending, BATCH)
                    batch = await client.collect(subject, count, within_s=READ_TIMEOUT_S)
                except TimeoutError:
                    if await _has_expired(js, stream, made.name, taken):
                        return
                    raise
            pending = batch[-1].metadata.num_pending
            for raw in batch:
                taken += 1
                if raw.metadata.sequence.consumer != taken:
                    raise BusTimeout(f"{pattern}: a part of it was lost on the way")
                yield raw
    finally:
        with contextlib.suppress(nats.errors.Error):
            await js.delete_consumer(stream, made.name)


async def _has_expired(js: JetStreamContext, stream: str, consumer: str, taken: int) -> bool:
    """Whether what was still to come is gone from the stream, and nothing was lost on the way."""
    found = await js.consumer_info(stream, consumer)
    sent = found.delivered.consumer_seq if found.delivered is not None else 0
    return not found.num_pending and sent == taken


async def deliver(
    found: JetStreamContext.PullSubscription,
    kind: type[T],
    handle: Callable[[Stored[T]], Awaitable[Settled]],
) -> None:
    """Handle the next message, if one comes within a second.

    An undecodable one is logged and terminated; it never comes again.
    """
    try:
        with heeded():
            [raw] = await found.fetch(1, timeout=FETCH_TIMEOUT_S)
    except (TimeoutError, nats.errors.TimeoutError):
        return
    except nats.errors.Error as error:
        log.info("bus.fetch_failed", error=str(error))
        await asyncio.sleep(FETCH_TIMEOUT_S)
        return
    stored = _decoded(raw, kind)
    settled = await handle(stored) if stored is not None else GiveUp("undecodable")
    with renamed(raw.subject):
        await _settle(raw, settled)


async def _settle(raw: Msg, settled: Settled) -> None:
    match settled:
        case Ack():
            await raw.ack()
        case Retry(reason=reason, delay_s=delay_s):
            log.info("message.postponed", subject=raw.subject, reason=reason, delay_s=delay_s)
            await raw.nak(delay=delay_s)
        case GiveUp(reason=reason):
            log.error("message.dropped", subject=raw.subject, reason=reason)
            await raw.term()


def _utc(ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ns // NS_PER_S, dt.UTC)


def _decoded(raw: Msg, kind: type[T] | UnionType) -> Stored[T] | None:
    try:
        message = codec.decode(raw.data, kind)
    except MessageInvalid as error:
        log.warning("message.invalid", subject=raw.subject, error=str(error))
        return None
    return Stored(message, raw.subject, raw.metadata.sequence.stream)


def _config(spec: StreamSpec) -> api.StreamConfig:
    options: dict[str, Any] = {}
    if spec.per_subject > 0:
        options["max_msgs_per_subject"] = spec.per_subject
    return api.StreamConfig(
        name=spec.name,
        subjects=list(spec.subjects),
        max_bytes=spec.max_bytes,
        max_age=spec.max_age_s,
        duplicate_window=spec.dedupe_s,
        discard=api.DiscardPolicy.NEW,
        storage=api.StorageType.FILE,
        allow_direct=True,
        deny_purge=True,
        **options,
    )
