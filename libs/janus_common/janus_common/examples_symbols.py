"""Examples of what operators ask about symbols, and what is answered; see ``examples.py``."""

from __future__ import annotations

from janus_common.examples_registry import NOW_NS, NQ
from janus_common.messages import (
    ImportSymbols,
    ListConflicts,
    Provenance,
    RetireSymbol,
    Ruling,
    SetInstrument,
    SettleConflict,
    ShowSymbol,
    SymbolChange,
    SymbolConflict,
    SymbolHistory,
    UndoChange,
)

PROVENANCE = Provenance(broker="ib", by="harmony", query="STK AAPL SMART USD", found_ns=NOW_NS)
CHANGE = SymbolChange(
    number=4711, symbol="NQ.2603", verb="put", by="operator", after=NQ, changed_ns=NOW_NS
)
CONFLICT = SymbolConflict(
    number=7,
    symbol="AAPL",
    field="ib_conid",
    known="265598",
    found="38708077",
    by="holdings.ib",
    query="position of ib-main",
    noted_ns=NOW_NS,
)
SYMBOLS = (
    ShowSymbol(symbol="AAPL"),
    SetInstrument(symbol="NQ.2603", fields={"multiplier": "20", "ib_conid": ""}, by="alice"),
    RetireSymbol(symbol="NQ.2603", by="alice"),
    UndoChange(symbol="NQ.2603", number=4711, by="alice"),
    SymbolHistory(symbol="NQ.2603", limit=10),
    ListConflicts(symbol="AAPL"),
    SettleConflict(number=7, ruling=Ruling.KEEP, by="alice"),
    ImportSymbols(import_id="f00d", part=0, is_last=True, instruments=[NQ], by="alice"),
    PROVENANCE,
    CHANGE,
    CONFLICT,
)
