"""Whether a test can fail: it is run, and asserts something itself or through what it calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.rules.source import files, tree

Function = ast.FunctionDef | ast.AsyncFunctionDef
NOT_RUN = {"skip", "skipif", "xfail"}
RAISES = {"raises", "warns", "fail"}


def test_named(test: str) -> Function | None:
    """Return the test with this path, two colons and name."""
    path, _, name = test.partition("::")
    return functions(Path(path)).get(name)


def can_fail(test: str) -> bool:
    """Whether it exists, is run, and asserts something."""
    path, found = Path(test.partition("::")[0]), test_named(test)
    if found is None or not is_run(found) or not is_run_at_all(tree(path)):
        return False
    return asserts(found, functions(path))


def is_run(test: Function) -> bool:
    """Whether nothing keeps a test from being run, or from counting."""
    marks = {name for decorator in test.decorator_list for name in _names(decorator)}
    calls = {
        name for node in ast.walk(test) if isinstance(node, ast.Call) for name in _called(node)
    }
    return not NOT_RUN & marks and not NOT_RUN & calls


def is_run_at_all(module: ast.Module) -> bool:
    """Whether nothing keeps all tests of a module from being run."""
    marks = (
        node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == "pytestmark"
    )
    return not NOT_RUN & {name for mark in marks for name in _names(mark)}


def asserts(
    function: Function, near: dict[str, Function], seen: frozenset[str] = frozenset()
) -> bool:
    """Whether ``function`` asserts, or calls something of its module or of the support that does."""
    if function.name in seen:
        return False
    seen |= {function.name}
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            for name in _called(node):
                called = near.get(name) or support().get(name)
                if name in RAISES or (called is not None and asserts(called, near, seen)):
                    return True
    return False


@cache
def functions(path: Path) -> dict[str, Function]:
    """Return all functions and methods of a module by their names."""
    return {node.name: node for node in ast.walk(tree(path)) if isinstance(node, Function)}


@cache
def support() -> dict[str, Function]:
    """Return what tests share."""
    return {name: f for path in files("tests/support") for name, f in functions(path).items()}


def _called(call: ast.Call) -> Iterator[str]:
    if isinstance(call.func, ast.Attribute):
        yield call.func.attr
    elif isinstance(call.func, ast.Name):
        yield call.func.id


def _names(node: ast.expr) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute):
            yield each.attr
