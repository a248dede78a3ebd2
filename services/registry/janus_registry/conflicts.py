"""What contradicts what is known, in words."""

from __future__ import annotations

from janus_registry.filling import Filled


def in_words(filled: Filled) -> str:
    """Return each contradiction of ``filled``: the field, what is known, what was found."""
    return "; ".join(
        f"{one.field} {one.found} belongs to {one.belongs_to}"
        if one.belongs_to
        else f"{one.field} is {one.known}, not {one.found}"
        for one in filled.conflicts
    )
