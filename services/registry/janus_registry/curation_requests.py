"""What the registry answers to operators: history, conflicts, and every change to symbols."""

from __future__ import annotations

from functools import partial

from janus_common import subjects
from janus_common.bus.service import Asked, Service
from janus_common.errors import Code, Denied, StoreUnavailable
from janus_common.messages import (
    ImportSymbols,
    ListConflicts,
    Outcome,
    RegistryReply,
    RetireSymbol,
    SetInstrument,
    SettleConflict,
    ShowSymbol,
    SymbolHistory,
    UndoChange,
)

from janus_registry import store_history
from janus_registry.curation import Curation
from janus_registry.instruments import canonical
from janus_registry.pages import fitting
from janus_registry.requests import check_limit, refuse_symbols, store_errors
from janus_registry.store import Store
from janus_registry.symbols import Symbols

AT_ONCE = 16
LIMIT = 100


class CurationRequests:
    """Answers what ``janus symbols`` asks beyond reading and adding."""

    def __init__(self, store: Store, symbols: Symbols) -> None:
        self._store, self._symbols = store, symbols
        self._curation = Curation(store, symbols)

    async def offer(self, here: Service) -> None:
        """Answer from now on."""
        answer = partial(here.answer, refuse=refuse_symbols, at_once=AT_ONCE)
        await answer(subjects.registry("show"), ShowSymbol, self.show)
        await answer(subjects.registry("history"), SymbolHistory, self.history)
        await answer(subjects.registry("conflicts"), ListConflicts, self.conflicts)
        await answer(subjects.registry("set"), SetInstrument, self.amend)
        await answer(subjects.registry("retire"), RetireSymbol, self.retire)
        await answer(subjects.registry("undo"), UndoChange, self.undo)
        await answer(subjects.registry("settle"), SettleConflict, self.settle)
        await answer(subjects.registry("import"), ImportSymbols, self.bring_in)

    async def show(self, asked: Asked[ShowSymbol]) -> RegistryReply:
        """Return one symbol, who found it, and its open conflicts; the first also without Postgres."""
        symbol = canonical(asked.message.symbol)
        known = self._symbols.get(symbol)
        if known is None:
            raise Denied(Code.UNKNOWN_SYMBOL, f"{symbol} is not in the registry")
        try:
            found = await store_history.provenance(self._store, symbol)
            conflicts = await store_history.conflicts(
                self._store, symbol, is_open=True, after=0, limit=LIMIT
            )
        except StoreUnavailable as error:
            reason = f"who found it is not known now: {error}"
            return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[known], reason=reason)
        return RegistryReply(
            outcome=Outcome.ACCEPTED,
            instruments=[known],
            provenance=found,
            conflicts=fitting(conflicts),
        )

    async def history(self, asked: Asked[SymbolHistory]) -> RegistryReply:
        """Return the changes of one symbol, last first, a page at a time."""
        query = asked.message
        check_limit(query.limit, LIMIT)
        symbol = canonical(query.symbol)
        with store_errors():
            found = await store_history.changes(
                self._store, symbol, before=query.before, limit=query.limit + 1
            )
        if not found and query.before is None:
            raise Denied(Code.UNKNOWN_SYMBOL, f"{symbol} was never in the registry")
        taken = fitting(found[: query.limit])
        more = len(taken) < len(found)
        return RegistryReply(outcome=Outcome.ACCEPTED, changes=taken, more=more)

    async def conflicts(self, asked: Asked[ListConflicts]) -> RegistryReply:
        """Return conflicts, oldest first, a page at a time."""
        query = asked.message
        check_limit(query.limit, LIMIT)
        symbol = None if query.symbol is None else canonical(query.symbol)
        with store_errors():
            found = await store_history.conflicts(
                self._store,
                symbol,
                is_open=query.is_open,
                after=query.after,
                limit=query.limit + 1,
            )
        taken = fitting(found[: query.limit])
        more = len(taken) < len(found)
        return RegistryReply(outcome=Outcome.ACCEPTED, conflicts=taken, more=more)

    async def amend(self, asked: Asked[SetInstrument]) -> RegistryReply:
        """Change fields of a symbol."""
        with store_errors():
            changed = await self._curation.amend(asked.message)
        return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[changed])

    async def retire(self, asked: Asked[RetireSymbol]) -> RegistryReply:
        """Take a symbol out of use."""
        with store_errors():
            changed = await self._curation.retire(asked.message)
        return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[changed])

    async def undo(self, asked: Asked[UndoChange]) -> RegistryReply:
        """Put a symbol back to what it was before a change."""
        with store_errors():
            changed = await self._curation.undo(asked.message)
        return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[changed])

    async def settle(self, asked: Asked[SettleConflict]) -> RegistryReply:
        """Settle a conflict."""
        with store_errors():
            after = await self._curation.settle(asked.message)
        return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[after] if after else [])

    async def bring_in(self, asked: Asked[ImportSymbols]) -> RegistryReply:
        """Take a part of an import."""
        with store_errors():
            counts = await self._curation.bring_in(asked.message)
        return RegistryReply(outcome=Outcome.ACCEPTED, counts=counts)
