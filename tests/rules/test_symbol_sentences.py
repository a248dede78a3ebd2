"""The page of decisions about symbols is what its list says, and the tests it names can fail."""

from __future__ import annotations

from tests.rules import asserting
from tests.rules.source import none_of
from tests.rules.symbol_sentences import DOCUMENT, SENTENCES, rendered


def test_the_page_is_up_to_date():
    assert DOCUMENT.read_text("utf-8") == rendered(), "run `make pains`"


def test_every_test_that_the_page_names_exists_is_run_and_asserts():
    none_of(
        f"{each.where}: no such test, or it is not run, or it asserts nothing"
        for each in SENTENCES
        if not asserting.can_fail(each.where)
    )


def test_no_sentence_is_written_twice():
    said = [each.said for each in SENTENCES]

    assert len(set(said)) == len(said)
