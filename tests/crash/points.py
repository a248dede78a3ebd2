"""The named points of an order's life, each as a moment in a program; what is a broker's own is
in that broker's ``Kit``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.crash.launch import Step

WORKER, ROUTER, NATS = "worker", "router", "nats"


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


@dataclass(frozen=True, kw_only=True)
class Moments:
    """The moments that a broker's adapter has and the shared worker has not."""

    id_allocated: Step
    order_written: Step
    cancel_written: Step
    bytes_come: Step
    collected: Step


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
ASKED = _step("janus_router.intents", "Intents._place", "call")
HANDED_OVER = _step("janus_router.intents", "Intents._hand_over", "wait")
ANSWERED = _step("janus_router.intents", "Intents._hand_over", "return")


def points(moments: Moments) -> list[Point]:
    """Return every point, in the order of an order's life."""
    return [
        *_router_dies(),
        *_worker_dies(moments),
        *_worker_dies_again(moments),
        *_bus_dies(moments),
    ]


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
        point("id allocated", moments.id_allocated, sent=Sent.NEVER),
        point("SENDING written", WRITTEN, sent=Sent.NEVER),
        point("SENDING acked", ACKED, sent=Sent.NEVER),
        point("bytes written", out),
        point("before the reply", out, PLACED),
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


def steps_of(found: list[Point]) -> Mapping[str, Step]:
    """Return every moment that any of the points needs, by a readable name."""
    return {
        f"{step.module}:{step.function} {step.event}": step
        for point in found
        for step in (*point.steps, *point.after_death)
    }
