"""Delays between tries: pure, endless, jittered; the caller sleeps and classifies."""

from __future__ import annotations

from collections.abc import Callable, Iterator


def backoff(
    *,
    jitter: Callable[[], float],
    first_s: float = 0.5,
    cap_s: float = 60.0,
    factor: float = 2.0,
    spread: float = 0.5,
) -> Iterator[float]:
    """Yield delays in seconds for ever: ``first_s`` doubling up to ``cap_s``.

    Each is shortened by up to ``spread`` of itself, by ``jitter``, which returns 0 to 1
    (``random.random``), so that many processes do not come back at the same moment.
    """
    delay = first_s
    while True:
        yield delay * (1 - spread * jitter())
        delay = min(delay * factor, cap_s)
