"""One live worker per account: the lease that it holds, renews, and looks at before each send.

The key runs out by itself after ``LEASE.ttl_s``; the holder stops trusting it long before that,
by a clock that goes on while a process is frozen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import msgspec

from janus_common.bus.buckets import LEASE, Bucket, Entry
from janus_common.bus.bus import Bus
from janus_common.clock import monotonic_s, now_ns
from janus_common.errors import BusError, Code, Denied, Fenced, WriteConflict
from janus_common.logs import get_logger
from janus_common.messages import Lease

RENEW_S = 2.0
FENCE_S = 6.0  # without renewal: four seconds before anybody else may take over
RETRY_S = 0.5
ANSWER_S = 2.5  # to a renewal: one whose answer is lost is repeated within FENCE_S
BEAT_S = 0.25
FROZEN_S = 3.0  # a process that did nothing for so long asks again before it sends
CLOCK_EVERY = 15  # renewals
CLOCK_S = 1.0  # for the bus's time, while the next renewal waits
PROC = Path("/proc")

log = get_logger()


class HeldLease:
    """The lease of one account, once ``acquire`` has returned."""

    def __init__(self, bus: Bus, account: str, *, instance: str) -> None:
        self._bucket: Bucket = bus.bucket(LEASE)
        self._account = account
        self._mine = Lease(
            account=account,
            instance=instance,
            pid=os.getpid(),
            host=host_identity(),
            started=_started(os.getpid()),
            renewed_ns=0,
        )
        self._revision = 0
        self._renewed_s = float("-inf")
        self._beat_s = monotonic_s()
        self._due = asyncio.Event()

    @property
    def is_held(self) -> bool:
        """Whether it was renewed recently enough to send on the strength of it."""
        return monotonic_s() - self._renewed_s < FENCE_S

    def check(self) -> None:
        """Raise Denied unless this process may send now; looked at right before each send."""
        self._look_for_a_freeze()
        if not self.is_held:
            raise Denied(
                Code.FENCED,
                f"the lease of {self._account} could not be renewed in time",
                "nothing was sent; janus workers",
            )

    async def acquire(self, waiting: Callable[[str], Awaitable[None]]) -> None:
        """Take the lease as soon as it is free; ``waiting`` hears why it is not."""
        while True:
            asked_s = monotonic_s()
            try:
                found = await self._bucket.get(self._account, Lease)
                if await self._take(found):
                    self._renewed_s = asked_s
                    self._beat_s = monotonic_s()
                    log.info("lease.taken")
                    return
            except WriteConflict:
                continue
            except BusError as error:
                await waiting(f"the lease cannot be read: {error}")
            else:
                assert found is not None
                await waiting(
                    f"another worker holds the lease of {self._account}: "
                    f"pid {found.value.pid} on {found.value.host.partition('/')[0]}"
                )
            await asyncio.sleep(RETRY_S)

    async def keep(self, heard_clock: Callable[[int, int, int], None]) -> None:
        """Renew it for ever; ``heard_clock`` is told the bus's time now and then.

        Raises:
            Fenced: another worker has it.
        """
        for turn in count():
            asked_ns = now_ns()
            is_renewed = await self._renewed() if turn else self.is_held
            if is_renewed and turn % CLOCK_EVERY == 1:
                await self._read_clock(asked_ns, heard_clock)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S if self.is_held and not is_renewed else RENEW_S):
                    await self._due.wait()
            self._due.clear()

    async def beat(self) -> None:
        """Notice when this process was frozen, for ever."""
        while True:
            self._look_for_a_freeze()
            await asyncio.sleep(BEAT_S)

    def _look_for_a_freeze(self) -> None:
        """Trust the lease no more, and renew it at once, when we have not run for a while."""
        now_s = monotonic_s()
        slept_s, self._beat_s = now_s - self._beat_s, now_s
        if slept_s > FROZEN_S and self._revision:
            log.warning("process.was_frozen", for_s=round(slept_s, 1))
            self._renewed_s = float("-inf")
            self._due.set()

    async def _read_clock(self, asked_ns: int, heard: Callable[[int, int, int], None]) -> None:
        heard_ns = now_ns()
        try:
            async with asyncio.timeout(CLOCK_S):
                written_ns = await self._bucket.written_ns(self._account)
        except (BusError, TimeoutError) as error:
            log.debug("clock.not_compared", error=str(error))
        else:
            heard(asked_ns, heard_ns, written_ns)

    async def release(self) -> None:
        """Give it back if it is held, so that the next worker need not wait."""
        if not self.is_held:
            return
        self._renewed_s = float("-inf")
        try:
            await self._bucket.delete(self._account)
        except BusError as error:
            log.warning("lease.not_released", error=str(error))

    async def _take(self, found: Entry[Lease] | None) -> bool:
        if found is None:
            self._revision = await self._bucket.create(self._account, self._now())
            return True
        if found.value.instance != self._mine.instance and not _is_gone(found.value):
            return False
        self._revision = await self._bucket.update(
            self._account, self._now(), revision=found.revision
        )
        return True

    async def _renewed(self) -> bool:
        """Renew it and say whether that was confirmed in time."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._renew()
        except TimeoutError:
            log.warning("lease.not_renewed", error=f"no answer in {ANSWER_S:g} s")
            return False

    async def _renew(self) -> bool:
        asked_s = monotonic_s()
        try:
            self._revision = await self._bucket.update(
                self._account, self._now(), revision=self._revision
            )
        except WriteConflict:
            await self._contested()
            return False
        except BusError as error:
            log.warning("lease.not_renewed", error=str(error), held=self.is_held)
            return False
        self._renewed_s = asked_s
        return True

    async def _contested(self) -> None:
        """Go on with a lease that ran out or whose renewal was not confirmed; else end."""
        asked_s = monotonic_s()
        try:
            found = await self._bucket.get(self._account, Lease)
            if found is not None and found.value.instance != self._mine.instance:
                self._renewed_s = float("-inf")
                raise Fenced(f"pid {found.value.pid} has taken the lease of {self._account}")
            await self._take(found)
        except BusError as error:
            log.warning("lease.not_renewed", error=str(error), held=self.is_held)
            return
        self._renewed_s = asked_s

    def _now(self) -> Lease:
        return msgspec.structs.replace(self._mine, renewed_ns=now_ns())


def host_identity() -> str:
    """Return the host's name, boot and process numbering: within one of these a pid is unique."""
    boot = _read(PROC / "sys/kernel/random/boot_id").strip()
    try:
        numbering = str((PROC / "self/ns/pid").readlink())
    except OSError:
        numbering = ""
    return f"{socket.gethostname()}/{boot}/{numbering}"


def _is_gone(lease: Lease) -> bool:
    """Whether its holder is provably dead: on this very host, and no such process runs."""
    if lease.host != host_identity() or not _started(os.getpid()):
        return False
    return _started(lease.pid) != lease.started


def _started(pid: int) -> str:
    """Return when process ``pid`` began, in the kernel's own count; empty if it does not run."""
    fields = _read(PROC / str(pid) / "stat").rpartition(")")[2].split()
    is_running = len(fields) > 19 and fields[0] not in {"Z", "X"}
    return fields[19] if is_running else ""


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
