"""What must hold for an order right before it goes out: not late, not in doubt, its turn."""

from __future__ import annotations

from janus_common.clock import NS_PER_S, latest_ns
from janus_common.errors import Code, Denied
from janus_common.messages import OrderUpdate
from janus_common.worker.book import Book
from janus_common.worker.pacing import Rank, Turns


def check_expiry(order: OrderUpdate) -> None:
    """Refuse an order whose deadline has passed."""
    if order.expires_ns is not None and latest_ns() > order.expires_ns:
        late_s = (latest_ns() - order.expires_ns) / NS_PER_S
        raise Denied(
            Code.EXPIRED,
            f"the order expired {late_s:.3f} s before it could be sent",
            "send it again under a new id",
        )


def check_doubt(book: Book, order: OrderUpdate) -> None:
    """Refuse an order while nobody knows what became of another one of its symbol."""
    doubtful = book.in_doubt(order.symbol)
    if doubtful is not None:
        raise Denied(
            Code.SYMBOL_IN_DOUBT,
            f"nobody knows what became of order {doubtful.client_order_id} of "
            f"{order.symbol}: {doubtful.reason}",
            f"janus orders show {doubtful.client_order_id}",
        )


async def turn(pacer: Turns, rank: Rank, expires_ns: int | None) -> None:
    """Wait for a turn to send one message; refuse what cannot have one before its deadline."""
    try:
        await pacer.take(rank, within_s=left_s(expires_ns))
    except TimeoutError:
        raise paced() from None


def left_s(expires_ns: int | None) -> float:
    """Return the seconds until a deadline; without one nothing waits."""
    return 0.0 if expires_ns is None else max(0.0, (expires_ns - latest_ns()) / NS_PER_S)


def paced() -> Denied:
    """Return the refusal of what pacing cannot send in time."""
    return Denied(
        Code.PACED,
        "too many messages for the broker: its turn cannot come before its deadline",
        "nothing was sent; send fewer orders a second",
    )
