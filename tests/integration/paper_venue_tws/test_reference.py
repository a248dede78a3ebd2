"""Contracts, symbols and rules, as the real ib_async sees them."""

import ib_async
import pytest

from tests.integration.paper_venue_tws.support import ACCOUNTS, client, stock
from tests.support.waiting import eventually


@pytest.mark.parametrize("version", [176, 178])
async def test_a_unique_contract_is_found(running, version):
    async with client(running, version=version) as ib:
        [found] = await ib.reqContractDetailsAsync(ib_async.Stock("AAPL", "SMART", "USD"))

        assert (found.contract.conId, found.contract.primaryExchange) == (265598, "NASDAQ")
        assert found.longName == "APPLE INC"
        assert len(found.marketRuleIds.split(",")) == len(found.validExchanges.split(","))
        assert found.minSize == 1.0


async def test_a_ticker_with_two_listings_gives_both(running):
    async with client(running) as ib:
        found = await ib.reqContractDetailsAsync(ib_async.Stock("XYZ", "SMART", "USD"))
        assert len({one.contract.conId for one in found}) == 2

        [one] = await ib.reqContractDetailsAsync(
            ib_async.Stock("XYZ", "SMART", "USD", primaryExchange="NYSE")
        )
        assert one.contract.primaryExchange == "NYSE"


async def test_without_currency_and_exchange_every_listing_is_found(running):
    async with client(running) as ib:
        found = await ib.reqContractDetailsAsync(ib_async.Stock("AAPL"))

        assert {one.contract.currency for one in found} == {"USD", "MXN"}


async def test_an_unknown_contract_is_200(running):
    async with client(running) as ib:
        with pytest.raises(ib_async.wrapper.RequestError) as raised:
            await ib.reqContractDetailsAsync(ib_async.Stock("NOPE", "SMART", "USD"))
        assert raised.value.code == 200


async def test_a_future_is_found_by_its_month_and_an_option_by_its_terms(running):
    async with client(running) as ib:
        future = next(one for one in running.exchange.catalogue if one.sec_type == "FUT")
        month = ib_async.Future("ES", future.contract_month, "CME", currency="USD")
        [found] = await ib.reqContractDetailsAsync(month)
        assert (found.contract.conId, found.contract.multiplier) == (future.con_id, "50")

        option = next(one for one in running.exchange.catalogue if one.sec_type == "OPT")
        terms = ib_async.Option("AAPL", option.expiry, float(option.strike), option.right, "SMART")
        [found] = await ib.reqContractDetailsAsync(terms)
        assert (found.contract.right, found.underConId) == (option.right, 265598)
        assert found.underSecType == "STK"


async def test_option_parameters_list_expirations_and_strikes(running):
    async with client(running) as ib:
        rows = await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", 265598)

        assert "SMART" in {row.exchange for row in rows}
        assert rows[0].strikes == [200.0, 220.0, 240.0]
        assert len(rows[0].expirations) == 1


async def test_symbols_are_found_by_their_beginning_and_by_name(running):
    async with client(running) as ib:
        found = await ib.reqMatchingSymbolsAsync("AA")
        assert "AAPL" in {row.contract.symbol for row in found}
        assert "OPT" in next(
            row.derivativeSecTypes for row in found if row.contract.conId == 265598
        )

        assert await ib.reqMatchingSymbolsAsync("QQQQQ") == []


async def test_the_market_rule_of_a_contract_is_known(running):
    async with client(running) as ib:
        [found] = await ib.reqContractDetailsAsync(stock(running))
        rule = await ib.reqMarketRuleAsync(int(found.marketRuleIds.split(",")[0]))

        assert rule[-1].increment == 0.01


async def test_small_questions_are_answered(running):
    async with client(running) as ib:
        assert (await ib.reqCurrentTimeAsync()).year >= 2026
        assert not await ib.reqUserInfoAsync()
        assert await ib.reqNewsProvidersAsync() == []
        assert await ib.reqMktDepthExchangesAsync() == []
        assert await ib.reqSmartComponentsAsync("9c0001")
        ib.client.reqManagedAccts()
        ib.client.setServerLogLevel(5)
        heard: list[int] = []
        ib.wrapper.nextValidId = heard.append
        ib.client.reqIds(1)
        await eventually(lambda: len(heard) == 1)
        assert ib.managedAccounts() == list(ACCOUNTS)


async def test_an_unknown_message_is_320_and_changes_nothing(running):
    async with client(running) as ib:
        ib.client.send(9999, 1, 2)
        ib.client.send(59, 1, "not a number")

        await eventually(lambda: [code for _, code, _ in ib.heard].count(320) == 2)
        assert await ib.reqCurrentTimeAsync()
