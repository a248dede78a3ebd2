"""One page of a list: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TypeVar

from janus_paper_venue.webull.answers import illegal

T = TypeVar("T")
USUAL_SIZE, MAX_SIZE = 10, 100


def page_size(query: Mapping[str, str], *, smallest: int = 1) -> int:
    """Return how many are wanted; 10 unless said otherwise."""
    text = query.get("page_size") or str(USUAL_SIZE)
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise illegal("page_size is not a number.")
    if not smallest <= int(text) <= MAX_SIZE:
        raise illegal(f"page_size is not between {smallest} and {MAX_SIZE}.")
    return int(text)


def page(
    found: Iterable[T], size: int, *, is_past: Callable[[T], bool] | None = None
) -> tuple[list[T], bool]:
    """Return the first ``size`` that ``is_past`` lets through, and whether there are more."""
    wanted = (one for one in found if is_past is None or is_past(one))
    taken = list(islice(wanted, size + 1))
    return taken[:size], len(taken) > size
