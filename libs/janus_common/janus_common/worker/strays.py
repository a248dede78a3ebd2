"""Orders at work at the broker under our own reference that are not in hand.

One that no record begins was sent by nobody here, whatever it is called: it is shown and treated as
foreign, and a person is told. So is one that is over by its record; one that was called not sent, or
refused, is shown in the same way, also when it is filled, and is ours to end. One that is on record as open was
begun by another worker since this one read the record: it has to begin again.
"""

from __future__ import annotations

import dataclasses

from janus_common.errors import BusError, Fenced
from janus_common.logs import get_logger
from janus_common.messages import OrderUpdate
from janus_common.orders import LIVE, is_final
from janus_common.worker.board import Board
from janus_common.worker.book import FOREIGN, Book
from janus_common.worker.broker import OrderReport
from janus_common.worker.journal import Journal
from janus_common.worker.late import is_there, never_was

EVENT = "order-unrecorded"
KEPT = 20_000  # orders that are over, and were looked up

log = get_logger()


class Strays:
    """Those of one account."""

    def __init__(self, board: Board, book: Book, journal: Journal) -> None:
        self._board, self._book, self._journal = board, book, journal
        self._waiting: dict[str, OrderReport] = {}  # by the broker's id: what was said last
        self._over: dict[str, None] = {}  # the broker's ids of those that are filled and no strays

    def hear(self, report: OrderReport) -> None:
        """Take a report that the book does not take; called from the socket, never waits."""
        is_news = is_there(report) and report.venue_order_id not in self._over
        if report.terms is None or not report.venue_order_id or not (_is_live(report) or is_news):
            log.debug("order.not_in_hand", client_order_id=report.client_order_id)
            return
        self._waiting[report.venue_order_id] = report

    async def look(self) -> None:
        """Look them up in the journal, and take them in as what they are.

        Raises:
            Fenced: another worker has begun one of them.
        """
        for venue_order_id, report in list(self._waiting.items()):
            try:
                found = await self._journal.find(report.client_order_id)
                is_begun = found is not None and not is_final(found)
                if is_begun and _is_live(report) and not self._is_in_hand(report):
                    await self._journal.forget_checkpoint()
                    raise Fenced(f"another worker has begun order {report.client_order_id}")
                is_stray = _is_live(report) or await self._is_filled_late(report, found)
            except BusError as error:
                log.warning("order.stray_waits", venue_order_id=venue_order_id, error=str(error))
                return
            if self._waiting.get(venue_order_id) is not report:
                continue  # more was said meanwhile: it is looked up again
            del self._waiting[venue_order_id]
            if not is_stray:
                self._leave(venue_order_id)
            elif not self._is_in_hand(report):
                self._take(report, found)

    async def _is_filled_late(self, report: OrderReport, found: OrderUpdate | None) -> bool:
        """Whether it never was there by its record, and is over without ever having been shown."""
        if found is None or not never_was(found):
            return False
        return await self._journal.find(f"{FOREIGN}-{report.venue_order_id}") is None

    def _leave(self, venue_order_id: str) -> None:
        self._over[venue_order_id] = None
        if len(self._over) > KEPT:
            del self._over[next(iter(self._over))]

    def _is_in_hand(self, report: OrderReport) -> bool:
        return self._book.get(report.client_order_id) is not None

    def _take(self, report: OrderReport, found: OrderUpdate | None) -> None:
        if found is not None and never_was(found):
            self._book.remember(found)
            self._book.hear(report)  # which tells of it
            return
        self._book.hear(dataclasses.replace(report, client_order_id="", is_foreign=True))
        by_record = "no record begins it" if found is None else f"by its record it is {found.state}"
        self._tell(
            f"{FOREIGN}-{report.venue_order_id}",
            report.client_order_id,
            report.terms.symbol if report.terms is not None else "",
            f"an order is at work at the broker under the reference {report.client_order_id}, and "
            f"{by_record}; it is treated as foreign",
        )

    def tell(self, shown: OrderUpdate, record: OrderUpdate) -> None:
        """Call a person for an order that is ``shown``, and by its ``record`` never was there."""
        self._tell(
            shown.client_order_id,
            record.client_order_id,
            shown.symbol,
            f"the broker has order {record.client_order_id}, which was called {record.code or record.state}; it is "
            f"shown as {shown.client_order_id}: janus cancel {shown.client_order_id} ends it, if "
            "it is not filled",
        )

    def _tell(self, name: str, reference: str, symbol: str, reason: str) -> None:
        log.error("order.unrecorded", client_order_id=name, reference=reference)
        self._board.tell(EVENT, reason, client_order_id=name, reference=reference, symbol=symbol)


def _is_live(report: OrderReport) -> bool:
    return report.word in LIVE
