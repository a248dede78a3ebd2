"""A program of the first SDK, 0.1.18, in its own venv: does what lines of JSON on its input ask.

Arguments: HTTP port, events port, app key, secret. Each line ``{"call": …, …}`` is answered with
one of ``{"ok": …}`` and ``{"error": code, "status": …, "text": …}``.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from typing import Any

from webullsdkcore.client import ApiClient
from webullsdkcore.exception.exceptions import ClientException, ServerException
from webullsdkcore.request import ApiRequest
from webullsdktrade.trade.account_info import Account
from webullsdktrade.trade.order_operation import OrderOperation
from webullsdktrade.trade.trade_calendar import TradeCalendar
from webullsdktrade.trade.trade_instrument import TradeInstrument
from webullsdktradeeventscore.events_client import EventsClient


class Program:
    """All calls, by name."""

    def __init__(self, http_port: str, events_port: str, key: str, secret: str) -> None:
        logging.getLogger("webullsdkcore").setLevel(logging.WARNING)
        self._key, self._secret, self._events_port = key, secret, int(events_port)
        self._client = ApiClient(key, secret, "us", connect_timeout=2, timeout=2)
        self._client.add_endpoint("us", f"http://127.0.0.1:{http_port}")
        self._accounts, self._orders = Account(self._client), OrderOperation(self._client)
        self._heard: list[Any] = []
        self._said: list[str] = []

    def accounts(self) -> Any:
        return [one["account_id"] for one in self._accounts.get_app_subscriptions().json()]

    def profile(self, account: str) -> Any:
        return self._accounts.get_account_profile(account).json()

    def balance(self, account: str) -> Any:
        return self._accounts.get_account_balance(account, "USD").json()

    def positions(self, account: str) -> Any:
        return self._accounts.get_account_position(account, page_size=100).json()["holdings"]

    def instruments(self, symbols: str, category: str) -> Any:
        query = {"symbols": symbols, "category": category}
        request = ApiRequest("/instrument/list", version="v1", method="GET", query_params=query)
        return self._client.get_response(request).json()

    def instrument(self, number: str) -> Any:
        return TradeInstrument(self._client).get_trade_instrument_detail(number).json()

    def calendar(self, start: str, end: str) -> Any:
        return TradeCalendar(self._client).get_trade_calendar("US", start, end).json()

    def place(self, account: str, order: dict[str, Any]) -> Any:
        return self._orders.place_order_v2(account, order).json()

    def replace(self, account: str, order: dict[str, Any]) -> Any:
        return self._orders.replace_order_v2(account, order).json()

    def cancel(self, account: str, name: str) -> Any:
        return self._orders.cancel_order(account, name).json()

    def detail(self, account: str, name: str) -> Any:
        found = self._orders.query_order_detail(account, name).json()
        return {**found, **found["items"][0]}

    def open_orders(self, account: str) -> Any:
        found = self._orders.list_open_orders(account, page_size=100).json()["orders"]
        return [one["client_order_id"] for one in found]

    def todays(self, account: str) -> Any:
        found = self._orders.list_today_orders(account, page_size=100).json()["orders"]
        return [one["client_order_id"] for one in found]

    def subscribe(self, accounts: list[str]) -> Any:
        events = EventsClient(
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


def main() -> None:
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
            answer = {"error": error.get_error_code(), "status": 0, "text": error.get_error_msg()}
        except ValueError as error:
            answer = {"error": "no JSON", "status": 0, "text": str(error)}
        except AttributeError as error:
            answer = {"error": "AttributeError", "status": 0, "text": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
