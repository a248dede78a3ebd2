"""The brake of one process: what is halted, learned in three ways of which the first one wins.

A word on the bus holds at once, the record in KV ``control`` and a file on this machine are looked
at each second. What nobody can tell counts as halted: an order needs a recent answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from janus_common.bus.buckets import Entry
from janus_common.bus.bus import Bus
from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import BusError, BusTimeout, Code, Denied, MessageInvalid
from janus_common.halt_words import path_of, told_by, words
from janus_common.halts import Halts
from janus_common.logs import get_logger
from janus_common.messages import Halt

EVERY_S = 0.8  # so that what was written is seen within a second
ANSWER_S = 2.0  # for one look
FRESH_S = 5.0  # for so long an answer is good
RETRY_S = 0.5
TRIES = 6  # to find what another process has written
NOT_KNOWN = "whether it is halted could not be read yet"
UNREADABLE = "its record in KV control does not decode"

log = get_logger()


@dataclass(slots=True)
class _Said:
    """A halt that was heard of, and is not known to be on record."""

    halt: Halt
    revision: int | None  # under which it should be
    tries: int = 0


class Brake:
    """What some accounts may send now."""

    def __init__(
        self,
        bus: Bus,
        accounts: Sequence[str],
        *,
        file: Path | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """``file`` halts the house while it exists, ``FILE.ALIAS`` an account."""
        self._records, self._file, self._changed = Halts(bus), file, changed
        self._accounts: tuple[str | None, ...] = (None, *accounts)
        self._on_record: dict[str | None, Entry[Halt]] = {}
        self._bad: set[str | None] = set()  # records that do not decode
        self._heard: dict[str | None, _Said] = {}  # that are not on record yet
        self._files: dict[str | None, str] = {}
        self._read_s: float | None = None
        self._writes = 0
        self._due, self._saved = asyncio.Event(), asyncio.Event()
        self._saved.set()

    @property
    def is_known(self) -> bool:
        """Whether a look has ever succeeded."""
        return self._read_s is not None

    def check(self, account: str) -> None:
        """Raise Denied unless ``account`` may send orders at this very moment."""
        if why := self.why(account):
            reason = f"account {account} takes no new orders: {why}"
            raise Denied(Code.HALTED, reason, self._cure(account))
        if self._read_s is None or monotonic_s() - self._read_s > FRESH_S:
            raise Denied(
                Code.BUS_DOWN,
                f"account {account} takes no new orders: {NOT_KNOWN}"
                if self._read_s is None
                else f"account {account} takes no new orders: for {FRESH_S:g} s nobody could tell "
                "whether it is halted",
                "nothing was sent; try again",
            )

    def why(self, account: str) -> str:
        """Return why ``account`` is halted: who, since when and for what; empty if it is not."""
        for which in (account, None):
            if (found := self._halt(which)) is not None:
                return words(found)
            if which in self._files:
                return self._files[which]
            if which in self._bad:
                return UNREADABLE
        return ""

    def known_foreign(self, account: str) -> Collection[str]:
        """Return the foreign orders for which ``account`` was halted before."""
        found, heard = self._on_record.get(account), self._heard.get(account)
        return {*(found.value.foreign if found else ()), *(heard.halt.foreign if heard else ())}

    def halt(self, wanted: Halt, *, revision: int | None = None) -> None:
        """Halt from this moment; that it is on record ``saved`` waits for.

        With ``revision`` somebody else has put it there: it is read, not written once more, as
        that could undo a resume that has come since.
        """
        log.warning("halt.heard", house=wanted.account is None, words=words(wanted))
        self._heard[wanted.account] = _Said(wanted, revision)
        self._saved.clear()
        self._due.set()
        self._changed()

    async def saved(self) -> None:
        """Wait until all that was heard is on record."""
        await self._saved.wait()

    async def resume(
        self, account: str | None, *, principal: str, reason: str, revision: int | None
    ) -> None:
        """End the halt of ``account`` by its record; raises as ``Halts.resume``."""
        entry = await self._records.resume(
            account, principal=principal, reason=reason, revision=revision
        )
        self._wrote(account, entry)
        await self.look()

    async def look(self) -> None:
        """Ask what is halted now; raises BusError if nobody can tell."""
        asked_s, before = monotonic_s(), self._writes
        self._files = self._look_at_files()
        self._changed()  # not only after the bus has answered
        found: dict[str | None, Entry[Halt] | None] = {}
        bad: set[str | None] = set()
        try:
            for account in self._accounts:
                try:
                    found[account] = await self._records.find(account)
                except MessageInvalid as error:
                    log.warning("halt.unreadable", account=account, error=str(error))
                    bad.add(account)
            if before == self._writes:  # else what we wrote meanwhile is newer
                self._bad, self._read_s = bad, asked_s
                for account, entry in found.items():
                    self._take(account, entry)
        finally:
            self._changed()

    async def run(self) -> None:
        """Look for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._save())
            while True:
                try:
                    async with asyncio.timeout(ANSWER_S):
                        await self.look()
                except (BusError, TimeoutError) as error:
                    log.debug("halt.not_read", error=str(error))
                await asyncio.sleep(EVERY_S)

    async def _save(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            while self._heard:
                account, said = next(iter(self._heard.items()))
                try:
                    entry = await self._recorded(said)
                except (BusError, MessageInvalid) as error:
                    log.warning("halt.not_recorded", error=str(error))
                    said.tries += 1
                    await asyncio.sleep(RETRY_S)
                    continue
                self._wrote(account, entry)
                if self._heard.get(account) is said:
                    del self._heard[account]
            self._saved.set()
            self._changed()

    async def _recorded(self, said: _Said) -> Entry[Halt]:
        if said.revision is None or said.tries >= TRIES:
            return await self._records.halt(said.halt)
        entry = await self._records.find(said.halt.account)
        if entry is None or entry.revision < said.revision:
            raise BusTimeout("a halt that is said to be on record cannot be found there")
        return entry

    def _wrote(self, account: str | None, entry: Entry[Halt] | None) -> None:
        self._writes += 1
        self._bad.discard(account)
        if entry is not None:
            self._on_record[account] = entry

    def _take(self, account: str | None, entry: Entry[Halt] | None) -> None:
        """Take what was read; a halt is not ended by a record that is gone, or older."""
        before = self._on_record.get(account)
        is_halted = before is not None and before.value.is_halted
        is_older = entry is None or entry.value.since_ns < (before.value.since_ns if before else 0)
        if is_halted and is_older:
            return
        if entry is not None:
            self._on_record[account] = entry
            if entry.value.is_halted != is_halted:
                log.warning("halt.changed", halted=entry.value.is_halted, by=entry.value.principal)

    def _halt(self, account: str | None) -> Halt | None:
        found = self._on_record.get(account)
        if found is not None and found.value.is_halted:
            return found.value
        said = self._heard.get(account)
        return said.halt if said is not None else None

    def _look_at_files(self) -> dict[str | None, str]:
        if self._file is None:
            return {}
        paths = {account: path_of(self._file, account) for account in self._accounts}
        return {account: why for account, path in paths.items() if (why := told_by(path))}

    def _cure(self, account: str) -> str:
        for which, words_of_it in ((account, f"-a {account}"), (None, "--all")):
            if self._halt(which) is not None or which in self._bad:
                return f"nothing was sent; janus resume {words_of_it}"
            if which in self._files:
                file = path_of(self._file or Path(), which)
                return f"nothing was sent; where {file} is: janus resume {words_of_it} removes it"
        return ""


def halt(account: str | None, *, principal: str, reason: str) -> Halt:
    """Return a halt that begins now."""
    return Halt(account=account, principal=principal, reason=reason, since_ns=now_ns())


def with_foreign(halt: Halt, client_order_ids: list[str]) -> Halt:
    """Return ``halt`` with the foreign orders for which it need not be repeated."""
    return msgspec.structs.replace(halt, foreign=client_order_ids)
