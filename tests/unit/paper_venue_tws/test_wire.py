"""The framing reads any chunking of good bytes and refuses all bad ones."""

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_paper_venue.tws.wire import (
    FrameReader,
    Hello,
    HelloReader,
    WireError,
    frame,
    parse_hello,
    unframe,
)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
messages = st.lists(st.lists(texts, min_size=1, max_size=8), max_size=8)


def chunks(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(messages, st.lists(st.integers(0, 10_000), max_size=20))
def test_any_chunking_gives_the_same_frames(sent, cuts):
    data = b"".join(frame(*fields) for fields in sent)
    reader = FrameReader()

    read = [fields for chunk in chunks(data, cuts) for fields in reader.feed(chunk)]

    assert read == sent
    assert not reader.is_partial


@given(st.binary(max_size=400))
def test_random_bytes_never_raise_anything_but_a_wire_error(data):
    reader = FrameReader(max_frame=64)
    try:
        for _ in reader.feed(data):
            pass
    except WireError:
        pass


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (struct.pack(">I", 1 << 30), "1073741824 bytes"),
        (struct.pack(">I", 0), "0 bytes"),
        (struct.pack(">I", 3) + b"abc", "does not end in NUL"),
        (struct.pack(">I", 2) + b"\xff\0", "not UTF-8"),
    ],
)
def test_a_frame_beyond_repair_says_why(data, why):
    with pytest.raises(WireError, match=why):
        list(FrameReader().feed(data))


def test_a_giant_length_is_refused_before_its_bytes_arrive():
    reader = FrameReader()
    with pytest.raises(WireError):
        list(reader.feed(struct.pack(">I", 1 << 30)))


@given(st.lists(st.integers(0, 30), max_size=6))
def test_the_greeting_is_read_in_any_chunking_and_the_rest_is_kept(cuts):
    text = b"v157..178 +PACEAPI"
    data = b"API\0" + struct.pack(">I", len(text)) + text + b"after"
    reader, found, rest = HelloReader(), None, b""

    for chunk in chunks(data, cuts):
        if found is not None:
            rest += chunk
        elif (answer := reader.feed(chunk)) is not None:
            found, rest = answer

    assert found == Hello(oldest=157, newest=178, options="+PACEAPI")
    assert rest == b"after"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (b"v157..178", 178),
        (b"v157..176", 176),
        (b"v100..225", 178),
        (b"v100..157", None),
        (b"v179..225", None),
    ],
)
def test_the_newest_common_version_is_chosen(text, version):
    assert parse_hello(text).choose() == version


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"API\0" + struct.pack(">I", 1 << 30),
        b"API\0" + struct.pack(">I", 3) + b"abc",
        b"API\0" + struct.pack(">I", 40) + b"v" + b"9" * 39,
    ],
)
def test_what_is_no_tws_client_is_refused(data):
    with pytest.raises(WireError):
        HelloReader().feed(data)


def test_a_frame_survives_the_round_trip():
    assert unframe(frame(4, None, True, "x", 1.5)) == ["4", "", "1", "x", "1.5"]
