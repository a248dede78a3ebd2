"""Threads for calls that block: few, made when needed, and never waited for when the process ends."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs calls on daemon threads, the oldest first.

    The executor of the standard library waits for its threads at the end of the process: a call
    that hangs for ten seconds would hold up a stop for as long.
    """

    def __init__(self, name: str, *, at_most: int) -> None:
        self._name, self._at_most = name, at_most
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._count = 0
        self._unfinished = 0  # calls handed over, begun or not
        self._lock = threading.Lock()

    def run(self, call: Callable[[], T]) -> Future[T]:
        """Begin ``call`` on a thread; return what becomes of it.

        Raises:
            RuntimeError: there can be no more threads; ``call`` will not run.
        """
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                future.set_exception(error)
            else:
                future.set_result(result)

        with self._lock:
            # Counted by calls, not by idle threads: of several calls that are handed over before
            # an idle thread wakes, each would count on that same one.
            if self._unfinished >= self._count and self._count < self._at_most:
                name = f"{self._name}-{self._count + 1}"
                threading.Thread(target=self._serve, name=name, daemon=True).start()
                self._count += 1
            self._unfinished += 1
        self._calls.put(work)
        return future

    def _serve(self) -> None:
        while True:
            self._calls.get()()
            with self._lock:
                self._unfinished -= 1
