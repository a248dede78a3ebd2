"""Tables, plain and drawn, and JSON envelopes."""

from __future__ import annotations

import json

from janus_cli import show, show_rich
from janus_cli.show import Cell, Table
from rich.console import Console

TABLE = Table(
    show.columns("!symbol >qty >net_value"),
    [["AAPL", "10", Cell("1,892.10", "derived")], ["NQ.2603", "-2", "-"]],
    note="2 positions · source: the brokers",
)


def test_a_table_without_a_terminal_is_plain_columns(capsys):
    show.table(TABLE)

    assert capsys.readouterr().out == (
        "symbol   qty  net value\n"
        "AAPL      10  ~1,892.10\n"
        "NQ.2603   -2          -\n"
        "2 positions · source: the brokers\n"
    )


def test_an_empty_table_is_its_note_alone(capsys):
    show.table(Table(show.columns("a b"), [], note="no positions"))

    assert capsys.readouterr().out == "no positions\n"


def test_on_a_terminal_rich_draws_the_same_cells():
    console = Console(width=80, record=True, file=None, force_terminal=False, quiet=False)
    with console.capture() as captured:
        console.print(show_rich.as_rich(TABLE))

    drawn = captured.get()
    assert "net value" in drawn
    assert "~1,892.10" in drawn


def test_json_is_one_object_with_schema_time_and_data(capsys):
    show.data("positions", [{"qty": "10"}])

    whole = json.loads(capsys.readouterr().out)
    assert whole["schema"] == "janus.positions/1"
    assert whole["ts"].endswith("Z")
    assert whole["data"] == [{"qty": "10"}]


def test_on_a_narrow_terminal_what_must_be_copied_is_not_cut():
    name = "ba9f14d34e0b49e99f0d21973839b9fa"
    narrow = Table(show.columns("order !id reason"), [["BUY 10 AAPL MKT", name, "too late " * 9]])
    console = Console(width=60)
    with console.capture() as captured:
        show_rich.draw(narrow, console)

    assert name in captured.get()
    assert "BUY 10\n" not in captured.get()
