"""What is asked of IB about a symbol, one question after the other."""

from __future__ import annotations

from janus_ib_worker.contracts import Named
from janus_ib_worker.lookups import Lookups

MEXICAN = Named(
    con_id=38708077,
    symbol="AAPL",
    sec_type="STK",
    exchange="MEXI",
    primary_exchange="MEXI",
    currency="MXN",
)
AMERICAN = Named(
    con_id=265598,
    symbol="AAPL",
    sec_type="STK",
    exchange="SMART",
    primary_exchange="NASDAQ",
    currency="USD",
)


class Gateway:
    """Lists some contracts, and remembers what it was asked."""

    def __init__(self, *listed: Named) -> None:
        self.listed = listed
        self.asked: list[Named] = []

    async def details(self, question: Named) -> list[Named]:
        self.asked.append(question)
        return [
            one
            for one in self.listed
            if one.symbol == question.symbol and question.currency in {"", one.currency}
        ]

    async def rule(self, _rule_id: int, _within_s: float) -> list[Named]:
        return []


async def test_the_default_filter_alone_is_asked_where_it_finds_something():
    gateway = Gateway(AMERICAN, MEXICAN)

    found = await Lookups(gateway.details, gateway.rule).find("AAPL")

    assert [(one.symbol, one.ib_conid) for one in found] == [("AAPL", 265598)]
    assert len(gateway.asked) == 1


async def test_the_same_ticker_in_another_currency_is_told_as_what_it_is():
    gateway = Gateway(MEXICAN)

    [found] = await Lookups(gateway.details, gateway.rule).find("AAPL")

    assert (found.symbol, found.ib_conid, found.currency) == ("IB-38708077", 38708077, "MXN")


async def test_nothing_is_found_where_nothing_is_called_so():
    gateway = Gateway()

    assert await Lookups(gateway.details, gateway.rule).find("NOSUCH") == []
    assert [(one.exchange, one.currency) for one in gateway.asked] == [("SMART", "USD"), ("", "")]
