"""``janus sync``: what it shows, and what it says when a worker is away."""

from __future__ import annotations


async def test_a_sync_shows_counts_and_differences(janus):
    said = await janus("sync", "-a", "ib-main")

    assert said.code == 0, said
    lines = said.out.splitlines()
    assert lines[1].split() == ["ib-main", "3", "1", "1", "2", "0", "1", "differences"]
    assert lines[-1].split() == ["ib-main", "MISSING_ON_BROKER", "AAPL", "lost-1", "UNKNOWN"]


async def test_a_sync_as_json_is_the_workers_reply(janus):
    [row] = (await janus("sync", "-a", "ib-main", "--json")).data

    assert (row["account"], row["unknown_orders"]) == ("ib-main", 1)
    assert row["differences"][0]["found"] == "MISSING_ON_BROKER"


async def test_an_account_without_a_worker_says_so(janus):
    said = await janus("sync", "-a", "ib-live")

    assert said.code == 6, said
    assert "no worker of this account is there" in said.err
    assert "Hint: janus workers" in said.err


async def test_one_worker_that_is_away_is_a_part_of_all(janus):
    said = await janus("sync")

    assert said.code == 8, said
    assert "ib-main" in said.out
