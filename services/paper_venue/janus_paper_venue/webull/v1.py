"""The v1 set of paths: what US customers of the first SDK call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from janus_paper_venue.instruments import Instrument
from janus_paper_venue.orders import VenueOrder
from janus_paper_venue.sessions import FRIDAY, holidays, short_days
from janus_paper_venue.webull import names, paging, shapes
from janus_paper_venue.webull.answers import Code, Refused, illegal
from janus_paper_venue.webull.blotter import client_order_id as name_of
from janus_paper_venue.webull.calls import Call, Routes, object_of
from janus_paper_venue.webull.drafts import client_order_id, drafted, text_of
from janus_paper_venue.webull.gateway import Gateway

MAX_SYMBOLS = 100
MAX_DAYS = 30
MAX_SUBSCRIPTIONS = 100
POLICY_FAULTS = {"webull_not_tradable": "DENIED", "webull_close_only": "CLOSE_ONLY"}


class V1:
    """Answers the v1 set."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def routes(self) -> Routes:
        """Return what is answered here."""
        return {
            ("GET", "/app/subscriptions/list"): self._subscriptions,
            ("GET", "/account/profile"): self._profile,
            ("GET", "/account/balance"): self._balance,
            ("GET", "/account/positions"): self._positions,
            ("GET", "/instrument/list"): self._instruments,
            ("GET", "/trade/instrument"): self._instrument,
            ("GET", "/trade/security"): self._security,
            ("GET", "/trade/calendar"): self._calendar,
            ("POST", "/trade/order/place"): self._place,
            ("POST", "/trade/order/replace"): self._replace,
            ("POST", "/trade/order/cancel"): self._cancel,
            ("GET", "/trade/order/detail"): self._detail,
            ("GET", "/trade/orders/list-open"): self._list(self._gateway.blotter.open_orders),
            ("GET", "/trade/orders/list-today"): self._list(self._gateway.blotter.todays),
        }

    # Accounts.

    def _subscriptions(self, call: Call) -> Any:
        rows = [
            {
                "subscription_id": f"{call.key.number:04d}{place:06d}",
                "user_id": f"{call.key.number:08d}",
                "account_id": account,
                "account_number": names.account_number(account),
                "account_type": self._account_type(account),
            }
            for place, account in enumerate(call.key.accounts, 1)
        ]
        after = call.query.get("subscription_id", "")
        return [row for row in rows if row["subscription_id"] > after][:MAX_SUBSCRIPTIONS]

    def _profile(self, call: Call) -> Any:
        account = call.account(call.parameter("account_id"))
        return {
            "account_number": names.account_number(account),
            "account_type": self._account_type(account),
            "account_status": "NORMAL",
        }

    def _balance(self, call: Call) -> Any:
        account = call.account(call.parameter("account_id"))
        currency = call.query.get("total_asset_currency") or "USD"
        if currency != "USD":
            raise illegal(f"total_asset_currency {currency[:10]} is not USD.")
        return shapes.balance(self._gateway.exchange.account_values(account))

    def _positions(self, call: Call) -> Any:
        gateway, account = self._gateway, call.account(call.parameter("account_id"))
        size, last = paging.page_size(call.query), call.query.get("last_instrument_id", "")
        catalogue, style = gateway.exchange.catalogue.by_con_id, gateway.style()
        values = gateway.exchange.account_values(account)
        held = sorted(
            (one for one in gateway.exchange.positions(account) if one.qty),
            key=lambda one: int(names.instrument_id(catalogue[one.con_id])),
        )
        after = int(last) if last.isascii() and last.isdecimal() else 0
        found, has_next = paging.page(
            (one for one in held if names.is_listed(catalogue[one.con_id])),
            size,
            is_past=lambda one: int(names.instrument_id(catalogue[one.con_id])) > after,
        )
        rows = [shapes.holding(one, catalogue[one.con_id], values, style=style) for one in found]
        return shapes.listed("holdings", rows, has_next=has_next, style=style)

    def _account_type(self, account: str) -> str:
        return shapes.account_type(self._gateway.exchange.terms(account))

    # Instruments.

    def _instruments(self, call: Call) -> Any:
        symbols = [part.strip() for part in call.parameter("symbols").split(",") if part.strip()]
        category = _category(call.parameter("category"))
        if len(symbols) > MAX_SYMBOLS:
            raise Refused(Code.TOO_MANY_SYMBOLS, f"More than {MAX_SYMBOLS} symbols.")
        if self._gateway.faults.take(("webull_no_instruments",)):
            raise Refused(Code.UNAUTHORIZED_CATEGORY, "No permission for the category's data.")
        found = [
            one
            for symbol in dict.fromkeys(symbols)
            for one in self._gateway.named(symbol)
            if names.category(one) == category
        ]
        if not found:
            raise Refused(Code.INSTRUMENT_NOT_FOUND, "The instrument does not exist.")
        return [shapes.instrument_row(one) for one in found]

    def _instrument(self, call: Call) -> Any:
        return self._tradable(self._gateway.instrument(call.parameter("instrument_id")))

    def _security(self, call: Call) -> Any:
        kind = call.parameter("instrument_super_type")
        if call.parameter("market") != names.MARKET or kind != "EQUITY":
            raise illegal("Only market US and instrument_super_type EQUITY are supported.")
        found = self._gateway.named(call.parameter("symbol"))
        if len(found) != 1:
            raise Refused(Code.INSTRUMENT_NOT_FOUND, "No single instrument has this symbol.")
        return self._tradable(found[0])

    def _tradable(self, instrument: Instrument) -> Any:
        fault = self._gateway.faults.take(POLICY_FAULTS, con_id=instrument.con_id)
        policy = POLICY_FAULTS[fault.name] if fault else "ALL"
        borrow = self._gateway.exchange.borrow(instrument.con_id)
        return shapes.trade_instrument(instrument, policy=policy, borrow=borrow)

    def _calendar(self, call: Call) -> Any:
        if call.parameter("market") != names.MARKET:
            raise illegal("Only market US is supported.")
        first, last = _day(call, "start"), _day(call, "end")
        if not 0 <= (last - first).days <= MAX_DAYS:
            raise illegal(f"end is not 0 to {MAX_DAYS} days after start.")
        days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
        early = self._gateway.exchange.calendar.early_closes
        return [
            {
                "trade_day": day.isoformat(),
                "trade_date_type": (
                    "HALF_DAY" if day in early or day in short_days(day.year) else "FULL_DAY"
                ),
            }
            for day in days
            if day.weekday() <= FRIDAY and day not in holidays(day.year)
        ]

    # Orders.

    def _place(self, call: Call) -> Any:
        fields = call.fields()
        account, order = call.account(fields.get("account_id")), object_of(fields, "stock_order")
        instrument = self._gateway.instrument(text_of(order, "instrument_id"))
        arrival = call.arrival.saying(order)
        return _receipt(self._gateway.trading.place(account, drafted(order), instrument, arrival))

    def _replace(self, call: Call) -> Any:
        fields = call.fields()
        account, order = call.account(fields.get("account_id")), object_of(fields, "stock_order")
        draft = drafted(order)
        old = self._gateway.trading.found(account, draft.client_order_id)
        if self._gateway.instrument(text_of(order, "instrument_id")) != self._gateway.of(old):
            raise illegal("The instrument_id of an order cannot change.")
        return _receipt(self._gateway.trading.replace(account, draft, call.arrival.saying(order)))

    def _cancel(self, call: Call) -> Any:
        fields = call.fields()
        account = call.account(fields.get("account_id"))
        return _receipt(self._gateway.trading.cancel(account, client_order_id(fields)))

    def _detail(self, call: Call) -> Any:
        account = call.account(call.parameter("account_id"))
        return self._row(
            self._gateway.trading.found(account, call.parameter("client_order_id")),
            self._gateway.style(),
        )

    def _list(self, source: Callable[[str], Iterable[VenueOrder]]) -> Callable[[Call], Any]:
        """Return what answers with a page of ``source``, the newest order first."""

        def answer(call: Call) -> Any:
            account, style = call.account(call.parameter("account_id")), self._gateway.style()
            last = call.query.get("last_client_order_id", "")
            before = self._gateway.trading.found(account, last).perm_id if last else None
            found, has_next = paging.page(
                source(account),
                paging.page_size(call.query),
                is_past=lambda one: before is None or one.perm_id < before,
            )
            rows = [self._row(one, style) for one in found]
            return shapes.listed("orders", rows, has_next=has_next, style=style)

        return answer

    def _row(self, order: VenueOrder, style: shapes.Style) -> shapes.Row:
        filled_ns = self._gateway.blotter.filled_ns(order)
        return shapes.order(order, self._gateway.of(order), filled_ns=filled_ns, style=style)


def _receipt(order: VenueOrder) -> shapes.Row:
    return {"client_order_id": name_of(order), "order_id": names.order_id(order)}


def _category(name: str) -> str:
    if name in names.OTHER_CATEGORIES:
        raise Refused(Code.UNAUTHORIZED_CATEGORY, f"No permission for the data of {name}.")
    if name not in names.CATEGORIES:
        raise Refused(Code.UNSUPPORTED_CATEGORY, f"The category {name[:20]} is not supported.")
    return name


def _day(call: Call, name: str) -> date:
    try:
        return date.fromisoformat(call.parameter(name))
    except ValueError:
        raise illegal(f"{name} is not a day like 2026-11-27.") from None
