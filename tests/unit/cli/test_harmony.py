"""The bar of a harmony."""

from __future__ import annotations

import pytest
from janus_cli.commands.harmony import bar
from janus_common.messages import HarmonyProgress, HarmonyState

RUNNING, WRITING = HarmonyState.RUNNING, HarmonyState.WRITING


@pytest.mark.parametrize(
    ("state", "asked", "total", "elapsed_s", "expected"),
    [
        (RUNNING, 0, 0, 0.0, "harmony ░░░░░░░░░░░░░░░░░░░░░░░░ 0/0, 7 found"),
        (RUNNING, 0, 5_000, 9.0, "harmony ░░░░░░░░░░░░░░░░░░░░░░░░ 0/5,000, 7 found"),
        (
            RUNNING,
            1_250,
            5_000,
            62.5,
            "harmony ██████░░░░░░░░░░░░░░░░░░ 1,250/5,000, 7 found, 3:08 left",
        ),
        (
            WRITING,
            5_000,
            5_000,
            250.0,
            "harmony ████████████████████████ 5,000/5,000, 7 found, writing",
        ),
    ],
)
def test_it_tells_how_far_it_is_and_how_long_the_rest_takes(
    state, asked, total, elapsed_s, expected
):
    progress = HarmonyProgress(
        run="r", state=state, asked=asked, total=total, results={"FILLED": 7}
    )

    assert bar(progress, elapsed_s=elapsed_s) == expected
