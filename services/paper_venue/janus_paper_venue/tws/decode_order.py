"""The placeOrder message: 114 fields in the base case, and the blocks that shift them.

Every field is kept by its TWS name in its wire spelling, so that openOrder can echo what was
sent; the names below are the layout. Blocks of rows are kept as JSON under theirs.
"""

from __future__ import annotations

import json

from janus_paper_venue.tws.cursor import Cursor, RequestError, number
from janus_paper_venue.tws.requests import PlaceOrder, Rows


def names(*lines: str) -> tuple[str, ...]:
    """Return the field names that a layout lists."""
    return tuple(" ".join(lines).split())


CONTRACT = names(
    "conId symbol secType lastTradeDateOrContractMonth strike right multiplier exchange",
    "primaryExchange currency localSymbol tradingClass",
)
HEAD = names(
    "secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account",
    "openClose origin orderRef transmit parentId blockOrder sweepToFill displaySize",
    "triggerMethod outsideRth hidden",
)
ALLOCATION = names(
    "sharesAllocation discretionaryAmt goodAfterTime goodTillDate faGroup faMethod faPercentage",
)
EXECUTION = names(
    "modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm allOrNone",
    "minQty percentOffset eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy startingPrice",
    "stockRefPrice delta stockRangeLower stockRangeUpper overridePercentageConstraints volatility",
    "volatilityType deltaNeutralOrderType deltaNeutralAuxPrice",
)
DELTA_NEUTRAL = names(
    "deltaNeutralConId deltaNeutralSettlingFirm deltaNeutralClearingAccount",
    "deltaNeutralClearingIntent deltaNeutralOpenClose deltaNeutralShortSale",
    "deltaNeutralShortSaleSlot deltaNeutralDesignatedLocation",
)
TRAIL_AND_SCALE = names(
    "continuousUpdate referencePriceType trailStopPrice trailingPercent scaleInitLevelSize",
    "scaleSubsLevelSize scalePriceIncrement",
)
SCALE = names(
    "scalePriceAdjustValue scalePriceAdjustInterval scaleProfitOffset scaleAutoReset",
    "scaleInitPosition scaleInitFillQty scaleRandomPercent",
)
ACTIVE = names("scaleTable activeStartTime activeStopTime hedgeType")
CLEARING = names("optOutSmartRouting clearingAccount clearingIntent notHeld")
FLAGS = names("algoId whatIf orderMiscOptions solicited randomizeSize randomizePrice")
DELTA_CONTRACT = names("dnContractConId dnContractDelta dnContractPrice")
CONDITION_FLAGS = names("conditionsIgnoreRth conditionsCancelOrder")
PEG_BENCH = names(
    "referenceContractId isPeggedChangeAmountDecrease peggedChangeAmount referenceChangeAmount",
    "referenceExchangeId",
)
TAIL = names(
    "adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice",
    "adjustedTrailingAmount adjustableTrailingUnit extOperator softDollarTierName",
    "softDollarTierVal cashQty mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader",
    "mifid2ExecutionAlgo dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice",
    "usePriceMgmtAlgo duration postToAts autoCancelParent advancedErrorOverride manualOrderTime",
)
ROUTING = "smartComboRoutingParams"
PEG_BEST = names("minCompeteSize competeAgainstBestOffset")
MID_OFFSETS = names("midOffsetAtWhole midOffsetAtHalf")

# Fields after the type: price, time, margin, execution, volume, percent change.
CONDITION_WIDTHS = {"1": 6, "3": 3, "4": 3, "5": 4, "6": 5, "7": 5}
MAX_CONDITIONS = 100


def place_order(cursor: Cursor) -> PlaceOrder:
    """Read one placeOrder message; it has no message version."""
    order_id = cursor.integer()
    named: dict[str, str] = {}

    def take(names: tuple[str, ...], *, when: object = True) -> None:
        if when:
            cursor.name(names, named)

    take(CONTRACT)
    take(HEAD)
    if named["secType"] == "BAG":
        for block, width in (("comboLegs", 8), ("orderComboLegs", 1), (ROUTING, 2)):
            _keep(named, block, cursor.rows(width))
    take(ALLOCATION)
    take(("faProfile",), when=cursor.version < 177)
    take(EXECUTION)
    take(DELTA_NEUTRAL, when=named["deltaNeutralOrderType"])
    take(TRAIL_AND_SCALE)
    take(SCALE, when=(number(named["scalePriceIncrement"]) or 0) > 0)
    take(ACTIVE)
    take(("hedgeParam",), when=named["hedgeType"])
    take(CLEARING)
    take(DELTA_CONTRACT, when=cursor.flag())
    take(("algoStrategy",))
    if named["algoStrategy"]:
        _keep(named, "algoParams", cursor.rows(2))
    take(FLAGS)
    take(PEG_BENCH, when=named["orderType"] in {"PEG BENCH", "PEGBENCH"})
    conditions = _conditions(cursor)
    _keep(named, "conditions", conditions)
    take(CONDITION_FLAGS, when=conditions)
    take(TAIL)
    take(("minTradeQty",), when=named["exchange"] == "IBKRATS")
    take(_peg_names(cursor, named["orderType"]))
    contract = Cursor([named[name] for name in CONTRACT], 0, start=0).contract()
    return PlaceOrder(order_id, contract, named)


def _keep(named: dict[str, str], block: str, rows: Rows) -> None:
    """Keep a block of rows as JSON, so that an order is one flat map of texts."""
    if rows:
        named[block] = json.dumps(rows)


def _conditions(cursor: Cursor) -> Rows:
    count = cursor.integer()
    if not 0 <= count <= MAX_CONDITIONS:
        raise RequestError(f"{count} conditions; at most {MAX_CONDITIONS} are taken")
    return tuple(_condition(cursor) for _ in range(count))


def _condition(cursor: Cursor) -> tuple[str, ...]:
    kind = cursor.text()
    if kind not in CONDITION_WIDTHS:
        raise RequestError(f"{kind[:20]!r} is no condition type")
    return (kind, *(cursor.text() for _ in range(CONDITION_WIDTHS[kind])))


def _peg_names(cursor: Cursor, order_type: str) -> tuple[str, ...]:
    """Return the names that a pegged order type still has to come."""
    if order_type in {"PEG MID", "PEGMID"}:
        return MID_OFFSETS
    if order_type in {"PEG BEST", "PEGBEST"}:
        offset = cursor.peek(1)
        return PEG_BEST + (MID_OFFSETS if offset.startswith("Infinit") else ())
    return ()
