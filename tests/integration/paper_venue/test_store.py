"""What the venue remembers across a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from janus_common.errors import ConfigError
from janus_paper_venue.catalogue import replayed_stock
from janus_paper_venue.instruments import Catalogue, Instrument
from janus_paper_venue.store import FILE, Store

from tests.unit.paper_venue.builders import ACCOUNT, ACME, OTHER, SECOND, Venue, dec

Open = Callable[..., Venue]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Return what opens the venue of this test's folder; what it had in memory before is lost."""
    stores: list[Store] = []

    def open_again(*instruments: Instrument) -> Venue:
        for store in stores:
            store.close()
        catalogue = Catalogue(instruments or (ACME, OTHER))
        stores.append(store := Store(tmp_path, catalogue))
        store.keep_accounts({ACCOUNT: dec(500_000), SECOND: dec(1_000_000)})
        venue = Venue(catalogue=catalogue, journal=store.write, state=store.load())
        venue.show(99.98, 100.02, 100, size=300)
        return venue

    yield open_again
    for store in stores:
        store.close()


def test_orders_and_executions_survive_a_restart(opened):
    venue = opened()
    venue.place("BUY", 100, order_ref="one")
    venue.place("BUY", 50, "LMT", limit=99, tif="GTC", raw={"lmtPrice": "99.0"})
    venue.place("SELL", 10, "STP", stop=95)
    before = (venue.exchange.all_orders(), venue.exchange.executions())

    again = opened()

    assert (again.exchange.all_orders(), again.exchange.executions()) == before


def test_cash_positions_and_held_margin_survive_a_restart(opened):
    venue = opened()
    venue.place("BUY", 100)
    venue.place("SELL", 30)
    venue.place("BUY", 50, "LMT", limit=99)
    before = venue.exchange.account_values(ACCOUNT)

    again = opened()

    assert again.exchange.account_values(ACCOUNT) == before
    assert again.cash() == 500_000 - 100 * dec("100.02") + 30 * dec("99.98") - 2


def test_a_market_order_that_still_waits_for_its_rest_survives_a_restart(opened):
    venue = opened()
    order = venue.place("BUY", 500)
    assert venue.newest(order).remaining == 200

    again = opened()

    assert again.newest(order).filled == 500  # the rest, of what is shown now


def test_a_correction_survives_a_restart_in_place_of_the_fill(opened):
    venue = opened()
    venue.place("BUY", 10)
    venue.exchange.correct_by(lambda done: done.corrected(price_by=dec("-0.5")))
    order = venue.place("BUY", 100)
    venue.exchange.correct_by(lambda _: None)
    venue.place("SELL", 30)
    before = (venue.exchange.all_orders(), venue.exchange.executions())
    values = venue.exchange.account_values(ACCOUNT)

    again = opened()

    assert (again.exchange.all_orders(), again.exchange.executions()) == before
    assert again.exchange.account_values(ACCOUNT) == values
    assert [one.exec_id[-3:] for one in before[1]] == [".01", ".02", ".01"]
    assert again.newest(order).avg_fill_price == dec("99.52")


def test_order_ids_survive_a_restart_those_of_refused_orders_too(opened):
    opened().try_place("BUY", 0, order_id=41)

    assert opened().exchange.next_order_id(1) == 42


def test_open_orders_go_on_after_a_restart(opened):
    venue = opened()
    limit = venue.place("BUY", 500, "LMT", limit=100.02)
    stop = venue.place("SELL", 10, "STP", stop=99)

    again = opened()
    again.show(98.98, 99.02, 99)

    assert again.newest(limit).status == again.newest(stop).status == "Filled"
    assert [qty for qty, _ in again.fills(limit)] == [300, 200]


def test_numbers_go_on_after_a_restart(opened):
    first = opened().place("BUY", 1)

    again = opened()
    second = again.place("BUY", 1, order_id=9)

    assert second.perm_id == first.perm_id + 1
    assert len({one.exec_id for one in again.exchange.executions()}) == 2


def test_an_instrument_that_is_gone_is_still_known_to_its_positions(opened):
    recorded = replayed_stock("OLD", dec(7))
    venue = opened(ACME, recorded)
    venue.show(6.99, 7.01, 7, con_id=recorded.con_id)
    venue.place("BUY", 10, con_id=recorded.con_id)

    assert opened().position(con_id=recorded.con_id) == 10


def test_a_state_is_open_in_one_venue_only(opened, tmp_path):
    opened()

    with pytest.raises(ConfigError, match="another venue"):
        Store(tmp_path, Catalogue())


def test_a_file_that_is_no_state_is_refused(tmp_path):
    (tmp_path / FILE).write_bytes(b"not a database" * 100)

    with pytest.raises(ConfigError, match="not a database"):
        Store(tmp_path, Catalogue())


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(ConfigError, match="--state"):
        Store(tmp_path / "file", Catalogue())
