"""An order in one line for people, as an object for programs, and as a failure. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from janus_common.errors import BusError, Code, NobodyListens
from janus_common.messages import Effect, IntentReply, OrderIntent, OrderState, OrderUpdate, Outcome

from janus_cli.failures import OrderFailure, Status, status_of
from janus_cli.show_format import as_json, iso, number

SHORT = {
    "MARKET": "MKT",
    "LIMIT": "LMT",
    "STOP": "STP",
    "STOP_LIMIT": "STP LMT",
    "TRAILING_STOP": "TRAIL",
    "TRAILING_STOP_LIMIT": "TRAIL LMT",
    "MARKET_ON_CLOSE": "MOC",
    "LIMIT_ON_CLOSE": "LOC",
    "MARKET_IF_TOUCHED": "MIT",
    "LIMIT_IF_TOUCHED": "LIT",
}
REFUSED = frozenset({OrderState.DENIED, OrderState.REJECTED})
IN_DOUBT = frozenset({OrderState.NEW, OrderState.SENDING, OrderState.UNKNOWN})


@dataclass(frozen=True)
class Placed:
    """What is known of an order that was sent."""

    intent: OrderIntent
    mode: str  # paper or live; empty when the settings do not say
    reply: IntentReply
    order: OrderUpdate | None
    elapsed_ms: float
    waited: bool = True
    legs: Sequence[OrderUpdate] = ()  # of a bracket, as far as is known


def described(order: OrderIntent | OrderUpdate) -> str:
    """Return what is wanted: ``BUY 10 AAPL LMT 185.5 GTC``; a short sale is named."""
    kind = SHORT.get(order.type.value, order.type.value)
    parts = (
        ("{}", order.trail_amount),
        ("{}%", order.trail_percent),
        ("from {}" if _trails(order) else "{}", order.stop_price),
        ("limit {} off" if _trails(order) else "{}", order.limit_offset),
        ("{}", order.limit_price),
    )
    prices = "".join(f" {form.format(number(value))}" for form, value in parts if value is not None)
    till = "" if order.good_till_ns is None else f" {iso(order.good_till_ns)}"
    end = till.replace(".000000000Z", "Z")
    is_short = getattr(order, "effect", None) is Effect.SHORT
    side = f"{order.side} SHORT" if is_short else order.side
    return f"{side} {number(order.qty)} {order.symbol} {kind}{prices} {order.tif}{end}"


def _trails(order: OrderIntent | OrderUpdate) -> bool:
    return order.trail_amount is not None or order.trail_percent is not None


def state(order: OrderUpdate) -> str:
    """Return where an order is: ``filled 10 @ 189.21``."""
    word = order.state.value.lower().replace("_", " ")
    if order.state is OrderState.FILLED:
        return f"{word} {number(order.filled_qty)} @ {number(order.average_price)}"
    part = (
        f", {number(order.filled_qty)} of {number(order.qty)} filled @ "
        f"{number(order.average_price)}"
        if order.filled_qty
        else ""
    )
    reason = f": {order.reason}" if order.reason else ""
    return f"{word}{part}{reason}"


def line(placed: Placed) -> str:
    """Return the one line that tells how it went."""
    intent = placed.intent
    mode = f"{placed.mode.upper()} " if placed.mode else ""
    again = ", the outcome of the first time" if placed.reply.replayed else ""
    return (
        f"{mode}{intent.account} {described(placed.order or intent)} → {_word(placed)}{again} "
        f"({placed.elapsed_ms:.0f} ms) id {intent.client_order_id}"
        + "".join(f"\n  exit {described(leg)} → {state(leg)}, {_id(leg)}" for leg in placed.legs)
    )


def _id(order: OrderUpdate) -> str:
    return f"id {order.client_order_id}"


def _word(placed: Placed) -> str:
    if placed.intent.dry_run:
        return f"dry run: it would be sent, {_resolved(placed)}{_cost(placed)}"
    if placed.order is None or not placed.waited:
        return "accepted"
    return state(placed.order)


def _resolved(placed: Placed) -> str:
    found = placed.reply.instrument
    if found is None:
        return "as given"
    known = {
        "conId": found.ib_conid,
        "exchange": found.ib_exchange or found.exchange,
        "currency": found.currency,
        "price step": found.price_steps
        or (None if found.tick_size is None else number(found.tick_size)),
        "multiplier": None if found.multiplier == Decimal(1) else number(found.multiplier),
    }
    return f"{found.symbol}: " + ", ".join(f"{k} {v}" for k, v in known.items() if v is not None)


def _cost(placed: Placed) -> str:
    """Return what the broker says that the order would need and cost."""
    margin = placed.reply.margin
    if margin is None:
        return ""
    top = f" to {number(margin.fee_max)}" if margin.fee_max is not None else ""
    fee = None if margin.fee is None else f"{number(margin.fee)}{top} {margin.currency}".rstrip()
    said = {
        "initial margin": margin.initial_change,
        "maintenance margin": margin.maintenance_change,
        "equity with loan then": margin.equity_with_loan_after,
    }
    words = [f"{name} {number(value)}" for name, value in said.items() if value is not None]
    words += [f"fee {fee}"] if fee else []
    warning = f"; {margin.warning}" if margin.warning else ""
    return f"; {', '.join(words) or 'the broker names no figures'}{warning}"


def data(placed: Placed) -> dict[str, object]:
    """Return what ``--json`` shows."""
    order, reply = placed.order, placed.reply
    return {
        "outcome": reply.outcome.value,
        "state": order.state.value if order else None,
        "client_order_id": placed.intent.client_order_id,
        "account": placed.intent.account,
        "mode": placed.mode or None,
        "elapsed_ms": round(placed.elapsed_ms, 1),
        "replayed": reply.replayed,
        "code": reply.code.value if reply.code else None,
        "reason": reply.reason,
        "dry_run": placed.intent.dry_run,
        "order": as_json(order) if order else None,
        "legs": [as_json(leg) for leg in placed.legs],
        "instrument": as_json(reply.instrument) if reply.instrument else None,
        "margin": as_json(reply.margin) if reply.margin else None,
    }


def failure(placed: Placed) -> OrderFailure | None:
    """Return what went wrong with an order; None when nothing did."""
    intent, reply, order = placed.intent, placed.reply, placed.order
    if reply.outcome is Outcome.DENIED:
        hint = reply.hint or (_look(intent) if order else "nothing was sent; see janus buy --help")
        code = reply.code or (order.code if order else None)
        return _refused(intent, code, reply.reason, hint)
    if order is not None and order.state in REFUSED:
        return _refused(intent, order.code, order.reason, _look(intent))
    refused = next((leg for leg in placed.legs if leg.state in REFUSED), None)
    if refused is not None:
        reason = f"its exit {refused.client_order_id} was refused: {refused.reason}"
        return _refused(intent, refused.code, reason, _look(intent))
    return _open(placed) if order is None or order.state in IN_DOUBT else None


def _open(placed: Placed) -> OrderFailure | None:
    """Return what is not known of an order of which nobody has spoken."""
    intent, reply = placed.intent, placed.reply
    if intent.dry_run:
        return _unanswered(intent, reply) if reply.outcome is Outcome.UNKNOWN else None
    if reply.outcome is Outcome.UNKNOWN:
        return unknown(intent, reply.reason or "no answer")
    said = placed.order.reason if placed.order is not None else None
    return unknown(intent, said or "the broker has not answered yet") if placed.waited else None


def _refused(intent: OrderIntent, code: Code | None, reason: str | None, hint: str) -> OrderFailure:
    return OrderFailure(
        reason or (code.value.lower().replace("_", " ") if code else "refused"),
        status=status_of(code),
        account=intent.account,
        symbol=intent.symbol,
        intent_id=intent.client_order_id,
        code=code and code.value,
        hint=hint,
    )


def not_sent(intent: OrderIntent, error: BusError) -> OrderFailure:
    """Return the failure of an order that never left this command."""
    has_no_router = isinstance(error, NobodyListens)  # the bus is there, and the text says the rest
    return OrderFailure(
        str(error) if has_no_router else f"nothing was sent: {error}",
        status=Status.UNREACHABLE,
        account=intent.account,
        symbol=intent.symbol,
        intent_id=intent.client_order_id,
        code=Code.BUS_DOWN.value,
        hint="janus workers" if has_no_router else "janus up",
    )


def _unanswered(intent: OrderIntent, reply: IntentReply) -> OrderFailure:
    return OrderFailure(
        reply.reason or "dry run: nothing was sent, and nobody said what it would cost",
        status=Status.NOT_READY,
        account=intent.account,
        symbol=intent.symbol,
        intent_id=intent.client_order_id,
        code="NO_ANSWER",
        hint=reply.hint or "try again",
    )


def _look(intent: OrderIntent) -> str:
    return f"janus orders show {intent.client_order_id}"


def unknown(intent: OrderIntent, reason: str) -> OrderFailure:
    """Return that nobody knows yet whether ``intent`` was sent."""
    return OrderFailure(
        f"outcome unknown: {reason}",
        status=Status.UNKNOWN,
        account=intent.account,
        symbol=intent.symbol,
        intent_id=intent.client_order_id,
        code="OUTCOME_UNKNOWN",
        hint=f"{_look(intent)}  (the same command with --id {intent.client_order_id} is safe)",
    )
