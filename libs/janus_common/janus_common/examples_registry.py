"""Examples of the registry's messages: symbols, lookups, harmony."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from janus_common.clock import ns
from janus_common.messages import (
    Harmonized,
    Harmony,
    HarmonyAnswer,
    HarmonyCancel,
    HarmonyLine,
    HarmonyProgress,
    HarmonyQuery,
    HarmonyReply,
    HarmonyState,
    Instrument,
    ListInstruments,
    Lookup,
    LookupReply,
    Outcome,
    PutInstrument,
    RegistryReply,
    Resolve,
)
from janus_common.symbols import AssetClass

NOW_NS = ns(1_772_463_845)  # 2026-03-02 15:04:05 UTC

AAPL = Instrument(
    symbol="AAPL",
    asset_class=AssetClass.EQUITY,
    exchange="NASDAQ",
    tick_size=Decimal("0.01"),
    size_step=Decimal("0.0001"),
    ib_conid=265598,
    ib_symbol="AAPL",
    ib_exchange="SMART",
    ib_primary_exchange="NASDAQ",
    webull_ticker="AAPL",
    webull_instrument_id="913256135",
    webull_market="US",
    source="lookup.ib",
    updated_ns=NOW_NS,
)
NQ = Instrument(
    symbol="NQ.2603",
    asset_class=AssetClass.FUTURE,
    exchange="CME",
    multiplier=Decimal(20),
    tick_size=Decimal("0.25"),
)
HARMONY = HarmonyProgress(
    run="4f1c9a20",
    state=HarmonyState.DONE,
    asked=2,
    total=2,
    results={"FILLED": 1, "NOT_FOUND": 1},
    time_ns=NOW_NS,
)
HARMONY_LINE = HarmonyLine(
    symbol="AAPL", broker="ib", result=Harmonized.FILLED, fields=["ib_conid", "ib_symbol"]
)

REGISTRY: tuple[msgspec.Struct, ...] = (
    AAPL,
    Resolve(symbol="AAPL"),
    ListInstruments(prefix="NQ.", after="NQ.2603", limit=100),
    PutInstrument(instrument=NQ),
    RegistryReply(outcome=Outcome.ACCEPTED, instruments=[AAPL, NQ], more=True),
    Lookup(symbol="AAPL"),
    LookupReply(outcome=Outcome.ACCEPTED, candidates=[AAPL]),
    Harmony(broker="ib", symbols=["AAPL", "NQ.2603"]),
    HarmonyQuery(run="4f1c9a20"),
    HarmonyCancel(run="4f1c9a20"),
    HARMONY,
    HARMONY_LINE,
    HarmonyAnswer(
        broker="ib",
        symbol="AAPL",
        reply=LookupReply(outcome=Outcome.ACCEPTED, candidates=[AAPL]),
    ),
    HarmonyReply(
        outcome=Outcome.ACCEPTED,
        run="4f1c9a20",
        progress=HARMONY,
        brokers=["ib"],
        not_connected={"webull": "no worker is there"},
        lines=[HARMONY_LINE],
    ),
)
