"""The faults that are in force, and whether one of them strikes: pure, the same for one seed.

Each has dice of its own, so that what strikes orders does not depend on how many ticks were sent.

A fault strikes once, ``times`` times, or with a ``probability``; the first ``after``
opportunities are let pass. Faults that last go on for ``seconds``, or until they are lifted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from random import Random

import msgspec

from janus_paper_venue.faults_kind import Kind
from janus_paper_venue.faults_list import ALIASES, AT_ONCE, BY_VENUE_CLOCK, KINDS, NEED_SYMBOL

MAX_ACTIVE = 1_000
MAX_SECONDS = 86_400.0
COMMON = frozenset({"name", "times", "probability", "after", "client_id"})
replace = msgspec.structs.replace


class FaultInvalid(Exception):
    """This fault cannot be injected; the text says why."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked for; a parameter that is absent has the default of its fault."""

    name: str
    times: int | None = None  # 0: until lifted
    probability: float | None = None
    after: int = 0
    client_id: int | None = None  # only this client
    symbol: str | None = None
    seconds: float | None = None
    code: int | None = None
    text: str | None = None
    bytes: int | None = None
    ids: int | None = None
    amount: float | None = None
    path: str | None = None  # a part of the paths it concerns; empty: all


class Active(msgspec.Struct, kw_only=True):
    """A fault in force."""

    id: int
    fault: Fault
    dice: Random
    con_id: int = 0  # of its symbol; 0: any
    until_s: float | None = None
    left: int | None = None  # None: until lifted
    seen: int = 0  # opportunities
    fired: int = 0


Listener = Callable[[Active, bool], None]
"""Called with a fault and whether it begins (or ends)."""


def completed(fault: Fault) -> Fault:
    """Return ``fault`` with every parameter that its kind has.

    Raises:
        FaultInvalid: there is no such fault, or it cannot be meant like this.
    """
    kind = KINDS.get(fault.name)
    if kind is None:
        raise FaultInvalid(f"there is no fault {fault.name[:40]!r}")
    given = {name: value for name, value in msgspec.structs.asdict(fault).items() if value}
    if unknown := set(given) - COMMON - set(kind.defaults):
        raise FaultInvalid(f"{fault.name} has no {', '.join(sorted(unknown))}")
    if fault.name in NEED_SYMBOL and not fault.symbol:
        raise FaultInvalid(f"{fault.name} needs a symbol")
    _check(fault)
    missing = {name: value for name, value in kind.defaults.items() if getattr(fault, name) is None}
    return replace(fault, name=ALIASES.get(fault.name, fault.name), **missing)


def _check(fault: Fault) -> None:
    share, seconds, amount = fault.probability, fault.seconds, fault.amount
    if share is not None and not 0 < share <= 1:
        raise FaultInvalid(f"probability {share} is not above 0 and at most 1")
    if seconds is not None and not 0 <= seconds <= MAX_SECONDS:
        raise FaultInvalid(f"seconds {seconds} is not between 0 and {MAX_SECONDS:.0f}")
    if amount is not None and not math.isfinite(amount):
        raise FaultInvalid(f"amount {amount} is no number")
    for name in ("times", "after", "bytes", "ids", "code"):
        if (getattr(fault, name) or 0) < 0:
            raise FaultInvalid(f"{name} is below 0")


class Faults:
    """All faults in force; ``now_s`` is a clock that only goes forward."""

    def __init__(
        self,
        *,
        seed: int = 1,
        now_s: Callable[[], float] = lambda: 0.0,
        con_id: Callable[[str], int] = lambda _: 0,
    ) -> None:
        self._seed, self._now_s, self._con_id = seed, now_s, con_id
        self._active: list[Active] = []
        self._listeners: list[Listener] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._active)

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with each fault that begins or ends."""
        self._listeners.append(listener)

    def inject(self, fault: Fault) -> Active:
        """Put a fault in force.

        Raises:
            FaultInvalid: it cannot be.
        """
        if len(self._active) >= MAX_ACTIVE:
            raise FaultInvalid(f"{MAX_ACTIVE} faults are in force already")
        whole = completed(fault)
        kind = KINDS[whole.name]
        self._count += 1
        active = Active(
            id=self._count,
            fault=whole,
            dice=Random(f"{self._seed} {self._count}"),  # noqa: S311 - repeatable on purpose
            con_id=self._con_id(whole.symbol) if whole.symbol else 0,
            until_s=self._end_s(whole, kind),
            left=_times(whole, kind),
        )
        if whole.name not in AT_ONCE:
            self._active.append(active)
        self._tell(active, begins=True)
        return active

    def active(self) -> list[Active]:
        """Return what is in force, oldest first."""
        self.expire()
        return list(self._active)

    def clear(self, name: str = "") -> int:
        """Lift all faults, or those with this name; return how many there were."""
        name = ALIASES.get(name, name)
        return self._end([one for one in self._active if name in {"", one.fault.name}])

    def lift(self, one: Active) -> None:
        """End a fault, if it has not ended yet."""
        self._end([one] if one in self._active else [])

    def expire(self) -> None:
        """Lift what has lasted long enough."""
        now_s = self._now_s()
        self._end([one for one in self._active if one.until_s and one.until_s <= now_s])

    def take(
        self, names: Iterable[str], *, client_id: int = -1, con_id: int = 0, path: str = ""
    ) -> Fault | None:
        """Return the fault that strikes at this opportunity, if one does."""
        if not self._active:
            return None
        now_s = self._now_s()
        wanted = frozenset(names)
        for one in self._active:
            is_meant = one.fault.name in wanted and (one.fault.path or "") in path
            if is_meant and _concerns(one, client_id, con_id, now_s):
                one.seen += 1
                if self._strikes(one):
                    return one.fault
        return None

    def _end_s(self, fault: Fault, kind: Kind) -> float | None:
        is_timed = kind.lasts and fault.seconds and fault.name not in BY_VENUE_CLOCK
        return self._now_s() + (fault.seconds or 0.0) if is_timed else None

    def _strikes(self, one: Active) -> bool:
        if one.seen <= one.fault.after:
            return False
        share = one.fault.probability
        if share is not None and one.dice.random() >= share:
            return False
        one.fired += 1
        if one.left is not None and one.fired >= one.left:
            self._end([one])
        return True

    def _end(self, ended: list[Active]) -> int:
        for one in ended:
            self._active.remove(one)
        for one in ended:
            self._tell(one, begins=False)
        return len(ended)

    def _tell(self, one: Active, *, begins: bool) -> None:
        for listener in self._listeners:
            listener(one, begins)


def _concerns(one: Active, client_id: int, con_id: int, now_s: float) -> bool:
    return (
        one.fault.client_id in {None, client_id}
        and one.con_id in {0, con_id}
        and (one.until_s is None or now_s < one.until_s)
    )


def _times(fault: Fault, kind: Kind) -> int | None:
    """Return how often it strikes; once, unless something else was said."""
    if fault.times is not None:
        return fault.times or None
    return None if kind.lasts or fault.probability is not None else 1
