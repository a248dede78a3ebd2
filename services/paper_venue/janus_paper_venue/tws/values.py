"""An account's figures under the names that TWS gives them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from janus_paper_venue.accounts import AccountValues

ZERO = Decimal(0)
CENT = Decimal("0.01")
NO_CURRENCY = ""
BASE = "BASE"
LEDGER = "$LEDGER"

Row = tuple[str, str, str]  # key, value, currency


def summary(has: AccountValues) -> Mapping[str, Row]:
    """Return every tag of an account summary."""
    equity = has.net_liquidation
    money = {
        "NetLiquidation": equity,
        "TotalCashValue": has.cash,
        "SettledCash": has.cash,
        "AccruedCash": ZERO,
        "BuyingPower": has.buying_power,
        "EquityWithLoanValue": equity,
        "PreviousDayEquityWithLoanValue": equity - has.daily_pnl,
        "GrossPositionValue": has.gross_position_value,
        "RegTEquity": equity,
        "RegTMargin": has.initial_margin,
        "SMA": has.available_funds,
        "InitMarginReq": has.initial_margin,
        "MaintMarginReq": has.maintenance_margin,
        "AvailableFunds": has.available_funds,
        "ExcessLiquidity": has.excess_liquidity,
        "FullInitMarginReq": has.initial_margin,
        "FullMaintMarginReq": has.maintenance_margin,
        "FullAvailableFunds": has.available_funds,
        "FullExcessLiquidity": has.excess_liquidity,
        "LookAheadInitMarginReq": has.initial_margin,
        "LookAheadMaintMarginReq": has.maintenance_margin,
        "LookAheadAvailableFunds": has.available_funds,
        "LookAheadExcessLiquidity": has.excess_liquidity,
    }
    rows = {tag: (tag, cents(value), has.currency) for tag, value in money.items()}
    rows |= {
        tag: (tag, value, NO_CURRENCY)
        for tag, value in {
            "AccountType": "INDIVIDUAL",
            "Cushion": _share(has.excess_liquidity, equity),
            "LookAheadNextChange": "0",
            "HighestSeverity": "",
            "DayTradesRemaining": "-1",
            "Leverage": _share(has.gross_position_value, equity),
        }.items()
    }
    return rows


def ledger(has: AccountValues, currency: str) -> list[Row]:
    """Return the ledger of one currency; ``BASE`` is the sum of all in the base currency."""
    money = {
        "CashBalance": has.cash,
        "TotalCashBalance": has.cash,
        "AccruedCash": ZERO,
        "StockMarketValue": has.stock_value,
        "OptionMarketValue": has.option_value,
        "FutureOptionValue": ZERO,
        "FuturesPNL": has.future_pnl,
        "NetLiquidationByCurrency": has.net_liquidation,
        "UnrealizedPnL": has.unrealized_pnl,
        "RealizedPnL": has.realized_pnl,
    }
    rows = [(key, cents(value), currency) for key, value in money.items()]
    return [
        ("Currency", currency, currency),
        *rows,
        ("ExchangeRate", "1.00", currency),
        ("AccountOrGroup", has.account, currency),
        ("RealCurrency", has.currency, currency),
    ]


def account_rows(has: AccountValues) -> list[Row]:
    """Return everything that account updates report, each row once."""
    rows = [
        ("AccountCode", has.account, NO_CURRENCY),
        ("AccountReady", "true", NO_CURRENCY),
        *summary(has).values(),
        *ledger(has, BASE),
        *ledger(has, has.currency),
    ]
    return list(dict.fromkeys(rows))


def tagged_rows(has: AccountValues, tags: str) -> list[Row]:
    """Return the rows that a comma list of summary tags asks for; unknown tags give none."""
    known, rows = summary(has), []
    for tag in tags.replace(" ", "").split(","):
        if tag in known:
            rows.append(known[tag])
        elif tag == LEDGER:
            rows += ledger(has, BASE)
        elif tag == f"{LEDGER}:ALL":
            rows += ledger(has, BASE) + ledger(has, has.currency)
        elif tag == f"{LEDGER}:{has.currency}":
            rows += ledger(has, has.currency)
    return rows


def cents(value: Decimal) -> str:
    """Return an amount of money with two decimals."""
    return format(value.quantize(CENT), "f")


def _share(part: Decimal, whole: Decimal) -> str:
    return format((part / whole if whole else ZERO).quantize(Decimal("0.0001")), "f")
