"""Whatever a broker says, twice, late or out of order: the orders and fills of an account hold.

The broker's words wait in the post; rules deliver them in any order and again. Everything is heard
by the book and the fills of a worker, which may be killed between any two. ``make properties``
tries 20,000 lives.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from janus_common.errors import Code
from janus_common.messages import Fill, FillCorrection, FillFee, OrderState, OrderUpdate, Side
from janus_common.orders import FINAL, News, Word
from janus_common.worker.book import Book
from janus_common.worker.broker import ExecutionReport, FeeReport, OrderReport, Snapshot
from janus_common.worker.fills import FillMessage, Fills, message_id
from janus_common.worker.late import as_sent
from janus_common.worker.reconcile import absence

from tests.unit.worker.test_orders import order

S = OrderState
ZERO = Decimal(0)
ENDS = {S.FILLED, S.CANCELED, S.REJECTED, S.EXPIRED}
# What may follow what, written down a second time and by hand.
MAY_FOLLOW: dict[OrderState, set[OrderState]] = {
    S.SENDING: {S.WORKING, S.PARTIALLY_FILLED, S.CANCEL_PENDING, S.REPLACE_PENDING, S.UNKNOWN}
    | {S.DENIED}
    | ENDS,
    S.WORKING: {S.PARTIALLY_FILLED, S.CANCEL_PENDING, S.REPLACE_PENDING, S.UNKNOWN} | ENDS,
    S.PARTIALLY_FILLED: {S.WORKING, S.CANCEL_PENDING, S.REPLACE_PENDING, S.UNKNOWN} | ENDS,
    S.CANCEL_PENDING: {S.WORKING, S.PARTIALLY_FILLED, S.UNKNOWN} | ENDS,
    S.REPLACE_PENDING: {S.WORKING, S.PARTIALLY_FILLED, S.CANCEL_PENDING, S.UNKNOWN} | ENDS,
    S.UNKNOWN: {S.SENDING, S.WORKING, S.PARTIALLY_FILLED, S.CANCEL_PENDING, S.REPLACE_PENDING}
    | ENDS,
}
NEVER_AT_BROKER = {Word.NOT_SENT, Word.DENIED}
WORDS = [None, *(word for word in Word if word not in NEVER_AT_BROKER)]
Told = OrderReport | ExecutionReport | FeeReport
Booked = dict[str, tuple[int, Decimal, Decimal]]


def booked(messages: list[FillMessage]) -> tuple[Booked, dict[str, tuple[int, Decimal]]]:
    """Return what a reader of the stream has in the end: executions, and their fees."""
    executions: Booked = {}
    fees: dict[str, tuple[int, Decimal]] = {}
    for message in messages:
        name = message.execution_id
        match message:
            case Fill() | FillCorrection():
                row = (message.revision, message.qty, message.price)
                executions[name] = max(executions.get(name, row), row)
            case FillFee():
                fees[name] = max(fees.get(name, (0, ZERO)), (message.revision, message.fee))
    return executions, fees


class LifeOfOrders(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.journal: dict[str, OrderUpdate] = {}
        self.stream: list[FillMessage] = []
        self.post: list[Told] = []  # said by the broker, not heard yet
        self.heard: list[Told] = []
        self.executions: dict[str, ExecutionReport] = {}  # the broker's truth: the last forms
        self.said: dict[str, Decimal] = {}  # the most that a status has told of an order
        self.may_shrink = False
        self.news = 0
        self.told: Told  # which is being heard
        self.executed: dict[str, Decimal] = {}  # the most that executions of an order have told
        self.most: dict[str, Decimal] = {}  # the same of each execution
        self.start()

    def start(self) -> None:
        self.book = Book("ib-main", changed=self.changed, now_ns=lambda: 9)
        self.fills = Fills("ib-main")
        for message in self.stream:
            self.fills.published(message)
        for record in self.journal.values():
            if record.state not in FINAL:
                self.book.add(record)

    def changed(self, after: OrderUpdate) -> None:
        """Judge one record against the one before it."""
        if after.client_order_id not in self.journal:
            self.turned_up(after)
            return
        before = self.journal[after.client_order_id]
        assert after.revision == before.revision + 1
        if after.state is not before.state:
            assert after.state in MAY_FOLLOW.get(before.state, set()), (before.state, after.state)
        assert after.filled_qty >= before.filled_qty or self.may_shrink
        assert before.venue_order_id in {None, after.venue_order_id}
        name = as_sent(after).client_order_id
        assert after.filled_qty <= max(self.executed.get(name, ZERO), self.said.get(name, ZERO))
        self.journal[after.client_order_id] = after
        self.news += 1

    def turned_up(self, shown: OrderUpdate) -> None:
        """Judge the first record of an order that was called not sent, or refused unnumbered."""
        record = self.journal[as_sent(shown).client_order_id]
        assert record.state is S.REJECTED
        if record.code is not Code.NOT_SENT:
            assert (record.venue_order_id, record.filled_qty) == (None, ZERO)
            assert self.is_at_work(self.told)
        assert (shown.origin, shown.revision, shown.filled_qty) == ("foreign", 0, ZERO)
        assert (shown.symbol, shown.side, shown.qty) == (record.symbol, record.side, record.qty)
        self.journal[shown.client_order_id] = shown
        self.news += 1

    def is_at_work(self, told: Told) -> bool:
        """Whether the broker says more of an order than that it holds it."""
        if isinstance(told, OrderReport):
            return told.word in {Word.WORKING, Word.FILLED} or told.filled_qty > 0
        return isinstance(told, ExecutionReport)

    def hear(self, told: Told) -> None:
        self.told = told
        self.may_shrink = isinstance(told, ExecutionReport) and told.revision > 1
        if isinstance(told, OrderReport):
            name = told.client_order_id
            self.said[name] = max(self.said.get(name, ZERO), told.filled_qty)
            self.book.hear(told)
        elif isinstance(told, ExecutionReport):
            more = told.qty - self.most.get(told.execution_id, ZERO)
            if more > 0:
                self.most[told.execution_id] = told.qty
                name = told.client_order_id
                self.executed[name] = self.executed.get(name, ZERO) + more
            self.stream += self.fills.execute(told)
            self.book.execute(told)
        else:
            self.stream += self.fills.charge(told)
        self.may_shrink = False

    def names(self) -> list[str]:
        return sorted(name for name, order in self.journal.items() if order.origin == "janus")

    def one(self, number: int) -> str:
        return self.names()[number % len(self.names())]

    # What the account does.

    @precondition(lambda self: len(self.names()) < 3)
    @rule()
    def send(self) -> None:
        number = len(self.names()) + 1
        sent = order(client_order_id=f"c-{number}", session_order_id=f"11.{number}")
        self.journal[sent.client_order_id] = sent
        self.book.add(sent, sent_s=0.0)

    @precondition(lambda self: self.journal)
    @rule(number=st.integers(0, 2))
    def cancel(self, number: int) -> None:
        self.book.ask_cancel(self.one(number), now_s=1.0)

    @precondition(lambda self: self.journal)
    @rule(number=st.integers(0, 2))
    def replace(self, number: int) -> None:
        self.book.apply(self.one(number), News(word=Word.REPLACE_ASKED))

    @precondition(lambda self: self.journal)
    @rule(number=st.integers(0, 2))
    def silence(self, number: int) -> None:
        self.book.apply(self.one(number), News(word=Word.SILENCE, reason="silence"))

    @precondition(lambda self: self.journal)
    @rule(number=st.integers(0, 2), is_proof=st.booleans())
    def absence(self, number: int, is_proof: bool) -> None:  # noqa: FBT001 - drawn
        now = self.book.get(self.one(number))
        if now is None:
            return
        answer = Snapshot(reports=(), unseen=lambda _: is_proof)
        after = self.book.apply(now.client_order_id, absence(now, answer))
        assert after is None or after.filled_qty == now.filled_qty
        if after is not None and after.state is S.REJECTED and now.state is not S.REJECTED:
            assert is_proof
            assert (now.filled_qty, now.venue_order_id) == (ZERO, None)

    @rule()
    def die_and_start_again(self) -> None:
        self.start()

    # What the broker says.

    @precondition(lambda self: self.journal)
    @rule(
        number=st.integers(0, 2),
        word=st.sampled_from(WORDS),
        filled=st.integers(0, 11),
        ids=st.integers(0, 2),
    )
    def say(self, number: int, word: Word | None, filled: int, ids: int) -> None:
        name = self.one(number)
        self.post.append(
            OrderReport(
                client_order_id=name,
                session_order_id=self.journal[name].session_order_id or "" if ids else "",
                venue_order_id=f"9{name}" if ids == 1 else "",
                word=word,
                filled_qty=Decimal(filled),
                average_price=Decimal(100) if filled else None,
                reason="because" if filled % 2 else "",
            )
        )

    @precondition(lambda self: self.journal)
    @rule(number=st.integers(0, 2), qty=st.integers(1, 4), price=st.integers(99, 101))
    def execute(self, number: int, qty: int, price: int) -> None:
        self.tell(
            ExecutionReport(
                execution_id=f"e-{len(self.executions)}",
                revision=1,
                client_order_id=self.one(number),
                symbol="AAPL",
                side=Side.BUY,
                qty=Decimal(qty),
                price=Decimal(price),
                executed_ns=1,
                received_ns=2,
            )
        )

    @precondition(lambda self: self.executions)
    @rule(number=st.integers(0, 9), qty=st.integers(0, 4))
    def correct(self, number: int, qty: int) -> None:
        was = self.executions[f"e-{number % len(self.executions)}"]
        self.tell(
            ExecutionReport(
                execution_id=was.execution_id,
                revision=was.revision + 1,
                client_order_id=was.client_order_id,
                symbol=was.symbol,
                side=was.side,
                qty=Decimal(qty),
                price=was.price + 1,
                executed_ns=1,
                received_ns=2,
            )
        )

    def tell(self, report: ExecutionReport) -> None:
        self.executions[report.execution_id] = report
        self.post.append(report)
        self.post.append(
            FeeReport(
                execution_id=report.execution_id,
                revision=report.revision,
                fee=report.qty,
                currency="USD",
                realized_pnl=None,
                received_ns=3,
            )
        )

    # How it arrives.

    @precondition(lambda self: self.post)
    @rule(number=st.integers(0, 9))
    def deliver(self, number: int) -> None:
        told = self.post.pop(number % len(self.post))
        self.heard.append(told)
        self.hear(told)
        changes, published = self.news, len(self.stream)
        self.hear(told)  # once more at once: nothing is news
        assert (self.news, len(self.stream)) == (changes, published)

    @precondition(lambda self: self.heard)
    @rule(number=st.integers(0, 30))
    def deliver_again(self, number: int) -> None:
        told = self.heard[number % len(self.heard)]
        published = len(self.stream)
        self.hear(told)
        if isinstance(told, ExecutionReport):  # a fee may have died with a worker that waited
            assert all(isinstance(message, FillFee) for message in self.stream[published:])

    def teardown(self) -> None:
        """Let all of the post arrive: what is booked is the truth, whatever the order was."""
        for told in self.post:
            self.hear(told)
        for told in self.heard:  # a sweep: a fee that came too early died with its worker
            if not isinstance(told, OrderReport):
                self.hear(told)
        assert len({message_id(message) for message in self.stream}) == len(self.stream)
        assert [message.sequence for message in self.stream] == [*range(1, len(self.stream) + 1)]
        truth = {
            name: (last.revision, last.qty, last.price) for name, last in self.executions.items()
        }
        executions, fees = booked(self.stream)
        assert executions == truth
        assert fees == {name: (row[0], row[1]) for name, row in truth.items()}
        assert booked(self.in_another_order()) == (executions, fees)
        for message in self.stream:
            assert not isinstance(message, FillCorrection) or self.is_begun_before(message)

    def in_another_order(self) -> list[FillMessage]:
        told = [one for one in self.heard + self.post if not isinstance(one, OrderReport)]
        Random(len(told)).shuffle(told)
        fills, found = Fills("ib-main"), []
        for one in told:
            found += fills.charge(one) if isinstance(one, FeeReport) else fills.execute(one)
        return found

    def is_begun_before(self, correction: FillCorrection) -> bool:
        before = self.stream[: correction.sequence]
        return any(
            isinstance(m, Fill) and m.execution_id == correction.execution_id for m in before
        )


def lives(*, steps: int) -> type:
    """Return the test of lives of so many steps: half of all, 10,000 with the profile "ci"."""
    test: type = LifeOfOrders.TestCase
    found = type(f"Lives{steps}", (test,), {})
    found.settings = settings(  # type: ignore[attr-defined]  # where hypothesis looks for them
        max_examples=2 * settings().max_examples,
        stateful_step_count=steps,
        suppress_health_check=[HealthCheck.too_slow],
    )
    return found


TestShortLives = lives(steps=10)
TestLongLives = lives(steps=30)
