"""How the venue's market moves: walk, pins, recordings."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from janus_common.errors import ConfigError
from janus_paper_venue.events import QuoteChanged
from janus_paper_venue.market import HISTORY_ROWS, Market, Pin
from janus_paper_venue.recording import MAX_SIZE, Recording, find_recordings, read_rows

from tests.unit.paper_venue.builders import ACME, OTHER, Venue

START_NS = 1_381_152_600_000_000_000
MS = 1_000_000


def recording(*rows: tuple[int, str, object, int]) -> Recording:
    """Return a recording; times are milliseconds after the open."""
    lines = [f"{START_NS + at * MS},{kind},{price},{size}" for at, kind, price, size in rows]
    return Recording(1, iter(parse(lines)))


def parse(lines: list[str]) -> list:
    from janus_paper_venue.recording import _row

    return [_row(line.split(",")) for line in lines]


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(("ts_ns,kind,price,size\n" + "\n".join(lines)).encode()))
    return path


def market_of(venue: Venue, one: Recording | None = None, *, seed: int = 1) -> Market:
    market = Market(venue.exchange, seed=seed, recordings={1: one} if one else None)
    market.open()
    return market


def quotes(venue: Venue, con_id: int = 1) -> list[Any]:
    shown = (event.quote for event in venue.events if isinstance(event, QuoteChanged))
    return [one for one in shown if one.con_id == con_id]


def pin(bid: str, ask: str, last: str | None = None) -> Pin:
    return Pin(bid=Decimal(bid), ask=Decimal(ask), last=Decimal(last) if last else None)


def test_the_same_seed_makes_the_same_market():
    first, again, other = Venue(), Venue(), Venue()

    for venue, seed in ((first, 7), (again, 7), (other, 8)):
        market_of(venue, seed=seed).walk(200)

    assert first.events == again.events
    assert first.events != other.events


def test_a_synthetic_market_stays_on_the_grid_and_is_never_crossed():
    venue = Venue()

    market_of(venue).walk(5_000)

    shown = quotes(venue)
    assert len(shown) == 2_501
    assert all(one.bid < one.ask for one in shown)
    assert all(ACME.is_on_grid(price) for one in shown for price in (one.bid, one.ask, one.last))
    assert all(0 < one.bid_size < 1_500 and 0 < one.ask_size < 1_500 for one in shown)
    assert all(90 < one.bid < 110 for one in shown)


def test_a_step_of_the_walk_is_one_tick():
    venue = Venue()
    market = market_of(venue)
    venue.events.clear()

    market.walk(10)

    assert len(venue.events) == 10


def test_only_chosen_instruments_walk():
    venue = Venue()
    market = market_of(venue)
    venue.events.clear()

    market.choose({2})
    market.walk(10)

    assert (len(quotes(venue, 1)), len(quotes(venue, 2))) == (0, 10)


def test_a_pinned_market_stays_and_its_display_is_refreshed():
    venue = Venue(instruments=(ACME,))
    market = market_of(venue)
    market.pin(ACME, pin("50.00", "50.01", "50.00"))
    order = venue.place("BUY", 2_500)

    market.walk(20)

    assert {price for _, price in venue.fills(order)} == {Decimal("50.01")}
    assert venue.newest(order).status == "Filled"


def test_an_unpinned_market_is_where_it_would_have_been():
    pinned, free = Venue(instruments=(ACME,)), Venue(instruments=(ACME,))
    markets = [market_of(pinned), market_of(free)]
    markets[0].pin(ACME, pin("50.00", "50.01"))
    for market in markets:
        market.walk(50)

    markets[0].unpin()

    assert pinned.exchange.quote(1) == free.exchange.quote(1)


@pytest.mark.parametrize(
    ("last", "expected"), [("50.005", "50.005"), (None, "50.01")], ids=["given", "follows"]
)
def test_the_last_trade_of_a_pin_is_given_or_follows_into_the_spread(last, expected):
    venue = Venue(instruments=(ACME,))

    quote = market_of(venue).pin(ACME, pin("50.00", "50.01", last))

    assert quote.last == Decimal(expected)


def test_a_replay_begins_at_the_first_two_sided_quote_with_a_trade():
    venue = Venue()

    market_of(
        venue,
        recording(
            (0, "trade", "10.00", 100),
            (5, "bid", "10.00", 100),
            (9, "ask", "10.02", 200),
            (12, "bid", "10.01", 100),
        ),
    )

    first = quotes(venue)[0]
    assert (first.bid, first.ask, first.last) == (Decimal(10), Decimal("10.02"), Decimal(10))
    assert first.source_ns == START_NS + 9 * MS


def test_a_replay_keeps_its_pace_and_cuts_long_gaps():
    venue = Venue()
    market = market_of(
        venue,
        recording(
            (0, "bid", "10.00", 100),
            (0, "trade", "10.00", 100),
            (0, "ask", "10.02", 200),
            (100, "bid", "10.01", 100),
            (3_600_000, "ask", "10.03", 100),
        ),
    )

    shown = []
    for _ in range(5):
        market.replay(90 * MS)
        shown.append(quotes(venue)[-1].source_ns // MS - START_NS // MS)

    assert shown == [0, 100, 100, 100, 3_600_000]


def test_a_crossed_quote_is_not_shown_until_it_is_whole_again():
    venue = Venue()
    market = market_of(
        venue,
        recording(
            (0, "trade", "10.00", 100),
            (0, "bid", "10.00", 100),
            (0, "ask", "10.02", 200),
            (1, "bid", "10.05", 100),
            (2, "ask", "10.06", 100),
        ),
    )

    market.replay(1 * MS)
    during = quotes(venue)[-1]
    market.replay(1 * MS)
    after = quotes(venue)[-1]

    assert (during.bid, during.ask) == (Decimal("10.00"), Decimal("10.02"))
    assert (after.bid, after.ask) == (Decimal("10.05"), Decimal("10.06"))


def test_a_side_that_keeps_a_quote_crossed_for_a_second_is_dropped():
    venue = Venue()
    market = market_of(
        venue,
        recording(
            (0, "trade", "10.00", 100),
            (0, "bid", "10.00", 100),
            (0, "ask", "10.02", 200),
            (1, "bid", "10.05", 100),
            (1_002, "bid", "10.06", 100),
        ),
    )

    for _ in range(10):
        market.replay(250 * MS)

    assert (quotes(venue)[-1].bid, quotes(venue)[-1].ask) == (Decimal("10.06"), None)


def test_displayed_sizes_of_a_replay_are_cut():
    venue = Venue()

    market_of(
        venue,
        recording((0, "trade", "1.50", 9), (0, "bid", "1.50", 90_000), (0, "ask", "1.51", 70_000)),
    )

    assert quotes(venue)[-1].ask_size == MAX_SIZE < 1_500


def test_times_of_a_recording_never_step_back(tmp_path):
    path = write(tmp_path / "A.csv.gz", "5,bid,10.0000,100", "3,ask,10.50,100", "7,trade,10.1,1")

    rows = list(read_rows([path]))

    assert [row.ts_ns for row in rows] == [5, 5, 7]
    assert [str(row.price) for row in rows] == ["10", "10.5", "10.1"]


@pytest.mark.parametrize(
    "line", ["x,bid,1,1", "1,bod,1,1", "1,bid,1", "1,bid,NaN,1", "1,bid,one,1", "", "1,bid,1,1,1"]
)
def test_a_wrong_line_is_named(tmp_path, line):
    path = write(tmp_path / "A.csv.gz", "1,bid,1,1", line, "2,bid,1,1")

    with pytest.raises(ConfigError, match=r"A\.csv\.gz: line 3: "):
        list(read_rows([path]))


def test_a_file_that_is_cut_off_is_named(tmp_path):
    path = write(tmp_path / "A.csv.gz", *(f"{n},bid,{n}.5,100" for n in range(1, 5_000)))
    path.write_bytes(path.read_bytes()[:-500])

    with pytest.raises(ConfigError, match=r"A\.csv\.gz"):
        list(read_rows([path]))


def test_recordings_are_found_here_and_one_level_below(tmp_path):
    for name in ("AAA.csv.gz", "day2/BBB.csv.gz", "day1/BBB.csv.gz", "a/b/CCC.csv.gz"):
        write(tmp_path / name)

    found = find_recordings(tmp_path)

    assert {symbol: [path.parent.name for path in paths] for symbol, paths in found.items()} == {
        "AAA": [tmp_path.name],
        "BBB": ["day1", "day2"],
    }


@pytest.mark.parametrize("name", ["", "missing"], ids=["empty", "missing"])
def test_a_folder_without_recordings_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match="--ticks"):
        find_recordings(tmp_path / name)


def test_fills_of_a_replay_lie_within_the_market_and_name_its_moment():
    venue = Venue()
    market = market_of(
        venue,
        recording(
            (0, "trade", "10.00", 100),
            (0, "bid", "10.00", 100),
            (0, "ask", "10.02", 200),
            (1, "ask", "10.01", 50),
        ),
    )
    order = venue.place("BUY", 220)

    market.replay(2 * MS)

    assert venue.fills(order) == [(200, Decimal("10.02")), (20, Decimal("10.01"))]
    assert [one.source_ns - START_NS for one in venue.exchange.executions()] == [0, MS]


def test_the_history_tells_what_held_at_a_moment():
    venue = Venue()
    market = market_of(venue)
    start_ns = venue.now_ns
    for price in ("50.00", "51.00", "52.00"):
        venue.wait(1)
        market.pin(OTHER, pin(price, price))

    rows = market.history(2, start_ns=start_ns + 1_500_000_000, end_ns=start_ns + 2_500_000_000)

    assert [row.bid for row in rows] == [Decimal(50), Decimal(51)]


def test_the_history_is_bounded():
    venue = Venue(instruments=(ACME,))
    market = market_of(venue)

    market.walk(HISTORY_ROWS + 100)

    assert len(market.history(1)) == HISTORY_ROWS


def test_stamped_sizes_tell_the_time():
    venue = Venue(instruments=(ACME,))
    market = market_of(venue)

    market.is_stamping = True
    market.walk(50)

    newest = quotes(venue)[-1]
    assert newest.bid_size > 1_500 or newest.ask_size > 1_500
