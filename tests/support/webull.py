"""A client of Webull's HTTP: signs requests by itself, independently of the venue's check.

async with webull_client(port) as client: await client.get("/account/profile", account_id=…)
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

import httpx

KEY, SECRET = "key1", "secret1"
ACCOUNTS = ("WB000000000000000000000001", "WB000000000000000000000002")
OTHER_KEY, OTHER_SECRET, OTHER_ACCOUNT = "key2", "secret2", "WB000000000000000000000009"
KEYS = f"{KEY}:{SECRET}:{'+'.join(ACCOUNTS)}\n{OTHER_KEY}:{OTHER_SECRET}:{OTHER_ACCOUNT}\n"
APPLE, IBM, SPY = "913256135", "9000008314", "9000756733"
LIMIT_S = 30.0


class Refusal(Exception):
    """What is not 2xx."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status, self.text = answer.status_code, answer.text
        try:
            said = answer.json()
        except ValueError:
            said = {}
        self.code = said.get("error_code", "") if isinstance(said, dict) else ""
        super().__init__(f"{answer.status_code} {answer.text[:200]}")


async def refusal_code(request: Awaitable[Any]) -> str:
    """Make a request that must be refused as business; return the error code."""
    found: Refusal | None = None
    try:
        await request
    except Refusal as refusal:
        found = refusal
    assert found is not None, "it was not refused"
    assert found.status == 417, found
    return str(found.code)


def signed_headers(
    path: str,
    *,
    host: str,
    query: Mapping[str, str],
    body: bytes,
    key: str = KEY,
    secret: str = SECRET,
    **changed: str,
) -> dict[str, str]:
    """Return the headers of the first SDK; ``changed`` are in force before it signs."""
    headers = {
        "x-app-key": key,
        "x-timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-signature-version": "1.0",
        "x-signature-algorithm": "HMAC-SHA1",
        "x-signature-nonce": uuid.uuid4().hex,
    }
    headers |= {name.replace("_", "-"): text for name, text in changed.items()}
    fields = {**headers, "host": host, **query}
    parts = [path, "&".join(f"{name}={fields[name]}" for name in sorted(fields))]
    is_new = headers["x-signature-algorithm"] == "HMAC-SHA256"
    if body:
        parts.append((hashlib.sha256 if is_new else hashlib.md5)(body).hexdigest().upper())
    message = quote("&".join(parts), safe="").encode()
    how = hashlib.sha256 if is_new else hashlib.sha1
    digest = hmac.new(f"{secret}&".encode(), message, how).digest()
    return headers | {"x-signature": base64.b64encode(digest).decode(), "x-version": "v1"}


class WebullClient:
    """One app key at one venue."""

    def __init__(self, http: httpx.AsyncClient, host: str, key: str, secret: str) -> None:
        self.http, self.host, self.key, self.secret = http, host, key, secret

    async def get(self, path: str, **query: str) -> Any:
        return await self._ask("GET", path, query, b"")

    async def post(self, path: str, body: Any) -> Any:
        data = json.dumps(body, separators=(",", ":")).encode()
        return await self._ask("POST", path, {}, data)

    async def place(self, account: str = ACCOUNTS[0], /, **changed: Any) -> str:
        """Place an order, a market order for 10 AAPL unless changed; return its client order id.

        A field that is None is left out.
        """
        fields = order(**changed)
        await self.post("/trade/order/place", {"account_id": account, "stock_order": fields})
        return str(fields["client_order_id"])

    async def detail(self, name: str, account: str = ACCOUNTS[0]) -> dict[str, Any]:
        """Return an order, its item's fields on it."""
        found = await self.get("/trade/order/detail", account_id=account, client_order_id=name)
        return dict(found | found["items"][0])

    async def cancel(self, name: str, account: str = ACCOUNTS[0]) -> Any:
        body = {"account_id": account, "client_order_id": name}
        return await self.post("/trade/order/cancel", body)

    async def replace(self, account: str = ACCOUNTS[0], /, **fields: Any) -> Any:
        body = {"account_id": account, "stock_order": order(**fields)}
        return await self.post("/trade/order/replace", body)

    async def _ask(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Any:
        headers = signed_headers(
            path, host=self.host, query=query, body=body, key=self.key, secret=self.secret
        )
        url = f"{path}?{urlencode(query)}" if query else path
        answer = await self.http.request(method, url, headers=headers, content=body)
        if not answer.is_success:
            raise Refusal(answer)
        return answer.json()


def order(**changed: Any) -> dict[str, Any]:
    """Return the fields of an order of the v1 set."""
    fields = {
        "client_order_id": uuid.uuid4().hex,
        "instrument_id": APPLE,
        "side": "BUY",
        "tif": "DAY",
        "order_type": "MARKET",
        "extended_hours_trading": False,
        "qty": "10",
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


@asynccontextmanager
async def webull_client(
    port: int, key: str = KEY, secret: str = SECRET
) -> AsyncIterator[WebullClient]:
    """Return a client of the venue at ``port``."""
    host = f"127.0.0.1:{port}"
    async with httpx.AsyncClient(
        base_url=f"http://{host}", verify=False, timeout=LIMIT_S, trust_env=False
    ) as http:
        yield WebullClient(http, host, key, secret)
