"""What the registry answers: symbols from memory, the books from Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec
from janus_common import subjects
from janus_common.bus.service import Asked, Service
from janus_common.errors import Code, Denied, StoreRefused, StoreUnavailable
from janus_common.instruments import NAMED_BY, has_name
from janus_common.messages import (
    Instrument,
    ListInstruments,
    Outcome,
    PutInstrument,
    RegistryReply,
    ReportQuery,
    ReportReply,
)

from janus_registry import store_reports
from janus_registry.instruments import canonical
from janus_registry.pages import fitting, page
from janus_registry.store import Store
from janus_registry.symbols import Symbols

AT_ONCE = 64  # questions in hand; one may wait seconds for a broker
LIST_LIMIT = 200
REPORT_LIMIT = 100


class SymbolRequests:
    """Answers ``registry.*`` but for ``resolve``."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols

    async def offer(self, here: Service) -> None:
        """Answer from now on."""
        answer = partial(here.answer, refuse=refuse_symbols, at_once=AT_ONCE)
        await answer(subjects.registry("list"), ListInstruments, self.page)
        await answer(subjects.registry("put"), PutInstrument, self.put)

    async def page(self, asked: Asked[ListInstruments]) -> RegistryReply:
        """Return symbols in order, a page at a time."""
        query = asked.message
        check_limit(query.limit, LIST_LIMIT)
        found, more = self._symbols.page(
            prefix=query.prefix.strip().upper(),
            after=query.after,
            limit=query.limit,
            wanted=_wanted(query),
        )
        taken = fitting(found)
        return RegistryReply(
            outcome=Outcome.ACCEPTED, instruments=taken, more=more or len(taken) < len(found)
        )

    async def put(self, asked: Asked[PutInstrument]) -> RegistryReply:
        """Add an instrument, or fill what is not known yet of one."""
        with store_errors():
            return _one(await self._symbols.put(asked.message.instrument))


class ReportRequests:
    """Answers ``report.*``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def offer(self, here: Service) -> None:
        """Answer from now on."""
        answer = partial(here.answer, refuse=refuse_report, at_once=AT_ONCE)
        await answer(subjects.report("orders"), ReportQuery, self.orders)
        await answer(subjects.report("fills"), ReportQuery, self.fills)

    async def orders(self, asked: Asked[ReportQuery]) -> ReportReply:
        """Return orders, those made last first; paged by ``created_ns``."""
        query = _checked_query(asked.message)
        with store_errors():
            found = await store_reports.orders(self._store, query, limit=query.limit + 1)
        taken, more = page(found, limit=query.limit, time_ns=lambda order: order.created_ns)
        return ReportReply(outcome=Outcome.ACCEPTED, orders=taken, more=more)

    async def fills(self, asked: Asked[ReportQuery]) -> ReportReply:
        """Return fills as they stand, those received last first; paged by ``received_ns``."""
        query = _checked_query(asked.message)
        with store_errors():
            found = await store_reports.fills(self._store, query, limit=query.limit + 1)
        taken, more = page(found, limit=query.limit, time_ns=lambda one: one.fill.received_ns)
        return ReportReply(outcome=Outcome.ACCEPTED, fills=taken, more=more)


def refuse_symbols(denied: Denied) -> RegistryReply:
    """Return what an asker is told who is refused."""
    return RegistryReply(
        outcome=Outcome.DENIED, code=denied.code, reason=denied.reason, hint=denied.hint or None
    )


def refuse_report(denied: Denied) -> ReportReply:
    """Return what an asker is told whose question about the books is refused."""
    return ReportReply(outcome=Outcome.DENIED, code=denied.code, reason=denied.reason)


def _wanted(query: ListInstruments) -> Callable[[Instrument], bool]:
    """Return whether an instrument is one of those that ``query`` asks for.

    Raises:
        Denied: there is no such broker.
    """
    if query.missing is not None and query.missing not in NAMED_BY:
        raise Denied(
            Code.INVALID_MESSAGE,
            f"missing is {query.missing[:40]!a}: it is one of {', '.join(NAMED_BY)}",
        )

    def wanted(one: Instrument) -> bool:
        is_missing = query.missing is None or not has_name(one, query.missing)
        return is_missing and query.status in {None, one.status}

    return wanted


def _one(instrument: Instrument) -> RegistryReply:
    return RegistryReply(outcome=Outcome.ACCEPTED, instruments=[instrument])


def _checked_query(query: ReportQuery) -> ReportQuery:
    check_limit(query.limit, REPORT_LIMIT)
    if query.symbol is None:
        return query
    return msgspec.structs.replace(query, symbol=canonical(query.symbol))


def check_limit(limit: int, most: int) -> None:
    """Raise Denied unless ``limit`` is 1 to ``most``."""
    if not 1 <= limit <= most:
        raise Denied(Code.INVALID_MESSAGE, f"limit is {limit}: it must be 1 to {most}")


@contextmanager
def store_errors() -> Iterator[None]:
    """Rename what the store raises to what the asker is told.

    Raises:
        Denied: STORE_DOWN, or the values cannot be.
    """
    try:
        yield
    except StoreUnavailable as error:
        raise Denied(
            Code.STORE_DOWN, f"{error}; nothing can be written or reported until it is back"
        ) from error
    except StoreRefused as error:
        raise Denied(Code.INVALID_MESSAGE, str(error)) from error
