"""What can still be told of a message that could not be read."""

from __future__ import annotations

import pytest
from janus_common.worker.broker import Topic
from janus_ib_worker import translate, unreadable

OURS = translate.Ours(11)
ACCOUNT = "DU1234567"
AAPL = ["265598", "AAPL", "STK", "", "0.0", "", "", "SMART", "USD", "AAPL", "NMS"]
ERROR = ValueError("could not convert string to float: 'ten'")


def of(*fields):
    return unreadable.of(fields, ERROR, ib_account=ACCOUNT, session_id=OURS.session_id)


def execution(*, request="-1", account=ACCOUNT, contract=AAPL):
    ids = ("0000e0d5.1.01.01", "20261127 10:00:00 UTC")
    return ("11", request, "5", *contract, *ids, account, "NASDAQ", "BOT", "ten", "187.4")


def test_an_execution_names_its_symbol():
    found = of(*execution())

    assert (found.topic, found.symbol) == (Topic.EXECUTION, "AAPL")
    assert "execDetails cannot be read: ValueError: could not" in found.reason


def test_the_same_execution_asked_for_again_is_the_same():
    assert of(*execution(request="-1")).raw == of(*execution(request="1500000007")).raw


@pytest.mark.parametrize(
    "contract",
    [
        ["x", *AAPL[1:]],
        [*AAPL[:2], "?", *AAPL[3:]],
        [*AAPL[:4], "far", *AAPL[5:]],
        AAPL[:4],
    ],
    ids=["conId", "secType", "strike", "too few fields"],
)
def test_a_contract_that_makes_no_sense_names_no_symbol(contract):
    assert of(*execution(contract=contract)).symbol == ""


def test_what_is_about_another_account_is_none_of_our_business():
    assert of(*execution(account="DU7654321")) is None


def test_where_the_account_cannot_be_read_it_may_be_ours():
    assert of(*execution(account="")) is not None


def test_a_position_names_its_symbol():
    found = of("61", "3", ACCOUNT, *AAPL, "ten", "187.4")

    assert (found.topic, found.symbol) == (Topic.POSITION, "AAPL")


def test_a_status_names_its_order():
    found = of(*["3", "42", "Submitted", "ten", "0", "0", "777", "0", "0", "11"])

    assert (found.topic, found.session_order_id) == (Topic.ORDER, "11.42")


def test_a_status_whose_client_cannot_be_read_names_no_order():
    assert of("3", "42", "Submitted").session_order_id == ""


def test_of_what_trading_does_not_rest_on_each_kind_is_told_once():
    one, other = of("1", "6", "3", "1", "?"), of("1", "6", "4", "2", "?")

    assert (one.topic, one.raw) == (Topic.OTHER, other.raw)


def test_a_message_without_fields_is_told_too():
    assert of().topic is Topic.OTHER
