"""One Webull account, over all of its sessions: what is known of it, what it has sent."""

from __future__ import annotations

from collections.abc import Sequence

from janus_common.config import WebullAccount
from janus_common.errors import BrokerUnavailable, ConfigError
from janus_common.worker.broker import BrokerEvent, Sink

from janus_webull_worker.doubts import Doubts
from janus_webull_worker.instruments import Instruments
from janus_webull_worker.key import AppKey
from janus_webull_worker.ledger import Ledger
from janus_webull_worker.orders import Orders
from janus_webull_worker.outcome import KeyRefused
from janus_webull_worker.rates import Share


class Account:
    """What the sessions of one account share."""

    def __init__(
        self, alias: str, settings: WebullAccount, key: AppKey, instruments: Instruments
    ) -> None:
        self.alias, self.settings, self.key, self.instruments = alias, settings, key, instruments
        self.account_id = settings.account_id
        self.share = Share(key.rates)
        self.ledger, self.doubts = Ledger(alias), Doubts(settings.settle_s)
        self.orders = Orders(
            self.account_id,
            settings.gtc,
            key=key,
            share=self.share,
            ledger=self.ledger,
            doubts=self.doubts,
        )
        self.is_margin = False
        self.was_there = False  # whether Webull has had it since this process began
        self.sink: Sink = lambda _: None

    def tell(self, event: BrokerEvent) -> None:
        """Hand on what was heard."""
        self.sink(event)

    def missing(self, names: Sequence[str]) -> BrokerUnavailable | ConfigError:
        """Return what it means that the key has other accounts only."""
        there = ", ".join(names) or "none"
        if self.was_there:
            return BrokerUnavailable(
                f"account {self.account_id} is gone: the key has {there}", patience_s=0.0
            )
        return ConfigError(
            f"accounts.{self.alias}.account_id = {self.account_id!r}: the key has {there}"
        )

    def refused(self, error: KeyRefused) -> BrokerUnavailable | ConfigError:
        """Return what it means that the key is refused: at the very start, that it is wrong."""
        if self.was_there or error.is_clock:
            return error
        region = f"region = {self.settings.region!r}"
        return ConfigError(f"accounts.{self.alias}.app_key: {error}; {region}")
