"""The back office: books fills into accounts, keeps the records, and notes what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from janus_paper_venue.accounts import Account, AccountValues, Position
from janus_paper_venue.checks import check_short
from janus_paper_venue.events import (
    AccountChanged,
    Corrected,
    Event,
    Executed,
    FeeReported,
    OrderAccepted,
    OrderChanged,
    OrderIdTaken,
    OrderTrailed,
    PositionChanged,
    SettingChanged,
    SplitDone,
)
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.ledger import Split, closing_qty, margin_for, signed
from janus_paper_venue.orders import (
    ZERO,
    Cause,
    Execution,
    OrderRequest,
    OrderStatus,
    Reject,
    RejectCode,
    Side,
    VenueOrder,
)
from janus_paper_venue.quotes import Quote
from janus_paper_venue.records import Records, State
from janus_paper_venue.rules import Borrow, Rules, Terms
from janus_paper_venue.timers import Timers

replace = msgspec.structs.replace
Quotes = Callable[[int], Quote]
Mistake = Callable[[Execution], Execution | None]  # what a fill has to be corrected to


class Desk:
    """The accounts and records of the venue, and the batch of events not yet published."""

    def __init__(
        self,
        instruments: Mapping[int, Instrument],
        *,
        accounts: Sequence[str],
        rules: Rules,
        now_ns: Callable[[], int],
        quotes: Quotes,
        state: State,
    ) -> None:
        self.records = Records(state)
        self.batch: list[Event] = []
        self.timers = Timers()
        self.now_ns = now_ns
        self._instruments = instruments
        self._rules = rules
        self._quotes = quotes
        self._accounts = {
            name: Account(name, state.starting_cash.get(name, rules.starting_cash))
            for name in dict.fromkeys((*accounts, *state.starting_cash))
        }
        self.mistake: Mistake = lambda _: None
        self.ended: list[VenueOrder] = []  # orders whose children have not been told yet
        self._terms = dict(rules.terms)
        self._usual_terms = Terms(leverage=rules.leverage)
        self._borrow: dict[int, Borrow] = {}
        self._restore(state)

    # What the floor and the exchange do with orders.

    def order(self, perm_id: int) -> VenueOrder:
        """Return the newest state of an order."""
        return self.records.get(perm_id)

    def take_order_id(self, client_id: int, order_id: int) -> None:
        """Note that ``order_id`` and all below are used."""
        self.records.take_order_id(client_id, order_id)
        self.batch.append(OrderIdTaken(client_id, order_id + 1))

    def instrument(self, con_id: int) -> Instrument:
        """Return an instrument that is traded here."""
        return self._instruments[con_id]

    def draft(self, request: OrderRequest) -> VenueOrder:
        """Return ``request`` as a new order that nobody knows of yet."""
        now_ns = self.now_ns()
        return VenueOrder(
            perm_id=self.records.next_perm_id(),
            request=request,
            status=OrderStatus.PRE_SUBMITTED,
            accepted_ns=now_ns,
            changed_ns=now_ns,
            entered_ns=now_ns,
        )

    def take(self, order: VenueOrder) -> VenueOrder:
        """Take and return a new order."""
        self.records.put(order)
        self.hold(order)
        self.batch.append(OrderAccepted(order))
        return order

    def update(self, order: VenueOrder) -> VenueOrder:
        """Take and return a new state of an order."""
        changed = replace(order, changed_ns=self.now_ns())
        self.records.put(changed)
        self.hold(changed)
        self.batch.append(OrderChanged(changed))
        if changed.is_final:
            self.ended.append(changed)
        return changed

    def trail(self, order: VenueOrder) -> VenueOrder:
        """Take and return an order whose stop has followed the market."""
        self.records.put(order)
        self.hold(order)
        self.batch.append(OrderTrailed(order))
        return order

    def fill(
        self, order: VenueOrder, qty: Decimal, *, price: Decimal, quote: Quote, is_maker: bool
    ) -> VenueOrder:
        """Book a fill; return the order after it."""
        request = order.request
        instrument = self._instruments[request.con_id]
        filled, value = order.filled + qty, order.filled_value + qty * price
        fees = self._rules.fees(instrument, filled, value * instrument.multiplier)
        execution = Execution(
            exec_id=self.records.next_exec_id(),
            perm_id=order.perm_id,
            account=request.account,
            client_id=request.client_id,
            order_id=request.order_id,
            order_ref=request.order_ref,
            con_id=request.con_id,
            side=request.side,
            qty=qty,
            price=price,
            exchange=instrument.primary_exchange,
            time_ns=self.now_ns(),
            cumulative_qty=filled,
            avg_price=value / filled,
            liquidity=1 if is_maker else 2,
            bid=quote.bid,
            ask=quote.ask,
            source_ns=quote.source_ns,
            fee=fees - order.fee,
            fee_currency=instrument.currency,
        )
        account = self._account(request.account)
        execution = account.book(instrument, execution)
        self.records.executions.append(execution)
        is_done = filled == request.qty
        after = replace(
            order,
            filled=filled,
            filled_value=value,
            last_fill_price=price,
            fee=fees,
            status=OrderStatus.FILLED if is_done else order.status,
            reason=f"Filled Size: {filled}" if is_done else "",
        )
        self.batch.append(Executed(execution))
        after = self.update(after)
        self._report(execution)
        self._note(account, instrument.con_id)
        corrected = self.mistake(execution)
        return self._correct(after, execution, corrected) if corrected is not None else after

    def later(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Have ``action`` done after ``delay_ns``."""
        self.timers.at(self.now_ns() + delay_ns, action)

    # Money.

    def margin(self, request: OrderRequest) -> Decimal:
        """Return the equity that ``request`` ties up; what closes a position needs none.

        A child needs none either: it closes what its parent opens.
        """
        if request.parent_id:
            return ZERO
        instrument = self._instruments[request.con_id]
        held = self._account(request.account).holding(request.con_id).qty
        opening = request.qty - closing_qty(held, signed(request.side, request.qty))
        price = self.price_of(request)
        leverage = self.terms(request.account).leverage
        return margin_for(instrument, opening, price, leverage=leverage)

    def fee(self, request: OrderRequest) -> Decimal:
        """Return what ``request`` will cost if it fills at once."""
        instrument = self._instruments[request.con_id]
        value = request.qty * self.price_of(request) * instrument.multiplier
        return self._rules.fees(instrument, request.qty, value)

    def refuse_unaffordable(
        self, request: OrderRequest, *, replaced: VenueOrder | None = None
    ) -> Reject | None:
        """Return why the account cannot carry ``request``, or ``None``."""
        margin = self.margin(request)
        if not margin:
            return None
        values = self.values(request.account)
        account = self._account(request.account)
        freed = account.held_for(replaced.perm_id) if replaced else ZERO
        if margin + self.fee(request) <= values.available_funds + freed:
            return None
        return Reject(
            RejectCode.REJECTED,
            "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED "
            f"POSITION YOUR EQUITY WITH LOAN VALUE [{values.net_liquidation:.2f} USD] MUST EXCEED "
            f"THE INITIAL MARGIN [{values.initial_margin - freed + margin:.2f} USD]",
            Cause.FUNDS,
        )

    def price_of(self, request: OrderRequest) -> Decimal:
        """Return the price to reckon ``request`` at: its own, else the market's."""
        own = request.limit_price or request.stop_price
        if own is not None:
            return own
        return self.mark(self._instruments[request.con_id]) or ZERO

    def mark(self, instrument: Instrument) -> Decimal | None:
        """Return what one share is worth now: the last trade, else the middle."""
        quote = self._quotes(instrument.con_id)
        if quote.last is not None:
            return quote.last
        if quote.bid is not None and quote.ask is not None:
            return (quote.bid + quote.ask) / 2
        return None

    def positions(self, account: str) -> list[Position]:
        """Return the positions of ``account``, those that have become zero included."""
        return self._account(account).positions(self._instruments, self.mark)

    def values(self, account: str) -> AccountValues:
        """Return the figures of ``account`` at the current quotes."""
        return self._account(account).values(
            self._instruments, self.mark, leverage=self.terms(account).leverage
        )

    # What operators set.

    def terms(self, account: str) -> Terms:
        """Return what ``account`` may do."""
        return self._terms.get(account, self._usual_terms)

    def set_terms(self, account: str, terms: Terms) -> None:
        """Let ``account`` do what ``terms`` say from now on."""
        self._terms[account] = terms
        self.keep(f"terms.{account}", msgspec.json.encode(terms).decode())

    def borrow(self, con_id: int) -> Borrow:
        """Return whether an instrument can be sold short."""
        return self._borrow.get(con_id, Borrow.EASY)

    def set_borrow(self, con_id: int, borrow: Borrow) -> None:
        """Let an instrument be sold short, or not, from now on."""
        self._borrow[con_id] = borrow
        self.keep(f"borrow.{con_id}", borrow.value)

    def split(self, con_id: int, numerator: int, denominator: int) -> Split:
        """Multiply the positions in an instrument."""
        instrument = self._instruments[con_id]
        price = (self.mark(instrument) or ZERO) * denominator / numerator
        split = Split(
            con_id=con_id,
            numerator=numerator,
            denominator=denominator,
            after=len(self.records.executions),
            price=price,
            time_ns=self.now_ns(),
        )
        self.records.splits.append(split)
        self.batch.append(SplitDone(split))
        for account in self._accounts.values():
            if account.holding(con_id).qty:
                account.split(instrument, split)
                self._note(account, con_id)
        return split

    # Selling short.

    def refuse_short(
        self, request: OrderRequest, *, replaced: VenueOrder | None = None
    ) -> Reject | None:
        """Return why ``request`` may not sell what the account does not have, or ``None``."""
        if request.side is not Side.SELL or request.parent_id:
            return None
        terms = self.terms(request.account)
        refusal = check_short(request, terms=terms, borrow=self.borrow(request.con_id))
        return refusal if refusal and self._shortens(request, replaced) else None

    def needs_locate(self, order: VenueOrder) -> bool:
        """Whether shares must be found before ``order`` may be sent."""
        request = order.request
        if request.side is not Side.SELL or self.borrow(request.con_id) is not Borrow.LOCATE:
            return False
        return order.remaining > self._account(request.account).holding(request.con_id).qty

    def _shortens(self, request: OrderRequest, replaced: VenueOrder | None) -> bool:
        """Whether ``request`` and the other open sales come to more than the account has."""
        filled = replaced.filled if replaced else ZERO
        others = sum(
            one.remaining
            for one in self.records.open()
            if one.request.side is Side.SELL
            and (one.request.account, one.request.con_id) == (request.account, request.con_id)
            and one.key != request.key
            and not one.request.parent_id
            and not (request.oca_group and one.request.oca_group == request.oca_group)
        )
        held = self._account(request.account).holding(request.con_id).qty
        return request.qty - filled + others > held

    def _restore(self, state: State) -> None:
        """Book what was done before, and set what was set."""
        splits = list(state.splits)
        for number, execution in enumerate(state.executions):
            self._restore_splits(splits, number)
            account = self._account(execution.account)
            account.book(self._instruments[execution.con_id], execution)
        self._restore_splits(splits, len(state.executions))
        for name, value in state.settings.items():
            kind, _, of = name.partition(".")
            if kind == "terms":
                self._terms[of] = msgspec.json.decode(value, type=Terms)
            elif kind == "borrow":
                self._borrow[int(of)] = Borrow(value)

    def _restore_splits(self, splits: list[Split], number: int) -> None:
        while splits and splits[0].after <= number:
            split = splits.pop(0)
            for account in self._accounts.values():
                account.split(self._instruments[split.con_id], split)

    def keep(self, name: str, value: str) -> None:
        """Note a setting that outlives a restart."""
        self.batch.append(SettingChanged(name, value))

    def _account(self, name: str) -> Account:
        return self._accounts[name]

    def hold(self, order: VenueOrder) -> None:
        """Hold margin for what is still to be filled; an order that filled or ended frees it."""
        account = self._account(order.request.account)
        if order.is_final:
            account.hold(order.perm_id, ZERO)
            return
        rest = replace(order.request, qty=order.remaining) if order.filled else order.request
        account.hold(order.perm_id, self.margin(rest))

    def _correct(self, order: VenueOrder, was: Execution, done: Execution) -> VenueOrder:
        """Book ``done`` instead of ``was``, the newest; return the order after it."""
        done = self._account(was.account).book_instead(self._instruments[was.con_id], done)
        self.records.correct(done)
        corrected = replace(
            order,
            filled=order.filled + done.qty - was.qty,
            filled_value=order.filled_value + done.value - was.value,
            last_fill_price=done.price,
        )
        self.records.put(corrected)
        self.batch.append(Corrected(done, corrected))
        self._note(self._account(done.account), done.con_id)
        return corrected

    def _report(self, execution: Execution) -> None:
        delay_ns = self._rules.fee_delay_ns
        if delay_ns == 0:
            self.batch.append(FeeReported(execution))
        elif delay_ns is not None:
            self.later(delay_ns, lambda: self.batch.append(FeeReported(execution)))

    def _note(self, account: Account, con_id: int) -> None:
        holding = account.holding(con_id)
        self.batch.append(
            PositionChanged(
                account.name, con_id, holding.qty, holding.avg_cost, holding.realized_pnl
            )
        )
        self.batch.append(AccountChanged(account.name, account.cash))
