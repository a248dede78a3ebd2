"""A supervisor over small real processes, whose every life leaves a line behind."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from janus_cli.stack.folders import StateFolder
from janus_cli.stack.probe import READY, Health
from janus_cli.stack.spec import ExecReady, ProcessSpec, State
from janus_cli.stack.supervisor import Supervisor

# NAME FOLDER PLAN: says that it lives, then that it is ready, then does what the plan says.
DUMMY = """
import os, pathlib, signal, subprocess, sys, time
name, folder, plan = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]

def write(what):
    with (folder / "story").open("a") as story:
        story.write(f"{what} {name} {os.getpid()}\\n")

def stop(*_):
    write("stop")
    sys.exit(0)

signal.signal(signal.SIGTERM, signal.SIG_IGN if plan == "stubborn" else stop)
write("start")
print("hello from", name, flush=True)
if plan == "crash":
    sys.exit("it went wrong")
if plan == "misconfigured":
    print('{"event": "service.refused", "error": "accounts.x: no"}', flush=True)
    sys.exit(78)
if plan in {"family", "leaver"}:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    child = subprocess.Popen(command, start_new_session=plan == "leaver")
    write(f"child={child.pid}")
if plan != "never-ready":
    (folder / f"{name}.ready").write_text(str(os.getpid()))
if plan == "brief":
    sys.exit(3)
while True:
    time.sleep(60)
"""


class FileProbe:
    """Ready once the process has written its pid into the file."""

    interval_s = 0.02
    watch_s = 0.02

    def __init__(self, path):
        self.path = path

    async def look(self, pid):
        if self.path.exists() and self.path.read_text() == str(pid):
            return READY
        return Health(State.STARTING, "no file yet")


class Dummies:
    """Makes processes in one folder, runs them, and knows what became of them."""

    def __init__(self, folder):
        self.folder = StateFolder.at(folder)
        self.folder.create()
        self.changes = []

    def spec(self, name, plan="obey", **fields):
        defaults = {
            "name": name,
            "command": (sys.executable, "-I", "-c", DUMMY, name, str(self.folder.root), plan),
            "cwd": self.folder.root,
            "env": {},
            "ready": ExecReady((name,)),
        }
        return ProcessSpec(**defaults | fields)

    def supervisor(self, *specs):
        return Supervisor(
            specs,
            folder=self.folder,
            probe=self._probe,
            changed=self.changes.append,
            jitter=lambda: 0.5,
        )

    def _probe(self, ready):
        return FileProbe(self.folder.root / f"{ready.command[0]}.ready")

    @asynccontextmanager
    async def running(self, *specs):
        supervisor = self.supervisor(*specs)
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.run())
            try:
                yield supervisor
            finally:
                supervisor.stop()

    @property
    def story(self):
        """What the processes did, in order, as lists of words."""
        path = self.folder.root / "story"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    def pids(self, name):
        return [int(pid) for what, who, pid in self.story if (what, who) == ("start", name)]

    def states(self, name):
        return [change.state for change in self.changes if change.name == name]


@pytest.fixture
def dummies(tmp_path: Path):
    return Dummies(tmp_path / "state")
