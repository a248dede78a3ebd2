"""Faults between the venue and one client's socket: frames lost, late, changed, twice."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from janus_paper_venue.faults import Fault, Faults
from janus_paper_venue.faults_list import EXECUTIONS, FEES
from janus_paper_venue.tws import times
from janus_paper_venue.tws.outbox import Deliver, Outbox
from janus_paper_venue.tws.wire import frame, unframe

ERROR, STATUS, OPEN_ORDER, NEXT_ID, EXECUTION, FEE = "4", "3", "5", "9", "11", "59"
POSITION = "61"
TIME, PRICE, SIZE = "49", "1", "2"
# Where the contract and the quantity stand, and which fault makes the latter none.
ODD = {
    EXECUTION: ("odd_execution", 3, 19),
    OPEN_ORDER: ("odd_order", 2, 14),
    POSITION: ("odd_position", 3, 14),
}
TICKS = frozenset({PRICE, SIZE, "45", "46", "50", "99"})
BIDS = frozenset({"1", "66"})
UNASKED = "-1"
PATIENCE_S = 1.0  # a frame that waits for another one is delivered after that anyway
CROSSED_BY = Decimal("1.05")
NS = 1_000_000_000


class FaultyFrames:
    """The filter of one session's outbox; ``con_id`` tells what a market data line is of."""

    def __init__(
        self,
        faults: Faults,
        outbox: Outbox,
        *,
        client_id: Callable[[], int],
        con_id: Callable[[int], int],
    ) -> None:
        self._faults, self._outbox = faults, outbox
        self._client_id, self._con_id = client_id, con_id
        self._late: deque[tuple[float, bytes, Deliver]] = deque()  # the stream, all behind a delay
        self._waiting: dict[str, list[tuple[bytes, Deliver]]] = {}  # by order, for an execution
        self._next: tuple[bytes, Deliver] | None = None  # goes out after the next frame
        self._bytes_left: int | None = None
        self._routes: dict[str, Callable[[bytes, list[str], Deliver], None]] = {
            STATUS: self._status,
            OPEN_ORDER: self._hold_or_send,
            EXECUTION: self._execution,
            FEE: self._fee,
            NEXT_ID: self._next_id,
            TIME: self._time,
            PRICE: self._price,
            POSITION: lambda single, _, deliver: self._send(single, deliver),
        }

    @property
    def is_idle(self) -> bool:
        """Whether nothing is held back here."""
        return not (self._late or self._waiting or self._next or self._bytes_left is not None)

    def __call__(self, single: bytes, deliver: Deliver) -> None:
        """Deliver one frame as the faults in force would have it."""
        if self._take("mute"):
            return
        kind = single[4 : single.index(0, 4)].decode()
        if kind in TICKS and self._take("competing_session"):
            return
        route = self._routes.get(kind)
        if route is None:
            self._send(single, deliver)
        else:
            fields = self._made_odd(kind, unframe(single))
            route(frame(*fields) if kind in ODD else single, fields, deliver)

    def _made_odd(self, kind: str, fields: list[str]) -> list[str]:
        name, contract_at, qty_at = ODD.get(kind, ("", 0, 0))
        if name:
            con_id = int(fields[contract_at])
            fault = self._faults.take((name,), client_id=self._client_id(), con_id=con_id)
            if fault is not None:
                fields[qty_at] = fault.text or ""
        return fields

    # Orders.

    def _status(self, single: bytes, fields: list[str], deliver: Deliver) -> None:
        fault = self._take("lose_status", "duplicate_status")
        if fault is None:
            self._hold_or_send(single, fields, deliver)
        elif fault.name == "duplicate_status":
            self._hold_or_send(single, fields, deliver)
            self._hold_or_send(single, fields, deliver)

    def _hold_or_send(self, single: bytes, fields: list[str], deliver: Deliver) -> None:
        """Let what is said of an order wait for its first execution, if that is the fault."""
        order_id = fields[1]
        if order_id not in self._waiting:
            if not self._take("execution_first"):
                self._send(single, deliver)
                return
            self._waiting[order_id] = []
            asyncio.get_running_loop().call_later(PATIENCE_S, self._release, order_id)
        self._waiting[order_id].append((single, deliver))

    def _release(self, order_id: str) -> None:
        for single, deliver in self._waiting.pop(order_id, ()):
            self._send(single, deliver)

    def _execution(self, single: bytes, fields: list[str], deliver: Deliver) -> None:
        fault = self._take(*EXECUTIONS) if fields[1] == UNASKED else None
        single = self._skewed_execution(single, fields)
        match fault:
            case Fault(name="lose_execution"):
                return
            case Fault(name="late_execution"):
                self._later(fault, single, deliver)
            case Fault(name="duplicate_execution"):
                self._send(single, deliver)
                self._send(single, deliver)
            case _:
                self._send(single, deliver)
        self._release(fields[2])

    def _skewed_execution(self, single: bytes, fields: list[str]) -> bytes:
        fault = self._take("clock_skew")
        if fault is None:
            return single
        at = _exec_id_at(fields) + 1
        with suppress(ValueError):
            fields[at] = times.stamp(times.parse(fields[at]) + _skew_ns(fault))
        return frame(*fields)

    def _fee(self, single: bytes, _: list[str], deliver: Deliver) -> None:
        fault = self._take(*FEES)
        if fault is None:
            self._send(single, deliver)
        elif fault.name == "late_fee":
            self._later(fault, single, deliver)

    # The rest of what a client hears.

    def _next_id(self, single: bytes, fields: list[str], deliver: Deliver) -> None:
        fault = self._take("ids_back")
        if fault is not None:
            fields[2] = str(max(1, int(fields[2]) - (fault.ids or 0)))
            single = frame(*fields)
        self._send(single, deliver)

    def _time(self, single: bytes, fields: list[str], deliver: Deliver) -> None:
        fault = self._take("clock_skew")
        if fault is not None:
            fields[2] = str(int(fields[2]) + _skew_ns(fault) // NS)
            single = frame(*fields)
        self._send(single, deliver)

    def _price(self, single: bytes, fields: list[str], deliver: Deliver) -> None:
        con_id = self._con_id(int(fields[2]))
        names = ("nan_quote", "empty_quote", "crossed_market")
        fault = self._faults.take(names, client_id=self._client_id(), con_id=con_id)
        match fault.name if fault else "":
            case "nan_quote":
                fields[4] = "nan"
            case "empty_quote":
                fields[4], fields[5] = "-1", "0"
            case "crossed_market" if fields[3] in BIDS and not fields[4].startswith("-"):
                fields[4] = f"{Decimal(fields[4]) * CROSSED_BY:.2f}"
        self._send(frame(*fields) if fault else single, deliver)

    # The stream.

    def _send(self, single: bytes, deliver: Deliver) -> None:
        fault = self._take("delay_answers")
        if fault is not None or self._late:
            self._line_up((fault.seconds or 0.0) if fault else 0.0, single, deliver)
            return
        if self._next is None and self._take("reorder_answers"):
            self._next = single, deliver
            asyncio.get_running_loop().call_later(PATIENCE_S, self._send_next)
            return
        self._out(single, deliver)
        self._send_next()

    def _send_next(self) -> None:
        waiting, self._next = self._next, None
        if waiting is not None:
            self._out(*waiting)

    def _line_up(self, seconds: float, single: bytes, deliver: Deliver) -> None:
        due_s = asyncio.get_running_loop().time() + seconds
        if self._late:
            due_s = max(due_s, self._late[-1][0])
        self._late.append((due_s, single, deliver))
        asyncio.get_running_loop().call_at(due_s, self._pop)

    def _pop(self) -> None:
        if self._late:
            _, single, deliver = self._late.popleft()
            self._out(single, deliver)

    def _later(self, fault: Fault | None, single: bytes, deliver: Deliver) -> None:
        seconds = fault.seconds if fault else None
        asyncio.get_running_loop().call_later(seconds or 0.0, self._out, single, deliver)

    def _out(self, single: bytes, deliver: Deliver) -> None:
        if self._bytes_left is None:
            fault = self._take("drop_after_bytes")
            if fault is None:
                deliver(single)
                return
            self._bytes_left = fault.bytes or 0
        part = single[: self._bytes_left]
        self._bytes_left -= len(part)
        if part:
            deliver(part)
        if len(part) < len(single):
            self._outbox.close()

    def _take(self, *names: str) -> Fault | None:
        return self._faults.take(names, client_id=self._client_id())


def _exec_id_at(fields: list[str]) -> int:
    """Return where the execution's name is: behind two ids and the contract."""
    return next(at for at in range(3, len(fields)) if fields[at].count(".") == 3)


def _skew_ns(fault: Fault) -> int:
    return int((fault.amount or 0.0) * NS)
