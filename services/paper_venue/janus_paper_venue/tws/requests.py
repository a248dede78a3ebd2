"""What a TWS client can ask, one frozen class per message; field order is wire order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract as a client describes it: any field may be empty."""

    con_id: int
    symbol: str
    sec_type: str
    expiry: str  # lastTradeDateOrContractMonth: YYYYMM or YYYYMMDD
    strike: Decimal | None
    right: str
    multiplier: str
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str
    trading_class: str


@dataclass(frozen=True, slots=True)
class Request:
    """Any message of a client after the handshake."""


@dataclass(frozen=True, slots=True)
class Numbered(Request):
    """A request with an id chosen by the client; answers and errors carry it."""

    req_id: int


@dataclass(frozen=True, slots=True)
class StartApi(Request):
    client_id: int
    capabilities: str


@dataclass(frozen=True, slots=True)
class MarketData(Numbered):
    contract: Contract
    generic_ticks: str
    snapshot: bool
    regulatory_snapshot: bool


@dataclass(frozen=True, slots=True)
class CancelMarketData(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class MarketDataType(Request):
    kind: int  # 1 live, 2 frozen, 3 delayed, 4 delayed frozen


@dataclass(frozen=True, slots=True)
class PlaceOrder(Request):
    """An order; ``fields`` holds all that was sent, by its TWS name, in its wire spelling.

    Blocks of rows (conditions, legs, parameters) are JSON texts under their names.
    """

    order_id: int
    contract: Contract
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CancelOrder(Request):
    order_id: int
    manual_time: str


@dataclass(frozen=True, slots=True)
class GlobalCancel(Request):
    pass


@dataclass(frozen=True, slots=True)
class OpenOrders(Request):
    pass


@dataclass(frozen=True, slots=True)
class AllOpenOrders(Request):
    pass


@dataclass(frozen=True, slots=True)
class AutoOpenOrders(Request):
    auto_bind: bool


@dataclass(frozen=True, slots=True)
class CompletedOrders(Request):
    api_only: bool


@dataclass(frozen=True, slots=True)
class Executions(Numbered):
    client_id: int  # 0 is any
    account: str
    time: str
    symbol: str
    sec_type: str
    exchange: str
    side: str


@dataclass(frozen=True, slots=True)
class NextIds(Request):
    count: int  # ignored, as TWS does


@dataclass(frozen=True, slots=True)
class ContractDetails(Numbered):
    contract: Contract
    include_expired: bool
    sec_id_type: str
    sec_id: str
    issuer_id: str


@dataclass(frozen=True, slots=True)
class MatchingSymbols(Numbered):
    pattern: str


@dataclass(frozen=True, slots=True)
class MarketRule(Request):
    rule_id: int


@dataclass(frozen=True, slots=True)
class OptionParams(Numbered):
    symbol: str
    exchange: str
    sec_type: str
    con_id: int


@dataclass(frozen=True, slots=True)
class ServerLogLevel(Request):
    level: int


@dataclass(frozen=True, slots=True)
class ManagedAccounts(Request):
    pass


@dataclass(frozen=True, slots=True)
class CurrentTime(Request):
    pass


@dataclass(frozen=True, slots=True)
class UserInfo(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class AccountUpdates(Request):
    subscribe: bool
    account: str


@dataclass(frozen=True, slots=True)
class Positions(Request):
    pass


@dataclass(frozen=True, slots=True)
class CancelPositions(Request):
    pass


@dataclass(frozen=True, slots=True)
class AccountSummary(Numbered):
    group: str
    tags: str


@dataclass(frozen=True, slots=True)
class CancelAccountSummary(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class AccountUpdatesMulti(Numbered):
    account: str
    model: str
    ledger_and_nlv: bool


@dataclass(frozen=True, slots=True)
class CancelAccountUpdatesMulti(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class PositionsMulti(Numbered):
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class CancelPositionsMulti(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class Pnl(Numbered):
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class CancelPnl(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class PnlSingle(Numbered):
    account: str
    model: str
    con_id: int


@dataclass(frozen=True, slots=True)
class CancelPnlSingle(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class HistoricalData(Numbered):
    contract: Contract
    include_expired: bool
    end: str
    bar_size: str
    duration: str
    use_rth: bool
    what: str
    format_date: int  # 1 text, 2 epoch seconds
    keep_up_to_date: bool


@dataclass(frozen=True, slots=True)
class CancelHistoricalData(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class RealTimeBars(Numbered):
    contract: Contract
    bar_size: int
    what: str
    use_rth: bool
    options: str


@dataclass(frozen=True, slots=True)
class CancelRealTimeBars(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class HeadTimestamp(Numbered):
    contract: Contract
    include_expired: bool
    use_rth: bool
    what: str
    format_date: int


@dataclass(frozen=True, slots=True)
class CancelHeadTimestamp(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class HistoricalTicks(Numbered):
    contract: Contract
    include_expired: bool
    start: str
    end: str
    count: int
    what: str
    use_rth: bool
    ignore_size: bool
    options: str


@dataclass(frozen=True, slots=True)
class TickByTick(Numbered):
    contract: Contract
    kind: str  # Last, AllLast, BidAsk, MidPoint
    count: int
    ignore_size: bool


@dataclass(frozen=True, slots=True)
class CancelTickByTick(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class DepthExchanges(Request):
    pass


@dataclass(frozen=True, slots=True)
class SmartComponents(Numbered):
    bbo_exchange: str


@dataclass(frozen=True, slots=True)
class FamilyCodes(Request):
    pass


@dataclass(frozen=True, slots=True)
class SoftDollarTiers(Numbered):
    pass


@dataclass(frozen=True, slots=True)
class NewsProviders(Request):
    pass
