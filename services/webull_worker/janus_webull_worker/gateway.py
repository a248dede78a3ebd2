"""Webull's HTTP interface through its SDK: calls that block, and what became of each.

Only this module, ``gateway_events`` and the SDK's own classes know how Webull is spoken to; each
call here returns an ``Answer`` or raises ``Refused`` or ``NoAnswer``, and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

from janus_common.clock import NS_PER_S, now_ns
from janus_common.config import WebullAccount
from webullsdkcore.client import ApiClient
from webullsdkcore.exception.exceptions import ClientException, ServerException
from webullsdkcore.request import ApiRequest
from webullsdktrade.trade.account_info import Account
from webullsdktrade.trade.order_operation import OrderOperation
from webullsdktrade.trade.trade_instrument import TradeInstrument

from janus_webull_worker import codes
from janus_webull_worker.envelopes import unwrapped
from janus_webull_worker.fields import Row
from janus_webull_worker.outcome import Answer, NoAnswer, Refused
from janus_webull_worker.translate import MARKET

PAGE = 100
DOLLARS = "USD"
HTTP_ERROR = "SDK.HttpError"
SHOWN = 200  # characters of what is not ours


def quieten() -> None:
    """Keep the SDK from writing requests, with their signatures, to stderr."""
    logging.getLogger("webullsdkcore").setLevel(logging.CRITICAL)  # refusals are said by us
    chatty = logging.getLogger("webullsdkcore.http.response")
    chatty.handlers.clear()
    chatty.setLevel(logging.CRITICAL)
    chatty.propagate = True


class Client:
    """The requests of one app key; any thread may call."""

    def __init__(self, settings: WebullAccount) -> None:
        quieten()
        self._secrets = [str(s) for s in (settings.app_secret, settings.app_key) if s]
        client = ApiClient(
            str(settings.app_key),
            str(settings.app_secret),
            settings.region,
            connect_timeout=settings.connect_timeout_s,
            timeout=settings.answer_timeout_s,
        )
        if settings.endpoint is not None:
            client.add_endpoint(settings.region, settings.endpoint.rstrip("/"))
        self._client = client
        self._orders, self._accounts = OrderOperation(client), Account(client)
        self._instruments = TradeInstrument(client)

    # ── questions ──

    def accounts(self, after: str | None = None) -> Answer:
        """Ask for the accounts of the key, a page of them."""
        return self._call(lambda: self._accounts.get_app_subscriptions(after))

    def profile(self, account: str) -> Answer:
        """Ask what kind of account it is."""
        return self._call(lambda: self._accounts.get_account_profile(account))

    def balance(self, account: str) -> Answer:
        """Ask what the account has."""
        return self._call(lambda: self._accounts.get_account_balance(account, DOLLARS))

    def positions(self, account: str, after: str | None = None) -> Answer:
        """Ask what the account holds, a page of it."""
        return self._call(lambda: self._accounts.get_account_position(account, PAGE, after))

    def open_orders(self, account: str, after: str | None = None) -> Answer:
        """Ask for the orders that are open, a page of them."""
        return self._call(lambda: self._orders.list_open_orders(account, PAGE, after))

    def todays_orders(self, account: str, after: str | None = None) -> Answer:
        """Ask for the orders of the day, a page of them."""
        return self._call(lambda: self._orders.list_today_orders(account, PAGE, after))

    def order(self, account: str, wire_id: str) -> Answer:
        """Ask for one order."""
        return self._call(lambda: self._orders.query_order_detail(account, wire_id))

    def instruments(self, symbols: str, category: str) -> Answer:
        """Ask for instruments by their tickers, with commas between them."""
        query = {"symbols": symbols, "category": category}
        return self._ask("/instrument/list", query)

    def security(self, ticker: str) -> Answer:
        """Ask for one instrument by its ticker, in another way."""
        query = {"symbol": ticker, "market": MARKET, "instrument_super_type": "EQUITY"}
        return self._ask("/trade/security", query)

    def tradable(self, instrument_id: str) -> Answer:
        """Ask what may be done with an instrument."""
        return self._call(lambda: self._instruments.get_trade_instrument_detail(instrument_id))

    # ── orders ──

    def place(self, account: str, stock_order: Row) -> Answer:
        """Place an order; with ``NoAnswer``, nobody knows."""
        return self._call(lambda: self._orders.place_order_v2(account, dict(stock_order)))

    def replace(self, account: str, stock_order: Row) -> Answer:
        """Change an order; with ``NoAnswer``, nobody knows."""
        return self._call(lambda: self._orders.replace_order_v2(account, dict(stock_order)))

    def cancel(self, account: str, wire_id: str) -> Answer:
        """Cancel an order; with ``NoAnswer``, nobody knows."""
        return self._call(lambda: self._orders.cancel_order(account, wire_id))

    def _ask(self, path: str, query: dict[str, str]) -> Answer:
        request = ApiRequest(path, version="v1", method="GET", query_params=query)
        return self._call(lambda: self._client.get_response(request))

    def _call(self, send: Callable[[], Any]) -> Answer:
        asked_ns = now_ns()
        try:
            response = send()
            heard_ns = now_ns()
            status, headers = response.status_code, response.headers
            value = response.json()
        except ServerException as error:
            raise self._refusal(error) from None
        except ClientException as error:
            if error.error_code == HTTP_ERROR:
                raise NoAnswer(self._plain(_cause(error.error_msg))) from None
            raise NoAnswer(self._plain(error)) from None
        except ValueError:  # what is no JSON, and what cannot be encoded
            raise NoAnswer("the answer is not JSON") from None
        except Exception as error:  # noqa: BLE001 - any of them is no answer
            # The SDK itself stumbles over answers that are JSON and no object.
            raise NoAnswer(f"the answer cannot be read: {self._plain(error)}") from None
        if not 200 <= status < 300:
            raise NoAnswer(f"HTTP status {status}")
        date_ns = _date_ns(headers.get("Date"))
        return Answer(unwrapped(value, self._plain), date_ns, asked_ns, heard_ns)

    def _refusal(self, error: Any) -> Refused | NoAnswer:
        code, status = str(error.error_code or ""), error.http_status
        status = status if isinstance(status, int) else None
        verdict = codes.judge(status, code)
        text = self._plain(error.error_msg or "")
        if code in {"", codes.UNKNOWN}:
            if verdict is codes.Verdict.TROUBLE:
                return NoAnswer(f"HTTP status {status}, and not in Webull's words")
            return Refused(verdict, f"HTTP status {status}", text)
        return Refused(verdict, self._plain(code), text)

    def _plain(self, words: object) -> str:
        """Return words of others on one line, without our secrets."""
        text = " ".join(str(words).split())
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:SHOWN]


def _cause(words: object) -> str:
    """Return why a request failed, without the address around it."""
    _, found, cause = str(words).rpartition("(Caused by ")
    return cause.removesuffix(")") if found else cause


def _date_ns(text: str | None) -> int | None:
    """Return the second that an answer was made in, by the clock there."""
    if not text:
        return None
    try:
        return int(parsedate_to_datetime(text).timestamp()) * NS_PER_S
    except (ValueError, TypeError, OverflowError):
        return None
