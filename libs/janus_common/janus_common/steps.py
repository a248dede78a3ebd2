"""The steps between an instrument's prices, which may depend on the price itself; pure.

Written as ``"0:0.01 3:0.05"``: from 0 up a cent, from 3 up five.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from janus_common.messages import Instrument
from janus_common.symbols import plain

MAX_STEPS = 100
Steps = tuple[tuple[Decimal, Decimal], ...]


def spelled(steps: Iterable[tuple[Decimal, Decimal]]) -> str:
    """Return ``steps``, pairs of the price from which up a step holds and the step, as text."""
    return " ".join(f"{plain(edge)}:{plain(step)}" for edge, step in steps)


def read(text: str) -> Steps:
    """Return the steps that ``text`` spells, the lowest price first.

    Raises:
        ValueError: it spells none; the text says what is wrong.
    """
    found: list[tuple[Decimal, Decimal]] = []
    for part in text.split():
        edge, _, step = part.partition(":")
        try:
            pair = Decimal(edge), Decimal(step)
        except InvalidOperation:
            raise ValueError(f"{part[:40]!a} is not a price, a colon and a step") from None
        if not (pair[0].is_finite() and pair[1].is_finite()) or pair[0] < 0 or pair[1] <= 0:
            raise ValueError(f"{part[:40]!a}: a price is not below 0, a step above it")
        if found and pair[0] <= found[-1][0]:
            raise ValueError(f"{part[:40]!a} does not come after {plain(found[-1][0])}")
        found.append(pair)
    if not 0 < len(found) <= MAX_STEPS:
        raise ValueError(f"{len(found)} steps: there must be 1 to {MAX_STEPS}")
    return tuple(found)


def step_at(instrument: Instrument, price: Decimal) -> Decimal | None:
    """Return what ``price`` must be a multiple of; None: anything."""
    if instrument.price_steps is None:
        return instrument.tick_size
    steps = read(instrument.price_steps)
    return next((step for edge, step in reversed(steps) if price >= edge), steps[0][1])
