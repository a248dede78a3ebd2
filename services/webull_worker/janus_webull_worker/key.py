"""One app key: its requests, their turns, and the threads that wait for the answers.

Questions may be asked again, orders never. Orders have threads of their own, so that no question
that hangs stands before one, and cancels too, so that no order does; what no thread takes in time
is not sent at all.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from janus_common.backoff import backoff
from janus_common.clock import monotonic_s
from janus_common.config import WebullAccount
from janus_common.errors import BrokerUnavailable
from janus_common.logs import get_logger
from janus_common.worker.pacing import Rank

from janus_webull_worker.codes import NO_TOKEN, Verdict
from janus_webull_worker.outcome import Answer, KeyRefused, NoAnswer, NotBegun, Refused
from janus_webull_worker.rates import FIRST, Path, Rates
from janus_webull_worker.threads import Threads

if TYPE_CHECKING:  # the SDK is in the worker's own interpreter only
    from janus_webull_worker.gateway import Client

TRIES = 3  # of a question
TURN_S = 90.0  # for a question's turn: some windows, as many accounts may wait
BEGIN_S = 2.0  # an order that no thread has taken by then is not sent
QUESTION_THREADS, ORDER_THREADS, CANCEL_THREADS = 4, 64, 64
LATE_S = 1.0  # beyond what the SDK waits, which counts from each byte of an answer anew
QUEUE_S = 60.0  # for a thread, where all of them hang
PAUSE_S = 1.0  # after Webull's word that it is too much; and up to as much again

log = get_logger()


class AppKey:
    """What the accounts of one app key share."""

    def __init__(
        self, settings: WebullAccount, client: Client, *, queue_s: float = QUEUE_S
    ) -> None:
        self.settings, self.client, self._queue_s = settings, client, queue_s
        self.rates = Rates(settings.rates, monotonic_s=monotonic_s)
        # A whole answer takes no longer than this.
        self.answer_s = settings.connect_timeout_s + settings.answer_timeout_s + LATE_S
        self._questions = Threads("webull-question", at_most=QUESTION_THREADS)
        self._orders = Threads("webull-order", at_most=ORDER_THREADS)
        self._cancels = Threads("webull-cancel", at_most=CANCEL_THREADS)

    async def ask(self, path: Path, call: Callable[[], Answer], *, rank: Rank = FIRST) -> Answer:
        """Ask a question, a few times if there is no answer.

        Raises:
            Refused: Webull says no.
            KeyRefused: it says so to everything.
            BrokerUnavailable: there is no answer.
        """
        delays = backoff(jitter=random.random, first_s=0.2)
        for left in reversed(range(TRIES)):
            await self._turn(path, rank)
            try:
                return await self._answered(path, self._questions, call)
            except NoAnswer as error:
                reason = str(error)
            except Refused as refused:
                if refused.verdict in {Verdict.KEY, Verdict.CLOCK}:
                    raise key_refused(refused) from refused
                if refused.verdict not in {Verdict.PACED, Verdict.TROUBLE}:
                    raise
                reason = refused.reason
                if refused.verdict is Verdict.PACED:
                    self.pause(path)
            log.warning("broker.no_answer", path=path.value, reason=reason, tries_left=left)
            if left:
                await asyncio.sleep(next(delays))
        raise BrokerUnavailable(f"{path}: {reason}")

    def send(self, path: Path, call: Callable[[], Answer]) -> asyncio.Future[Answer]:
        """Begin to send an order, a change or a cancel; it is sent once or, if late, not at all.

        Of an order it is known when its thread has done with it, however long that takes: until
        then it may still go out.
        """
        threads = self._cancels if path is Path.CANCEL else self._orders
        return self._answered(path, threads, partial(_timely, call, monotonic_s()))

    def _answered(
        self, path: Path, threads: Threads, call: Callable[[], Answer]
    ) -> asyncio.Future[Answer]:
        """Begin a request; its turn counts from when it has ended, whatever came of it."""
        began_s: list[float] = []

        def work() -> Answer:
            began_s.append(monotonic_s())
            return call()

        sent_s, handed = monotonic_s(), asyncio.wrap_future(threads.run(work))
        answered = asyncio.get_running_loop().create_future()
        handed.add_done_callback(partial(_hand_on, answered))
        pacer = self.rates.of(path)
        answered.add_done_callback(lambda _: handed.cancel())  # what still waits does not begin
        answered.add_done_callback(lambda _: pacer.arrived(sent_s, by_s=monotonic_s()))
        if path is not Path.PLACE:
            self._limit(answered, sent_s, began_s)
        return answered

    def _limit(self, answered: asyncio.Future[Answer], sent_s: float, began_s: list[float]) -> None:
        """Give up an answer that has taken too long, now or later."""
        if answered.done():
            return
        until_s = began_s[0] + self.answer_s if began_s else sent_s + self._queue_s
        left_s = until_s - monotonic_s()
        if left_s > 0:
            asyncio.get_running_loop().call_later(
                min(left_s, self.answer_s), self._limit, answered, sent_s, began_s
            )
        elif began_s:
            answered.set_exception(NoAnswer(f"no whole answer within {self.answer_s:g} s"))
        else:
            answered.set_exception(
                NoAnswer(f"no thread within {self._queue_s:g} s: all of them hang")
            )

    def pause(self, path: Path) -> None:
        """Call a path no more for a while."""
        self.rates.of(path).pause(PAUSE_S * (1 + random.random()))  # noqa: S311 - a delay
        log.warning("broker.paced", path=path.value)

    async def _turn(self, path: Path, rank: Rank) -> None:
        try:
            await self.rates.of(path).take(rank, within_s=TURN_S)
        except TimeoutError:
            raise BrokerUnavailable(f"{path}: no turn within {TURN_S:g} s") from None


def key_refused(refused: Refused) -> KeyRefused:
    """Return the end of a session whose key is not accepted."""
    is_clock = refused.verdict is Verdict.CLOCK
    if is_clock:
        cure = "set this machine's clock (NTP)"
    elif refused.code.endswith(NO_TOKEN):
        cure = "it wants a token confirmed in the app, which Webull's first SDK does not have"
    else:
        cure = "look at app_key, app_secret, region"
    return KeyRefused(f"webull refuses this key: {refused.reason}; {cure}", is_clock=is_clock)


def _hand_on(answered: asyncio.Future[Answer], handed: asyncio.Future[Answer]) -> None:
    """Tell what became of a request, unless it was given up."""
    if handed.cancelled():
        return
    error = handed.exception()
    if answered.done():
        return
    if error is not None:
        answered.set_exception(error)
    else:
        answered.set_result(handed.result())


def _timely(call: Callable[[], Answer], handed_s: float) -> Answer:
    late_s = monotonic_s() - handed_s
    if late_s > BEGIN_S:
        raise NotBegun(f"nothing was sent: it waited {late_s:.1f} s for a thread")
    return call()
