"""Leases: one line per symbol, held by as many as want it."""

from __future__ import annotations

from janus_marketdata.leases import Leases


def test_two_holders_share_one_line():
    leases = Leases()
    leases.hold("a", "AAPL", now_s=0, lease_s=30)
    leases.hold("b", "AAPL", now_s=0, lease_s=30)

    assert leases.desired() == {"AAPL"}


def test_a_line_stays_while_one_holder_is_left():
    leases = Leases()
    leases.hold("a", "AAPL", now_s=0, lease_s=30)
    leases.hold("b", "AAPL", now_s=0, lease_s=30)
    leases.release("a", ["AAPL"])

    assert leases.desired() == {"AAPL"}


def test_a_line_ends_with_its_last_holder():
    leases = Leases()
    leases.hold("a", "AAPL", now_s=0, lease_s=30)
    leases.release("a", ["AAPL", "MSFT"])

    assert leases.desired() == frozenset()


def test_a_lease_that_is_not_renewed_runs_out():
    leases = Leases()
    leases.hold("a", "AAPL", now_s=0, lease_s=30)
    leases.hold("a", "MSFT", now_s=0, lease_s=10)
    leases.expire(20)

    assert leases.desired() == {"AAPL"}


def test_a_renewed_lease_goes_on():
    leases = Leases()
    leases.hold("a", "AAPL", now_s=0, lease_s=10)
    leases.hold("a", "AAPL", now_s=9, lease_s=10)
    leases.expire(15)

    assert leases.desired() == {"AAPL"}


def test_a_lease_is_never_longer_than_an_hour():
    leases = Leases()
    leases.hold("a", "AAPL", now_s=0, lease_s=1e12)
    leases.expire(3_601)

    assert leases.desired() == frozenset()


def test_a_symbol_over_the_budget_is_refused_and_the_others_stay():
    leases = Leases(budget=1)
    leases.hold("a", "AAPL", now_s=0, lease_s=30)

    assert "all 1 market data lines are taken" in (
        leases.hold("a", "MSFT", now_s=0, lease_s=30) or ""
    )
    assert leases.desired() == {"AAPL"}
