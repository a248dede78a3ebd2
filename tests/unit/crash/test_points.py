"""The crash campaign's points exist in the programs as they are now, and the launcher kills there."""

from __future__ import annotations

import importlib
import inspect
import json
import signal
import subprocess
import sys

import pytest

from tests.crash import ib, webull
from tests.crash.house import ROOT
from tests.crash.launch import AT_START, Step, Trap
from tests.crash.points import points, steps_of

POINTS = ib.KIT.points()
STEPS = {**steps_of(POINTS), **steps_of(webull.KIT.points())}
PROGRAM = """
import asyncio

class Order:
    client_order_id = "o-1"

class Desk:
    def begin(self, order):
        print("begun", flush=True)
        return 1

    async def write(self, order):
        print("writing", flush=True)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        print("written", flush=True)

    async def fail(self):
        raise ValueError

async def main():
    desk = Desk()
    for _ in range(2):
        desk.begin(Order())
        await desk.write(Order())
    try:
        await desk.fail()
    except ValueError:
        print("failed", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_point_is_a_function_of_the_program(step):
    found = importlib.import_module(step.module)
    for name in step.function.split("."):
        found = getattr(found, name)

    assert found.__module__ == step.module
    assert step.event in {"call", "return", "wait"}
    assert step.event != "wait" or inspect.iscoroutinefunction(found)


def test_points_have_names_of_their_own():
    names = [point.name for point in POINTS]

    assert len(set(names)) == len(names)


def test_a_broker_without_brackets_changes_and_flatten_has_the_points_of_single_orders():
    plain = [
        point.name
        for point in points(ib.MOMENTS)
        if point.name.startswith(("bracket", "group", "change", "flatten", "fault"))
    ]

    assert plain == []


def run(folder, *steps: tuple[str, str], nth: int = 1) -> tuple[int, list[str]]:
    """Run the program with a trap; return its exit status and what it printed."""
    (folder / "prog.py").write_text(PROGRAM)
    trap = Trap(
        steps=tuple(Step(module="__main__", function=name, event=event) for name, event in steps),
        nth=nth,
        pids=(0,),
        note=str(folder / "note"),
    )
    (folder / AT_START).write_text(trap.data())
    done = subprocess.run(
        (sys.executable, "-m", "tests.crash.launch", str(folder), "prog"),
        cwd=ROOT,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(
    ("steps", "nth", "printed"),
    [
        ([("Desk.begin", "call")], 1, []),
        ([("Desk.begin", "return")], 1, ["begun"]),
        ([("Desk.write", "call")], 1, ["begun"]),
        ([("Desk.write", "wait")], 1, ["begun", "writing"]),
        ([("Desk.write", "return")], 1, ["begun", "writing", "written"]),
        ([("Desk.begin", "call")], 2, ["begun", "writing", "written"]),
        ([("Desk.write", "call")], 2, ["begun", "writing", "written", "begun"]),
        ([("Desk.write", "return"), ("Desk.begin", "call")], 1, ["begun", "writing", "written"]),
    ],
)
def test_the_program_dies_at_the_moment_asked_for(tmp_path, steps, nth, printed):
    assert run(tmp_path, *steps, nth=nth) == (-signal.SIGKILL, printed)
    assert json.loads((tmp_path / "note").read_text()) == {"in_hand": "o-1"}


def test_a_moment_that_never_comes_kills_nobody(tmp_path):
    status, printed = run(tmp_path, ("Desk.fail", "return"))  # it raises

    assert (status, printed[-1]) == (0, "failed")
    assert not (tmp_path / "note").exists()
