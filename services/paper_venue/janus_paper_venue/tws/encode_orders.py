"""The messages about orders and executions, as a gateway sends them at 178 and 176.

``openOrder`` and ``completedOrder`` echo what the client sent; what it left unset comes back as
the values that real gateways write for a plain order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from janus_paper_venue.tws.decode_order import (
    CONDITION_FLAGS,
    DELTA_CONTRACT,
    PEG_BENCH,
    ROUTING,
    SCALE,
    names,
)
from janus_paper_venue.tws.wire import UNSET_DOUBLE, UNSET_INT, frame, packed, spell

NO_PARENT_PERM_ID = "9223372036854775807"

TERMS = names(
    "action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin orderRef"
)
HANDLING = names("outsideRth hidden discretionaryAmt goodAfterTime")
ALLOCATION = names("faGroup faMethod faPercentage")
SETTLEMENT = names(
    "modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot designatedLocation",
    "exemptCode",
)
PRICING = names("startingPrice stockRefPrice delta stockRangeLower stockRangeUpper displaySize")
OPEN_LIMITS = names(
    "blockOrder sweepToFill allOrNone minQty ocaType eTradeOnly firmQuoteOnly nbboPriceCap parentId",
    "triggerMethod volatility volatilityType deltaNeutralOrderType deltaNeutralAuxPrice",
)
DONE_LIMITS = names(
    "sweepToFill allOrNone minQty ocaType triggerMethod volatility volatilityType",
    "deltaNeutralOrderType deltaNeutralAuxPrice",
)
OPEN_DELTA = names(
    "deltaNeutralConId deltaNeutralSettlingFirm deltaNeutralClearingAccount",
    "deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale",
    "deltaNeutralShortSaleSlot deltaNeutralDesignatedLocation",
)
DONE_DELTA = names(
    "deltaNeutralConId deltaNeutralShortSale deltaNeutralShortSaleSlot",
    "deltaNeutralDesignatedLocation",
)
TRAIL = names("continuousUpdate referencePriceType trailStopPrice trailingPercent")
CLEARING = names("clearingAccount clearingIntent notHeld")
RANDOM = names("randomizeSize randomizePrice")
ADJUSTED = names(
    "adjustedOrderType triggerPrice trailStopPrice lmtPriceOffset adjustedStopPrice",
    "adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit softDollarTierName",
    "softDollarTierVal softDollarTierDisplayName cashQty dontUseAutoPriceForHedge isOmsContainer",
    "discretionaryUpToLimitPrice usePriceMgmtAlgo duration postToAts autoCancelParent",
)
COMPETE = names(
    "minTradeQty minCompeteSize competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf"
)

DEFAULTS: Mapping[str, str] = {
    **dict.fromkeys(names("lmtPrice auxPrice"), "0.0"),
    **dict.fromkeys(
        names(
            "origin outsideRth hidden discretionaryAmt shortSaleSlot auctionStrategy blockOrder",
            "sweepToFill allOrNone eTradeOnly firmQuoteOnly parentId triggerMethod",
            "volatilityType deltaNeutralConId deltaNeutralShortSale deltaNeutralShortSaleSlot",
            "continuousUpdate referencePriceType optOutSmartRouting notHeld solicited whatIf",
            "randomizeSize randomizePrice adjustableTrailingUnit cashQty isOmsContainer",
            "discretionaryUpToLimitPrice usePriceMgmtAlgo autoCancelParent conditionsIgnoreRth",
            "conditionsCancelOrder displaySize",
        ),
        "0",
    ),
    **dict.fromkeys(names("minQty scaleInitLevelSize scaleSubsLevelSize"), UNSET_INT),
    **dict.fromkeys(
        names(
            "triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice",
            "adjustedTrailingAmount",
        ),
        UNSET_DOUBLE,
    ),
    "exemptCode": "-1",
    "ocaType": "3",
    "deltaNeutralOrderType": "None",
    "deltaNeutralOpenClose": "?",
    "clearingIntent": "IB",
    "adjustedOrderType": "None",
    "dontUseAutoPriceForHedge": "1",
}
_UNSET = frozenset(("", UNSET_INT))


@dataclass(frozen=True, slots=True)
class Sent:
    """An order with its ids: what openOrder and completedOrder echo."""

    order_id: int
    client_id: int
    perm_id: int
    contract: Sequence[str]  # 11 fields: the resolved contract on the exchange asked for
    fields: Mapping[str, str]  # by TWS name, with live prices and quantity


@dataclass(frozen=True, slots=True)
class Preview:
    """What a whatIf order would change; all unset for a real order."""

    margins: Sequence[str] = (UNSET_DOUBLE,) * 9  # before, change, after; initial, maint., equity
    commission: str = ""
    currency: str = ""
    warning: str = ""


class _Echo:
    """Collects the fields of one message, echoing what was sent or the gateway's default."""

    def __init__(self, sent: Mapping[str, str], *start: object) -> None:
        self._sent = sent
        self.out = [spell(value) for value in start]

    def names(self, wanted: Sequence[str]) -> None:
        sent, default = self._sent, DEFAULTS.get
        for name in wanted:
            text = sent.get(name, "")
            is_unset = text in _UNSET or text.startswith(("1.79769313486231", "Infinit"))
            self.out.append(default(name, "") if is_unset else text)

    def add(self, *values: object) -> None:
        self.out += [spell(value) for value in values]

    def rows(self, block: str) -> None:
        rows = json.loads(self._sent.get(block, "[]"))
        self.add(len(rows), *[text for row in rows for text in row])

    def names_if(self, condition: object, wanted: Sequence[str]) -> None:
        if condition:
            self.names(wanted)

    def scale(self) -> None:
        self.names(("scaleInitLevelSize", "scaleSubsLevelSize", "scalePriceIncrement"))
        self.names_if(SCALE[0] in self._sent, SCALE)

    def hedge(self) -> None:
        self.names(("hedgeType",))
        self.names_if(self._sent.get("hedgeType"), ("hedgeParam",))

    def delta_contract(self) -> None:
        present = DELTA_CONTRACT[0] in self._sent
        self.add(present)
        self.names_if(present, DELTA_CONTRACT)

    def algo(self) -> None:
        self.names(("algoStrategy",))
        if self._sent.get("algoStrategy"):
            self.rows("algoParams")

    def conditions(self) -> None:
        self.names_if(PEG_BENCH[0] in self._sent, PEG_BENCH)
        self.rows("conditions")
        self.names_if("conditions" in self._sent, CONDITION_FLAGS)

    def legs(self) -> None:
        for block in ("comboLegs", "orderComboLegs", ROUTING):
            self.rows(block)

    def frame(self) -> bytes:
        return packed("\0".join(self.out) + "\0")


_NO_PREVIEW = Preview()


def open_order(sent: Sent, status: str, *, version: int, preview: Preview = _NO_PREVIEW) -> bytes:
    """Describe a live order, or answer a whatIf with its ``preview``."""
    echo = _Echo(sent.fields, 5, sent.order_id, *sent.contract)
    echo.names(TERMS)
    echo.add(sent.client_id, sent.perm_id)
    echo.names(HANDLING)
    echo.add(f"{sent.perm_id}.0/{sent.fields.get('account', '')}/100")
    echo.names(ALLOCATION)
    echo.names_if(version < 177, ("faProfile",))
    echo.names(SETTLEMENT)
    echo.names(("auctionStrategy",))
    echo.names(PRICING)
    echo.names(OPEN_LIMITS)
    echo.names(OPEN_DELTA)
    echo.names(TRAIL)
    echo.add("", "", "")  # basisPoints, basisPointsType, comboLegsDescrip
    echo.legs()
    echo.scale()
    echo.hedge()
    echo.names(("optOutSmartRouting",))
    echo.names(CLEARING)
    echo.delta_contract()
    echo.algo()
    echo.names(("solicited", "whatIf"))
    echo.add(status, *preview.margins, preview.commission, "", "")
    echo.add(preview.currency, preview.warning)
    echo.names(RANDOM)
    echo.conditions()
    echo.names(ADJUSTED)
    echo.names(COMPETE)
    return echo.frame()


def completed_order(
    sent: Sent, status: str, *, version: int, filled: Decimal, completed: str, text: str
) -> bytes:
    """Describe a finished order; it has neither order id nor client id.

    ``completed`` is ``yyyymmdd hh:mm:ss zone``, ``text`` for example ``Filled Size: 100``.
    """
    echo = _Echo(sent.fields, 101, *sent.contract)
    echo.names(TERMS)
    echo.add(sent.perm_id)
    echo.names(HANDLING)
    echo.names(ALLOCATION)
    echo.names_if(version < 177, ("faProfile",))
    echo.names(SETTLEMENT)
    echo.names(PRICING)
    echo.names(DONE_LIMITS)
    echo.names(DONE_DELTA)
    echo.names(TRAIL)
    echo.add("")  # comboLegsDescrip
    echo.legs()
    echo.scale()
    echo.hedge()
    echo.names(CLEARING)
    echo.delta_contract()
    echo.algo()
    echo.names(("solicited",))
    echo.add(status)
    echo.names(RANDOM)
    echo.conditions()
    echo.names(("trailStopPrice", "lmtPriceOffset", "cashQty", "dontUseAutoPriceForHedge"))
    echo.names(("isOmsContainer",))
    echo.add("", filled, 0)  # autoCancelDate, filledQuantity, refFuturesConId
    echo.names(("autoCancelParent",))
    echo.add("", 0, 0, NO_PARENT_PERM_ID)  # shareholder, imbalanceOnly, routeMarketableToBbo
    echo.add(completed, text)
    echo.names(COMPETE)
    return echo.frame()


def completed_orders_end() -> bytes:
    return frame(102)


def open_order_end() -> bytes:
    return frame(53, 1)


def order_status(
    order_id: int,
    status: str,
    *,
    filled: Decimal,
    remaining: Decimal,
    average_price: Decimal,
    perm_id: int,
    parent_id: int,
    last_price: Decimal,
    client_id: int,
    why_held: str = "",
) -> bytes:
    return frame(
        *(3, order_id, status, filled, remaining, average_price, perm_id, parent_id),
        *(last_price, client_id, why_held, 0),
    )


@dataclass(frozen=True, slots=True)
class Executed:
    """One execution as execDetails reports it."""

    exec_id: str
    time: str  # yyyymmdd hh:mm:ss zone
    account: str
    exchange: str
    side: str  # BOT or SLD
    shares: Decimal
    price: Decimal
    perm_id: int
    client_id: int
    order_id: int
    cumulative: Decimal
    average_price: Decimal
    order_ref: str
    liquidity: int = 2  # 1 added, 2 removed, 3 routed out


def exec_details(req_id: int, done: Executed, contract: Sequence[str], *, version: int) -> bytes:
    """Report one execution; ``req_id`` is -1 when it was not asked for."""
    fields: list[object] = [11, req_id, done.order_id, *contract, done.exec_id, done.time]
    fields += [done.account, done.exchange, done.side, done.shares, done.price, done.perm_id]
    fields += [done.client_id, 0, done.cumulative, done.average_price, done.order_ref]
    fields += ["", "", "", done.liquidity]
    if version >= 178:
        fields.append(False)  # pendingPriceRevision
    return frame(*fields)


def exec_details_end(req_id: int) -> bytes:
    return frame(55, 1, req_id)


def commission_report(
    exec_id: str, *, commission: Decimal, currency: str, realized: Decimal | None
) -> bytes:
    """Report the fee of one execution; ``realized`` is None unless it closed something."""
    gain = UNSET_DOUBLE if realized is None else spell(realized)
    return frame(59, 1, exec_id, commission, currency, gain, "", "")
