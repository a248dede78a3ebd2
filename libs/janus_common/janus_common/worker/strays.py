"""Orders at work at the broker under our own reference that are not in hand.

One that no record begins was sent by nobody here, whatever it is called: it is shown and treated as
foreign, and a person is told. So is one that is over by its record. One that is on record as open
was begun by another worker since this one read the record: it has to begin again.
"""

from __future__ import annotations

import dataclasses

from janus_common.errors import BusError, Fenced
from janus_common.logs import get_logger
from janus_common.messages import OrderUpdate
from janus_common.orders import is_final
from janus_common.worker.board import Board
from janus_common.worker.book import FOREIGN, LIVE, Book
from janus_common.worker.broker import OrderReport
from janus_common.worker.journal import Journal

EVENT = "order-unrecorded"

log = get_logger()


class Strays:
    """Those of one account."""

    def __init__(self, board: Board, book: Book, journal: Journal) -> None:
        self._board, self._book, self._journal = board, book, journal
        self._waiting: dict[str, OrderReport] = {}  # by the broker's id: what was said last

    def hear(self, report: OrderReport) -> None:
        """Take a report that the book does not take; called from the socket, never waits."""
        if report.terms is None or report.word not in LIVE or not report.venue_order_id:
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
                if found is not None and not is_final(found) and not self._is_in_hand(report):
                    await self._journal.forget_checkpoint()
                    raise Fenced(f"another worker has begun order {report.client_order_id}")
            except BusError as error:
                log.warning("order.stray_waits", venue_order_id=venue_order_id, error=str(error))
                return
            is_waiting = self._waiting.pop(venue_order_id, None) is not None
            if is_waiting and not self._is_in_hand(report):
                self._take(report, found)

    def _is_in_hand(self, report: OrderReport) -> bool:
        return self._book.get(report.client_order_id) is not None

    def _take(self, report: OrderReport, found: OrderUpdate | None) -> None:
        self._book.hear(dataclasses.replace(report, client_order_id="", is_foreign=True))
        by_record = "no record begins it" if found is None else f"by its record it is {found.state}"
        name = f"{FOREIGN}-{report.venue_order_id}"
        log.error("order.unrecorded", client_order_id=name, reference=report.client_order_id)
        self._board.tell(
            EVENT,
            f"an order is at work at the broker under the reference {report.client_order_id}, and "
            f"{by_record}; it is treated as foreign",
            client_order_id=name,
            reference=report.client_order_id,
            symbol=report.terms.symbol if report.terms is not None else "",
        )
