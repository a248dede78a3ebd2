"""The pure parts of the TWS face: times, values, tickets, bars, pace, routes."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from janus_paper_venue.accounts import AccountValues
from janus_paper_venue.catalogue import default_catalogue
from janus_paper_venue.exchange import Exchange
from janus_paper_venue.orders import OrderRequest, OrderType, Side, Tif
from janus_paper_venue.tws import bars, contracts, times
from janus_paper_venue.tws import requests as r
from janus_paper_venue.tws.decode import MESSAGES
from janus_paper_venue.tws.link import Arrival
from janus_paper_venue.tws.login import Login
from janus_paper_venue.tws.options import Options
from janus_paper_venue.tws.pace import Pace
from janus_paper_venue.tws.session import Session
from janus_paper_venue.tws.tickets import Refused, Sender, order_request
from janus_paper_venue.tws.values import account_rows, tagged_rows
from janus_paper_venue.tws.wire import spell, unframe

from tests.unit.paper_venue_tws.test_decode import STOCK, full_order, sent_order

CATALOGUE = default_catalogue(date(2026, 11, 21))
AAPL = CATALOGUE.named("AAPL")[0]
NS = times.NS
SENDER = Sender(client_id=11, account="DU1", arrival=Arrival(5, 6))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20261121 10:00:00", 1_795_255_200),
        ("20261121-10:00:00", 1_795_255_200),
        ("20261121  10:00:00", 1_795_255_200),
        ("20261121 10:00:00 UTC", 1_795_255_200),
        ("20261121 10:00:00 US/Eastern", 1_795_273_200),
        ("20261121", 1_795_219_200),
    ],
)
def test_times_are_read_in_every_spelling(text, seconds):
    assert times.parse(text) == seconds * NS


@pytest.mark.parametrize(
    "text", ["tomorrow", "20261321 10:00:00", "20261121 10:00:00 Mars/Base", "00010101"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="is n"):
        times.parse(text)


def test_times_are_written_in_utc():
    assert times.stamp(1_795_255_200 * NS) == "20261121 10:00:00 UTC"
    assert times.dashed(1_795_255_200 * NS) == "20261121-10:00:00"
    assert times.clock(1_795_255_200 * NS) == "10:00"
    assert times.midnight_ns(1_795_255_200 * NS) == 1_795_219_200 * NS


@given(st.integers(0, 4_000_000_000))
def test_a_written_time_reads_back(seconds):
    assert times.parse(times.stamp(seconds * NS)) == seconds * NS


def test_account_rows_name_every_figure_once_per_currency():
    rows = account_rows(AccountValues(account="DU1", cash=Decimal(5), net_liquidation=Decimal(7)))

    keys = [(key, currency) for key, _, currency in rows]
    assert len(keys) == len(set(keys))
    assert ("NetLiquidation", "7.00", "USD") in rows
    assert ("TotalCashBalance", "5.00", "BASE") in rows


@pytest.mark.parametrize(
    ("tags", "keys"),
    [
        ("NetLiquidation,Nonsense", {"NetLiquidation"}),
        ("$LEDGER:USD", {"Currency", "CashBalance"}),
        ("$LEDGER:ALL", {"Currency", "CashBalance"}),
        ("$LEDGER", {"Currency", "CashBalance"}),
        ("", set()),
    ],
)
def test_a_summary_gives_the_tags_that_were_asked_for(tags, keys):
    found = {key for key, _, _ in tagged_rows(AccountValues(account="DU1", cash=Decimal(5)), tags)}

    assert keys <= found
    assert bool(keys) == bool(found)


def ticket(**changes) -> OrderRequest | Refused:
    return order_request(sent_order(178, STOCK, full_order(**changes)), AAPL, SENDER)


def test_a_limit_order_becomes_a_request_of_the_exchange():
    request = ticket(outsideRth=True, ocaGroup="g", ocaType=1, parentId=3, transmit=False)

    assert isinstance(request, OrderRequest)
    assert (request.client_id, request.order_id, request.account) == (11, 4, "DU1")
    assert (request.side, request.type, request.tif) == (Side.BUY, OrderType.LIMIT, Tif.GTC)
    assert (request.qty, request.limit_price) == (Decimal(10), Decimal("187.5"))
    assert request.stop_price is None
    assert (request.outside_rth, request.oca_group, request.oca_type) == (True, "g", 1)
    assert (request.parent_id, request.transmit) == (3, False)
    assert (request.received_ns, request.received_monotonic_ns) == (5, 6)
    assert request.exchange == "SMART"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"orderType": "MKT", "lmtPrice": 5.0}, (None, None, None, None, None)),
        ({"orderType": "STP", "auxPrice": 9.0}, (None, 9, None, None, None)),
        ({"orderType": "STP LMT", "auxPrice": 9.0}, (Decimal("187.5"), 9, None, None, None)),
        ({"orderType": "MIT", "auxPrice": 9.0}, (None, 9, None, None, None)),
        ({"orderType": "TRAIL", "auxPrice": 2.0}, (None, None, 2, None, None)),
        (
            {"orderType": "TRAIL", "trailingPercent": 5.0, "trailStopPrice": 8.0},
            (None, 8, None, 5, None),
        ),
        (
            {"orderType": "TRAIL LIMIT", "auxPrice": 2.0, "lmtPriceOffset": 1.0},
            (Decimal("187.5"), None, 2, None, 1),
        ),
    ],
)
def test_each_order_type_takes_its_own_prices(changes, expected):
    request = ticket(**changes)

    assert isinstance(request, OrderRequest)
    found = (
        *(request.limit_price, request.stop_price, request.trail_amount),
        *(request.trail_percent, request.limit_offset),
    )
    assert found == expected


def test_times_on_an_order_are_read():
    request = ticket(goodTillDate="20261121-10:00:00", goodAfterTime="20261121 09:00:00 UTC")

    assert isinstance(request, OrderRequest)
    assert request.good_till_ns == 1_795_255_200 * NS
    assert request.good_after_ns == 1_795_251_600 * NS


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": "HOLD"}, 321),
        ({"orderType": "FUNNY"}, 387),
        ({"tif": "SOON"}, 321),
        ({"goodTillDate": "soon"}, 321),
        ({"lmtPrice": float("nan")}, 321),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, code):
    refused = ticket(**changes)

    assert isinstance(refused, Refused)
    assert refused.code == code


def history(count: int, size_s: int = 60, price="100.00") -> list[bars.Bar]:
    now_s = 1_795_255_200
    return bars.history(
        AAPL,
        Decimal(price),
        now_s=now_s,
        start_s=now_s - count * size_s,
        end_s=now_s,
        size_s=size_s,
    )


def test_a_history_is_whole_and_lies_on_the_grid():
    found = history(500)

    assert [bar.start_s % 60 for bar in found] == [0] * 500
    for before, after in pairwise(found):
        assert before.close == after.open
    for bar in found:
        assert bar.low <= bar.open <= bar.high
        assert bar.low <= bar.close <= bar.high
        assert AAPL.is_on_grid(bar.close)
        assert bar.volume > 0
    assert abs(found[-1].close - 100) < 1


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_a_day_that_is_not_over_has_come_to_the_price_of_now(hour):
    now_s = 1_795_824_000 + hour * 3600 + 7
    price = Decimal("100.00")

    *_, today = bars.history(
        AAPL, price, now_s=now_s, start_s=now_s - 86_400, end_s=now_s, size_s=86_400
    )

    assert today.start_s == 1_795_824_000
    assert abs(today.close - price) <= Decimal("0.01")


def test_a_history_is_the_same_each_time():
    assert history(50) == history(50)


@pytest.mark.parametrize("text", ["", "1 D D", "D 1", "0x1 D", "1 Q", "99999999 D"])
def test_a_malformed_duration_is_refused(text):
    with pytest.raises(ValueError, match="Invalid duration"):
        bars.duration_seconds(text)


def test_the_pace_counts_a_sliding_second():
    pace = Pace(2)

    assert pace.allows(0)
    assert pace.allows(1)
    assert not pace.allows(2)
    assert pace.allows(1_000_000_003)
    assert all(Pace(None).allows(0) for _ in range(1000))


def test_contract_details_have_their_place_for_every_kind():
    for one in CATALOGUE:
        fields = unframe(
            contracts.details(3, one, exchange=one.exchange, catalogue=CATALOGUE, now_ns=NS)
        )
        assert fields[:2] == ["10", "3"]
        assert fields[12] == str(one.con_id)
        assert fields[-2:] == [spell(one.size_increment)] * 2


def test_a_long_average_is_rounded_and_a_price_is_not():
    assert spell(Decimal(100) / 3) == "33.33333333"
    assert spell(Decimal("187.50")) == "187.50"
    assert spell(Decimal("1E+3")) == "1000"


def test_every_message_that_reads_has_a_route():
    login = Login(Exchange(CATALOGUE, accounts=("DU1",), now_ns=lambda: 0), Options())
    session = Session(login, cast("Any", None), version=178, options="")
    routed = set(session._routes) | {r.StartApi}

    known = {kind for kind in vars(r).values() if isinstance(kind, type)}
    asked = {kind for kind in known if issubclass(kind, r.Request)} - {r.Request, r.Numbered}
    assert routed == asked
    assert len(MESSAGES) == len(asked)
