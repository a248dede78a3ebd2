"""Answers that need no subscription: contracts, symbols, rules, ids, the time."""

from __future__ import annotations

from itertools import groupby

from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.tws import contracts, encode
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.link import Link
from janus_paper_venue.tws.routes import Routes
from janus_paper_venue.tws.times import NS

MAX_SYMBOLS = 16  # rows of a symbol search


class Reference:
    """Looks things up for one client."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            r.ContractDetails: self._details,
            r.MatchingSymbols: self._symbols,
            r.MarketRule: self._rule,
            r.OptionParams: self._option_params,
            r.NextIds: self._next_id,
            r.ManagedAccounts: self._accounts,
            r.CurrentTime: self._time,
            r.UserInfo: self._user_info,
            r.ServerLogLevel: self._nothing,
            r.FamilyCodes: self._family_codes,
            r.SoftDollarTiers: self._tiers,
            r.DepthExchanges: self._depth_exchanges,
            r.SmartComponents: self._components,
            r.NewsProviders: self._news_providers,
        }

    def _details(self, request: r.ContractDetails) -> None:
        link, catalogue = self._link, self._link.exchange.catalogue
        found = catalogue.find(request.contract)
        if not found:
            text = "No security definition has been found for the request"
            link.error(request.req_id, 200, text)
            return
        now_ns = link.login.now_ns()
        for one in found:
            exchange = request.contract.exchange or one.exchange
            link.send(
                contracts.details(
                    request.req_id, one, exchange=exchange, catalogue=catalogue, now_ns=now_ns
                )
            )
        link.send(encode.contract_details_end(request.req_id))

    def _symbols(self, request: r.MatchingSymbols) -> None:
        catalogue = self._link.exchange.catalogue
        found = catalogue.starting_with(request.pattern)[:MAX_SYMBOLS]
        rows = [_sample(one, catalogue.derivatives(one.con_id)) for one in found]
        self._link.send(encode.symbol_samples(request.req_id, rows))

    def _rule(self, request: r.MarketRule) -> None:
        bands = self._link.exchange.catalogue.price_bands(request.rule_id)
        if not bands:
            self._link.invalid(-1, f"No market rule {request.rule_id}")
            return
        rows = [(band.low_edge, band.increment) for band in bands]
        self._link.send(encode.market_rule(request.rule_id, rows))

    def _option_params(self, request: r.OptionParams) -> None:
        catalogue = self._link.exchange.catalogue
        if catalogue.get(request.con_id) is None:
            self._link.invalid(request.req_id, "Invalid contract id")
            return
        options = [
            one
            for one in catalogue.derivatives(request.con_id)
            if one.sec_type is SecType.OPTION
            and (not request.exchange or request.exchange in one.valid_exchanges)
        ]
        options.sort(key=_series)
        for (trading_class, multiplier), group in groupby(options, key=_series):
            self._send_series(request, trading_class, multiplier, tuple(group))
        self._link.send(encode.option_params_end(request.req_id))

    def _send_series(
        self,
        request: r.OptionParams,
        trading_class: str,
        multiplier: int,
        group: tuple[Instrument, ...],
    ) -> None:
        for exchange in group[0].valid_exchanges:
            self._link.send(
                encode.option_params(
                    request.req_id,
                    exchange=exchange,
                    underlying_con_id=request.con_id,
                    trading_class=trading_class,
                    multiplier=str(multiplier),
                    expirations=sorted({one.expiry for one in group}),
                    strikes=sorted({one.strike for one in group if one.strike}),
                )
            )

    def _next_id(self, _: r.NextIds) -> None:
        order_id = self._link.exchange.next_order_id(self._link.client_id)
        self._link.send(encode.next_valid_id(order_id))

    def _accounts(self, _: r.ManagedAccounts) -> None:
        self._link.send(encode.managed_accounts(self._link.login.accounts))

    def _time(self, _: r.CurrentTime) -> None:
        self._link.send(encode.current_time(self._link.login.now_ns() // NS))

    def _user_info(self, request: r.UserInfo) -> None:
        self._link.send(encode.user_info(request.req_id))

    def _nothing(self, _: r.ServerLogLevel) -> None:
        """Take a request that has no answer."""

    def _family_codes(self, _: r.FamilyCodes) -> None:
        self._link.send(encode.family_codes(self._link.login.accounts))

    def _tiers(self, request: r.SoftDollarTiers) -> None:
        self._link.send(encode.soft_dollar_tiers(request.req_id))

    def _depth_exchanges(self, _: r.DepthExchanges) -> None:
        self._link.send(encode.depth_exchanges())

    def _components(self, request: r.SmartComponents) -> None:
        names = {name for one in self._link.exchange.catalogue for name in one.valid_exchanges}
        self._link.send(encode.smart_components(request.req_id, sorted(names - {"SMART"})))

    def _news_providers(self, _: r.NewsProviders) -> None:
        self._link.send(encode.news_providers())


def _series(one: Instrument) -> tuple[str, int]:
    return one.trading_class, one.multiplier


def _sample(one: Instrument, derivatives: list[Instrument]) -> tuple[object, ...]:
    kinds = sorted({derivative.sec_type.value for derivative in derivatives})
    name = contracts.plain(one.long_name)
    return (*_plain(one), kinds, name, "")


def _plain(one: Instrument) -> tuple[object, ...]:
    return one.con_id, one.symbol, one.sec_type.value, one.primary_exchange, one.currency
