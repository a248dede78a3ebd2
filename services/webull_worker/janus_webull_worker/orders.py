"""Placing, changing and canceling: each request goes out once, and what becomes of it is told.

A request runs on a thread; its answer, refusal or silence comes back into the loop and from there
to the sink. What was not answered is in doubt: it is asked about, and never sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from janus_common.clock import monotonic_s
from janus_common.errors import BrokerUnavailable, Code, Denied
from janus_common.logs import get_logger
from janus_common.messages import OrderType, OrderUpdate, Tif
from janus_common.orders import Word
from janus_common.worker import gates
from janus_common.worker.broker import OrderReport, Sink
from janus_common.worker.pacing import Rank

from janus_webull_worker import translate, wire_ids
from janus_webull_worker.bridge import Bridge
from janus_webull_worker.codes import Verdict, is_final
from janus_webull_worker.doubts import Doubts
from janus_webull_worker.fields import Row
from janus_webull_worker.key import AppKey, key_refused
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.outcome import Answer, NoAnswer, NotBegun, Refused
from janus_webull_worker.rates import Path, Share

PLACED_LOOKS_S = (1.0,)  # after an order is taken: in case no event tells its fill
MARKET_LOOKS_S = (0.3, 1.5)  # the same of one that fills at once
ASKED_LOOKS_S = (0.2, 1.0, 3.0, 8.0)  # after a change or a cancel, which no answer confirms
LOST_S = 2.0  # an order at work so long after its cancel was not answered tells that it was lost

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt to place an order."""

    order: OrderUpdate
    instrument_id: str
    wire_id: str
    tif: Tif
    remark: str = ""  # what is said of it once it is taken


@dataclass(frozen=True, slots=True)
class Undone:
    """A change or cancel that was not done or, unless that is certain, may not have been."""

    reason: str
    is_certain: bool
    since_s: float = field(default_factory=monotonic_s)


class Orders:
    """What one account sends; it outlives sessions, as answers may."""

    def __init__(
        self,
        account_id: str,
        gtc: str,
        *,
        key: AppKey,
        share: Share,
        ledger: Ledger,
        doubts: Doubts,
    ) -> None:
        self._account_id, self._gtc = account_id, gtc
        self._key, self._share = key, share
        self._ledger, self._doubts = ledger, doubts
        self._client = key.client
        self._refuses_gtc = False  # as it has shown
        self._cancel_after: set[str] = set()  # orders to be canceled as soon as Webull has them
        self._unanswered: dict[str, Undone] = {}  # cancels that may have been lost
        self._sink: Sink = lambda _: None
        self._bridge: Bridge | None = None

    def attach(self, sink: Sink, bridge: Bridge) -> None:
        """Tell ``sink`` from now on, and look at orders through ``bridge``."""
        self._sink, self._bridge = sink, bridge

    def detach(self) -> None:
        """Take note that no session stands."""
        self._bridge = None

    # ── placing ──

    def place(self, order: OrderUpdate, instrument_id: str) -> None:
        """Begin to place a new order.

        Raises:
            Denied: nothing was sent.
        """
        wire = order.client_order_id
        if wire_ids.is_derived(wire) or len(wire) > wire_ids.LONGEST:
            raise Denied(
                Code.INVALID_ID,
                f"client_order_id {wire!r} could be that of another order's second try at webull",
                "use one that does not end in _d, such as uuid4().hex",
            )
        self._ledger.hold([order])
        self._send(self._first_try(order, instrument_id))

    def _first_try(self, order: OrderUpdate, instrument_id: str) -> Try:
        tif, remark = order.tif, ""
        if tif is Tif.GTC and (self._gtc == "no" or (self._gtc == "auto" and self._refuses_gtc)):
            tif = Tif.DAY
            remark = "sent as DAY: this account takes no GTC"
        return Try(
            order=order,
            instrument_id=instrument_id,
            wire_id=order.client_order_id,
            tif=tif,
            remark=remark,
        )

    def _send(self, attempt: Try) -> None:
        body = translate.stock_order(
            attempt.order,
            instrument_id=attempt.instrument_id,
            wire_id=attempt.wire_id,
            tif=attempt.tif,
        )
        self._doubts.begin(attempt.order.client_order_id)
        sent = self._post(
            Path.PLACE,
            partial(self._client.place, self._account_id, body),
            partial(self._placed, attempt),
        )
        limit_s = self._key.answer_s
        asyncio.get_running_loop().call_later(limit_s, self._is_slow, attempt, sent, limit_s)

    def _is_slow(self, attempt: Try, sent: asyncio.Future[Answer], limit_s: float) -> None:
        """Ask about an order whose answer takes too long; it is under way for as long as it does."""
        is_shown = self._ledger.shown_as(attempt.order.client_order_id) is not None
        if not sent.done() and not is_shown:
            self._in_doubt(attempt, f"the order was sent, and not answered within {limit_s:g} s")

    def _placed(self, attempt: Try, sent: asyncio.Future[Answer]) -> None:
        name = attempt.order.client_order_id
        self._doubts.end(name, monotonic_s())
        try:
            answer = sent.result()
        except NotBegun as late:
            self._over(name, Word.NOT_SENT, Code.NOT_SENT, str(late))
        except Refused as refused:
            self._not_placed(attempt, refused)
        except NoAnswer as error:
            self._in_doubt(attempt, f"the order was sent, and not answered: {error}")
        else:
            if _names_an_order(answer.value):
                self._taken(attempt, answer.value)
            else:
                self._in_doubt(attempt, "the order was sent, and the answer names no order")

    def _taken(self, attempt: Try, told: Row) -> None:
        name = attempt.order.client_order_id
        self._ledger.went_out(name, attempt.wire_id)
        self._doubts.settle(name)
        number = told.get("order_id")
        if attempt.remark:
            self._refuses_gtc = self._gtc == "auto"
            log.warning("order.downgraded", client_order_id=name, remark=attempt.remark)
        self._sink(
            OrderReport(
                client_order_id=name,
                venue_order_id=number if isinstance(number, str) else "",
                word=Word.WORKING,
                tif=attempt.tif,
                reason=attempt.remark,
            )
        )
        is_market = attempt.order.type is OrderType.MARKET
        self._look(attempt.wire_id, *(MARKET_LOOKS_S if is_market else PLACED_LOOKS_S))
        if name in self._cancel_after:
            self._cancel_after.discard(name)
            self._cancel(name, attempt.wire_id)

    def _not_placed(self, attempt: Try, refused: Refused) -> None:
        name, verdict = attempt.order.client_order_id, refused.verdict
        if verdict is Verdict.PACED:
            self._key.pause(Path.PLACE)
        if not is_final(verdict):
            self._in_doubt(attempt, f"whether the order was taken is not known: {refused.reason}")
            return
        second = wire_ids.derived(name)
        is_about_gtc = verdict is Verdict.TIF and attempt.tif is Tif.GTC and self._gtc == "auto"
        if is_about_gtc and second is not None and self._starts_as_day(attempt, second, refused):
            return
        self._over(name, Word.REJECTED, Code.BROKER_REJECTED, refused.reason)
        if verdict in {Verdict.KEY, Verdict.CLOCK} and self._bridge is not None:
            self._bridge.end(key_refused(refused))

    def _starts_as_day(self, attempt: Try, second: str, refused: Refused) -> bool:
        """Begin the second try, unless no session stands; a cancel from now on is one of it."""
        if self._bridge is None:
            return False
        name = attempt.order.client_order_id
        self._doubts.begin(name)  # not in the task: a cancel may come before that first runs
        task = self._bridge.start(self._as_day(attempt, second, refused))
        if task is None:
            self._doubts.end(name, monotonic_s())
            return False
        task.add_done_callback(partial(self._as_day_over, name))
        return True

    def _as_day_over(self, name: str, task: asyncio.Task[None]) -> None:
        """End the doubt of a second try that was cut off, be it before its first line."""
        if task.cancelled() or task.exception() is not None:
            self._doubts.end(name, monotonic_s())

    async def _as_day(self, attempt: Try, second: str, refused: Refused) -> None:
        """Send an order again whose time in force was refused, under its second id.

        Two orders must not come of one: nothing is sent if Webull shows it, or does not answer.
        """
        name, failed = attempt.order.client_order_id, None
        try:
            await self._second_turn(attempt)
        except (BrokerUnavailable, Denied) as error:
            failed = error
        if self._ledger.shown_as(name) is None and failed is None:
            remark = f"{translate.as_day(second)} ({refused.reason})"
            self._send(replace(attempt, wire_id=second, tif=Tif.DAY, remark=remark))
            return
        self._doubts.end(name, monotonic_s())
        if self._ledger.shown_as(name) is not None:
            log.warning("order.there_all_the_same", client_order_id=name, reason=refused.reason)
            self._doubts.settle(name)
            self._look(attempt.wire_id, *PLACED_LOOKS_S)
        elif isinstance(failed, Denied):
            why = f"{refused.reason}; it was not sent as DAY: {failed.reason}"
            self._over(name, Word.REJECTED, Code.BROKER_REJECTED, why)
        else:
            self._in_doubt(attempt, f"{refused.reason}; whether it is there all the same: {failed}")

    async def _second_turn(self, attempt: Try) -> None:
        """Ask Webull about the first try; unless that is there, wait until the second may go.

        Raises:
            BrokerUnavailable: Webull does not answer.
            Denied: the second must not go.
        """
        order = attempt.order
        if self._bridge is not None:
            seen = await self._bridge.ask(attempt.wire_id)
            if seen is not None and seen.is_over and not seen.filled_qty:
                self._refuses_gtc = True  # it keeps what it refused; the next one goes as DAY
        if self._ledger.shown_as(order.client_order_id) is not None:
            return
        await gates.turn(self._share, Rank.ORDER, order.expires_ns)
        gates.check_expiry(order)
        if order.client_order_id in self._cancel_after:
            raise Denied(Code.CANCELED_UNSENT, "it was canceled meanwhile")
        if self._bridge is None:
            raise Denied(Code.BROKER_DOWN, "the session has just ended")
        self._bridge.check()

    def _over(self, name: str, word: Word, code: Code, reason: str) -> None:
        self._cancel_after.discard(name)
        self._doubts.settle(name)
        self._sink(OrderReport(client_order_id=name, word=word, code=code, reason=reason))

    def _in_doubt(self, attempt: Try, reason: str) -> None:
        name, now_s = attempt.order.client_order_id, monotonic_s()
        log.warning("order.in_doubt", client_order_id=name, reason=reason)
        self._doubts.add(name, wires=(attempt.wire_id,), sent_s=now_s, now_s=now_s)
        self._sink(OrderReport(client_order_id=name, word=Word.SILENCE, reason=reason))
        if self._bridge is not None:
            self._bridge.resolve()

    # ── changing and canceling ──

    def replace(self, order: OrderUpdate, instrument_id: str) -> None:
        """Begin to give an order other terms."""
        wire = self._ledger.wire_of(order)
        body: Row = translate.stock_order(
            order, instrument_id=instrument_id, wire_id=wire, tif=order.tif
        )
        self._post(
            Path.REPLACE,
            partial(self._client.replace, self._account_id, body),
            partial(self._replaced, order.client_order_id, wire),
        )

    def _replaced(self, name: str, wire: str, sent: asyncio.Future[Answer]) -> None:
        undone = self._undone(sent, Path.REPLACE, name)
        if undone is not None and undone.is_certain:
            self._say_refused(name, Word.REPLACE_REFUSED, Code.REPLACE_REFUSED, undone.reason)
        self._look(wire, *ASKED_LOOKS_S)

    def cancel(self, order: OrderUpdate) -> None:
        """Begin to cancel an order; one that is on its way is canceled once it has arrived."""
        name = order.client_order_id
        if self._doubts.is_under_way(name) and self._ledger.shown_as(name) is None:
            self._cancel_after.add(name)
            return
        if self._doubts.is_open(name):
            self._cancel_after.add(name)
        self._cancel(name, self._ledger.wire_of(order))

    def found(self, name: str, wire: str) -> None:
        """Take note that an order in doubt is at work; it may be one that was to be canceled."""
        if name in self._cancel_after:
            self._cancel_after.discard(name)
            self._cancel(name, wire)

    def heard(self, report: OrderReport) -> None:
        """Take note of what Webull shows of an order: it may be that a cancel waits, or was lost."""
        name = report.client_order_id
        if report.word is Word.WORKING and (wire := self._ledger.shown_as(name)) is not None:
            self.found(name, wire)
        if (lost := self._unanswered.get(name)) is None or name in self._cancel_after:
            return
        if report.word is Word.WORKING:
            if monotonic_s() - lost.since_s < LOST_S:
                return
            reason = f"the cancel was not answered: {lost.reason}; the order is still at work"
            self._sink(
                OrderReport(
                    client_order_id=name,
                    word=Word.CANCEL_REFUSED,
                    reason=f"{reason}; cancel it again",
                )
            )
        if report.word is not None:
            del self._unanswered[name]

    def _cancel(self, name: str, wire: str) -> None:
        self._unanswered.pop(name, None)
        self._post(
            Path.CANCEL,
            partial(self._client.cancel, self._account_id, wire),
            partial(self._canceled, name, wire),
        )

    def _canceled(self, name: str, wire: str, sent: asyncio.Future[Answer]) -> None:
        undone = self._undone(sent, Path.CANCEL, name)
        if undone is not None and undone.is_certain:
            self._say_refused(name, Word.CANCEL_REFUSED, Code.BROKER_REJECTED, undone.reason)
        elif undone is not None:
            self._unanswered[name] = undone
        self._look(wire, *ASKED_LOOKS_S)

    def _say_refused(self, name: str, word: Word, code: Code, reason: str) -> None:
        """Say that a change or cancel was refused; after a cancel the broker is asked why."""
        is_unclear = word is Word.CANCEL_REFUSED
        report = OrderReport(
            client_order_id=name, word=word, code=code, reason=reason, is_unclear=is_unclear
        )
        self._sink(report)

    def _undone(self, sent: asyncio.Future[Answer], path: Path, name: str) -> Undone | None:
        """Return why a change or cancel was not done, or may not have been; None: it was."""
        try:
            sent.result()
        except NotBegun as late:
            return Undone(str(late), is_certain=True)
        except Refused as refused:
            if refused.verdict is Verdict.PACED:
                self._key.pause(path)
            undone = Undone(refused.reason, is_certain=is_final(refused.verdict))
        except NoAnswer as error:
            undone = Undone(str(error), is_certain=False)
        else:
            return None
        if not undone.is_certain:
            log.warning("request.in_doubt", client_order_id=name, reason=undone.reason)
        return undone

    def _post(
        self,
        path: Path,
        call: Callable[[], Answer],
        done: Callable[[asyncio.Future[Answer]], None],
    ) -> asyncio.Future[Answer]:
        sent = self._key.send(path, call)
        sent.add_done_callback(done)
        return sent

    def _look(self, wire: str, *after_s: float) -> None:
        if self._bridge is not None:
            self._bridge.look(wire, *after_s)


def _names_an_order(value: object) -> bool:
    """Whether the answer to an order is one: what was a success names it."""
    return isinstance(value, dict) and bool(value.get("order_id") or value.get("client_order_id"))
