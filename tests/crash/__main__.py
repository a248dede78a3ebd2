"""Kill everything at every point of an order's life: ``python -m tests.crash --kills 20``.

Exit status 0 only if every point was reached as often as asked, and nothing was doubled, lost or
otherwise wrong. Otherwise the logs of the rows that were not clean stay where the output says.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from janus_common import logs

from tests.crash import ib, table, webull
from tests.crash.points import Point
from tests.crash.row import Row, run
from tests.crash.side import Kit
from tests.crash.violations import Kind, Violation
from tests.support.servers import PostgresServer, postgres_server

KILLS, LANES = 20, 3
KITS = {kit.name: kit for kit in (ib.KIT, webull.KIT)}
SHOWN = 8  # violations of one row


def main() -> None:
    """Run the campaign and print its table."""
    options = _options()
    kit = KITS[options.broker]
    known = kit.points()
    chosen = [p for p in known if not options.only or any(o in p.name for o in options.only)]
    if not chosen:
        sys.exit(f"Error: no such point; there are: {', '.join(p.name for p in known)}")
    logs.configure("error", service="crash")
    began_s = time.monotonic()
    _say(f"{len(chosen)} points, {options.kills} kills at each, seed {options.seed}")
    _say(table.HEAD)
    rows = asyncio.run(_campaign(chosen, kit, options))
    _say(table.total(rows))
    is_clean = table.is_clean(rows, options.kills)
    _say(f"{'clean' if is_clean else 'NOT CLEAN'}, {time.monotonic() - began_s:.0f} s")
    sys.exit(0 if is_clean else 1)


def _options() -> argparse.Namespace:
    names = "; ".join(point.name for point in ib.KIT.points())
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--broker", choices=sorted(KITS), default=ib.KIT.name)
    parser.add_argument("--kills", type=int, default=KILLS, help="at each point")
    parser.add_argument("--lanes", type=int, default=LANES, help="points at the same time")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--only", action="append", help=f"points whose name has this, of: {names}")
    return parser.parse_args()


async def _campaign(chosen: Sequence[Point], kit: Kit, options: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    free = asyncio.Semaphore(options.lanes)
    folder = Path(tempfile.mkdtemp(prefix="janus-crash-"))

    async def play(point: Point, where: Path, postgres: PostgresServer) -> None:
        try:
            rows.append(await _row(point, kit, options, where, postgres))
        finally:
            free.release()

    try:
        async with postgres_server() as postgres, asyncio.TaskGroup() as group:
            for number, point in enumerate(chosen):
                await free.acquire()
                where = folder / f"{number:02}"
                where.mkdir()
                group.create_task(play(point, where, postgres))
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()
    return rows


async def _row(
    point: Point, kit: Kit, options: argparse.Namespace, where: Path, postgres: PostgresServer
) -> Row:
    """Play one row and say what came of it; an error of the campaign itself is not clean."""
    row = Row(point)
    try:
        while row.kills < options.kills and not row.violations:
            most = kit.busy_kills if point.urges else options.kills
            kills = min(most, options.kills - row.kills)
            folder, seed = where / f"{row.kills:02}", options.seed + row.kills
            folder.mkdir()
            dsn = await postgres.new_database()
            row.add(await run(point, kills, kit=kit, folder=folder, dsn=dsn, seed=seed))
    except Exception:  # noqa: BLE001 - the other points are still of interest
        text = traceback.format_exc()
        (where / "error.txt").write_text(text)
        last = text.strip(" |\n+-").splitlines()[-1].strip(" |")
        row.violations.append(Violation(kind=Kind.CAMPAIGN, about=point.name, text=last))
    _say(table.line(row))
    for violation in row.violations[:SHOWN]:
        _say(f"    {violation}")
    if row.violations:
        _say(f"    {len(row.violations)} in all; logs in {where}")
    else:
        await asyncio.to_thread(shutil.rmtree, where, ignore_errors=True)
    return row


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


main()
