"""Logs are JSON lines, bounded on disk and in memory."""

from __future__ import annotations

import json
from pathlib import Path

from janus_cli.stack.logfile import MAX_LINE_BYTES, LineSplitter, LogFile


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_json_line_is_kept_as_it_is(tmp_path):
    log = LogFile(tmp_path / "one.log")
    log.write(b'{"event": "order.placed", "n": 1}')
    log.close()

    assert (tmp_path / "one.log").read_text() == '{"event": "order.placed", "n": 1}\n'


def test_any_other_line_becomes_the_event_of_a_json_line(tmp_path):
    log = LogFile(tmp_path / "one.log")
    log.write(b"LOG:  \xff is ready\r")
    log.close()

    [line] = lines_of(tmp_path / "one.log")
    assert line["event"] == "LOG:  \ufffd is ready"
    assert line["timestamp"].endswith("Z")


def test_a_full_log_is_put_aside_and_old_ones_are_dropped(tmp_path):
    log = LogFile(tmp_path / "one.log", max_bytes=200)
    for number in range(60):
        log.note("tick", number=number)
    log.close()

    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["one.log", "one.log.1", "one.log.2", "one.log.3"]
    assert all(path.stat().st_size <= 200 for path in tmp_path.iterdir())
    assert lines_of(tmp_path / "one.log")[-1]["number"] == 59


def test_the_last_lines_are_at_hand(tmp_path):
    log = LogFile(tmp_path / "one.log")
    for number in range(50):
        log.note("tick", number=number)
    log.close()

    assert [json.loads(line)["number"] for line in log.tail] == list(range(30, 50))


def test_a_log_is_continued_not_begun_again(tmp_path):
    for event in ("first", "second"):
        log = LogFile(tmp_path / "one.log")
        log.note(event)
        log.close()

    assert [line["event"] for line in lines_of(tmp_path / "one.log")] == ["first", "second"]


def test_a_full_disk_costs_lines_and_nothing_else():
    log = LogFile(Path("/dev/full"))
    log.note("tick")
    log.close()

    assert "tick" in log.tail[0]


def test_lines_are_whole_however_the_bytes_come():
    splitter = LineSplitter()

    found = [
        line for chunk in (b"on", b"e\ntw", b"o\n\nthr", b"ee") for line in splitter.feed(chunk)
    ]

    assert found == [b"one", b"two", b""]
    assert list(splitter.flush()) == [b"three"]


def test_a_line_without_end_is_cut():
    splitter = LineSplitter()

    found = list(splitter.feed(b"x" * (MAX_LINE_BYTES * 2 + 5)))

    assert [len(line) for line in found] == [MAX_LINE_BYTES, MAX_LINE_BYTES]
    assert list(splitter.flush()) == [b"x" * 5]
