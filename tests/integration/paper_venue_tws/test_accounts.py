"""Money and positions, as the real ib_async sees them."""

import ib_async
import pytest

from tests.integration.paper_venue_tws.support import ACCOUNTS, client, stock, venue
from tests.support.waiting import eventually


def market(side="BUY", qty=10, account=ACCOUNTS[0]) -> ib_async.Order:
    return ib_async.MarketOrder(side, qty, account=account, tif="DAY")


def value(ib: ib_async.IB, tag: str, account=ACCOUNTS[0], currency="USD") -> float:
    rows = [v for v in ib.accountValues(account) if (v.tag, v.currency) == (tag, currency)]
    return float(rows[0].value)


async def filled(ib: ib_async.IB, running, order: ib_async.Order) -> ib_async.Trade:
    trade = ib.placeOrder(stock(running), order)
    await eventually(lambda: trade.orderStatus.status == "Filled")
    return trade


async def test_account_values_follow_a_fill(running):
    async with client(running, account=ACCOUNTS[0]) as ib:
        assert value(ib, "NetLiquidation") == 1_000_000
        assert value(ib, "TotalCashValue") == 1_000_000
        assert value(ib, "BuyingPower") >= 1_000_000

        await filled(ib, running, market())

        await eventually(lambda: value(ib, "TotalCashValue") == pytest.approx(998_998.8))
        [item] = ib.portfolio(ACCOUNTS[0])
        assert (item.position, item.contract.symbol) == (10.0, "AAPL")
        assert item.marketValue == pytest.approx(1000, rel=0.01)


async def test_a_closed_position_leaves_positions_and_portfolio(running):
    async with client(running, account=ACCOUNTS[0]) as ib:
        await filled(ib, running, market())
        await eventually(lambda: len(ib.positions()) == 1)
        trade = await filled(ib, running, market("SELL"))

        await eventually(lambda: not ib.positions())
        await eventually(lambda: not ib.portfolio())
        await eventually(lambda: trade.fills[0].commissionReport.realizedPNL < 0)


async def test_a_summary_covers_all_accounts(running):
    async with client(running) as ib:
        rows = await ib.accountSummaryAsync()

        worth = {row.account: row.value for row in rows if row.tag == "NetLiquidation"}
        assert worth == dict.fromkeys(ACCOUNTS, "1000000.00")
        assert {row.tag for row in rows} >= {"AccountType", "Cushion", "CashBalance", "SMA"}


async def test_the_third_summary_of_a_client_is_322(running):
    async with client(running) as ib:
        for req_id in (900, 901, 902):
            ib.client.reqAccountSummary(req_id, "All", "NetLiquidation")

        await eventually(lambda: (902, 322) in [(n, code) for n, code, _ in ib.heard])
        ib.client.cancelAccountSummary(900)
        ib.client.reqAccountSummary(903, "All", "NetLiquidation")
        await ib.reqCurrentTimeAsync()
        assert 903 not in [n for n, _, _ in ib.heard]


async def test_each_account_of_a_login_can_be_followed(running):
    async with client(running) as ib:
        for account in ACCOUNTS:
            assert value(ib, "NetLiquidation", account) == 1_000_000
        await filled(ib, running, market(account=ACCOUNTS[1]))

        await eventually(lambda: value(ib, "TotalCashValue", ACCOUNTS[1]) < 1_000_000)
        assert value(ib, "TotalCashValue", ACCOUNTS[0]) == 1_000_000


async def test_an_account_of_somebody_else_is_321(running):
    async with client(running) as ib:
        ib.client.reqAccountUpdatesMulti(900, "DU0000000", "", False)

        await eventually(lambda: (900, 321) in [(n, code) for n, code, _ in ib.heard])


async def test_the_only_account_need_not_be_named():
    async with venue(accounts=("DU1",)) as running, client(running) as ib:
        assert value(ib, "NetLiquidation", "DU1") == 1_000_000
        await filled(ib, running, market(account=""))

        await eventually(lambda: [p.account for p in ib.positions()] == ["DU1"])


async def test_following_another_account_is_said_to_end_the_first(running):
    async with client(running, account=ACCOUNTS[0]) as ib:
        await ib.reqAccountUpdatesAsync(ACCOUNTS[1])

        assert 2100 in [code for _, code, _ in ib.heard]


async def test_profit_comes_and_ends(running):
    async with client(running) as ib:
        await filled(ib, running, market())
        total = ib.reqPnL(ACCOUNTS[0])
        single = ib.reqPnLSingle(ACCOUNTS[0], "", running.con_id("AAPL"))
        await eventually(lambda: single.position == 10.0)
        running.show(bid="110.00", ask="110.02", last="110.00")
        running.face.login.beat()

        await eventually(lambda: total.unrealizedPnL > 90)
        assert single.unrealizedPnL > 90
        ib.cancelPnL(ACCOUNTS[0])
        ib.client.cancelPnL(900)
        await eventually(lambda: (900, 10185) in [(n, code) for n, code, _ in ib.heard])


async def test_values_come_again_every_three_minutes(running):
    async with client(running, account=ACCOUNTS[0]) as ib:
        await filled(ib, running, market())
        await eventually(lambda: len(ib.portfolio()) == 1)
        running.show(bid="110.00", ask="110.02", last="110.00")
        await ib.reqCurrentTimeAsync()
        assert ib.portfolio()[0].marketPrice < 101

        running.face.login._seconds = 179
        running.face.login.beat()

        await eventually(lambda: ib.portfolio()[0].marketPrice > 109)


async def test_positions_can_be_followed_by_account(running):
    async with client(running) as ib:
        heard = []
        ib.wrapper.positionMulti = lambda *args: heard.append(args)
        ib.wrapper.positionMultiEnd = heard.append
        await filled(ib, running, market())
        ib.client.reqPositionsMulti(900, ACCOUNTS[0], "")
        await eventually(lambda: heard[-1:] == [900])

        await filled(ib, running, market())

        await eventually(lambda: heard[-1] != 900 and heard[-1][4] == 20.0)
