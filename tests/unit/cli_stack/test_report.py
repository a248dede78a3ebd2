"""How processes look to a person."""

from __future__ import annotations

from typing import Any

import pytest
from janus_cli import show
from janus_cli.stack import report
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.spec import ProcessStatus, State


def process(**fields):
    defaults: dict[str, Any] = {"name": "router", "state": State.READY, "pid": 7}
    return ProcessStatus(**defaults | fields)


def test_a_table_says_how_many_are_ready_and_where_the_state_is(tmp_path):
    shown = report.table(
        [process(), process(name="venue", state=State.BACKOFF, pid=None)], StateFolder.at(tmp_path)
    )

    assert shown.note == f"1 of 2 ready, state in {tmp_path}"


def test_what_is_not_known_is_a_dash(tmp_path):
    [row] = report.table([process(pid=None)], StateFolder.at(tmp_path)).rows

    assert [show.text_of(cell) for cell in row] == ["router", "ready", *"---0--", ""]


def test_a_worker_is_shown_with_all_of_its_accounts(tmp_path):
    worker = process(name="worker-wb-one", accounts=("wb-one", "wb-two"))
    shown = report.table([worker], StateFolder.at(tmp_path))

    found = dict(zip((each.title for each in shown.columns), shown.rows[0], strict=True))
    assert (found["name"], found["accounts"]) == ("worker-wb-one", "wb-one, wb-two")
    assert report.as_json(worker)["accounts"] == ("wb-one", "wb-two")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (61, "1 min 01 s"), (3_600 * 25 + 60, "25 h 01 min")],
)
def test_an_uptime_is_as_exact_as_it_is_short(tmp_path, seconds, text):
    [row] = report.table([process(uptime_s=seconds)], StateFolder.at(tmp_path)).rows

    assert row[4] == text


def test_a_change_says_why_and_when_the_next_try_is():
    line = report.change(
        process(state=State.BACKOFF, reason="ended with status 1: no", pid=None, next_try_s=0.26)
    )

    assert line[13:] == "router backoff: ended with status 1: no, again in 0.3 s"


def test_the_last_words_are_those_of_the_last_life():
    tail = [
        '{"timestamp":"2026-01-01T10:00:00.000000Z","event":"old"}',
        '{"event":"process.started","pid":1}',
        '{"timestamp":"2026-01-01T10:00:01.000000Z","event":"it went wrong","code":3}',
        '{"event":"process.ended","exit":"status 1"}',
    ]

    assert [line.split() for line in report.last_life(tail)] == [
        ["10:00:01.000", "it", "went", "wrong", "code=3"]
    ]


def test_progress_is_one_line_for_each_step_where_there_is_no_terminal(capsys):
    progress = report.Progress()

    for state in (State.STARTING, State.STARTING, State.READY):
        progress([process(state=state), process(name="nats")])
    progress.done()

    assert capsys.readouterr().err == "1 of 2 ready, waiting for router\n2 of 2 ready\n"
