"""What is generated is what the code says now."""

from __future__ import annotations

import re

from janus_common import generate

from tests.rules.source import ROOT, none_of


def test_what_is_generated_is_up_to_date():
    wanted = generate.files(ROOT)

    none_of(
        f"{path}: run `make proto`"
        for path, data in wanted.items()
        if not (ROOT / path).is_file() or (ROOT / path).read_bytes() != data
    )


def test_nothing_generated_is_left_over():
    none_of(f"{path}: run `make proto`" for path in generate.stale(ROOT))


def test_every_block_of_the_documentation_is_one_that_exists():
    for path, blocks in generate.DOCUMENTS.items():
        document = (ROOT / path).read_text("utf-8")
        begun = re.findall(r"<!-- begin (\S+) -->", document)

        assert set(begun) <= blocks().keys()
        assert len(begun) == document.count("<!-- end -->")
