"""The ids that orders have at Webull: our own, and a second one derived from it; pure.

An order whose time in force is refused is sent again as DAY, and an id is never used twice. The
second id follows from the first, and the first from the second, so that after any death both can
be asked about and what is found has its own name.
"""

from __future__ import annotations

import re

LONGEST = 40
SUFFIX = "_d"
_UUID4 = re.compile(r"([0-9a-f]{12})4([0-9a-f]{3}[89ab][0-9a-f]{15})")
_DERIVED_UUID4 = re.compile(r"([0-9a-f]{12})d([0-9a-f]{3}[89ab][0-9a-f]{15})")


def derived(client_order_id: str) -> str | None:
    """Return the id of an order's second try; None if there is no room for one."""
    if match := _UUID4.fullmatch(client_order_id):
        return f"{match[1]}d{match[2]}"  # as long as before: some of Webull's interfaces take 32
    longer = client_order_id + SUFFIX
    return longer if len(longer) <= LONGEST else None


def is_derived(wire_id: str) -> bool:
    """Whether ``wire_id`` is, or looks like, the id of a second try."""
    return wire_id.endswith(SUFFIX) or _DERIVED_UUID4.fullmatch(wire_id) is not None


def original(wire_id: str) -> str:
    """Return our id of the order that Webull knows as ``wire_id``."""
    if match := _DERIVED_UUID4.fullmatch(wire_id):
        return f"{match[1]}4{match[2]}"
    return wire_id.removesuffix(SUFFIX)


def both(client_order_id: str) -> tuple[str, ...]:
    """Return all ids that an order may have at Webull."""
    second = derived(client_order_id)
    return (client_order_id,) if second is None else (client_order_id, second)
