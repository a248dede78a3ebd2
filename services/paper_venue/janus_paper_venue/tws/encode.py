"""Server messages as frames: one pure function each, named as the client's callback."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from janus_paper_venue.tws.wire import UNSET_DOUBLE, frame, spell

Number = Decimal | float | int


def handshake(version: int, connected: str) -> bytes:
    """Answer the greeting; exactly two fields, which is how clients know it."""
    return frame(version, connected)


def error(req_id: int, code: int, text: str, *, reject_json: str = "") -> bytes:
    """Report an error or a notice; ``req_id`` -1 concerns no request."""
    return frame(4, 2, req_id, code, text, reject_json)


def managed_accounts(accounts: Iterable[str]) -> bytes:
    return frame(15, 1, ",".join(accounts))


def next_valid_id(order_id: int) -> bytes:
    return frame(9, 1, order_id)


def current_time(epoch_s: int) -> bytes:
    return frame(49, 1, epoch_s)


def user_info(req_id: int, white_branding_id: str = "") -> bytes:
    return frame(107, req_id, white_branding_id)


def account_value(key: str, value: str, currency: str, *, account: str) -> bytes:
    return frame(6, 2, key, value, currency, account)


def account_time(clock: str) -> bytes:
    """Stamp the account values; ``clock`` is HH:MM."""
    return frame(8, 1, clock)


def account_download_end(account: str) -> bytes:
    return frame(54, 1, account)


def portfolio_value(
    contract: Sequence[str],
    account: str,
    *,
    position: Number,
    market_price: Number,
    market_value: Number,
    average_cost: Number,
    unrealized: Number,
    realized: Number,
) -> bytes:
    """Report one holding; ``contract`` has the primary exchange in its exchange field."""
    return frame(
        *(7, 8, *contract, position, market_price, market_value, average_cost),
        *(unrealized, realized, account),
    )


def position(
    account: str, contract: Sequence[str], *, quantity: Number, average_cost: Number
) -> bytes:
    return frame(61, 3, account, *contract, quantity, average_cost)


def position_end() -> bytes:
    return frame(62, 1)


def position_multi(
    req_id: int, account: str, contract: Sequence[str], *, quantity: Number, average_cost: Number
) -> bytes:
    return frame(71, 1, req_id, account, *contract, quantity, average_cost, "")


def position_multi_end(req_id: int) -> bytes:
    return frame(72, 1, req_id)


def account_summary(req_id: int, account: str, *, tag: str, value: str, currency: str) -> bytes:
    return frame(63, 1, req_id, account, tag, value, currency)


def account_summary_end(req_id: int) -> bytes:
    return frame(64, 1, req_id)


def account_update_multi(
    req_id: int, account: str, *, model: str, key: str, value: str, currency: str
) -> bytes:
    return frame(73, 1, req_id, account, model, key, value, currency)


def account_update_multi_end(req_id: int) -> bytes:
    return frame(74, 1, req_id)


def pnl(req_id: int, *, daily: Number, unrealized: Number | None, realized: Number) -> bytes:
    return frame(94, req_id, daily, _or_unset(unrealized), realized)


def pnl_single(
    req_id: int,
    *,
    quantity: Number,
    daily: Number | None,
    unrealized: Number | None,
    realized: Number | None,
    value: Number | None,
) -> bytes:
    return frame(
        *(95, req_id, quantity),
        *(_or_unset(number) for number in (daily, unrealized, realized, value)),
    )


def _or_unset(number: Number | None) -> str:
    return UNSET_DOUBLE if number is None else spell(number)


def contract_details_end(req_id: int) -> bytes:
    return frame(52, 1, req_id)


def option_params(
    req_id: int,
    *,
    exchange: str,
    underlying_con_id: int,
    trading_class: str,
    multiplier: str,
    expirations: Sequence[str],
    strikes: Sequence[Number],
) -> bytes:
    return frame(
        *(75, req_id, exchange, underlying_con_id, trading_class, multiplier),
        *(len(expirations), *expirations, len(strikes), *strikes),
    )


def option_params_end(req_id: int) -> bytes:
    return frame(76, req_id)


def symbol_samples(req_id: int, rows: Sequence[Sequence[object]]) -> bytes:
    """Answer a symbol search.

    Each row holds conId, symbol, secType, primaryExchange, currency, a list of derivative types,
    description and issuerId.
    """
    fields: list[object] = [79, req_id, len(rows)]
    for *contract, derivatives, description, issuer_id in rows:
        kinds = list(derivatives) if isinstance(derivatives, list | tuple) else []
        fields += [*contract, len(kinds), *kinds, description, issuer_id]
    return frame(*fields)


def market_rule(rule_id: int, increments: Sequence[tuple[Number, Number]]) -> bytes:
    rows = [number for row in increments for number in row]
    return frame(93, rule_id, len(increments), *rows)


def family_codes(accounts: Sequence[str]) -> bytes:
    return frame(78, len(accounts), *[text for account in accounts for text in (account, "")])


def soft_dollar_tiers(req_id: int) -> bytes:
    return frame(77, req_id, 0)


def depth_exchanges() -> bytes:
    return frame(80, 0)


def smart_components(req_id: int, exchanges: Sequence[str]) -> bytes:
    rows = [
        field
        for bit, exchange in enumerate(exchanges)
        for field in (bit, exchange, chr(ord("A") + bit))
    ]
    return frame(82, req_id, len(exchanges), *rows)


def news_providers() -> bytes:
    return frame(85, 0)


def market_data_type(req_id: int, kind: int) -> bytes:
    """Say whether what follows is 1 live, 2 frozen, 3 delayed or 4 delayed and frozen."""
    return frame(58, 1, req_id, kind)


def tick_req_params(req_id: int, *, min_tick: Number, bbo_exchange: str) -> bytes:
    return frame(81, req_id, min_tick, bbo_exchange, 3)


def tick_snapshot_end(req_id: int) -> bytes:
    return frame(57, 1, req_id)


def tick_string(req_id: int, kind: int, value: str) -> bytes:
    return frame(46, 6, req_id, kind, value)


def tick_generic(req_id: int, kind: int, value: Number) -> bytes:
    return frame(45, 6, req_id, kind, value)


def real_time_bar(req_id: int, *, epoch_s: int, values: Sequence[Number]) -> bytes:
    """Send one 5-second bar; ``values`` are open, high, low, close, volume, wap, count."""
    return frame(50, 3, req_id, epoch_s, *values)


def tick_by_tick(req_id: int, kind: int, *, epoch_s: int, rest: Sequence[object]) -> bytes:
    """Send one tick: kind 1 last, 2 all last, 3 bid and ask, 4 midpoint."""
    return frame(99, req_id, kind, epoch_s, *rest)


Bar = Sequence[object]  # date, open, high, low, close, volume, average, count


def historical_data(req_id: int, bars: Sequence[Bar], *, start: str, end: str) -> bytes:
    """Send all bars of a request; this message is also its end."""
    return frame(17, req_id, start, end, len(bars), *[value for bar in bars for value in bar])


def historical_update(req_id: int, bar: Bar) -> bytes:
    """Send the newest bar again; the order of fields is another one than in the history."""
    date, open_, high, low, close, volume, average, count = bar
    return frame(90, req_id, count, date, open_, close, high, low, average, volume)


def head_timestamp(req_id: int, text: str) -> bytes:
    return frame(88, req_id, text)


def historical_ticks(message_id: int, req_id: int, rows: Sequence[Bar]) -> bytes:
    """Send all ticks of a request: 96 midpoint, 97 bid and ask, 98 last."""
    return frame(message_id, req_id, len(rows), *[value for row in rows for value in row], 1)
