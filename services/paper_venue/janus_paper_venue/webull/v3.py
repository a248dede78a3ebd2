"""The v3 set of paths: what the newer SDK calls, from the same orders and accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import Any

from janus_paper_venue.faces import BY_WEBULL
from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import OrderRequest, Reject, VenueOrder
from janus_paper_venue.webull import names, paging, shapes, shapes_v3
from janus_paper_venue.webull.answers import Code, Refused, illegal
from janus_paper_venue.webull.calls import Call, Routes
from janus_paper_venue.webull.drafts import client_order_id, drafted, text_of
from janus_paper_venue.webull.drafts_v3 import changed_fields, fields_of, new_fields, only_order
from janus_paper_venue.webull.gateway import Gateway
from janus_paper_venue.webull.trading import taken

OLDER = "v2"  # x-version of the paging by page_size and last_client_order_id
PAGE = 100
SMALLEST_PAGE = 10
NS = 1_000_000_000
WEEK_NS = 7 * 86_400 * NS


class V3:
    """Answers the v3 set."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            ("GET", "/trading/accounts/list"): self._accounts,
            ("GET", "/trading/assets/balances/get"): self._balance,
            ("GET", "/trading/assets/positions/list"): self._positions,
            ("GET", "/trading/instruments/stocks/profiles/list"): self._instruments,
            ("POST", "/trading/orders/preview"): self._preview,
            ("POST", "/trading/orders/place"): self._place,
            ("POST", "/trading/orders/replace"): self._replace,
            ("POST", "/trading/orders/cancel"): self._cancel,
            ("GET", "/trading/orders/get"): self._detail,
            ("GET", "/trading/orders/open-orders/list"): self._list(
                lambda account, _: self._gateway.blotter.open_orders(account)
            ),
            ("GET", "/trading/orders/historical-orders/list"): self._list(self._history),
        }

    def _accounts(self, call: Call) -> Any:
        return [
            {
                "user_id": f"{call.key.number:08d}",
                "account_id": account,
                "account_number": names.account_number(account),
                "account_type": self._account_type(account),
                "account_class": f"INDIVIDUAL_{self._account_type(account)}",
                "account_label": f"Individual {self._account_type(account).title()}",
            }
            for account in call.key.accounts
        ]

    def _account_type(self, account: str) -> str:
        return shapes.account_type(self._gateway.exchange.terms(account))

    def _balance(self, call: Call) -> Any:
        account = call.account(call.parameter("account_id"))
        return shapes_v3.balance(self._gateway.exchange.account_values(account))

    def _positions(self, call: Call) -> Any:
        exchange, account = self._gateway.exchange, call.account(call.parameter("account_id"))
        values, catalogue = exchange.account_values(account), exchange.catalogue.by_con_id
        return [
            shapes_v3.position(one, catalogue[one.con_id], values)
            for one in exchange.positions(account)
            if one.qty and names.is_listed(catalogue[one.con_id])
        ]

    def _instruments(self, call: Call) -> Any:
        """Answer with the instruments of the symbols, or all; one page holds them."""
        symbols = [one for one in call.query.get("symbols", "").split(",") if one]
        category = call.parameter("category")
        if category not in names.CATEGORIES:
            raise Refused(Code.UNSUPPORTED_CATEGORY, f"The category {category[:20]} is not here.")
        found = [
            one
            for one in self._gateway.exchange.catalogue
            if names.is_listed(one)
            and names.category(one) == category
            and (not symbols or one.symbol in symbols)
        ]
        return {"instruments": [shapes.instrument_row(one) for one in found]}

    def _preview(self, call: Call) -> Any:
        fields = call.fields()
        account, order = call.account(fields.get("account_id")), only_order(fields, "new_orders")
        draft = drafted(new_fields(order))
        request = OrderRequest(
            account=account,
            client_id=BY_WEBULL,
            order_id=0,
            con_id=self._listed(order).con_id,
            side=draft.side,
            type=draft.type,
            qty=draft.qty,
            limit_price=draft.limit_price,
            stop_price=draft.stop_price,
            tif=draft.tif,
            trail_amount=draft.trail_amount,
            trail_percent=draft.trail_percent,
            may_short=draft.is_short,
        )
        found = self._gateway.exchange.preview(request)
        if isinstance(found, Reject):
            taken(found)
            return None
        return {
            "estimated_cost": names.money(found.initial_margin_change),
            "estimated_transaction_fee": names.money(found.fee),
            "currency": "USD",
        }

    def _place(self, call: Call) -> Any:
        fields = call.fields()
        account, order = call.account(fields.get("account_id")), only_order(fields, "new_orders")
        draft, instrument = drafted(new_fields(order)), self._listed(order)
        arrival = call.arrival.saying(order)
        return shapes_v3.receipt(self._gateway.trading.place(account, draft, instrument, arrival))

    def _replace(self, call: Call) -> Any:
        fields = call.fields()
        account = call.account(fields.get("account_id"))
        changes = only_order(fields, "modify_orders")
        old = self._gateway.trading.found(account, client_order_id(changes))
        draft = drafted(fields_of(old) | changed_fields(changes))
        arrival = call.arrival.saying(changes)
        return shapes_v3.receipt(self._gateway.trading.replace(account, draft, arrival))

    def _cancel(self, call: Call) -> Any:
        fields = call.fields()
        account = call.account(fields.get("account_id"))
        return shapes_v3.receipt(self._gateway.trading.cancel(account, client_order_id(fields)))

    def _detail(self, call: Call) -> Any:
        account = call.account(call.parameter("account_id"))
        return self._row(self._gateway.trading.found(account, call.parameter("client_order_id")))

    def _history(self, account: str, call: Call) -> Iterable[VenueOrder]:
        """Yield the orders of the last week, or of the span that is asked for."""
        now_ns = self._gateway.exchange.now_ns()
        since_ns = _bound(call, "start_time", "start_date") or now_ns - WEEK_NS
        until_ns = _bound(call, "end_time", "end_date", day_ends=True) or now_ns
        for order in self._gateway.blotter.all_orders(account):
            if order.accepted_ns < since_ns:
                return
            if order.accepted_ns <= until_ns:
                yield order

    def _list(self, source: Callable[[str, Call], Iterable[VenueOrder]]) -> Callable[[Call], Any]:
        """Return what answers with a page of ``source``, the newest order first.

        With ``x-version: v2`` a page is a list and its cursor the last order's name.
        """

        def answer(call: Call) -> Any:
            account = call.account(call.parameter("account_id"))
            is_older = call.headers.get("x-version") == OLDER
            name = "last_client_order_id" if is_older else "pagination_key"
            last = call.query.get(name, "")
            before = self._gateway.trading.found(account, last).perm_id if last else None
            size = paging.page_size(call.query, smallest=SMALLEST_PAGE) if is_older else PAGE
            found, has_next = paging.page(
                source(account, call),
                size,
                is_past=lambda one: before is None or one.perm_id < before,
            )
            rows = [self._row(one) for one in found]
            if is_older:
                return rows
            return {"orders": rows} | (
                {"pagination_key": rows[-1]["client_order_id"]} if has_next else {}
            )

        return answer

    def _row(self, order: VenueOrder) -> shapes.Row:
        filled_ns = self._gateway.blotter.filled_ns(order)
        return shapes_v3.order(order, self._gateway.of(order), filled_ns=filled_ns)

    def _listed(self, order: Any) -> Instrument:
        """Return the one instrument whose ticker an order names."""
        found = self._gateway.named(text_of(order, "symbol"))
        if len(found) != 1:
            raise Refused(Code.INVALID_SYMBOL, "No single instrument has this symbol.")
        return found[0]


def _bound(call: Call, moment: str, day: str, *, day_ends: bool = False) -> int | None:
    """Return one end of a span of time, given as a moment or as a day in UTC."""
    try:
        if text := call.query.get(moment):
            moment_at = datetime.fromisoformat(text)
            at = moment_at if moment_at.tzinfo else moment_at.replace(tzinfo=UTC)
            return int(at.timestamp() * NS)
        if text := call.query.get(day):
            found = date.fromisoformat(text)
            begins = datetime(found.year, found.month, found.day, tzinfo=UTC)
            return int((begins.timestamp() + 86_400 * day_ends) * NS)
    except (ValueError, OverflowError):
        raise illegal(f"{moment} or {day} cannot be read.") from None
    return None
