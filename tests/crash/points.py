"""The named points of an order's life, each as a moment in a program.

What is a broker's own is in its ``Moments``; a point whose moment it does not have is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.crash.launch import Step

WORKER, ROUTER, NATS, VENUE = "worker", "router", "nats", "venue"
LETS_LIVE_S = 5.2  # a session that lived so long is followed by another one without delay


class Sent(StrEnum):
    """Whether the order in hand is at the broker when something dies at a point."""

    NEVER = "never"
    ALWAYS = "always"
    EITHER = "either"


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where somebody dies."""

    name: str
    steps: tuple[Step, ...] = ()  # none: at any moment after an order was handed over
    watched: str = WORKER  # whose steps these are
    victims: tuple[str, ...] = (WORKER,)
    sent: Sent = Sent.EITHER
    after_death: tuple[Step, ...] = ()  # then the victim dies here, before this as it starts again
    urges: str = ""  # what the trader asks for most, so that the point is reached
    strikes: str = ""  # the fault that comes instead of a death, as the broker's kit names it
    is_noisy: bool = False  # faults come at random all the time
    lets_live_s: float = 0.0  # how long the session must have lived before the next one


@dataclass(frozen=True, kw_only=True)
class Moments:
    """The moments that a broker's adapter has and the shared worker has not."""

    order_written: Step
    cancel_written: Step
    bytes_come: Step
    collected: Step
    id_allocated: Step | None = None  # where an order has an id of the broker's before it is sent
    order_built: Step | None = None  # of orders that belong together: one of them, of several
    all_written: Step | None = None
    change_written: Step | None = None
    is_sent_at_once: bool = True  # False: as the reply is made, the order may be on its way yet


def _step(module: str, function: str, event: str) -> Step:
    return Step(module=module, function=function, event=event)


TAKEN = _step("janus_common.worker.intake", "Intake._place", "call")
PLACED = _step("janus_common.worker.intake", "Intake._place", "return")
WRITTEN = _step("janus_common.worker.journal", "Journal.begin", "wait")
ACKED = _step("janus_common.worker.journal", "Journal.begin", "return")
PUBLISHED = _step("janus_common.worker.journal", "Journal._append", "return")
HEARD = _step("janus_common.worker.book", "Book.hear", "return")
LOADED = _step("janus_common.worker.desk", "Desk.load", "return")
CAUGHT_UP = _step("janus_common.worker.fills", "FillsOutbox.caught_up", "call")
FILL_HEARD = _step("janus_common.worker.fills", "FillsOutbox.hear", "call")
FILL_WRITTEN = _step("janus_common.worker.fills", "FillsOutbox._send", "return")
FILL_STORED = _step("janus_common.worker.fills", "FillsOutbox._confirm", "return")
GROUP_BEGUN = _step("janus_common.worker.group_intake", "GroupIntake._begin", "call")
GROUP_PLACED = _step("janus_common.worker.group_intake", "GroupIntake._send", "return")
CHANGE_STORED = _step("janus_common.worker.replacing", "Replacing._recorded", "return")
ORDERS_ENDED = _step("janus_common.worker.flatten", "Flatten._end_orders", "return")
SIZE_TAKEN = _step("janus_common.worker.flatten", "Flatten._agree", "return")
CLOSING_SENT = _step("janus_common.worker.flatten", "Flatten._close", "return")
ASKED = _step("janus_router.intents", "Intents._place", "call")
HANDED_OVER = _step("janus_router.intents", "Intents._hand_over", "wait")
ANSWERED = _step("janus_router.intents", "Intents._hand_over", "return")


def points(
    moments: Moments, *, trades: Collection[str] = (), strikes: Iterable[str] = ()
) -> list[Point]:
    """Return every point, in the order of an order's life."""
    found = [
        *_router_dies(),
        *_worker_dies(moments),
        *_worker_dies_again(moments),
        *_group_is_cut(moments),
        *_change_is_cut(moments),
        *_flatten_is_cut(),
        *_bus_dies(moments),
        *_venue_dies(moments),
        *_session_is_lost(strikes),
        *_all_is_noisy(moments),
    ]
    return [point for point in found if not point.urges or point.urges in trades]


def _router_dies() -> list[Point]:
    def point(name: str, step: Step, sent: Sent) -> Point:
        return Point(name=name, steps=(step,), watched=ROUTER, victims=(ROUTER,), sent=sent)

    return [
        point("router has it", ASKED, Sent.NEVER),
        point("router waits for the worker", HANDED_OVER, Sent.EITHER),
        point("router has the answer", ANSWERED, Sent.EITHER),
    ]


def _worker_dies(moments: Moments) -> list[Point]:
    out = moments.order_written

    def point(name: str, *steps: Step, sent: Sent = Sent.ALWAYS) -> Point:
        return Point(name=name, steps=steps, sent=sent)

    return [
        point("worker has it", TAKEN, sent=Sent.NEVER),
        *(
            [point("id allocated", moments.id_allocated, sent=Sent.NEVER)]
            if moments.id_allocated
            else []
        ),
        point("SENDING written", WRITTEN, sent=Sent.NEVER),
        point("SENDING acked", ACKED, sent=Sent.NEVER),
        point("bytes written", out),
        point(
            "before the reply",
            out,
            PLACED,
            sent=Sent.ALWAYS if moments.is_sent_at_once else Sent.EITHER,
        ),
        point("before the broker's answer", out, moments.bytes_come),
        point("answer read", out, HEARD),
        point("update published", out, PUBLISHED),
        point("fill heard", FILL_HEARD, sent=Sent.EITHER),
        point("fill written", FILL_WRITTEN, sent=Sent.EITHER),
        point("fill stored", FILL_STORED, sent=Sent.EITHER),
        point("cancel written", moments.cancel_written, sent=Sent.EITHER),
    ]


def _worker_dies_again(moments: Moments) -> list[Point]:
    def point(name: str, *again: Step) -> Point:
        return Point(name=name, steps=(moments.order_written,), after_death=again)

    return [
        point("recovery: journal read", LOADED),
        point("recovery: broker asked", moments.collected),
        point("recovery: all heard", CAUGHT_UP),
    ]


def _group_is_cut(moments: Moments) -> list[Point]:
    if moments.all_written is None or moments.order_built is None:
        return []
    begun = replace(moments.all_written, event="call")

    def point(name: str, *steps: Step, sent: Sent = Sent.NEVER, urges: str = "bracket") -> Point:
        return Point(name=name, steps=steps, sent=sent, urges=urges)

    return [
        point("bracket: one record acked", GROUP_BEGUN, ACKED),
        point("bracket: two records acked", GROUP_BEGUN, ACKED, ACKED),
        point("bracket: parent without children", begun, moments.order_built),
        point("bracket: bytes written", moments.all_written, sent=Sent.ALWAYS),
        point("bracket: before the reply", GROUP_PLACED, sent=Sent.EITHER),
        point("group: one record acked", GROUP_BEGUN, ACKED, urges="group"),
        point("group: bytes written", moments.all_written, sent=Sent.ALWAYS, urges="group"),
    ]


def _change_is_cut(moments: Moments) -> list[Point]:
    def point(name: str, *steps: Step) -> Point:
        return Point(name=name, steps=steps, urges="change")

    if moments.change_written is None:
        return []
    return [
        point("change: recorded", CHANGE_STORED),
        point("change: bytes written", moments.change_written),
        point("change: before the answer", moments.change_written, moments.bytes_come),
    ]


def _flatten_is_cut() -> list[Point]:
    def point(name: str, step: Step) -> Point:
        return Point(name=name, steps=(step,), urges="flatten")

    return [
        point("flatten: orders ended", ORDERS_ENDED),
        point("flatten: size taken", SIZE_TAKEN),
        point("flatten: closing order sent", CLOSING_SENT),
    ]


def _bus_dies(moments: Moments) -> list[Point]:
    def point(name: str, *steps: Step, sent: Sent = Sent.EITHER, also: str = "") -> Point:
        victims = (NATS, also) if also else (NATS,)
        return Point(name=name, steps=steps, victims=victims, sent=sent)

    return [
        point("nats: SENDING written", WRITTEN),
        point("nats: bytes written", moments.order_written, sent=Sent.ALWAYS),
        point("nats: answer read", moments.order_written, HEARD, sent=Sent.ALWAYS),
        point("nats: fill written", FILL_WRITTEN),
        point("nats: any moment"),
        point("nats and worker: bytes written", moments.order_written, also=WORKER),
    ]


def _venue_dies(moments: Moments) -> list[Point]:
    """Return the points of the broker's own death; what it has taken it still has afterwards."""

    def point(name: str, *steps: Step, sent: Sent = Sent.EITHER, urges: str = "") -> Point:
        return Point(
            name=name,
            steps=steps,
            victims=(VENUE,),
            sent=sent,
            urges=urges,
            lets_live_s=LETS_LIVE_S,
        )

    found = [
        point("venue: bytes written", moments.order_written),
        point("venue: answer read", moments.order_written, HEARD),
        point("venue: any moment"),
    ]
    if moments.all_written is not None:
        found.append(point("venue: bracket written", moments.all_written, urges="bracket"))
    return found


def _session_is_lost(strikes: Iterable[str]) -> list[Point]:
    return [
        Point(name=f"fault: {name}", victims=(), strikes=name, lets_live_s=LETS_LIVE_S)
        for name in strikes
    ]


def _all_is_noisy(moments: Moments) -> list[Point]:
    """Return deaths while messages come late, twice or never."""

    def point(name: str, *steps: Step, victims: tuple[str, ...] = (WORKER,)) -> Point:
        return Point(name=name, steps=steps, victims=victims, is_noisy=True)

    return [
        point("noise: bytes written", moments.order_written),
        point("noise: any moment"),
        point("noise: nats, answer read", moments.order_written, HEARD, victims=(NATS,)),
    ]


def steps_of(found: list[Point]) -> Mapping[str, Step]:
    """Return every moment that any of the points needs, by a readable name."""
    return {
        f"{step.module}:{step.function} {step.event}": step
        for point in found
        for step in (*point.steps, *point.after_death)
    }
