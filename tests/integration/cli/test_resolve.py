"""``janus orders resolve``: what it prints, and what it refuses."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from janus_common.messages import OrderState

from tests.support.messages import order_update

WHY = ("--reason", "their desk says so")


@pytest.fixture
def known(house):
    async def make(state):
        name = uuid4().hex
        order = order_update(account="ib-main", client_order_id=name)
        await house.move(order, state)
        return name

    return make


async def test_a_word_that_counts_is_one_line_and_status_0(janus, known):
    name = await known(OrderState.UNKNOWN)

    said = await janus("orders", "resolve", name, "--as", "canceled", *WHY)

    assert said.code == 0, said
    assert said.out.startswith("PAPER ib-main ")
    assert said.out.endswith(f"→ canceled: their desk says so id {name}\n")
    assert "AAPL takes orders again" in said.err


async def test_a_word_that_does_not_count_is_an_order_error(janus, known):
    name = await known(OrderState.WORKING)

    said = await janus("orders", "resolve", name, "--as", "filled", *WHY, "--json")

    assert said.code == 3, said
    assert said.err.startswith(f"Order Error: order {name} is WORKING, not UNKNOWN\n")
    assert json.loads(said.out)["error"]["code"] == "ORDER_NOT_UNKNOWN"


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("x" * 32, "--as", "gone", *WHY), 2, "'gone' is not one of"),
        (("x" * 32, *WHY), 2, "Missing option '--as'"),
        (("x" * 32, "--as", "filled"), 2, "Missing option '--reason'"),
        (("a.b", "--as", "filled", *WHY), 2, "'a.b' is no order id"),
        (("*", "--as", "filled", *WHY), 2, "'*' is no order id"),
        (("x" * 32, "--as", "filled", *WHY), 3, "there is no order"),
        (("x" * 32, "--as", "filled", "-a", "nobody", *WHY), 2, "there is no account 'nobody'"),
    ],
)
async def test_what_cannot_be_resolved_is_refused_before_it_is_sent(janus, words, status, why):
    said = await janus("orders", "resolve", *words)

    assert (said.code, said.out) == (status, ""), said
    assert why in said.err
