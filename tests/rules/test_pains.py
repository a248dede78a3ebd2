"""The page of requirements is what its list says, and the tests that it names exist."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.rules.pains import DOCUMENT, PAINS, rendered
from tests.rules.source import none_of, tree


def test_the_page_is_up_to_date():
    assert DOCUMENT.read_text("utf-8") == rendered(), "run `make pains`"


def test_every_test_that_the_page_names_exists():
    none_of(f"{pain.test}: no such test" for pain in PAINS if pain.test and not exists(pain.test))


def exists(test: str) -> bool:
    path, _, name = test.partition("::")
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return any(isinstance(n, kinds) and n.name == name for n in ast.walk(tree(Path(path))))
