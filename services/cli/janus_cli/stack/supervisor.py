"""The whole stack: every process by a runner of its own, started by need, stopped in reverse."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from graphlib import TopologicalSorter

from janus_cli.stack.folders import StateFolder
from janus_cli.stack.logfile import LogFile
from janus_cli.stack.probe import Probe
from janus_cli.stack.runner import Runner
from janus_cli.stack.spec import UP, ProcessSpec, ProcessStatus, Ready, StackError


class Supervisor:
    """Runs ``specs`` until ``stop``; nothing is left running when ``run`` returns or raises."""

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        *,
        folder: StateFolder,
        probe: Callable[[Ready], Probe],
        changed: Callable[[ProcessStatus], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._layers = layers(specs)
        self._stopping = asyncio.Event()
        self._runners = {
            spec.name: Runner(
                spec,
                probe=probe(spec.ready),
                log=LogFile(folder.log(spec.name)),
                pid_file=folder.pid_file(spec.name),
                changed=changed,
                jitter=jitter,
            )
            for spec in specs
        }

    async def run(self) -> None:
        """Keep all processes running; after ``stop``, end dependants before what they need."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    name: group.create_task(runner.run(self._needs(runner)))
                    for name, runner in self._runners.items()
                }
                await self._stopping.wait()
                for layer in reversed(self._layers):
                    for name in layer:
                        self._runners[name].stop()
                    await asyncio.wait([tasks[name] for name in layer])
        finally:
            for runner in self._runners.values():
                runner.log.close()

    def stop(self) -> None:
        self._stopping.set()

    def kill(self) -> None:
        """End every child at once, without asking."""
        self.stop()
        for runner in self._runners.values():
            runner.stop()
            runner.kill()

    def restart(self, name: str) -> None:
        """Restart one process; the others are left alone.

        Raises:
            StackError: there is no process of that name.
        """
        self._named(name).restart()

    def status(self) -> list[ProcessStatus]:
        return [runner.status for runner in self._runners.values()]

    def tail(self, name: str) -> list[str]:
        """Return the last log lines of one process."""
        return self._named(name).log.tail

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    @property
    def is_up(self) -> bool:
        return all(runner.status.state in UP for runner in self._runners.values())

    def _named(self, name: str) -> Runner:
        if name not in self._runners:
            raise StackError(
                f"no process {name!r} in this stack", f"one of {', '.join(self._runners)}"
            )
        return self._runners[name]

    def _needs(self, runner: Runner) -> list[Runner]:
        return [self._runners[name] for name in runner.spec.after]


def layers(specs: Sequence[ProcessSpec]) -> list[list[str]]:
    """Return the names in the order of starting: each layer needs only those before it."""
    order = TopologicalSorter({spec.name: spec.after for spec in specs})
    order.prepare()
    found: list[list[str]] = []
    while order.is_active():
        layer = list(order.get_ready())
        order.done(*layer)
        found.append(layer)
    return found
