"""What could change a subject's meaning is refused, whoever says it."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_common import subjects
from janus_common.errors import SubjectInvalid

BAD_TOKENS = ["", "*", ">", "a.b", "a b", "a*", "a>", "a\n", "a\r\nPUB x 0", "é", "x" * 65, "$SYS"]
BAD_TAILS = [
    "", "aapl", "AA PL", "AAPL>", ">AAPL", "A.>.B", "A.*.>", "*.A", "A..B", ".A", "A.", "A\n",
    "É", "A" * 65, "A.B.C.D.E.F.G", "A.>.>",
]  # fmt: skip
BUILDERS = [
    subjects.intent, subjects.command, subjects.order, subjects.fill, subjects.position,
    subjects.balance, subjects.source, subjects.valuation, subjects.marketdata, subjects.feed,
    subjects.registry, subjects.report, subjects.lookup, subjects.sync, subjects.control,
    subjects.event,
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_TOKENS, ids=ascii)
@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_no_builder_takes_a_token_that_is_none(build, bad):
    for name, parameter in inspect.signature(build).parameters.items():
        if name == "symbol":
            continue
        good = {
            other: "good"
            for other, found in inspect.signature(build).parameters.items()
            if other not in {name, "symbol"} and found.kind is parameter.kind
        }
        with pytest.raises(SubjectInvalid, match="a name on the bus"):
            build(**good | {name: bad})


@pytest.mark.parametrize("bad", BAD_TAILS, ids=ascii)
def test_no_symbol_ends_a_subject_that_is_none(bad):
    with pytest.raises(SubjectInvalid, match="not a canonical symbol"):
        subjects.tick(bad)
    with pytest.raises(SubjectInvalid):
        subjects.fill("ib-main", bad)


@pytest.mark.parametrize(
    ("built", "subject"),
    [
        (subjects.intent(), "janus.v1.intent.*.*"),
        (subjects.intent("alice", "ib-main"), "janus.v1.intent.alice.ib-main"),
        (subjects.command("ib-main"), "janus.v1.command.ib-main"),
        (subjects.order("ib-main", "o_1"), "janus.v1.order.ib-main.o_1"),
        (subjects.order("ib-main"), "janus.v1.order.ib-main.*"),
        (subjects.fill(), "janus.v1.fill.*.>"),
        (subjects.fill("ib-main", "NQ.260320.C.15000"), "janus.v1.fill.ib-main.NQ.260320.C.15000"),
        (subjects.tick("NQ.>"), "janus.v1.tick.NQ.>"),
        (subjects.tick("NQ.*"), "janus.v1.tick.NQ.*"),
        (subjects.tick(), "janus.v1.tick.>"),
        (subjects.control("halt"), "janus.v1.control.halt.*"),
        (subjects.feed("ib-main", "subscribe"), "janus.v1.feed.ib-main.subscribe"),
        (subjects.harmony(), "janus.v1.harmony"),
        (subjects.harmony("status"), "janus.v1.harmony.status"),
    ],
)
def test_subjects_are_as_documented(built, subject):
    assert built == subject


@given(st.text())
def test_a_token_is_refused_or_is_one_token(text):
    try:
        built = subjects.balance(text)
    except SubjectInvalid:
        return

    assert built.split(".") == ["janus", "v1", "balance", text]
    assert not set(text) & set(" *>.\r\n\t")


def test_an_error_does_not_repeat_a_long_text():
    with pytest.raises(SubjectInvalid) as raised:
        subjects.balance("x" * 100_000)

    assert len(str(raised.value)) < 200
