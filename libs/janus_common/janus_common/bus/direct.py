"""nats-py without its queues: what comes is handed on while it is read, what goes is written at once.

nats-py passes each message through a reader, a parser, a queue and a task, and wakes another task
to write. Whatever the loop has to do by then, a burst of a broker's words above all, would stand
between an order and the wire. Connecting, reconnecting and pings stay nats-py's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import Header

NO_RESPONDERS = "503"
LINE_END = b"\r\n"
READ_AT_ONCE = 64 * 1024  # asyncio allocates that much for each read; its own size is four times it
WRITE_BACKLOG = 8 * 1024 * 1024  # bytes that a stalled server may leave with us

Heard = Callable[[Msg], None]


class DirectClient(Client):
    """A connection whose answers, and the messages of ``hear``, pass through no queue."""

    def __init__(self, *, prompt: bool = False) -> None:
        """Write each message at once if ``prompt``; else those of one turn of the loop together."""
        super().__init__()
        self._prompt = prompt
        self._heard: dict[int, Heard] = {}  # by subscription id
        self._asked: dict[str, asyncio.Future[Msg]] = {}  # by the subject of the answer
        self._answers = ""
        self._count = 0

    def hear(self, sid: int, heard: Heard) -> None:
        """Call ``heard`` for each message of a subscription instead of its own callback.

        It must neither wait nor raise: it runs while the socket is read.
        """
        self._heard[sid] = heard

    def unhear(self, sid: int) -> None:
        """Forget what ``hear`` was told."""
        self._heard.pop(sid, None)

    async def begin_answers(self) -> None:
        """Subscribe to the answers of all that will be asked."""
        self._answers = f"{self.new_inbox()}."
        found = await self.subscribe(f"{self._answers}*", cb=_never)
        self.hear(found._id, self._answered)  # noqa: SLF001

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 0.5,  # noqa: ASYNC109 - as nats-py calls it
        old_style: bool = False,  # noqa: FBT001, FBT002
        headers: dict[str, Any] | None = None,
    ) -> Msg:
        """Ask and wait for the answer, without a task or a queue in between."""
        del old_style
        return await self.ask(subject, payload, timeout_s=timeout, headers=headers)

    def ask(
        self,
        subject: str,
        payload: bytes,
        *,
        timeout_s: float,
        headers: dict[str, str] | None = None,
    ) -> asyncio.Future[Msg]:
        """Send a question now; what is returned waits for the answer, or holds why there is none."""
        loop = asyncio.get_running_loop()
        self._count += 1
        inbox = f"{self._answers}{self._count}"
        answer: asyncio.Future[Msg] = loop.create_future()
        expiry = loop.call_later(timeout_s, _expire, answer)

        def settled(_: object) -> None:
            expiry.cancel()
            del self._asked[inbox]

        self._asked[inbox] = answer
        answer.add_done_callback(settled)
        try:
            _at_once(self.publish(subject, payload, reply=inbox, headers=headers))
        except nats.errors.Error as error:
            answer.set_exception(error)
        return answer

    async def collect(self, subject: str, count: int, *, within_s: float) -> list[Msg]:
        """Ask a consumer for ``count`` messages and return those that came, at least one.

        Raises:
            TimeoutError: none came.
        """
        found: list[Msg] = []
        done = asyncio.Event()

        def heard(message: Msg) -> None:
            if message.headers and Header.STATUS in message.headers:
                done.set()  # no more, or no such consumer
                return
            found.append(message)
            if len(found) == count:
                done.set()

        inbox = self.new_inbox()
        subscription = await self.subscribe(inbox, cb=_never)
        self.hear(subscription._id, heard)  # noqa: SLF001
        try:
            wanted = {"batch": count, "expires": int(within_s * 1e9)}
            await self.publish(subject, json.dumps(wanted).encode(), reply=inbox)
            async with asyncio.timeout(within_s):
                await done.wait()
        except TimeoutError:
            if not found:
                raise
        finally:
            self.unhear(subscription._id)  # noqa: SLF001
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()
        if not found:
            raise TimeoutError
        return found

    def _answered(self, message: Msg) -> None:
        answer = self._asked.get(message.subject)
        if answer is None or answer.done():
            return
        if message.headers and message.headers.get(Header.STATUS) == NO_RESPONDERS:
            answer.set_exception(nats.errors.NoRespondersError())
        else:
            answer.set_result(message)

    def post(self, messages: Iterable[tuple[bytes, bytes]]) -> bool:
        """Write messages of (subject, payload) in one piece; return whether they were taken.

        They are not while the server is away, or takes less than we write.
        """
        if not self.is_connected or self._backlog() > WRITE_BACKLOG:
            return False
        parts: list[bytes] = []
        for subject, payload in messages:
            parts += (b"PUB ", subject, b" %d\r\n" % len(payload), payload, LINE_END)
        piece = b"".join(parts)
        self._pending.append(piece)
        self._pending_data_size += len(piece)
        push(self)
        return True

    def _backlog(self) -> int:
        writer = getattr(self._transport, "_io_writer", None)
        return writer.transport.get_write_buffer_size() if writer is not None else 0

    async def _flush_pending(self, force_flush: bool = False) -> Any:  # noqa: FBT001, FBT002
        if not self._prompt:
            return await super()._flush_pending(force_flush)
        push(self)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def _read_loop(self) -> None:
        reader = getattr(self._transport, "_io_reader", None)
        if reader is not None:
            _Reading(self, reader).begin()
        await super()._read_loop()

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        self.take(sid, subject, reply, data, headers)

    def take(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        """Hand one message on."""
        heard = self._heard.get(sid)
        if heard is None:
            _at_once(super()._process_msg(sid, subject, reply, data, headers))
            return
        if sid not in self._subs:
            return
        self.stats["in_msgs"] += 1
        self.stats["in_bytes"] += len(data)
        found = _at_once(self._process_headers(headers)) if headers else None
        heard(self._build_message(sid, subject, reply, data, found))


class _Reading:
    """Takes messages out of what one socket reads; control lines are left to nats-py."""

    def __init__(self, client: DirectClient, reader: asyncio.StreamReader) -> None:
        self._client, self._reader = client, reader
        self._to_nats_py = reader.feed_data
        self._rest = b""

    def begin(self) -> None:
        """Read from now on; what waits already is read first."""
        buffered: bytearray = self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001
        waiting = bytes(buffered)
        buffered.clear()
        transport = self._reader._transport  # type: ignore[attr-defined]  # noqa: SLF001
        if hasattr(transport, "max_size"):
            transport.max_size = READ_AT_ONCE
        vars(self._reader)["feed_data"] = self.feed
        self.feed(waiting)

    def feed(self, data: bytes) -> None:
        """Take bytes as they come."""
        if self._client.is_closed or self._client.is_reconnecting:
            return
        buffer = self._rest + data if self._rest else data
        at = 0
        while (line_end := buffer.find(LINE_END, at)) >= 0:
            body = line_end + 2
            has_headers = buffer.startswith(b"HMSG ", at)
            if not has_headers and not buffer.startswith(b"MSG ", at):
                self._to_nats_py(buffer[at:body])
                at = body
                continue
            fields = buffer[at:line_end].split()
            after = body + int(fields[-1])
            if len(buffer) < after + 2:
                break
            split = body + int(fields[-2]) if has_headers else body
            reply = fields[3] if len(fields) - has_headers == 5 else b""
            at_before, at = body, after + 2
            self._client.take(
                int(fields[2]), fields[1], reply, buffer[split:after], buffer[at_before:split]
            )
        self._rest = buffer[at:]


def push(client: Client) -> None:
    """Hand everything published so far to the socket before anything else is done."""
    transport = client._transport  # noqa: SLF001 - flush() waits for an answer
    if transport is not None and client.is_connected and client._pending_data_size > 0:  # noqa: SLF001
        transport.writelines(client._pending[:])  # noqa: SLF001
        client._pending = []  # noqa: SLF001
        client._pending_data_size = 0  # noqa: SLF001


def _expire(answer: asyncio.Future[Msg]) -> None:
    if not answer.done():
        answer.set_exception(nats.errors.TimeoutError())


def _at_once(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine of nats-py that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    work.close()
    raise RuntimeError("nats-py waited where it never did before")


async def _never(_: Msg) -> None:
    """Stand in for a callback whose messages go elsewhere."""
