"""A program of the newer SDK, 3.x, in its own venv: does what lines of JSON on its input ask.

Arguments and lines are those of ``sdk_old.py``; orders come in the words of the first SDK.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import threading
from typing import Any

from webull.core.client import ApiClient
from webull.core.exception.exceptions import ClientException, ServerException
from webull.core.request import ApiRequest
from webull.trade.trade_client import TradeClient
from webull.trade.trade_events_client import TradeEventsClient

RENAMED = {"qty": "quantity", "tif": "time_in_force"}


class Program:
    """All calls, by name."""

    def __init__(self, http_port: str, events_port: str, key: str, secret: str) -> None:
        self._key, self._secret, self._events_port = key, secret, int(events_port)
        self._client = ApiClient(key, secret, "us", connect_timeout=2, timeout=2)
        self._client.add_endpoint("us", f"http://127.0.0.1:{http_port}")
        self._client.set_stream_logger(stream=io.StringIO(), log_level=logging.ERROR)
        self._made: TradeClient | None = None
        self._heard: list[Any] = []
        self._said: list[str] = []

    @property
    def _trade(self) -> TradeClient:
        if self._made is None:  # it asks for the configuration at once, and may be refused
            self._made = TradeClient(self._client)
        return self._made

    def accounts(self) -> Any:
        found = self._trade.account_v2.get_account_list().json()
        return [one["account_id"] for one in found]

    def balance(self, account: str) -> Any:
        return self._trade.account_v2.get_account_balance(account).json()

    def positions(self, account: str) -> Any:
        found = self._trade.account_v2.get_account_position(account).json()
        return [{**one, "qty": one["quantity"]} for one in found]

    def instruments(self, symbols: str, category: str) -> Any:
        query = {"symbols": symbols, "category": category}
        request = ApiRequest(
            "/trading/instruments/stocks/profiles/list",
            version="v3",
            method="GET",
            query_params=query,
        )
        return self._client.get_response(request).json()["instruments"]

    def preview(self, account: str, order: dict[str, Any]) -> Any:
        return self._trade.order_v3.preview_order(account, [_newer(order)]).json()

    def place(self, account: str, order: dict[str, Any]) -> Any:
        return self._trade.order_v3.place_order(account, [_newer(order)]).json()

    def replace(self, account: str, order: dict[str, Any]) -> Any:
        changed = {RENAMED.get(name, name): value for name, value in order.items()}
        kept = ("client_order_id", "quantity", "limit_price", "stop_price")
        changes = {name: changed[name] for name in kept if name in changed}
        return self._trade.order_v3.replace_order(account, [changes]).json()

    def cancel(self, account: str, name: str) -> Any:
        return self._trade.order_v3.cancel_order(account, name).json()

    def detail(self, account: str, name: str) -> Any:
        [one] = self._trade.order_v3.get_order_detail(account, name).json()["orders"]
        words = {"order_status": "status", "qty": "total_quantity", "filled_qty": "filled_quantity"}
        return {**one, **{old: one[new] for old, new in words.items()}}

    def open_orders(self, account: str) -> Any:
        return _names(self._trade.order_v3.list_order_open(account).json()["orders"])

    def open_by_pages(self, account: str, size: int, last: str | None = None) -> Any:
        found = self._trade.order_v3.get_order_open(account, size, last).json()
        return _names(found)

    def todays(self, account: str) -> Any:
        return _names(self._trade.order_v3.list_order_history(account).json()["orders"])

    def subscribe(self, accounts: list[str]) -> Any:
        events = TradeEventsClient(
            *(self._key, self._secret, "us"),
            host="127.0.0.1",
            port=self._events_port,
            tls_enable=False,
        )
        events.on_connect = lambda *_: self._said.append("connected")
        events.on_log = lambda _, text: self._said.append(text)
        events.on_events_message = lambda kind, _, payload, __: self._heard.append([kind, payload])
        threading.Thread(target=events.do_subscribe, args=(accounts,), daemon=True).start()

    def heard(self) -> Any:
        return self._heard

    def said(self) -> Any:
        return self._said


def _newer(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order in the words of the newer SDK."""
    found = {RENAMED.get(name, name): value for name, value in order.items()}
    extended = found.pop("extended_hours_trading", False)
    return {
        "combo_type": "NORMAL",
        "entrust_type": "QTY",
        "instrument_type": "EQUITY",
        "market": "US",
        "support_trading_session": "ALL" if extended else "CORE",
        **found,
    }


def _names(groups: list[dict[str, Any]]) -> list[str]:
    return [one["client_order_id"] for group in groups for one in group["orders"]]


def main() -> None:
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # the SDK prints what it sends
        program = Program(*sys.argv[1:])
        for line in sys.stdin:
            asked = json.loads(line)
            answer: dict[str, Any]
            try:
                answer = {"ok": getattr(program, asked.pop("call"))(**asked)}
            except ServerException as error:
                answer = {
                    "error": error.get_error_code(),
                    "status": error.get_http_status(),
                    "text": error.get_error_msg(),
                }
            except ClientException as error:
                code, text = error.get_error_code(), error.get_error_msg()
                answer = {"error": code, "status": 0, "text": text}
            except ValueError as error:
                answer = {"error": "no JSON", "status": 0, "text": str(error)}
            except AttributeError as error:
                answer = {"error": "AttributeError", "status": 0, "text": str(error)}
            out.write(json.dumps(answer) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
