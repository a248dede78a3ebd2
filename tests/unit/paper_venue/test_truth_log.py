"""The log of the truth is the same for the same inputs, and the clock that makes it so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from janus_paper_venue.clock import FROZEN, OFFSET, Clock, restored
from janus_paper_venue.faults import Faults
from janus_paper_venue.faults_market import Halts, correct_fills
from janus_paper_venue.faults_script import parse, plan
from janus_paper_venue.feed import Feed
from janus_paper_venue.instruments import Catalogue
from janus_paper_venue.market import Market
from janus_paper_venue.sessions import Hours
from janus_paper_venue.store import LOG, Store

from tests.unit.paper_venue.builders import ACCOUNT, ACME, NOON_NS, OTHER, SECOND, Venue

S = 1_000_000_000


def run(folder: Path, *, seed: int, arrival_ns: int = 0, script: Sequence[str] = ()) -> bytes:
    """Play a day of orders on a seeded market; return its truth."""
    catalogue = Catalogue([ACME, OTHER])
    store = Store(folder, catalogue)
    store.keep_accounts({ACCOUNT: Decimal(1_000_000), SECOND: Decimal(1_000_000)})
    clock = Clock(lambda: 0, frozen_ns=NOON_NS)
    venue = Venue(
        catalogue=catalogue, journal=store.write, hours=Hours.US, clock=clock, state=store.load()
    )
    market = Market(venue.exchange, seed=seed)
    market.open()
    feed = Feed(venue.exchange, market, clock=clock, ticks_per_s=200, speed=0)
    faults = Faults(seed=seed, con_id=lambda _: ACME.con_id)
    Halts(venue.exchange, market, faults)
    correct_fills(venue.exchange, faults)
    plan(venue.exchange, faults, [parse(line) for line in script])
    for number in range(20):
        side, kind = ("BUY", "SELL")[number % 2], ("MKT", "LMT", "STP", "TRAIL", "MOC")[number % 5]
        prices = {"limit": 100, "stop": 100} if kind in {"LMT", "STP"} else {}
        trail = {"trail_amount": Decimal("0.1")} if kind == "TRAIL" else {}
        venue.place(side, 100 + number, kind, received_ns=arrival_ns, **prices, **trail)
        feed.step(0.5)
    feed.jump(NOON_NS + 6 * 3600 * S)
    venue.exchange.split(1, 2, 1)
    store.close()
    return (folder / LOG).read_bytes()


def test_one_seed_and_the_same_inputs_make_the_same_truth_byte_for_byte(tmp_path):
    first = run(tmp_path / "first", seed=5, arrival_ns=1)
    again = run(tmp_path / "again", seed=5, arrival_ns=2)
    other = run(tmp_path / "other", seed=6)

    assert first == again != other
    rows = [json.loads(line) for line in first.splitlines()]
    assert len([row for row in rows if row["what"] == "accepted"]) == 20
    assert {"executed", "changed", "trailed", "position", "split"} <= {row["what"] for row in rows}


def test_faults_in_force_strike_the_same_for_one_seed(tmp_path):
    script = (
        "correct_execution probability=0.5 amount=0.02",
        "halted symbol=ACME seconds=2.5 at=1.3",
        "halted symbol=ACME seconds=1 at=6",
    )
    first = run(tmp_path / "first", seed=5, script=script)
    again = run(tmp_path / "again", seed=5, script=script)
    calm = run(tmp_path / "calm", seed=5)

    assert first == again != calm
    told = [json.loads(line)["what"] for line in first.splitlines()]
    assert 0 < told.count("corrected") < told.count("executed")


@pytest.mark.parametrize("damage", ["cut", "lost", "torn"])
def test_a_log_that_a_death_has_damaged_is_mended(tmp_path, damage):
    whole = run(tmp_path, seed=5)
    path = tmp_path / LOG
    if damage == "lost":
        path.unlink()
    else:
        path.write_bytes(whole[:-40] if damage == "cut" else whole + b'{"what":')

    Store(tmp_path, Catalogue()).close()

    assert path.read_bytes() == whole


def test_a_clock_never_goes_back():
    world = [1_000]
    clock = Clock(lambda: world[0])

    clock.move_to(1_500)
    clock.move_to(1_200)
    moved = clock()
    clock.pause()
    world[0] += 5_000
    paused = clock()
    clock.resume()

    assert (moved, paused, clock()) == (1_500, 1_500, 1_500)
    world[0] += 1
    assert clock() == 1_501


@pytest.mark.parametrize(
    ("settings", "first_ns", "now", "is_paused"),
    [
        ({}, None, 100, False),
        ({}, 70, 70, True),
        ({OFFSET: "50", FROZEN: ""}, 70, 150, False),
        ({OFFSET: "50", FROZEN: "120"}, None, 120, True),
    ],
)
def test_a_clock_goes_on_after_a_restart(settings, first_ns, now, is_paused):
    clock = restored(lambda: 100, settings, first_ns=first_ns)

    assert (clock(), clock.is_paused) == (now, is_paused)
