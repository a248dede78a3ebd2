"""The page of requirements is what its list says, and the tests that it names can fail."""

from __future__ import annotations

import ast

import pytest

from tests.rules import asserting
from tests.rules.pains import DOCUMENT, PAINS, rendered
from tests.rules.source import none_of


def test_the_page_is_up_to_date():
    assert DOCUMENT.read_text("utf-8") == rendered(), "run `make pains`"


def test_every_test_that_the_page_names_exists_is_run_and_asserts():
    none_of(
        f"{pain.test}: no such test, or it is not run, or it asserts nothing"
        for pain in PAINS
        if not asserting.can_fail(pain.test)
    )


def test_no_requirement_is_written_twice():
    promises = [pain.promise for pain in PAINS]

    assert len(set(promises)) == len(promises)


@pytest.mark.parametrize(
    ("body", "can_fail"),
    [
        ("def test_it(): assert x", True),
        ("async def test_it():\n with pytest.raises(E): f()", True),
        ("def helper():\n assert x\ndef test_it(): helper()", True),
        ("async def test_it(desk): await desk.order_is(name, FILLED)", True),
        ("def test_it(): pass", False),
        ("def helper(): pass\ndef test_it(): helper()", False),
        ("def test_it(): test_it()", False),
        ("@pytest.mark.skip\ndef test_it(): assert x", False),
        ("@pytest.mark.xfail(reason='later')\ndef test_it(): assert x", False),
        ("def test_it():\n pytest.skip('later')\n assert x", False),
        ("pytestmark = pytest.mark.skip\ndef test_it(): assert x", False),
    ],
)
def test_a_test_that_cannot_fail_is_told_from_one_that_can(body, can_fail):
    module = ast.parse(body)
    near = {n.name: n for n in ast.walk(module) if isinstance(n, asserting.Function)}
    test = near["test_it"]
    is_run = asserting.is_run(test) and asserting.is_run_at_all(module)

    assert (is_run and asserting.asserts(test, near)) is can_fail
