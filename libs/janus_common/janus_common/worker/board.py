"""What a worker shows of its account: state, reason, and the alarms that call a person.

Facts are set from callbacks and hold at once; one job publishes them, in their order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from janus_common.bus.service import Service
from janus_common.clock import NS_PER_S, monotonic_s, now_ns
from janus_common.errors import Denied
from janus_common.messages import ServiceState, Severity
from janus_common.worker.policy import Policy
from janus_common.worker.standing import EFFECTS, Hindrance, Standing

LOOK_EVERY_S = 0.5
RETRY_S = 0.5
KEPT = 10_000  # events that wait while the bus is away; the oldest go first
DOWN = "broker-down"


@dataclass(frozen=True, slots=True)
class _Untold:
    what: str
    severity: Severity
    reason: str
    details: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Trouble:
    """Something that a person hears of once, when it has lasted for ``patience_s``."""

    since_s: float
    patience_s: float
    severity: Severity
    is_told: bool = False


class Board:
    """One account's standing, and what is said about it."""

    def __init__(self, account: str, service: Service, policy: Policy) -> None:
        self._account, self._service, self._policy = account, service, policy
        self._standing = Standing()
        self._unshown: deque[tuple[ServiceState, str]] = deque()
        self._untold: deque[_Untold] = deque(maxlen=KEPT)
        self._shown, self._told = asyncio.Event(), asyncio.Event()
        self._troubles: dict[str, _Trouble] = {}

    @property
    def phase(self) -> ServiceState:
        """Where the session is."""
        return self._standing.phase

    def is_hindered(self, by: Hindrance) -> bool:
        """Whether ``by`` is in force."""
        return by in self._standing.hindrances

    def enter(
        self, phase: ServiceState, reason: str = "", *, patience_s: float | None = None
    ) -> None:
        """Take note of where the session is; ``patience_s`` until somebody is called."""
        if phase is ServiceState.READY:
            self._troubles.pop(DOWN, None)
        elif phase is ServiceState.DOWN:
            after_s = self._policy.alarm_after_s if patience_s is None else patience_s
            trouble = self._troubles.setdefault(
                DOWN, _Trouble(monotonic_s(), after_s, Severity.ALARM)
            )
            trouble.patience_s = min(after_s, self._policy.alarm_after_s)
        self._show(self._standing.entered(phase, reason))

    def hinder(self, by: Hindrance, reason: str) -> None:
        """Take note of what is wrong; it holds from this moment."""
        effect = EFFECTS[by]
        if effect.event and by not in self._troubles:
            patience_s = effect.patience_s
            after_s = self._policy.alarm_after_s if patience_s is None else patience_s
            self._troubles[by] = _Trouble(monotonic_s(), after_s, effect.severity)
        self._show(self._standing.hindered(by, reason))

    def free(self, *by: Hindrance) -> None:
        """Take note that it is over."""
        for name in by:
            self._troubles.pop(name, None)
        self._show(self._standing.freed(*by))

    def refusal(self, *, is_new: bool) -> Denied | None:
        """Return why nothing may be sent at this very moment."""
        self.look()
        return self._standing.refusal(self._account, is_new=is_new)

    def tell(
        self, what: str, reason: str, *, severity: Severity = Severity.ALARM, **details: str
    ) -> None:
        """Put an event in line to be told, however long the bus is away."""
        self._untold.append(_Untold(what, severity, reason, details))
        self._told.set()

    async def tell_now(self, what: str, reason: str, *, severity: Severity, **details: str) -> bool:
        """Tell an event past those in line; return whether it is on record."""
        return await self._service.tell(what, severity=severity, reason=reason, **details)

    def look(self) -> None:
        """Take note of what the time of the day brings."""
        window = self._policy.restart_window
        ends_ns = window.ends_ns(now_ns()) if window is not None else None
        if window is not None and ends_ns is not None:
            if not self.is_hindered(Hindrance.WINDOW):
                left_s = (ends_ns - now_ns()) // NS_PER_S
                reason = f"restart window {window.text}, for {left_s} s more"
                self.hinder(Hindrance.WINDOW, reason)
        elif self.is_hindered(Hindrance.WINDOW):
            self.free(Hindrance.WINDOW)

    async def watch(self) -> None:
        """Look at the time, and call a person when something has lasted too long, for ever."""
        while True:
            self.look()
            self._call_overdue()
            await asyncio.sleep(LOOK_EVERY_S)

    async def show(self) -> None:
        """Publish each change of the state, for ever."""
        while True:
            await self._shown.wait()
            self._shown.clear()
            while self._unshown:
                await self._service.show(*self._unshown.popleft())

    async def tell_all(self) -> None:
        """Publish what waits to be told, in order, for ever."""
        while True:
            await self._told.wait()
            self._told.clear()
            while self._untold:
                event = self._untold[0]
                is_told = await self._service.tell(
                    event.what, severity=event.severity, reason=event.reason, **event.details
                )
                if not is_told:
                    await asyncio.sleep(RETRY_S)
                elif self._untold and self._untold[0] is event:  # else it went as the oldest
                    self._untold.popleft()

    def _call_overdue(self) -> None:
        for name, trouble in self._troubles.items():
            if not trouble.is_told and monotonic_s() - trouble.since_s >= trouble.patience_s:
                trouble.is_told = True
                self._call(name, trouble)

    def _call(self, name: str, trouble: _Trouble) -> None:
        if name == DOWN:
            what, reason = DOWN, self._standing.reason
        else:
            cause = Hindrance(name)
            what, reason = EFFECTS[cause].event, self._standing.hindrances[cause]
        lasted_s = monotonic_s() - trouble.since_s
        self.tell(what, reason, severity=trouble.severity, lasted_s=f"{lasted_s:.0f}")

    def _show(self, standing: Standing) -> None:
        if standing.shown() != self._standing.shown():
            self._unshown.append(standing.shown())
            self._shown.set()
        self._standing = standing
        self._call_overdue()
