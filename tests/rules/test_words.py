"""Words that must not stand in the code, and the few places where they may."""

from __future__ import annotations

import ast
import re

from tests.rules.source import CODE, ROOT, files, imports, none_of, text, tree

EVERYTHING = files(*CODE, "tests", "benchmarks")
TESTS = files("tests")
HERE = "tests/rules/"

MAY_CATCH_ALL = {
    "libs/janus_common/janus_common/lifecycle.py": "the last frame of a service",
    "libs/janus_common/janus_common/bus/bus.py": "nats-py would swallow it",
    "services/ib_worker/janus_ib_worker/gateway.py": "ib_async would swallow it",
    "services/cli/janus_cli/main.py": "the last frame of a command",
    "services/cli/janus_cli/stack/daemon.py": "the last frame of the local stack",
    "services/webull_worker/janus_webull_worker/gateway.py": "whatever its SDK raises: no answer",
    "services/webull_worker/janus_webull_worker/gateway_events.py": "the last frame of a thread",
    "services/webull_worker/janus_webull_worker/threads.py": "the last frame of a thread",
}
MAY_SLEEP = {"tests/support/turns.py": "between tests, when no loop runs"}


def calls(path):
    """Return the line and the dotted name of each call in the file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = handler.type
    named = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        one is None or (isinstance(one, ast.Name) and one.id in {"Exception", "BaseException"})
        for one in named
    )


def test_nothing_is_caught_blindly():
    none_of(
        f"{path}:{node.lineno}"
        for path in files(*CODE)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and catches_everything(node)
        and path.as_posix() not in MAY_CATCH_ALL
    )


def test_nothing_is_published_into_the_blue():
    none_of(
        f"{path}:{line} {name}"
        for path in files(*CODE)
        for line, name in calls(path)
        if name.endswith("publish_async")
    )


def test_no_text_becomes_code():
    banned = {"eval", "exec", "compile", "__import__"}
    none_of(
        f"{path}:{line} {name}"
        for path in files(*CODE)
        for line, name in calls(path)
        if name in banned
    )


def test_tests_meet_real_parts():
    none_of(
        f"{path} imports {name}"
        for path in TESTS
        for name in imports(path)
        if name.startswith(("unittest.mock", "mock", "pytest_mock"))
    )


def test_tests_do_not_sleep():
    none_of(
        f"{path}:{line}"
        for path in TESTS
        for line, name in calls(path)
        if name in {"time.sleep", "sleep"} and path.as_posix() not in MAY_SLEEP
    )


def test_no_file_knows_the_machine_it_was_written_on():
    folder = re.compile(r"(?<![\w.])/(work|root|home|Users)/\w")
    none_of(
        f"{path}:{number} {line.strip()}"
        for path in _everything_written()
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), start=1)
        if folder.search(line) and not path.as_posix().startswith(HERE)
    )


def test_nothing_is_put_off():
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    none_of(
        f"{path}:{number} {line.strip()}"
        for path in EVERYTHING
        for number, line in enumerate(text(path).splitlines(), start=1)
        if words.search(line) and not path.as_posix().startswith(HERE)
    )


def _everything_written():
    documents = [path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")]
    documents += [path.relative_to(ROOT) for path in ROOT.glob("*.md")]
    return [*EVERYTHING, *documents]
