"""What hinders an account now, and what follows: the state shown, what may be sent; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from janus_common.errors import Code, Denied
from janus_common.messages import ServiceState, Severity


class Hindrance(StrEnum):
    """What can be wrong while the session with the broker itself stands."""

    CUT = "CUT"  # the broker's own line to its market is broken
    BUS = "BUS"  # nothing can be recorded
    READ_ONLY = "READ_ONLY"  # the broker takes no orders over this connection
    CLOCK = "CLOCK"  # too wrong to judge what is late
    UNREADABLE = "UNREADABLE"  # the broker said something that nobody could read
    HALT = "HALT"  # by an operator, or for an order that is not ours
    WINDOW = "WINDOW"  # the broker restarts about now
    DATA = "DATA"  # market data only
    CLOCK_OFF = "CLOCK_OFF"  # wrong, but not by much


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a hindrance does; ``code`` refuses new orders, None lets them pass."""

    state: ServiceState
    code: Code | None = None
    stops_cancels: bool = False
    event: str = ""  # told when it has lasted for ``patience_s``
    severity: Severity = Severity.ALARM
    patience_s: float | None = 0.0  # None: as long as the account's settings say
    hint: str = ""


_ORDERS, _DATA = ServiceState.DEGRADED_ORDERS, ServiceState.DEGRADED_DATA
EFFECTS: dict[Hindrance, Effect] = {
    Hindrance.CUT: Effect(
        state=_ORDERS,
        code=Code.BROKER_DOWN,
        stops_cancels=True,
        event="broker-cut-off",
        patience_s=None,
        hint="nothing was sent; it comes back by itself",
    ),
    Hindrance.BUS: Effect(
        state=_ORDERS,
        code=Code.BUS_DOWN,
        event="bus-lost",
        severity=Severity.WARNING,
        hint="nothing was sent; try again",
    ),
    Hindrance.READ_ONLY: Effect(
        state=_ORDERS,
        code=Code.BROKER_REJECTED,
        event="broker-read-only",
        hint="switch off Read-Only API in the gateway's settings",
    ),
    Hindrance.CLOCK: Effect(
        state=_ORDERS,
        code=Code.CLOCK_SKEW,
        event="clock-skew",
        hint="set this machine's clock (NTP), then restart the worker",
    ),
    Hindrance.UNREADABLE: Effect(  # told with what came, see ``unread.py``
        state=_ORDERS,
        code=Code.BROKER_UNREADABLE,
        hint="nothing was sent; janus sync asks once more, janus unblock overrules it",
    ),
    Hindrance.HALT: Effect(
        state=_ORDERS,
        code=Code.HALTED,
        event="account-halted",
        severity=Severity.WARNING,
        hint="nothing was sent; janus resume",
    ),
    Hindrance.WINDOW: Effect(
        state=_ORDERS, code=Code.RESTART_WINDOW, hint="send it after the window"
    ),
    Hindrance.DATA: Effect(
        state=_DATA, event="data-degraded", severity=Severity.WARNING, patience_s=None
    ),
    Hindrance.CLOCK_OFF: Effect(
        state=ServiceState.READY, event="clock-off", severity=Severity.WARNING
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the session is, and what hinders it; in the order in which it began."""

    phase: ServiceState = ServiceState.STARTING
    reason: str = ""
    hindrances: Mapping[Hindrance, str] = field(default_factory=dict)

    def entered(self, phase: ServiceState, reason: str = "") -> Standing:
        """Return this with the session in another phase."""
        return replace(self, phase=phase, reason=reason)

    def hindered(self, by: Hindrance, reason: str) -> Standing:
        """Return this with one more hindrance, or with another reason for one."""
        return replace(self, hindrances={**self.hindrances, by: reason})

    def freed(self, *by: Hindrance) -> Standing:
        """Return this without some hindrances."""
        left = {name: reason for name, reason in self.hindrances.items() if name not in by}
        return replace(self, hindrances=left)

    def shown(self) -> tuple[ServiceState, str]:
        """Return the state that others see, and why."""
        if self.phase is not ServiceState.READY:
            return self.phase, self.reason
        states = {EFFECTS[name].state for name in self.hindrances}
        worst = next((s for s in (_ORDERS, _DATA) if s in states), ServiceState.READY)
        return worst, "; ".join(self.hindrances.values())

    def refusal(self, account: str, *, is_new: bool) -> Denied | None:
        """Return why nothing may be sent now; ``is_new``: an order, not the end of one."""
        if self.phase is not ServiceState.READY:
            is_down = self.phase is ServiceState.DOWN
            return Denied(
                Code.BROKER_DOWN if is_down else Code.ACCOUNT_NOT_READY,
                f"account {account} is {self.phase}" + (f": {self.reason}" if self.reason else ""),
                "nothing was sent; janus workers",
            )
        for name, effect in EFFECTS.items():
            if name in self.hindrances and effect.code and (is_new or effect.stops_cancels):
                why = f"account {account} takes no new orders: {self.hindrances[name]}"
                return Denied(effect.code, why, effect.hint)
        return None
