"""``make demo`` as a newcomer runs it, on the built-in market and on a recording."""

from __future__ import annotations

import asyncio
import gzip
import random

import pytest

from tests.support.demo import LIMIT_S, started

START_NS = 1_381_152_600_000_000_000
SYMBOLS = {"IBM": 182.0, "SPY": 167.0, "BAC": 14.0}


async def demo(folder, *words):
    process = await started(folder, *words)
    async with asyncio.timeout(LIMIT_S):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


@pytest.fixture
def recording(tmp_path):
    """Ten minutes of three symbols, a quote on each side and a trade every 100 ms."""
    tape = random.Random(3)
    for symbol, price in SYMBOLS.items():
        lines = ["ts_ns,kind,price,size"]
        middle = round(price * 100)
        for step in range(6_000):
            middle += tape.choice((-1, 0, 1))
            moment = START_NS + step * 100_000_000
            for kind, cents in (("bid", middle - 1), ("ask", middle + 1), ("trade", middle)):
                lines.append(f"{moment},{kind},{cents / 100:.2f},{tape.randint(1, 5) * 100}")
        path = tmp_path / "ticks" / f"{symbol}.csv.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return tmp_path / "ticks"


async def test_the_demo_passes_all_its_checks(tmp_path):
    code, out = await demo(tmp_path)

    assert code == 0, out
    assert "all checks passed" in out
    assert "WRONG" not in out


async def test_the_demo_on_a_recording_fills_within_what_was_recorded(tmp_path, recording):
    code, out = await demo(tmp_path, "--ticks", str(recording))

    assert code == 0, out
    assert "each fill lies within what the recording quoted then" in out
    assert "all checks passed" in out


async def test_a_folder_without_recordings_is_refused_by_name(tmp_path):
    (tmp_path / "empty").mkdir()
    code, out = await demo(tmp_path, "--ticks", "empty")

    assert code == 1
    assert "no SYMBOL.csv.gz in it" in out
