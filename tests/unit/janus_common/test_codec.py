"""Any bytes: a message, or MessageInvalid, and nothing else."""

from __future__ import annotations

import json
import struct
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from janus_common.codec import Format, decode, encode, format_of
from janus_common.contract import all_kinds
from janus_common.errors import MessageInvalid
from janus_common.examples import EXAMPLES
from janus_common.messages import (
    MAX_BYTES,
    Balance,
    CancelIntent,
    Fill,
    FillFee,
    OrderIntent,
    Subscribe,
    Valuation,
)

FORMATS = list(Format)
INTENT = {
    "kind": "OrderIntent",
    "client_order_id": "o-1",
    "account": "ib-main",
    "symbol": "AAPL",
    "side": "BUY",
    "type": "MARKET",
    "qty": "1",
}


def packed(**fields) -> bytes:
    return msgspec.msgpack.encode(INTENT | fields)


def as_json(**fields) -> bytes:
    return json.dumps(INTENT | fields).encode()


# ── there and back ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_every_message_comes_back_as_it_went(example, form):
    assert decode(encode(example, form), type(example), form) == example


@pytest.mark.parametrize("form", FORMATS)
def test_a_union_is_told_apart_by_the_kind(form):
    data = encode(CancelIntent(account="ib-main", client_order_id="o-1"), form)

    assert isinstance(decode(data, OrderIntent | CancelIntent, form), CancelIntent)


def test_fields_of_a_later_version_are_ignored():
    assert decode(packed(later="thing"), OrderIntent) == decode(packed(), OrderIntent)


@pytest.mark.parametrize(
    ("header", "form"),
    [
        (None, Format.MSGPACK),
        ("", Format.MSGPACK),
        ("application/json", Format.JSON),
        ("Application/JSON ; charset=utf-8", Format.JSON),
        ("application/msgpack", Format.MSGPACK),
        ("text/html", Format.MSGPACK),
    ],
)
def test_the_header_names_the_format(header, form):
    assert format_of(header) is form


@pytest.mark.parametrize("number", ["1.50", "0.1", "100", "-3", "1E+3"])
def test_a_decimal_keeps_its_spelling(number):
    found = decode(as_json(qty=number), OrderIntent, Format.JSON)

    assert str(found.qty) == number
    assert decode(encode(found), OrderIntent).qty.as_tuple() == Decimal(number).as_tuple()


def test_a_json_number_is_taken_as_it_is_written():
    assert decode(as_json(qty=0.1), OrderIntent, Format.JSON).qty == Decimal("0.1")


# ── what is no message ───────────────────────────────────────────────────────

BAD_JSON = [
    (b"", "truncated"),
    (b"{}", "client_order_id"),
    (b"null", "object"),
    (b"[]", "object"),
    (b"\xff\xfe", "malformed"),
    (b'{"kind": "Nonsense"}', "Nonsense"),
    (b'{"kind": 7}', "kind"),
    (b"[" * MAX_BYTES, "object"),
    (b'{"kind": "OrderIntent", "later": ' + b"[" * 50_000, "recursion"),
    (b'{"kind": "OrderIntent", "later": ' + b'{"a":' * 10_000, "recursion"),
    (as_json(symbol="\ud800"), "surrogate"),
    (as_json(symbol=7), "symbol"),
    (as_json(symbol=None), "symbol"),
    (as_json(side="HOLD"), "HOLD"),
    (as_json(qty="NaN"), "qty is NaN"),
    (as_json(qty="sNaN"), "qty is sNaN"),
    (as_json(qty="-Infinity"), "qty is -Infinity"),
    (as_json(qty="ten"), "qty"),
    (as_json(qty=float("nan")), "malformed"),
    (as_json(qty="1e19"), "qty is 1E"),
    (as_json(qty="1e999999999"), "qty is 1E"),
    (as_json(limit_price="1e-999999999"), "limit_price is 1E-999999999"),
    (as_json(expires_ns=2**63), "expires_ns is 9223372036854775808"),
    (as_json(expires_ns=10**400), "expires_ns"),
    (as_json(expires_ns=1.5), "expires_ns"),
    (as_json(tags={"a": 1}), "tags"),
    (b" " * (MAX_BYTES + 1), "at most 60000"),
]


@pytest.mark.parametrize(("data", "why"), BAD_JSON, ids=range(len(BAD_JSON)))
def test_json_that_is_no_message_says_why(data, why):
    with pytest.raises(MessageInvalid, match=why):
        decode(data, OrderIntent, Format.JSON)


BAD_MSGPACK = [
    (b"", "truncated"),
    (b"\xc1", "OrderIntent"),
    (b"\x80", "client_order_id"),
    (b"\x91" * MAX_BYTES, "object"),
    (packed(symbol="AAPL").replace(b"\xa4AAPL", b"\xa4\xff\xfe\xfd\xfc"), "utf-8"),
    (packed(qty=float("nan")), "qty is NaN"),
    (packed(qty=float("inf")), "qty is Infinity"),
    (packed(expires_ns=2**64 - 1), "expires_ns"),
    (b"\xdf\xff\xff\xff\xff", "OrderIntent"),  # a map of four thousand million entries
    (b"\xdd\xff\xff\xff\xff", "OrderIntent"),
    (b"\xdb\xff\xff\xff\xff", "OrderIntent"),
    (packed() + b"\x00", "trailing"),
]


@pytest.mark.parametrize(("data", "why"), BAD_MSGPACK, ids=range(len(BAD_MSGPACK)))
def test_msgpack_that_is_no_message_says_why(data, why):
    with pytest.raises(MessageInvalid, match=why):
        decode(data, OrderIntent)


def test_the_reason_does_not_repeat_a_long_value():
    with pytest.raises(MessageInvalid) as raised:
        decode(as_json(side="x" * 50_000), OrderIntent, Format.JSON)

    assert len(str(raised.value)) < 400


def test_numbers_of_other_messages_are_looked_at_too():
    lease = {"kind": "Subscribe", "holder": "x", "symbols": [], "lease_s": float("nan")}

    with pytest.raises(MessageInvalid, match="lease_s is nan"):
        decode(msgspec.msgpack.encode(lease), Subscribe)


@pytest.mark.parametrize("kind", [Fill, FillFee, Balance, Valuation])
def test_no_message_can_be_made_with_a_number_that_is_none(kind):
    example = next(found for found in EXAMPLES if type(found) is kind)
    for field in msgspec.structs.fields(kind):
        if isinstance(getattr(example, field.name), Decimal):
            with pytest.raises(ValueError, match=f"{field.name} is NaN"):
                msgspec.structs.replace(example, **{field.name: Decimal("NaN")})


# ── anything at all ──────────────────────────────────────────────────────────

KINDS = st.sampled_from(all_kinds())
FORMS = st.sampled_from(FORMATS)


def decode_or_refuse(data: bytes, kind, form: Format) -> None:
    """What decodes can be sent on in both formats; all else is MessageInvalid."""
    try:
        found = decode(data, kind, form)
    except MessageInvalid:
        return
    for other in FORMATS:
        encode(found, other)


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400), KINDS, FORMS)
def test_any_bytes_are_refused_or_are_a_message(data, kind, form):
    decode_or_refuse(data, kind, form)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(EXAMPLES), FORMS, st.data())
def test_mutated_messages_are_refused_or_are_a_message(example, form, data):
    spoiled = bytearray(encode(example, form))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(spoiled) - 1))
        match data.draw(st.sampled_from(["change", "insert", "cut", "drop"])):
            case "change":
                spoiled[at] = data.draw(st.integers(0, 255))
            case "insert":
                spoiled[at:at] = data.draw(st.binary(min_size=1, max_size=9))
            case "cut" if at:
                del spoiled[at:]
            case _ if len(spoiled) > 1:
                del spoiled[at]

    decode_or_refuse(bytes(spoiled), type(example), form)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | st.sampled_from(["NaN", "-Infinity", "1e99", "BUY", "AAPL", "1.5", "OrderIntent"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(EXAMPLES), st.data())
def test_fields_of_any_type_are_refused_or_are_a_message(example, data):
    fields = msgspec.msgpack.decode(encode(example))
    name = data.draw(st.sampled_from(sorted(fields)))
    fields[name] = data.draw(anything)

    decode_or_refuse(msgspec.msgpack.encode(fields), type(example), Format.MSGPACK)


def test_the_largest_message_is_within_the_limit_of_the_bus():
    fits = packed(tags={"a": "x" * (MAX_BYTES - 200)})

    assert len(fits) <= MAX_BYTES < 64 * 1024
    assert decode(fits, OrderIntent).tags["a"][0] == "x"


def test_a_float_of_64_bits_is_told_from_one_of_32():
    data = packed(qty=1).replace(b"\xa3qty\x01", b"\xa3qty\xca" + struct.pack(">f", 0.5))

    assert decode(data, OrderIntent).qty == Decimal("0.5")
