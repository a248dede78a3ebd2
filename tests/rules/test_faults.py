"""Every fault of the venue's faces is injected by a test of the worker that meets it."""

from __future__ import annotations

import ast
from collections.abc import Collection

import pytest
from janus_paper_venue import faults_webull
from janus_paper_venue.faults_list import TWS_KINDS

from tests.rules.source import files, none_of, tree


def injected(folder: str, kinds: Collection[str]) -> set[str]:
    """Return the faults that tests in ``folder`` name, in their bodies or as parameters."""
    nodes = (node for path in files(folder) for node in ast.walk(tree(path)))
    words = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return words & set(kinds)


@pytest.mark.parametrize(
    ("folder", "kinds"),
    [
        ("tests/integration/ib_worker", TWS_KINDS),
        ("tests/integration/webull_worker", faults_webull.KINDS),
    ],
    ids=["ib", "webull"],
)
def test_every_fault_of_a_face_has_a_test_of_its_worker(folder, kinds):
    missing = set(kinds) - injected(folder, kinds)
    none_of(f"{name}: no test in {folder} injects it" for name in sorted(missing))
