"""Signatures, against what the SDK computes; keys, and what is refused before that."""

from __future__ import annotations

from pathlib import Path

import pytest
from janus_common.errors import ConfigError
from janus_paper_venue.webull.keys import read_keys
from janus_paper_venue.webull.signing import hosts_of, http_signatures, stream_signature

HEADERS = {
    "x-app-key": "key1",
    "x-timestamp": "2022-01-04T03:55:31Z",
    "x-signature-version": "1.0",
    "x-signature-nonce": "48ef5afed43d4d91ae514aaeafbc29ba",
    "x-signature-algorithm": "HMAC-SHA1",
}
BODY = b'{"account_id":"ACC1","stock_order":{"client_order_id":"abc","qty":"1"}}'


def signature(path, *, algorithm="HMAC-SHA1", query=(), body=b""):
    [found] = http_signatures(
        secret="secret1",
        path=path,
        headers=HEADERS | {"x-signature-algorithm": algorithm},
        query=query,
        body=body,
        hosts=["127.0.0.1:8080"],
    )
    return found


def test_http_signatures_are_those_of_the_sdk():
    assert signature("/trade/order/place", body=BODY) == "cKewmmzr2pT4ubkJCQytUyZiiZs="
    assert signature("/trade/order/place", body=BODY, algorithm="HMAC-SHA256") == (
        "+pzDogSVMfIAQNA1+qkGif8QTffCGWhtBatfxPDizds="
    )
    query = [("account_id", "ACC1"), ("client_order_id", "abc")]
    assert signature("/trade/order/detail", query=query) == "VJ42mmv5+zy5iKzlBXBfC5r51kA="


def test_stream_signatures_are_those_of_the_sdk():
    request = bytes.fromhex("080110b89ee999e22f2a0441434331")

    found = stream_signature(secret="secret1", metadata=HEADERS, request=request)

    assert found == "M1iMqytbgcErr/1t9ToEK4CQCOk="


def test_a_parameter_named_like_a_header_is_signed_behind_it():
    assert signature("/x", query=[("host", "a")]) != signature("/x")


def test_a_host_may_have_been_configured_in_six_ways():
    assert set(hosts_of("h:1")) == {
        *("h:1", "h", "http://h:1", "http://h", "https://h:1", "https://h"),
    }


def test_keys_come_from_the_command_line_or_a_file(tmp_path: Path):
    listed = read_keys("k1:s1:ACC1+ACC2,k2:s:2:ACC3")
    assert listed["k1"].accounts == ("ACC1", "ACC2")
    assert str.__str__(listed["k2"].secret) == "s:2"
    assert "s1" not in repr(listed["k1"])

    file = tmp_path / "keys"
    file.write_text("# ours\nk1:s1:ACC1+ACC2\n\nk2:s:2:ACC3\n")
    assert read_keys(f"file:{file}") == listed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at least one app key"),
        ("k1", "app key 1 is not of the form"),
        ("k1:hidden", "app key 1 is not of the form"),
        ("k1::ACC1", "app key 1 is not of the form"),
        ("k1:hidden:acc1", "'acc1' is no account id"),
        ("k1:hidden:ACC1,k1:hidden:ACC2", "'k1' is given twice"),
        ("k1:hidden:ACC1,k2:hidden:ACC1", "'ACC1' is given twice"),
        ("file:/nowhere", "cannot read /nowhere"),
    ],
)
def test_wrong_keys_are_named_and_never_shown(text, words):
    with pytest.raises(ConfigError, match=words) as caught:
        read_keys(text)
    assert "hidden" not in str(caught.value)
