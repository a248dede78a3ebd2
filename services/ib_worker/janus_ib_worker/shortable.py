"""Whether IB has shares to lend: its generic tick 236, in words."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from janus_common.errors import BrokerUnavailable

from janus_ib_worker.questions import BrokerRefused

ANSWER_S = 3.0
GENERIC_TICK = "236"
TICK = 46
EASY, LOCATE = 2.5, 1.5  # above: at least 1,000 shares; they have to be located first


def unavailable(ease: float) -> str | None:
    """Return why no shares can be borrowed; None: they can."""
    if ease > EASY:
        return None
    if ease > LOCATE:
        return "the broker has to locate shares first"
    return "the broker has no shares to lend"


async def answer(asking: Awaitable[list[Any]]) -> str | None:
    """Return the same of an answer to come; none that can be used is a no."""
    try:
        return unavailable((await asking)[0])
    except BrokerRefused as refused:
        return f"the broker does not tell whether it has shares: {refused}"
    except BrokerUnavailable as error:
        return str(error)
