"""Logs are shown whole, in order, and followed over rotations."""

from __future__ import annotations

import pytest
from janus_cli.stack import logview
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.logfile import LogFile
from janus_cli.stack.spec import StackError


@pytest.fixture
def folder(tmp_path):
    folder = StateFolder.at(tmp_path)
    folder.create()
    return folder


def written(folder, name, numbers, max_bytes=1_000_000):
    log = LogFile(folder.log(name), max_bytes=max_bytes)
    for number in numbers:
        log.note("tick", number=number)
    log.close()


def numbers_of(lines):
    return [line.fields["number"] for line in lines]


def test_the_last_lines_come_from_put_aside_files_too(folder):
    written(folder, "one", range(10), max_bytes=200)
    assert len(folder.log("one").read_text().splitlines()) < 6

    assert numbers_of(logview.last(folder, "one", lines=6)) == [4, 5, 6, 7, 8, 9]


def test_no_lines_are_no_lines(folder):
    written(folder, "one", range(3))

    assert logview.last(folder, "one", lines=0) == []


def test_logs_are_merged_by_time():
    early = logview.parse("b", b'{"timestamp": "2026-01-01T00:00:01Z", "event": "x"}')
    late = logview.parse("a", b'{"timestamp": "2026-01-01T00:00:02Z", "event": "x"}')

    assert logview.merged([[late], [early]]) == [early, late]


def test_a_line_that_is_no_json_is_shown_all_the_same():
    line = logview.parse("one", b"{not json}")

    assert logview.as_text(line, width=5, color=False).split() == ["one", "{not", "json}"]


def test_a_line_shows_what_it_says_beside_its_event():
    line = logview.parse(
        "one",
        b'{"timestamp":"2026-01-01T10:11:12.345678Z","level":"info","event":"order.placed","qty":3}',
    )

    assert logview.as_text(line, width=5, color=False) == "10:11:12.345 one   order.placed qty=3"


def test_only_new_lines_are_followed_and_over_a_rotation(folder):
    written(folder, "one", range(3))
    follower = logview.Follower(folder, "one")
    try:
        assert list(follower.new()) == []
        written(folder, "one", [3])
        assert numbers_of(follower.new()) == [3]
        written(folder, "one", [4, 5], max_bytes=100)
        assert numbers_of(follower.new())[-1] == 5
        written(folder, "one", [6])
        assert numbers_of(follower.new()) == [6]
    finally:
        follower.close()


def test_an_unknown_name_is_refused_with_the_known_ones(folder):
    written(folder, "one", [])
    written(folder, "two", [1])

    with pytest.raises(StackError, match="no log of 'three'") as refused:
        logview.names(folder, ["three"])

    assert refused.value.hint == "one of two"
