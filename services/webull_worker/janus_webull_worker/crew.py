"""One account's part of the process, with the turns that it shares."""

from __future__ import annotations

from pathlib import Path

from janus_common.config import WebullAccount
from janus_common.worker import policy
from janus_common.worker.process import Worker

from janus_webull_worker.broker import WebullBroker

SERVICE = "webull_worker"


def worker(
    alias: str,
    account: WebullAccount,
    broker: WebullBroker,
    *,
    halt_file: Path | None,
) -> Worker:
    """Return the worker of one account."""
    return Worker(
        SERVICE,
        account=alias,
        broker_type="webull",
        mode=account.mode,
        has_market_data=False,
        sweep_s=account.sweep_s,
        busy_sweep_s=account.busy_sweep_s,
        policy=policy.of(account, halt_file=halt_file),
        make_broker=lambda _: broker,
        make_pacer=lambda: broker.share,
    )
