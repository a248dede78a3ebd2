"""The table of what a broker can do, and what is said where it cannot."""

from __future__ import annotations

import pytest
from janus_common import capabilities
from janus_common.capabilities import TABLE, Session, cell
from janus_common.errors import Code, Denied
from janus_common.messages import OrderType, Tif
from janus_common.symbols import AssetClass

A, T = AssetClass, OrderType


def refused(asset_class, kind, tif=Tif.GTC, *, outside_rth=False, broker="ib"):
    with pytest.raises(Denied) as found:
        cell(broker, asset_class, kind, tif, outside_rth=outside_rth)
    assert found.value.code is Code.UNSUPPORTED
    return found.value.reason, found.value.hint


def test_every_cell_that_is_in_the_table_is_found():
    for (asset_class, session), found in TABLE["ib"].items():
        for kind in found.types():
            for tif in found.tifs(kind):
                outside = session is Session.OUTSIDE
                assert cell("ib", asset_class, kind, tif, outside_rth=outside) is found


def test_no_order_type_stands_twice_in_a_cell():
    for found in TABLE["ib"].values():
        assert len(set(found.types())) == len(found.types())


def test_outside_regular_hours_has_nothing_that_regular_hours_lack():
    for (asset_class, session), found in TABLE["ib"].items():
        regular = TABLE["ib"][asset_class, Session.REGULAR]
        assert session in Session
        for kind in found.types():
            assert set(found.tifs(kind)) <= set(regular.tifs(kind))


@pytest.mark.parametrize(
    ("asked", "reason", "hint"),
    [
        (
            (A.FOREX, T.MARKET_ON_CLOSE),
            "type MARKET_ON_CLOSE is not supported for FOREX at ib",
            (
                "use one of LIMIT, LIMIT_IF_TOUCHED, MARKET, MARKET_IF_TOUCHED, STOP, STOP_LIMIT, "
                "TRAILING_STOP, TRAILING_STOP_LIMIT"
            ),
        ),
        (
            (A.EQUITY, T.STOP, Tif.IOC),
            "tif IOC is not supported for a STOP order of EQUITY at ib",
            "use tif DAY, GTC, GTD",
        ),
        (
            (A.FUTURE, T.MARKET, Tif.OPG),
            "tif OPG is not supported for a MARKET order of FUTURE at ib",
            "use tif DAY, GTC, GTD, IOC, FOK",
        ),
        (
            (A.CRYPTO, T.MARKET),
            "CRYPTO at ib is not traded",
            "use one of EQUITY, FOREX, FUTURE, OPTION",
        ),
    ],
)
def test_a_refusal_names_what_there_is_instead(asked, reason, hint):
    assert refused(*asked) == (reason, hint)


def test_outside_regular_hours_a_market_order_is_refused_with_both_ways_out():
    assert refused(A.EQUITY, T.MARKET, outside_rth=True) == (
        "type MARKET is not supported for EQUITY at ib outside regular hours",
        (
            "use one of LIMIT, LIMIT_IF_TOUCHED, STOP_LIMIT, TRAILING_STOP_LIMIT, "
            "or leave outside_rth out"
        ),
    )


def test_what_has_one_session_only_says_so():
    reason, hint = refused(A.FOREX, T.LIMIT, outside_rth=True)

    assert reason == "FOREX at ib has one session: outside_rth means nothing there"
    assert hint == "leave outside_rth out"


def test_a_broker_without_a_row_trades_nothing():
    reason, hint = refused(A.EQUITY, T.MARKET, broker="nobody")

    assert reason == "EQUITY at nobody is not traded"
    assert hint == "use an account of another broker"


def test_attributes_are_said_in_words():
    stocks = TABLE["ib"][A.EQUITY, Session.REGULAR]
    futures = TABLE["ib"][A.FUTURE, Session.REGULAR]

    assert stocks.attributes() == ("fractions", "brackets", "oca", "short", "dry run")
    assert "fractions" not in futures.attributes()
    assert (
        capabilities.Cell((), has_groups=False, can_short=False, has_dry_run=False).attributes()
        == ()
    )


@pytest.mark.parametrize("kind", [T.MARKET, T.STOP, T.STOP_LIMIT, T.TRAILING_STOP])
def test_webull_trades_limits_alone_outside_regular_hours(kind):
    reason, hint = refused(A.EQUITY, kind, broker="webull", outside_rth=True)

    assert reason == f"type {kind} is not supported for EQUITY at webull outside regular hours"
    assert hint == "use one of LIMIT, or leave outside_rth out"
    assert cell("webull", A.EQUITY, T.LIMIT, Tif.GTC, outside_rth=True).types() == (T.LIMIT,)


@pytest.mark.parametrize("kind", [T.MARKET_ON_CLOSE, T.MARKET_IF_TOUCHED, T.TRAILING_STOP_LIMIT])
def test_what_webull_does_not_have_is_refused_with_what_it_has(kind):
    _, hint = refused(A.EQUITY, kind, broker="webull")

    assert hint == "use one of LIMIT, MARKET, STOP, STOP_LIMIT, TRAILING_STOP"


@pytest.mark.parametrize("asset_class", [A.FUTURE, A.OPTION, A.FOREX, A.CRYPTO])
def test_webull_trades_equities_alone(asset_class):
    assert refused(asset_class, T.LIMIT, broker="webull")[1] == "use one of EQUITY"


@pytest.mark.parametrize("tif", sorted(set(Tif) - {Tif.DAY, Tif.GTC}))
def test_webull_takes_day_and_gtc_alone(tif):
    assert refused(A.EQUITY, T.LIMIT, tif, broker="webull")[1] == "use tif DAY, GTC"


def test_webull_has_no_groups_no_dry_runs_and_no_parts_of_shares():
    found = TABLE["webull"][A.EQUITY, Session.REGULAR]

    assert found.attributes() == ("short",)
