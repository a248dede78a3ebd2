"""Whether an order may be taken as it stands: pure, in IB's codes and words."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import OrderRequest, OrderType, Reject, RejectCode, Tif

SUPPORTED_TYPES = frozenset(
    {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT}
)
SUPPORTED_TIFS = frozenset({Tif.DAY, Tif.GTC, Tif.IOC})
NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
MAX_QTY = Decimal(1_000_000_000)
MAX_PRICE = Decimal(1_000_000_000)
OFF_GRID = "The price does not conform to the minimum price variation for this contract."


def check(
    request: OrderRequest, instrument: Instrument | None, *, accounts: Collection[str]
) -> Reject | None:
    """Return why ``request`` cannot be taken, or ``None``."""
    if instrument is None:
        return Reject(
            RejectCode.NO_SUCH_CONTRACT, "No security definition has been found for the request"
        )
    return (
        _check_account(request, accounts)
        or _check_kind(request)
        or _check_qty(request.qty, instrument)
        or _check_prices(request, instrument)
    )


def _invalid(cause: str) -> Reject:
    return Reject(RejectCode.INVALID, f"Error validating request.-'bW' : cause - {cause}")


def _check_account(request: OrderRequest, accounts: Collection[str]) -> Reject | None:
    if request.account in accounts:
        return None
    if not request.account:
        return Reject(RejectCode.NO_ACCOUNT, "You must specify an account.")
    return _invalid(f"Invalid account code '{request.account[:40]}'.")


def _check_kind(request: OrderRequest) -> Reject | None:
    if request.type not in SUPPORTED_TYPES:
        return Reject(
            RejectCode.UNSUPPORTED_TYPE,
            "Unsupported order type for this exchange and security type.",
        )
    if request.tif not in SUPPORTED_TIFS:
        return _invalid(f"Time in force {request.tif} is not supported for this order.")
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
    for name, price, needed in (
        ("limit price", request.limit_price, request.type in NEEDS_LIMIT),
        ("stop price", request.stop_price, request.type in NEEDS_STOP),
    ):
        if not needed:
            continue
        if price is None:
            return _invalid(f"A {request.type} order needs a {name}.")
        if not price.is_finite() or not 0 < price <= MAX_PRICE:
            return _invalid(f"The {name} {price} is out of bounds.")
        if not instrument.is_on_grid(price):
            return Reject(RejectCode.OFF_GRID, OFF_GRID)
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
