"""Who may ask: signatures, clocks, nonces, and requests of any kind of rubbish."""

from __future__ import annotations

import pytest

from tests.support.venue import paper_venue
from tests.support.webull import ACCOUNTS, KEYS, SECRET, Refusal, signed_headers, webull_client

PATH, QUERY = "/account/profile", {"account_id": ACCOUNTS[0]}


async def ask(client, *, host="", without="", **changed):
    """Return status and error code of a request whose headers are ``changed`` before signing."""
    headers = signed_headers(PATH, host=host or client.host, query=QUERY, body=b"", **changed)
    headers.pop(without, None)
    answer = await client.http.get(PATH, params=QUERY, headers=headers)
    return answer.status_code, answer.json().get("error_code")


async def test_any_name_that_the_host_may_have_is_right(client):
    bare = client.host.rpartition(":")[0]
    hosts = [client.host, bare, f"http://{client.host}", f"https://{bare}"]

    assert [await ask(client, host=host) for host in hosts] == [(200, None)] * 4
    assert await ask(client, host="api.webull.com") == (401, "INCORRECT_SIGN")


async def test_both_algorithms_are_right(client):
    assert await ask(client, x_signature_algorithm="HMAC-SHA256") == (200, None)
    code = "SIGNATURE_ALGORITHM_NOT_SUPPORTED"
    assert await ask(client, x_signature_algorithm="HMAC-MD5") == (401, code)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("x-app-key", "MISSING_APP_KEY"),
        ("x-signature", "MISSING_SIGNATURE"),
        ("x-signature-algorithm", "MISSING_ALGORITHM"),
        ("x-signature-version", "MISSING_VERSION"),
        ("x-signature-nonce", "MISSING_NONCE"),
        ("x-timestamp", "MISSING_TIMESTAMP"),
    ],
)
async def test_a_missing_header_is_named(client, header, code):
    assert await ask(client, without=header) == (401, code)


async def test_a_wrong_secret_or_key_is_refused(client, venue):
    assert await ask(client, secret=SECRET[::-1]) == (401, "INCORRECT_SIGN")
    assert await ask(client, key="nobody") == (401, "UNAUTHORIZED")
    assert await ask(client, x_signature_version="2.0") == (401, "VERSION_NOT_SUPPORTED")
    assert SECRET not in "".join(map(str, venue.log()))


async def test_a_request_comes_once(client):
    assert await ask(client, x_signature_nonce="n1") == (200, None)
    assert await ask(client, x_signature_nonce="n1") == (401, "DUPPLICATED_REQUEST")


async def test_a_wrong_clock_is_refused(client):
    assert await ask(client, x_timestamp="2020-01-01T00:00:00Z") == (401, "CLOCK_SKEW_EXCEEDED")
    assert await ask(client, x_timestamp="yesterday") == (401, "ILLEAGAL_TIMESTAMP")


async def test_a_changed_body_or_query_breaks_the_signature(client):
    headers = signed_headers("/trade/order/cancel", host=client.host, query={}, body=b"{}")
    answer = await client.http.post("/trade/order/cancel", headers=headers, content=b"{ }")
    assert answer.json()["error_code"] == "INCORRECT_SIGN"
    headers = signed_headers(PATH, host=client.host, query=QUERY, body=b"")
    answer = await client.http.get(PATH, params={"account_id": ACCOUNTS[1]}, headers=headers)
    assert answer.json()["error_code"] == "INCORRECT_SIGN"


async def test_an_empty_parameter_is_signed_too(client):
    rows = await client.get("/app/subscriptions/list", subscription_id="")
    assert [one["account_id"] for one in rows] == list(ACCOUNTS)
    later = await client.get("/app/subscriptions/list", subscription_id=rows[0]["subscription_id"])
    assert later == rows[1:]


async def test_a_path_that_is_not_there_is_no_route(client):
    with pytest.raises(Refusal) as caught:
        await client.get("/openapi/nothing")
    assert (caught.value.status, caught.value.text) == (404, '{"error_msg":"404 Route Not Found"}')


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"account_id":1}'])
async def test_a_body_that_is_no_order_is_refused(client, body):
    path = "/trade/order/place"
    headers = signed_headers(path, host=client.host, query={}, body=body)
    answer = await client.http.post(path, headers=headers, content=body)
    assert (answer.status_code, answer.json()["error_code"]) == (417, "ILLEGAL_PARAMETER")


async def test_calls_above_the_table_are_refused_for_a_while(tmp_path):
    async with (
        paper_venue(tmp_path, webull_keys=KEYS) as venue,
        webull_client(venue.webull_port) as client,
    ):
        for _ in range(10):
            await client.get(PATH, **QUERY)
        with pytest.raises(Refusal) as caught:
            await client.get(PATH, **QUERY)
        assert (caught.value.status, caught.value.code) == (429, "TOO_MANY_REQUESTS")
        await client.get("/app/subscriptions/list")
        await client.place()
        with pytest.raises(Refusal) as caught:
            await client.place()
        assert caught.value.status == 429
        assert len(await venue.get("/truth/orders")) == 1
