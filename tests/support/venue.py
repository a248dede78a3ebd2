"""The paper venue as a process, and a client of its control port.

async with paper_venue(folder) as venue: ...    # venue.tws_port; await venue.get("/truth/orders")
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.logs import whole_lines
from tests.support.servers import START_LIMIT_S, Program

LIMIT_S = 30.0
ACCOUNTS = ("DU1234567", "DU7654321")


class VenueError(Exception):
    """The control port refused; the text is its reason."""


class PaperVenue(Program):
    """A venue at free ports, with its state in ``folder``; may be killed and started again."""

    def __init__(
        self, folder: Path, options: tuple[str, ...] = (), *, webull_keys: str = ""
    ) -> None:
        self._folder, self._options, self._webull_keys = folder, options, webull_keys
        self.webull_port = self.events_port = 0  # as those below; only with keys
        self._log = folder / "venue.log"
        self.tws_port = self.control_port = 0  # any free one the first time, the same one after

    async def start(self) -> None:
        at = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "janus_paper_venue"),
                *("--tws", f"127.0.0.1:{self.tws_port}"),
                *("--control", f"127.0.0.1:{self.control_port}"),
                *("--accounts", ",".join(ACCOUNTS), "--state", str(self._folder / "state")),
                *self._webull(),
                *self._options,
                stdout=output,
                stderr=output,
            )
        async with asyncio.timeout(START_LIMIT_S):
            while (ready := self._said("venue.listening", at)) is None:
                assert self._process.returncode is None, self._log.read_text()
                await asyncio.sleep(0.01)
        self.tws_port, self.control_port = ready["tws"], ready["control"]
        self.webull_port = ready.get("webull", 0)
        self.events_port = ready.get("webull_events", 0)

    def _webull(self) -> tuple[str, ...]:
        """Return the options of the second broker, if there is one."""
        if not self._webull_keys:
            return ()
        secrets = self._folder / "webull.keys"
        secrets.write_text(self._webull_keys)
        return (
            *("--webull", f"127.0.0.1:{self.webull_port}"),
            *("--webull-events", f"127.0.0.1:{self.events_port}"),
            *("--webull-keys", f"file:{secrets}"),
        )

    async def stop(self) -> int:
        """Ask it to end; return its exit status."""
        await self._end(signal.SIGTERM)
        assert self._process.returncode is not None
        return self._process.returncode

    def log(self) -> list[dict[str, Any]]:
        """Return the events it has logged."""
        return [json.loads(line) for line in whole_lines(self._log)]

    async def get(self, path: str, **query: Any) -> Any:
        """Read from the control port."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        return await self._ask("POST", path, json=body)

    async def delete(self, path: str, **query: Any) -> Any:
        return await self._ask("DELETE", path, params=query)

    async def pin(self, symbol: str, bid: float, ask: float, **more: Any) -> Any:
        """Put the market of ``symbol`` where it shall stay."""
        return await self.post("/market", {"symbol": symbol, "bid": bid, "ask": ask, **more})

    async def fault(self, name: str, **parameters: Any) -> Any:
        """Inject a fault."""
        return await self.post("/faults", {"name": name, **parameters})

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        address = f"http://127.0.0.1:{self.control_port}"
        # Without TLS there is nothing to verify: reading the certificates costs most of the call.
        async with httpx.AsyncClient(base_url=address, verify=False, timeout=LIMIT_S) as client:
            answer = await client.request(method, path, **request)
        found = answer.json()
        if answer.is_error:
            raise VenueError(f"{answer.status_code}: {found['error']}")
        return found

    def _said(self, event: str, at: int) -> dict[str, Any] | None:
        with self._log.open("rb") as file:
            file.seek(at)
            for line in file.read().splitlines(keepends=True):
                if line.startswith(b"{") and line.endswith(b"\n"):
                    found: dict[str, Any] = json.loads(line)
                    if found["event"] == event:
                        return found
        return None


@asynccontextmanager
async def paper_venue(
    folder: Path, *options: str, webull_keys: str = ""
) -> AsyncIterator[PaperVenue]:
    """Run a venue with its state and log in ``folder``; with keys, a second broker too."""
    venue = PaperVenue(folder, options, webull_keys=webull_keys)
    await venue.start()
    try:
        yield venue
    finally:
        await venue.stop()
