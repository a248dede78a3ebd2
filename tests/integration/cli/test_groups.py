"""Brackets and groups from the command line: what is sent, and what is printed."""

from __future__ import annotations

import json

import pytest


async def test_an_order_is_told_with_its_exits(janus):
    said = await janus(
        *("buy", "AAPL", "10", "150", "-a", "ib-main"),
        *("--take-profit", "160", "--stop-loss", "145:144.5"),
    )

    assert said.code == 0, said
    first, take, loss = said.out.splitlines()
    assert first.startswith("PAPER ib-main BUY 10 AAPL LMT 150 GTC → working (")
    assert take.startswith("  exit SELL 10 AAPL LMT 160 GTC → ")
    assert loss.startswith("  exit SELL 10 AAPL STP LMT 145 144.5 GTC → ")
    name = first.rpartition(" ")[2]
    assert (take.rpartition(" ")[2], loss.rpartition(" ")[2]) == (f"{name}-1", f"{name}-2")


async def test_json_has_the_exits_too(janus):
    said = await janus(
        *("sell", "AAPL", "10", "200", "-a", "ib-main", "--stop-loss", "210", "--json")
    )

    (loss,) = json.loads(said.out)["data"]["legs"]
    assert (loss["side"], loss["type"], loss["stop_price"]) == ("BUY", "STOP", "210")


@pytest.mark.parametrize("loss", ["abc", "145:", "145:x", "nan", ""])
async def test_an_exit_without_a_price_is_refused(janus, loss):
    said = await janus("buy", "AAPL", "10", "150", "-a", "ib-main", "--stop-loss", loss)

    assert said.code == 2
    assert "--stop-loss" in said.err


async def test_a_group_is_told_order_by_order(janus, house):
    said = await janus(
        *("oca", "buy AAPL 10 150", "bstop MSFT 5 500 501", "-a", "ib-main", "--id", "oca-told")
    )

    assert said.code == 0, said
    first, second = said.out.splitlines()
    assert first.startswith("PAPER ib-main BUY 10 AAPL LMT 150 GTC → working (")
    assert second.startswith("PAPER ib-main BUY 5 MSFT STP LMT 500 501 GTC → working (")
    assert {"oca-told-1", "oca-told-2"} <= set(house.placed)


async def test_a_group_of_which_one_is_refused_ends_with_its_reason(janus):
    said = await janus("oca", "buy AAPL 10 150", "buy REJECT 5 400", "-a", "ib-main")

    assert said.code == 3
    assert "Order Error: 201: not enough margin" in said.err


@pytest.mark.parametrize(
    "words", ["", "hold AAPL 10", "buy AAPL", "buy AAPL 10 1 2", "sstop AAPL 10", "buy 'AAPL 10"]
)
async def test_what_is_no_order_is_refused_and_nothing_sent(janus, house, words):
    before = len(house.placed)

    said = await janus("oca", "buy AAPL 10 150", words, "-a", "ib-main")

    assert said.code == 2
    assert "is no order" in said.err
    assert len(house.placed) == before
