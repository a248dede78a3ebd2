"""Errors in a user's words, with the status of the contract."""

from __future__ import annotations

import json

import pytest
from janus_cli.failures import Failure, OrderFailure, Status, as_failure, tell
from janus_common import errors

REFUSED = OrderFailure(
    "qty 0 is not above 0",
    status=Status.REJECTED,
    account="ib-main",
    symbol="AAPL",
    intent_id="c-1",
    code="INVALID_QTY",
    hint="use 1",
)


@pytest.mark.parametrize(
    ("error", "status", "hint"),
    [
        (errors.ConfigError("x"), 6, "correct the file, then: janus config check"),
        (errors.SymbolInvalid("x"), 2, "janus symbols list"),
        (errors.SubjectInvalid("x"), 2, "janus accounts"),
        (errors.BusUnavailable("x"), 4, "janus up"),
        (errors.NobodyListens("x"), 4, "janus workers"),
        (errors.BusTimeout("x"), 4, "janus workers"),
        (errors.BusForbidden("x"), 4, "janus ps"),
        (errors.MessageInvalid("x"), 1, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_an_error_becomes_a_status_and_a_hint(error, status, hint):
    failure = as_failure(error)

    assert (failure.reason, failure.status, failure.hint) == ("x", status, hint)


def test_an_error_inside_groups_is_found():
    inner = errors.BusUnavailable("away")

    failure = as_failure(ExceptionGroup("a", [ExceptionGroup("b", [inner])]))

    assert failure.reason == "away"


def test_a_bug_is_called_one():
    failure = as_failure(KeyError("x"))

    assert failure.status is Status.FAULT
    assert failure.reason == "internal fault: KeyError: 'x'"


def test_a_refused_order_takes_three_lines_on_stderr(capsys):
    tell(REFUSED, as_json=False)

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "Order Error: qty 0 is not above 0\n"
        "account ib-main, symbol AAPL, intent c-1, code INVALID_QTY\n"
        "Hint: use 1\n"
    )


def test_json_puts_the_error_on_stdout_as_one_object(capsys):
    tell(REFUSED, as_json=True)

    assert json.loads(capsys.readouterr().out) == {
        "error": {
            "code": "INVALID_QTY",
            "reason": "qty 0 is not above 0",
            "hint": "use 1",
            "account": "ib-main",
            "symbol": "AAPL",
            "intent_id": "c-1",
        }
    }


def test_other_errors_have_a_reason_and_a_hint(capsys):
    tell(Failure("no stack", status=Status.UNREACHABLE, hint="janus up"), as_json=False)

    assert capsys.readouterr().err == "Error: no stack\nHint: janus up\n"


def test_the_statuses_are_those_that_scripts_know():
    assert {status.name: status.value for status in Status} == {
        "DONE": 0,
        "FAULT": 1,
        "USAGE": 2,
        "REJECTED": 3,
        "UNREACHABLE": 4,
        "UNKNOWN": 5,
        "NOT_READY": 6,
        "HALTED": 7,
        "PARTLY": 8,
        "INTERRUPTED": 130,
    }
