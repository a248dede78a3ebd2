"""An account's values, as IB sends them one by one, put together to a balance; pure."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from janus_common.messages import Balance

# IB's key, in order of preference, for each of our fields.
FIELDS = {
    "cash": ("TotalCashValue", "TotalCashBalance", "CashBalance"),
    "net_liquidation": ("NetLiquidation",),
    "buying_power": ("BuyingPower",),
    "realized_pnl": ("RealizedPnL",),
    "unrealized_pnl": ("UnrealizedPnL",),
}
WANTED = frozenset(key for keys in FIELDS.values() for key in keys)
BASE = "BASE"  # the sum over all currencies, in the account's own


class Values:
    """What is known of one account."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Decimal] = {}
        self._currency = ""

    def take(self, key: str, value: str, currency: str) -> bool:
        """Take one value; return whether a balance has it."""
        if key not in WANTED:
            return False
        try:
            number = Decimal(value)
        except InvalidOperation:
            return False
        if not number.is_finite():
            return False
        if key == "NetLiquidation" and currency:
            self._currency = currency
        self._values[key, currency] = number
        return True

    def balance(self, account: str, *, now_ns: int) -> Balance | None:
        """Return the balance in the account's own currency; None before that is known."""
        if not self._currency:
            return None
        return Balance(
            account=account,
            currency=self._currency,
            as_of_ns=now_ns,
            **{field: self._first(keys) for field, keys in FIELDS.items()},
        )

    def _first(self, keys: tuple[str, ...]) -> Decimal | None:
        for key in keys:
            for currency in (BASE, self._currency, ""):
                if (key, currency) in self._values:
                    return self._values[key, currency]
        return None
