"""One line of JSON per event on stderr; colours on a terminal; libraries included."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys

import pytest

PROLOGUE = """
import logging, sys, warnings
warnings.simplefilter("error")
import structlog
from janus_common import logs
"""


def run(code: str, *, terminal: bool = False) -> tuple[str, str]:
    """Run ``code`` in a process of its own; return its stdout and stderr."""
    command = [sys.executable, "-c", PROLOGUE + code]
    if not terminal:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout, done.stderr
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=30, check=True
        )
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        return done.stdout, shown.decode()
    finally:
        os.close(ours)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux: the other end is closed
        return b""


def logged(code: str) -> list[dict]:
    stdout, stderr = run(code)
    assert not stdout
    return [json.loads(line) for line in stderr.splitlines()]


def test_an_event_is_one_line_of_json_with_what_is_bound():
    [line] = logged(
        """
logs.configure(service="ib_worker", account="ib-main")
logs.get_logger().info("order.placed", client_order_id="o-1")
"""
    )

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "order.placed",
        "level": "info",
        "service": "ib_worker",
        "account": "ib-main",
        "client_order_id": "o-1",
    }


def test_a_value_with_line_breaks_stays_on_one_line():
    [line] = logged(
        """
logs.configure(service="x")
logs.get_logger().info("message.invalid", error="one\\ntwo", raw=b"\\xff")
"""
    )

    assert line["error"] == "one\ntwo"


def test_a_line_and_its_end_are_one_write_also_where_python_does_not_buffer():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # a write is a packet
    code = PROLOGUE + 'logs.configure(service="x")\nlogs.get_logger().info("order.placed")\n'
    with ours:
        with theirs:
            subprocess.run(
                [sys.executable, "-u", "-c", code], stderr=theirs.fileno(), timeout=30, check=True
            )
        written = ours.recv(65_536)

    assert json.loads(written)["event"] == "order.placed"
    assert written.endswith(b"}\n")


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_decides_what_is_told(level, events):
    lines = logged(
        f"""
logs.configure({level!r}, service="x")
log = logs.get_logger()
log.debug("debug"), log.info("info"), log.warning("warning"), log.error("error")
"""
    )

    assert [line["event"] for line in lines] == events


def test_an_error_comes_with_its_traceback():
    [line] = logged(
        """
logs.configure(service="x")
try:
    raise KeyError("a bug")
except KeyError:
    structlog.get_logger().exception("service.crashed")
"""
    )

    assert "KeyError: 'a bug'" in line["exception"]


def test_what_libraries_log_has_the_same_form():
    lines = logged(
        """
logs.configure(service="x")
logging.getLogger("nats").warning("slow %s", "consumer")
logging.getLogger("asyncio").error("lost")
logging.getLogger("asyncio").info("not told")
"""
    )

    assert [(line["event"], line["logger"], line["text"]) for line in lines] == [
        ("library.warning", "nats", "slow consumer"),
        ("library.error", "asyncio", "lost"),
    ]


def test_a_library_that_logs_wrongly_is_not_hurt():
    [line] = logged(
        """
logs.configure(service="x")
logging.getLogger("library").warning("%d items", "many")
"""
    )

    assert "many" in line["text"]


def test_a_terminal_gets_readable_lines_and_tracebacks():
    stdout, shown = run(
        """
logs.configure(service="router")
logs.get_logger().info("service.ready", subject="janus.v1.intent.*.*")
try:
    raise KeyError("a bug")
except KeyError:
    structlog.get_logger().exception("service.crashed")
""",
        terminal=True,
    )

    assert not stdout
    assert "service.ready" in shown
    assert "a bug" in shown
    with pytest.raises(json.JSONDecodeError):
        json.loads(shown.splitlines()[0])


def test_before_it_is_set_up_only_warnings_are_told():
    stdout, stderr = run(
        """
logs.get_logger().info("not.told")
logs.get_logger().warning("told.anyway")
"""
    )

    assert not stdout
    assert "told.anyway" in stderr
    assert "not.told" not in stderr


def test_a_program_that_logs_nothing_does_not_load_the_library():
    code = "import sys\nfrom janus_common import logs\nlogs.get_logger()\n"
    code += "assert 'structlog' not in sys.modules"

    subprocess.run([sys.executable, "-c", code], timeout=30, check=True)
