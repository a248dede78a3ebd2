"""The record of what is halted, in KV ``control``: written by compare-and-set, never removed."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from janus_common.bus.buckets import CONTROL, Bucket, Entry
from janus_common.bus.bus import Bus
from janus_common.clock import now_ns
from janus_common.errors import Code, Denied, MessageInvalid, WriteConflict
from janus_common.halt_words import words
from janus_common.messages import Halt

HOUSE_KEY = "house"
MAX_REASON = 300  # characters that are kept
MAX_PRINCIPAL = 64
MAX_FOREIGN = 1_000  # ids that a record has room for
TRIES = 20  # against others who write at the same moment


def key(account: str | None) -> str:
    """Return under which key the record of ``account`` is; None is the whole house."""
    return HOUSE_KEY if account is None else f"account.{account}"


class Halts:
    """The records, as anyone on the bus may write them."""

    def __init__(self, bus: Bus) -> None:
        self._bucket: Bucket = bus.bucket(CONTROL)

    async def find(self, account: str | None) -> Entry[Halt] | None:
        """Return the record of an account; None: nobody ever halted it.

        Raises:
            MessageInvalid: there is one that does not decode.
            BusError: nobody can tell.
        """
        return await self._bucket.must_get(key(account), Halt)

    async def halt(self, wanted: Halt) -> Entry[Halt]:
        """Put ``wanted`` on record and return what is: of two halts the first stays.

        Foreign orders that the record does not name yet are taken over in any case.
        """
        wanted = _bounded(wanted)
        for _ in range(TRIES):
            try:
                found = await self.find(wanted.account)
            except MessageInvalid:
                revision = await self._bucket.put(key(wanted.account), wanted)
                return Entry(key(wanted.account), wanted, revision)
            after = _halted(found.value if found else None, wanted)
            if found is not None and after == found.value:
                return found
            if (entry := await self._write(after, found)) is not None:
                return entry
        raise WriteConflict(f"KV control/{key(wanted.account)} is being written all the time")

    async def resume(
        self, account: str | None, *, principal: str, reason: str = "", revision: int | None = None
    ) -> Entry[Halt] | None:
        """End the halt of ``account`` and return the record; None: nobody ever halted it.

        Raises:
            Denied: the record is a newer one than ``revision``, so somebody halted again.
        """
        for _ in range(TRIES):
            try:
                found = await self.find(account)
            except MessageInvalid:
                found = Entry(key(account), Halt(account=account, since_ns=0), 0)
            if found is None or not found.value.is_halted:
                return found
            if revision is not None and found.revision != revision:
                raise Denied(Code.HALTED, f"meanwhile {words(found.value)}", "look, then resume")
            after = msgspec.structs.replace(
                found.value,
                is_halted=False,
                principal=principal,
                reason=reason,
                since_ns=max(now_ns(), found.value.since_ns + 1),
            )
            after = _bounded(after)
            if (entry := await self._write(after, found)) is not None:
                return entry
        raise WriteConflict(f"KV control/{key(account)} is being written all the time")

    async def _write(self, halt: Halt, found: Entry[Halt] | None) -> Entry[Halt] | None:
        """Write ``halt`` after ``found``; None if somebody else was first."""
        name = key(halt.account)
        try:
            if found is None:
                revision = await self._bucket.create(name, halt)
            elif found.revision == 0:  # what is there does not decode
                revision = await self._bucket.put(name, halt)
            else:
                revision = await self._bucket.update(name, halt, revision=found.revision)
        except WriteConflict:
            return None
        return Entry(name, halt, revision)


def _halted(before: Halt | None, wanted: Halt) -> Halt:
    if before is None:
        return wanted
    foreign = _joined(before.foreign, wanted.foreign)
    if before.is_halted:
        return msgspec.structs.replace(before, foreign=foreign)
    since_ns = max(wanted.since_ns, before.since_ns + 1)
    return msgspec.structs.replace(wanted, foreign=foreign, since_ns=since_ns)


def _joined(before: Collection[str], new: Collection[str]) -> list[str]:
    """Return both, the newest last; the oldest go when there are too many."""
    return [*before, *(name for name in new if name not in before)][-MAX_FOREIGN:]


def _bounded(halt: Halt) -> Halt:
    return msgspec.structs.replace(
        halt,
        principal=_line(halt.principal)[:MAX_PRINCIPAL],
        reason=_line(halt.reason)[:MAX_REASON],
        foreign=halt.foreign[-MAX_FOREIGN:],
    )


def _line(text: str) -> str:
    """Return ``text`` as one line without anything that a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
