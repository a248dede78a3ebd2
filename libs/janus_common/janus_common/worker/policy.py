"""What the settings say a worker is to do when something is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from janus_common.config import Account
from janus_common.shorts import NO_SHORTS, ShortRule
from janus_common.windows import Window, parse

ForeignOrders = Literal["ignore", "adopt", "halt"]
OnBusLoss = Literal["hold", "cancel_all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One account's."""

    foreign_orders: ForeignOrders = "ignore"
    on_bus_loss: OnBusLoss = "hold"
    on_bus_loss_after_s: float = 30.0
    restart_window: Window | None = None
    alarm_after_s: float = 300.0
    short_rule: ShortRule = NO_SHORTS
    halt_file: Path | None = None


def of(account: Account, *, halt_file: Path | None) -> Policy:
    """Return what the settings of ``account`` say."""
    window = account.restart_window
    return Policy(
        foreign_orders=account.foreign_orders,
        on_bus_loss=account.on_bus_loss,
        on_bus_loss_after_s=account.on_bus_loss_after_s,
        restart_window=None if window is None else parse(window),
        alarm_after_s=account.alarm_after_s,
        short_rule=ShortRule(
            allow_short=account.allow_short, locate_required=account.locate_required
        ),
        halt_file=halt_file,
    )
