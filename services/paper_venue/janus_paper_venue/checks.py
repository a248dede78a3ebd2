"""Whether an order may be taken as it stands: pure, in IB's codes and words."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from janus_paper_venue.gates import AT_CLOSE
from janus_paper_venue.instruments import Instrument, SecType
from janus_paper_venue.matching import TOUCHES
from janus_paper_venue.orders import Cause, OrderRequest, OrderType, Reject, RejectCode, Tif
from janus_paper_venue.rules import Borrow, Terms
from janus_paper_venue.trailing import TRAILING

NEEDS_LIMIT = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.LIMIT_ON_CLOSE,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT}) | TOUCHES
AT_OPEN = frozenset({OrderType.MARKET, OrderType.LIMIT})  # what may have TIF OPG
OCA_TYPES = range(4)
MAX_QTY = Decimal(1_000_000_000)
MAX_PRICE = Decimal(1_000_000_000)
OFF_GRID = "The price does not conform to the minimum price variation for this contract."


def check(
    request: OrderRequest,
    instrument: Instrument | None,
    *,
    accounts: Collection[str],
    now_ns: int,
) -> Reject | None:
    """Return why ``request`` cannot be taken, or ``None``."""
    if instrument is None:
        return Reject(
            RejectCode.NO_SUCH_CONTRACT, "No security definition has been found for the request"
        )
    return (
        _check_account(request, accounts)
        or _check_tif(request, now_ns)
        or _check_qty(request.qty, instrument)
        or _check_prices(request, instrument)
        or _check_trail(request)
    )


def _invalid(cause: str) -> Reject:
    return Reject(RejectCode.INVALID, f"Error validating request.-'bW' : cause - {cause}")


def _check_account(request: OrderRequest, accounts: Collection[str]) -> Reject | None:
    if request.account in accounts:
        return None
    if not request.account:
        return Reject(RejectCode.NO_ACCOUNT, "You must specify an account.")
    return _invalid(f"Invalid account code '{request.account[:40]}'.")


def _check_tif(request: OrderRequest, now_ns: int) -> Reject | None:
    kind, tif = request.type, request.tif
    is_wrong = (
        kind not in AT_OPEN
        if tif is Tif.OPG
        else kind in AT_CLOSE and tif not in {Tif.DAY, Tif.GTC}
    )
    if is_wrong:
        return _invalid(f"Time in force {tif} is not supported for a {kind} order.")
    if request.oca_type not in OCA_TYPES:
        return _invalid(f"OCA type {request.oca_type} is not 1, 2 or 3.")
    if tif is not Tif.GTD:
        return None
    if request.good_till_ns is None:
        return _invalid("A GTD order needs a good-till date.")
    if request.good_till_ns <= now_ns:
        return Reject(
            RejectCode.REJECTED, "Order rejected - reason:The good-till date is in the past."
        )
    return None


def _check_qty(qty: Decimal, instrument: Instrument) -> Reject | None:
    if not qty.is_finite() or not 0 <= qty <= MAX_QTY:
        return _invalid(f"Order size {qty} is out of bounds.")
    if qty == 0:
        return Reject(RejectCode.ZERO_SIZE, "Order size cannot be zero.")
    if qty % instrument.size_increment or qty < instrument.min_size:
        return Reject(
            RejectCode.FRACTIONAL_SIZE,
            "Fractional-sized order cannot be placed via API. "
            f"The size must be a multiple of {instrument.size_increment}.",
        )
    return None


def _check_prices(request: OrderRequest, instrument: Instrument) -> Reject | None:
    trails = request.type in TRAILING
    for name, price, needed in (
        ("limit price", request.limit_price, request.type in NEEDS_LIMIT),
        ("stop price", request.stop_price, request.type in NEEDS_STOP),
    ):
        if not needed and not (trails and price is not None):
            continue
        if price is None:
            return _invalid(f"A {request.type} order needs a {name}.")
        lowest = -MAX_PRICE if instrument.sec_type is SecType.FUTURE else 0
        if not price.is_finite() or not lowest < price <= MAX_PRICE:
            return _invalid(f"The {name} {price} is out of bounds.")
        if not instrument.is_on_grid(price):
            return Reject(RejectCode.OFF_GRID, OFF_GRID)
    return None


def _check_trail(request: OrderRequest) -> Reject | None:
    """A trailing order has one distance, and a limit either from its start or as a distance."""
    if request.type not in TRAILING:
        return None
    amount, percent = request.trail_amount, request.trail_percent
    distance = percent if amount is None else amount
    if distance is None or (amount is not None and percent is not None):
        return _invalid(f"A {request.type} order needs a trailing amount or percent.")
    if not distance.is_finite() or not 0 < distance <= (MAX_PRICE if percent is None else 99):
        return _invalid(f"The trailing distance {distance} is out of bounds.")
    return _check_offset(request) if request.type is OrderType.TRAIL_LIMIT else None


def _check_offset(request: OrderRequest) -> Reject | None:
    offset = request.limit_offset
    if offset is None:
        if request.limit_price is not None and request.stop_price is not None:
            return None
        return _invalid("A TRAIL LIMIT order needs a limit offset, or its first stop and limit.")
    if not offset.is_finite() or abs(offset) > MAX_PRICE:
        return _invalid(f"The limit offset {offset} is out of bounds.")
    return None


def check_short(request: OrderRequest, *, terms: Terms, borrow: Borrow) -> Reject | None:
    """Return why ``request`` may not sell more than its account holds, or ``None``."""
    reasons = (
        (Cause.HOLDING, request.may_short, "The quantity exceeds the position."),
        (Cause.SHORT_ACCOUNT, terms.can_short, "The account may not hold short positions."),
        (
            Cause.SHORT_INSTRUMENT,
            borrow is not Borrow.NONE,
            "The contract is not available for short sale.",
        ),
    )
    for cause, may, text in reasons:
        if not may:
            return Reject(RejectCode.REJECTED, f"Order rejected - reason:{text}", cause)
    return None


def check_change(old: OrderRequest, new: OrderRequest, *, filled: Decimal) -> Reject | None:
    """Return why the live order ``old`` cannot become ``new``; it lives on as it was."""
    fixed = ("account", "con_id", "side", "oca_group", "parent_id", "order_ref")
    for name in fixed:
        if getattr(old, name) != getattr(new, name):
            return Reject(
                RejectCode.OTHER_ORDER,
                f"Order being modified does not match original order: {name}",
            )
    if new.qty <= filled:
        return Reject(
            RejectCode.REJECTED,
            f"Order rejected - reason:size {new.qty} is not above the filled quantity {filled}",
        )
    return None
