"""What each of the broker's error codes means for what it is about; a table, pure.

Source: IB's message codes as the TWS API documents them. A code that is not here changes nothing:
only a status or an execution moves an order on.
"""

from __future__ import annotations

import re
from enum import StrEnum

from janus_common.errors import Code
from janus_common.orders import Word
from janus_common.worker.broker import LinkState

CLIENT_ID_IN_USE = 326


class Effect(StrEnum):
    """What a code does to the order it names."""

    REMARK = "REMARK"  # the order lives; the text is kept
    REFUSED = "REFUSED"  # ends a new order, leaves a working one as it was
    CANCELED = "CANCELED"
    CANCEL_REFUSED = "CANCEL_REFUSED"
    REPLACE_REFUSED = "REPLACE_REFUSED"
    REPLACE_EARLY = "REPLACE_EARLY"  # ask for the change again in a moment
    UNCLEAR = "UNCLEAR"  # ask the broker what became of it


# Said of a refused change too, which leaves the order at work: then the broker is asked.
_REFUSED = (
    *(201, 203),
    *(107, 109, 110, 163, 200, 321, 322, 382, 383, 387, 388, 411, 421, 434, 435, 436, 460, 461),
    *(463, 10006, 10041, 10052, 10243, 10268, 10269, 10270, 10289, 10290, 10318),
    *range(10244, 10253),
)
_REPLACE_REFUSED = (104, 105, 462)
_REPLACE_EARLY = 2102
_CANCEL_REFUSED = (161, 10148)
_UNCLEAR = (103, 133, 134, 135, 10147, 10149)
_REMARKS = (399, 404, 481, 10187, 10233, 10311, 10329, 10349)

ORDER_EFFECTS: dict[int, Effect] = {
    202: Effect.CANCELED,
    **dict.fromkeys(_REFUSED, Effect.REFUSED),
    **dict.fromkeys(_REPLACE_REFUSED, Effect.REPLACE_REFUSED),
    **dict.fromkeys(_CANCEL_REFUSED, Effect.CANCEL_REFUSED),
    **dict.fromkeys(_UNCLEAR, Effect.UNCLEAR),
    **dict.fromkeys(_REMARKS, Effect.REMARK),
    **dict.fromkeys(range(2100, 2200), Effect.REMARK),
    _REPLACE_EARLY: Effect.REPLACE_EARLY,
}

WORDS: dict[Effect, tuple[Word | None, Code | None]] = {
    Effect.REMARK: (None, None),
    Effect.REFUSED: (Word.REFUSED, Code.BROKER_REJECTED),
    Effect.CANCELED: (Word.CANCELED, None),
    Effect.CANCEL_REFUSED: (Word.CANCEL_REFUSED, None),
    Effect.REPLACE_REFUSED: (Word.REPLACE_REFUSED, None),
    Effect.REPLACE_EARLY: (None, None),
    Effect.UNCLEAR: (None, None),
}

_TO_BE_ASKED = frozenset(
    {Effect.UNCLEAR, Effect.REFUSED, Effect.CANCEL_REFUSED, Effect.REPLACE_REFUSED}
)

LINK_STATES: dict[int, LinkState] = {
    1100: LinkState.CUT,
    2110: LinkState.CUT,
    1101: LinkState.BACK_WITHOUT_DATA,
    1102: LinkState.BACK,
}

# Which of its sources of data went away (True) or came back: of quotes, of history, of contracts.
FARMS: dict[int, tuple[str, bool]] = {
    2103: ("quotes", True),
    2104: ("quotes", False),
    2108: ("quotes", False),  # idle, and there when it is needed
    2105: ("history", True),
    2106: ("history", False),
    2107: ("history", False),
    2157: ("contracts", True),
    2158: ("contracts", False),
}
INVALID = 321  # also what a gateway that takes no orders over its API answers them with
_READ_ONLY = "read-only"
_FARM_NAME = re.compile(r"[:.]\s*([A-Za-z0-9_]+)\s*$")


def farm(code: int, text: str) -> tuple[str, bool] | None:
    """Return which farm a code is about and whether it is broken; None if about none."""
    if code not in FARMS:
        return None
    kind, is_broken = FARMS[code]
    match = _FARM_NAME.search(text)
    return f"{kind} {match[1] if match else ''}".strip(), is_broken


def is_read_only(code: int, text: str) -> bool:
    """Whether the gateway says that its API takes no orders."""
    return code == INVALID and _READ_ONLY in text.lower()


# The line is refused or has ended; with delayed data it may still come.
LINE_DELAYED_INSTEAD = frozenset({354, 10089, 10090, 10091, 10168, 10186})
LINE_REMARKS = frozenset({10167, *range(2100, 2200)})

NOT_FOUND = 200  # of a question about contracts


def effect_on_order(code: int) -> tuple[Effect, bool]:
    """Return what ``code`` does to an order, and whether the broker should be asked about it.

    An order that is over then need not be asked about.
    """
    effect = ORDER_EFFECTS.get(code)
    if effect is None:
        return Effect.REMARK, True
    return effect, effect in _TO_BE_ASKED
