"""The orders of one account that are not final, and what the broker's words make of them.

Nothing in here waits: words come from the socket's callback, and what changes goes to ``changed``
(the journal) in the order in which it was heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from janus_common.changes import Terms, heard, terms_of
from janus_common.errors import Code
from janus_common.logs import get_logger
from janus_common.messages import OrderState, OrderUpdate
from janus_common.orders import LIVE, ZERO, News, Word, advance, is_final
from janus_common.symbols import plain
from janus_common.worker import late
from janus_common.worker.broker import ExecutionReport, OrderReport, OrderTerms

FOREIGN = "foreign"
RECENT = 1_000  # final orders kept for late words about them
CANCEL_LOST = "the broker did not take the cancel; the order is as it was"
REFUSALS = frozenset({Word.REJECTED, Word.REFUSED, Word.REPLACE_REFUSED})

# That an order is still at work does not answer the cancel that was asked for.
_NO_ANSWER = {OrderState.CANCEL_PENDING: {None, Word.CANCEL_ASKED, Word.ACKNOWLEDGED, Word.WORKING}}

log = get_logger()


@dataclass(slots=True)
class _Entry:
    order: OrderUpdate
    quiet_since_s: float | None  # waiting for the first word since then; None: it came
    executed: dict[str, tuple[int, Decimal, Decimal]] = field(default_factory=dict)
    filled: Decimal = ZERO  # sum of executed
    value: Decimal = ZERO
    wanted: Terms | None = None  # of a replacement under way

    def execute(self, report: ExecutionReport) -> News:
        """Count an execution once, in its latest form; return what that says of the order."""
        revision, qty, price = self.executed.get(report.execution_id, (0, ZERO, ZERO))
        filled = self.order.filled_qty
        if report.revision > revision:
            self.executed[report.execution_id] = (report.revision, report.qty, report.price)
            self.filled += report.qty - qty
            self.value += report.qty * report.price - qty * price
            if revision and report.qty < qty:
                filled -= qty - report.qty
        filled = max(filled, self.filled)
        # Of an order that is older than this worker, a part may have been filled unheard.
        is_all_known = self.filled == filled > ZERO
        return News(
            word=None if is_final(self.order) else Word.ACKNOWLEDGED,
            filled_qty=filled,
            is_correction=0 < revision < report.revision,
            average_price=_rounded(self.value / self.filled) if is_all_known else None,
            venue_order_id=report.venue_order_id,
        )


class Book:
    """Open orders by our id, the session's id and the broker's id."""

    def __init__(
        self,
        account: str,
        *,
        changed: Callable[[OrderUpdate], None],
        now_ns: Callable[[], int],
        filled: Callable[[OrderUpdate, Decimal], None] = lambda *_: None,
        early: Callable[[str], None] = lambda _: None,
        turned_up: Callable[[OrderUpdate, OrderUpdate], None] = lambda *_: None,
    ) -> None:
        """``filled`` hears how much more of an order is; ``early`` which change to ask again.

        ``turned_up`` hears what is shown of an order, and the record by which it never was there.
        """
        self._account, self._changed, self._now_ns = account, changed, now_ns
        self._filled, self._early, self._turned_up = filled, early, turned_up
        self._entries: dict[str, _Entry] = {}
        self._done: dict[str, _Entry] = {}
        self._by_session_id: dict[str, str] = {}
        self._by_venue_id: dict[str, str] = {}
        self._late: dict[str, str] = {}  # by the id that never was there: what is shown of it

    def get(self, client_order_id: str) -> OrderUpdate | None:
        """Return an order that is open, or was a short while ago."""
        entry = self._entries.get(client_order_id) or self._done.get(client_order_id)
        return entry.order if entry is not None else None

    def shown_as(self, client_order_id: str) -> str:
        """Return the id under which an order is shown that turned up late, else its own."""
        return self._late.get(client_order_id, client_order_id)

    def by_session_id(self, session_order_id: str) -> OrderUpdate | None:
        """Return the order that was sent under this id, if it is open or was a while ago."""
        name = self._by_session_id.get(session_order_id)
        return self.get(name) if name is not None else None

    def orders(self) -> list[OrderUpdate]:
        """Return all open orders, ours and foreign ones."""
        return [entry.order for entry in self._entries.values()]

    def add(self, order: OrderUpdate, *, sent_s: float | None = None) -> None:
        """Take an order that the journal holds; the first word of one is waited for from ``sent_s``."""
        is_new = order.state is OrderState.SENDING and order.venue_order_id is None
        self._entries[order.client_order_id] = _Entry(order, sent_s if is_new else None)
        self._index(order)

    def remember(self, order: OrderUpdate) -> None:
        """Take an order that is final before it was ever open, for whoever repeats its id."""
        self._done[order.client_order_id] = _Entry(order, None)

    def ask_cancel(self, client_order_id: str, *, now_s: float) -> OrderUpdate | None:
        """Note that a cancel went out at ``now_s``: the broker's word about it is waited for.

        An order in doubt stays in doubt: that we asked tells nothing about it.
        """
        entry = self._entries.get(client_order_id)
        if entry is None:
            return None
        entry.quiet_since_s = now_s
        if entry.order.state is OrderState.UNKNOWN:
            return entry.order
        return self.apply(client_order_id, News(word=Word.CANCEL_ASKED))

    def ask_replace(self, client_order_id: str, wanted: Terms) -> OrderUpdate | None:
        """Note that an order is about to be changed; the record keeps its terms until it is."""
        entry = self._entries.get(client_order_id)
        if entry is None:
            return None
        entry.wanted = wanted
        return self.apply(client_order_id, News(word=Word.REPLACE_ASKED))

    def replace_sent(self, client_order_id: str, *, now_s: float) -> None:
        """Note that the change went out at ``now_s``: the broker's word about it is waited for."""
        entry = self._entries.get(client_order_id)
        if entry is not None:
            entry.quiet_since_s = now_s

    def wanted(self, client_order_id: str) -> Terms | None:
        """Return the terms of a change under way."""
        entry = self._entries.get(client_order_id)
        return entry.wanted if entry is not None else None

    def asked_qty(self, order: OrderUpdate) -> Decimal:
        """Return the largest quantity that ``order`` may have at the broker."""
        wanted = self.wanted(order.client_order_id)
        return max(order.qty, wanted.qty) if wanted is not None else order.qty

    def forget_changes(self, client_order_ids: Iterable[str] | None = None) -> None:
        """Let the broker's next word decide what became of changes, not of new orders; None: of all."""
        for name in list(self._entries) if client_order_ids is None else client_order_ids:
            if (entry := self._entries.get(name)) is not None:
                entry.wanted = None
                if entry.order.state is not OrderState.SENDING:
                    entry.quiet_since_s = None

    def in_doubt(self, symbol: str) -> OrderUpdate | None:
        """Return an order of ours in ``symbol`` of which nobody knows what became."""
        for entry in self._entries.values():
            order = entry.order
            if (
                order.symbol == symbol
                and order.state is OrderState.UNKNOWN
                and order.origin != FOREIGN
            ):
                return order
        return None

    def silent(self, *, now_s: float, after_s: float) -> list[OrderUpdate]:
        """Return the orders sent ``after_s`` ago or earlier of which nothing was heard since."""
        return [
            entry.order
            for entry in self._entries.values()
            if entry.quiet_since_s is not None and now_s - entry.quiet_since_s >= after_s
        ]

    def fresh(self, *, now_s: float, within_s: float) -> set[str]:
        """Return the ids of orders sent so lately that the broker need not have answered."""
        return {
            name
            for name, entry in self._entries.items()
            if entry.quiet_since_s is not None and now_s - entry.quiet_since_s < within_s
        }

    def apply(self, client_order_id: str, news: News) -> OrderUpdate | None:
        """Move an order on; return it as it is then, None if it is not here or cannot be moved."""
        entry = self._entries.get(client_order_id) or self._done.get(client_order_id)
        if entry is None:
            return None
        before, after = entry.order, advance(entry.order, news, now_ns=self._now_ns())
        is_changing = after is not None and after.state is OrderState.REPLACE_PENDING
        no_answer = _NO_ANSWER.get(before.state, {Word.CANCEL_ASKED})
        if news.word not in no_answer and not is_changing:
            entry.quiet_since_s = None
        if not is_changing and after is not None:
            entry.wanted = None
        if after is None:
            log.debug(
                "order.word_ignored",
                client_order_id=client_order_id,
                state=before.state.value,
                word=str(news.word),
                reason=news.reason,
            )
            return None
        if after is not before:
            entry.order = after
            self._index(after)
            if after.filled_qty > before.filled_qty:
                self._filled(after, after.filled_qty - before.filled_qty)
            self._changed(after)
            if is_final(after) and not is_final(before):
                self._finish(client_order_id)
        return after

    def hear(self, report: OrderReport) -> bool:
        """Take the broker's word about an order; return whether it concerns one of this book.

        A foreign order with its terms is taken in, whoever sent it; so is one of ours that, by
        its record, never was there.
        """
        name = self._name_of(report)
        if name is None and (record := self._disowned(report)) is not None:
            if not late.belies(report, record):
                return True
            name = self._show(report, record, report.terms)
        if name is None:
            if not report.is_foreign or report.terms is None or not report.venue_order_id:
                return False
            if report.word in {None, Word.FILLED, Word.CANCELED, Word.REJECTED, Word.EXPIRED}:
                return True  # it was over before we knew of it
            name = self._adopt(report, report.terms)
        if report.is_early and self.wanted(name) is not None:
            self._early(name)
            return True
        self.apply(name, self._news(name, report))
        return True

    def _news(self, name: str, report: OrderReport) -> News:
        entry = self._entries.get(name) or self._done[name]
        order, told = entry.order, report.terms
        word, code, reason, terms = report.word, report.code, report.reason, terms_of(order)
        if told is not None and word in LIVE and told.qty > 0:
            shown = Terms(
                qty=told.qty,
                limit_price=_shown(order.limit_price, told.limit_price),
                stop_price=_shown(order.stop_price, told.stop_price),
            )
            echo = heard(order, entry.wanted, shown, word)
            word, terms, reason = echo.word, echo.terms, reason or echo.reason
        if self._is_cancel_lost(entry, word):
            word, reason = Word.CANCEL_REFUSED, reason or CANCEL_LOST
        if order.state is OrderState.REPLACE_PENDING and word in REFUSALS:
            code = Code.REPLACE_REFUSED
        return News(
            word=word,
            filled_qty=report.filled_qty,
            average_price=report.average_price,
            venue_order_id=report.venue_order_id,
            qty=terms.qty,
            limit_price=terms.limit_price,
            stop_price=terms.stop_price,
            tif=report.tif,
            code=code,
            reason=reason,
            is_free=report.is_free,
        )

    def _is_cancel_lost(self, entry: _Entry, word: Word | None) -> bool:
        """Whether an order is at work of which a session that is over was to end it."""
        is_asked = entry.order.state is OrderState.CANCEL_PENDING
        return is_asked and entry.quiet_since_s is None and word is Word.WORKING

    def execute(self, report: ExecutionReport) -> None:
        """Take an execution: what is filled is at least the sum of all of them."""
        name = self._name_of(report)
        if name is None and (record := self._disowned(report)) is not None:
            name = self._show(report, record, None)
        if name is None:
            return
        entry = self._entries.get(name) or self._done[name]
        self.apply(name, entry.execute(report))

    def is_over(self, report: OrderReport) -> bool:
        """Whether ``report`` is about an order that is final."""
        return self._name_of(report) in self._done

    def _name_of(self, report: OrderReport | ExecutionReport) -> str | None:
        name = self._named(report)
        if name is not None and self._never_was(name):  # what the broker names is another
            named = report.venue_order_id
            return self._by_venue_id.get(named) if named else self.shown_as(name)
        return name if name is not None else self._by_venue_id.get(report.venue_order_id)

    def _named(self, report: OrderReport | ExecutionReport) -> str | None:
        own = "" if report.is_foreign else report.client_order_id
        if own in self._entries or own in self._done:
            return own
        return self._by_session_id.get(report.session_order_id) or self._late.get(own)

    def _never_was(self, name: str) -> bool:
        entry = self._done.get(name)
        return entry is not None and late.never_was(entry.order)

    def _disowned(self, report: OrderReport | ExecutionReport) -> OrderUpdate | None:
        """Return the record by which an order that the broker names never was there."""
        name = self._named(report)
        is_it = name is not None and bool(report.venue_order_id) and self._never_was(name)
        return self._done[name].order if is_it and name is not None else None

    def _show(
        self,
        report: OrderReport | ExecutionReport,
        record: OrderUpdate,
        terms: OrderTerms | None,
    ) -> str:
        """Take in an order that never was, by its record: what has ended has ended, so beside it."""
        tags = {late.TAG: record.client_order_id}
        name = self._adopt(report, terms or late.terms_of_record(record), tags)
        shown = self._entries[name].order
        self._changed(shown)  # whatever is said next of it: it is on record
        self._turned_up(shown, record)
        return name

    def _adopt(
        self,
        report: OrderReport | ExecutionReport,
        terms: OrderTerms,
        tags: dict[str, str] | None = None,
    ) -> str:
        name = f"{FOREIGN}-{report.venue_order_id}"
        now = self._now_ns()
        order = OrderUpdate(
            account=self._account,
            client_order_id=name,
            state=OrderState.SENDING,
            symbol=terms.symbol,
            side=terms.side,
            type=terms.type,
            qty=terms.qty,
            limit_price=terms.limit_price,
            stop_price=terms.stop_price,
            trail_amount=terms.trail_amount,
            trail_percent=terms.trail_percent,
            limit_offset=terms.limit_offset,
            tif=terms.tif,
            good_till_ns=terms.good_till_ns,
            outside_rth=terms.outside_rth,
            oca_group=terms.oca_group,
            oca_type=terms.oca_type,
            tags=tags or {},
            venue_order_id=report.venue_order_id,
            session_order_id=report.session_order_id or None,
            origin=FOREIGN,
            revision=0,
            created_ns=now,
            updated_ns=now,
        )
        self.add(order)
        log.info("order.foreign", client_order_id=name, symbol=terms.symbol)
        return name

    def _index(self, order: OrderUpdate) -> None:
        if order.session_order_id:
            self._by_session_id[order.session_order_id] = order.client_order_id
        if order.venue_order_id:
            self._by_venue_id[order.venue_order_id] = order.client_order_id
        if late.is_late(order):
            self._late[order.tags[late.TAG]] = order.client_order_id

    def _finish(self, client_order_id: str) -> None:
        self._done[client_order_id] = self._entries.pop(client_order_id)
        for name in list(self._done)[:-RECENT]:
            gone = self._done.pop(name).order
            self._by_session_id.pop(gone.session_order_id or "", None)
            self._by_venue_id.pop(gone.venue_order_id or "", None)
            self._late.pop(gone.tags.get(late.TAG, ""), None)


def _shown(ours: Decimal | None, told: Decimal | None) -> Decimal | None:
    """Return a price as the broker shows it; one that the order does not have stays none."""
    return ours if ours is None or told is None else told


def _rounded(price: Decimal) -> Decimal:
    return Decimal(plain(round(price, 8)))
