"""Every fault of the venue's TWS face is injected by a test of the worker."""

from __future__ import annotations

import ast

from janus_paper_venue.faults_list import TWS_KINDS

from tests.rules.source import files, none_of, tree


def injected() -> set[str]:
    """Return the faults that tests of the IB worker name, in their bodies or as parameters."""
    nodes = (n for path in files("tests/integration/ib_worker") for n in ast.walk(tree(path)))
    words = {str(node.value) for node in nodes if isinstance(node, ast.Constant)}
    return words & set(TWS_KINDS)


def test_every_fault_of_the_tws_face_has_a_test_of_the_worker():
    none_of(f"{name}: no test of the IB worker injects it" for name in set(TWS_KINDS) - injected())
