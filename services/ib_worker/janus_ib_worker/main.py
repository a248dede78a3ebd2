"""The IB worker process: one account, one gateway connection."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from janus_common import config, lifecycle, logs
from janus_common.errors import ConfigError
from janus_common.worker import policy
from janus_common.worker.process import Worker

from janus_ib_worker.gateway import Gateway

SERVICE = "ib_worker"


def main() -> None:
    """Run ``python -m janus_ib_worker --config FILE --account ALIAS``."""
    parser = argparse.ArgumentParser(prog="janus_ib_worker", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="janus.toml")
    parser.add_argument("--account", required=True, help="alias of the account to trade")
    arguments = parser.parse_args()
    lifecycle.run(partial(_start, arguments.config, arguments.account))


async def _start(path: Path, alias: str) -> None:
    settings = config.load(path, secrets_of=(f"accounts.{alias}",))
    logs.configure(settings.log.level, service=SERVICE, account=alias)
    account = settings.accounts.get(alias)
    if account is None:
        known = ", ".join(sorted(settings.accounts)) or "none"
        raise ConfigError(f"{path}: there is no accounts.{alias}; there is {known}")
    if not isinstance(account, config.IbAccount):
        raise ConfigError(
            f"{path}: accounts.{alias}.broker = {account.broker!r}: this is IB's worker"
        )
    if account.port is None:
        raise ConfigError(
            f"{path}: accounts.{alias}.port is not set; give the gateway's, or use `janus up`"
        )
    worker = Worker(
        SERVICE,
        account=alias,
        broker_type="ib",
        mode=account.mode,
        has_market_data=account.market_data,
        sweep_s=account.sweep_s,
        policy=policy.of(account, halt_file=config.halt_file(settings)),
        make_broker=partial(Gateway, alias, account),
    )
    await worker.serve(config.bus_url(settings))
