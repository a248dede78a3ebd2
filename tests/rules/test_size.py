"""Nothing grows past what a reader can hold."""

from __future__ import annotations

import ast
import statistics

from tests.rules.source import CODE, files, none_of, text, tree

MODULE_LINES, FUNCTION_LINES, MAIN_LINES = 400, 50, 60
MEDIAN_FUNCTION_LINES = 10

LARGER = {
    "libs/janus_common/janus_common/messages.py": "the contract on one page",
}
EVERYTHING = files(*CODE, "tests", "benchmarks")


def size(path) -> int:
    return len(text(path).splitlines())


def limit(path) -> int:
    is_main_of_a_service = path.match("services/*/janus_*/main.py")
    return MAIN_LINES if is_main_of_a_service else MODULE_LINES


def functions(*paths) -> list[tuple[str, int]]:
    """Return where each function is, and its lines."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (f"{path}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in paths
        for node in ast.walk(tree(path))
        if isinstance(node, kinds)
    ]


def test_a_module_fits_in_the_head():
    none_of(
        f"{path}: {size(path)} lines, {limit(path)} at most"
        for path in EVERYTHING
        if size(path) > limit(path) and path.as_posix() not in LARGER
    )


def test_an_exception_is_still_needed():
    sizes = {path.as_posix(): size(path) for path in EVERYTHING}

    none_of(path for path in LARGER if sizes[path] <= MODULE_LINES)


def test_a_function_fits_on_the_screen():
    none_of(found for found in functions(*EVERYTHING) if found[1] > FUNCTION_LINES)


def test_most_functions_are_short():
    lengths = [lines for _, lines in functions(*files(*CODE))]

    assert statistics.median(lengths) <= MEDIAN_FUNCTION_LINES


def test_a_module_says_first_what_it_is_for():
    none_of(
        path
        for path in EVERYTHING
        if path.name != "__init__.py" and not ast.get_docstring(tree(path))
    )
