"""The campaign's table: what died where, how often, and what came of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tests.crash.row import Row
from tests.crash.violations import DOUBLES, LOSSES

HEAD = (
    f"{'who dies, and where':<34}{'kills':>6}{'orders':>8}{'fills':>7}{'in hand at broker':>19}"
    f"{'doubles':>9}{'losses':>8}{'other':>7}   READY again p50 / max"
)


def line(row: Row) -> str:
    """Return one row."""
    kinds = [violation.kind for violation in row.violations]
    doubles, losses = sum(k in DOUBLES for k in kinds), sum(k in LOSSES for k in kinds)
    in_hand = f"{row.at_broker} of {row.known}" if row.known else "-"
    name = row.point.name
    if row.point.victims == ("worker",) and row.point.watched == "worker":
        name = f"worker: {name}"
    return (
        f"{name:<34}{row.kills:>6}{row.orders:>8}{row.fills:>7}{in_hand:>19}"
        f"{doubles:>9}{losses:>8}{len(kinds) - doubles - losses:>7}   {_times(row.back_s)}"
    )


def total(rows: Sequence[Row]) -> str:
    """Return the last line."""
    kinds = [violation.kind for row in rows for violation in row.violations]
    doubles, losses = sum(k in DOUBLES for k in kinds), sum(k in LOSSES for k in kinds)
    back = [each for row in rows for each in row.back_s]
    return (
        f"{'all':<34}{sum(r.kills for r in rows):>6}{sum(r.orders for r in rows):>8}"
        f"{sum(r.fills for r in rows):>7}{'':>19}{doubles:>9}{losses:>8}"
        f"{len(kinds) - doubles - losses:>7}   {_times(back)}"
    )


def is_clean(rows: Sequence[Row], kills: int) -> bool:
    """Whether every point was killed at as often as asked, and nothing was wrong."""
    return bool(rows) and all(row.kills >= kills and not row.violations for row in rows)


def _times(back_s: list[float]) -> str:
    if not back_s:
        return "-"
    ranked = sorted(back_s)
    return f"{ranked[len(ranked) // 2]:6.2f} / {ranked[-1]:5.2f} s"
