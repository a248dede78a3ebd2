"""What one fault of the venue is, before there is a list of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kind:
    """One fault; ``defaults`` are its parameters, ``lasts`` when it goes on until it is lifted."""

    what: str
    defaults: Mapping[str, float | int | str] = field(default_factory=dict)
    lasts: bool = False
