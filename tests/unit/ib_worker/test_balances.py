"""An account's values put together to a balance."""

from __future__ import annotations

from decimal import Decimal

from janus_ib_worker.balances import Values


def test_a_balance_is_in_the_accounts_own_currency():
    values = Values()
    for key, value, currency in (
        ("AccountType", "INDIVIDUAL", ""),
        ("TotalCashBalance", "10.00", "BASE"),
        ("TotalCashValue", "1000.50", "USD"),
        ("BuyingPower", "4000", "USD"),
        ("RealizedPnL", "1", "EUR"),
        ("RealizedPnL", "2", "BASE"),
        ("NetLiquidation", "2000", "USD"),
    ):
        values.take(key, value, currency)

    balance = values.balance("ib-main", now_ns=9)

    assert balance is not None
    assert balance.currency == "USD"
    assert balance.cash == Decimal("1000.50")
    assert balance.buying_power == 4000
    assert balance.net_liquidation == 2000
    assert balance.realized_pnl == 2
    assert balance.unrealized_pnl is None


def test_before_the_currency_is_known_there_is_no_balance():
    values = Values()
    values.take("BuyingPower", "4000", "USD")

    assert values.balance("ib-main", now_ns=9) is None


def test_what_is_no_number_is_not_taken():
    assert not Values().take("NetLiquidation", "n/a", "USD")
    assert not Values().take("NetLiquidation", "NaN", "USD")
