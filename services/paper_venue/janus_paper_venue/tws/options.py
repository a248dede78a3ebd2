"""How the TWS face of the venue behaves, as a gateway's settings and permissions would say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What market data the login is subscribed to."""

    LIVE = "live"
    DELAYED = "delayed"  # not subscribed; delayed data to those who ask for it
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of one gateway; the defaults are those of a real one."""

    messages_per_s: int | None = 50  # per client; None: no limit
    lines: int = 100  # market data subscriptions of all clients together
    sessions: int = 32  # clients at one time
    master_client_id: int | None = None  # hears of the orders of all clients
    tif_notice: bool = True  # 10349 when the time in force was left empty
    read_only: bool = False  # refuse orders with 321
    data: Permission = Permission.LIVE
    handshake_s: float = 10.0  # from connection to START_API
    frame_s: float = 30.0  # to finish a frame once begun
    account_updates_s: int = 180  # between account values that no fill caused
    first_order_id: int = 1
