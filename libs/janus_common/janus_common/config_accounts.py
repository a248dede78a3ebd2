"""The accounts of the settings: what each broker's has to say, and what must fit together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from janus_common import windows
from janus_common.errors import ConfigError

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]  # a wait that never ends watches nothing

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
WEBULL_LIVE = {
    "us": ("api.webull.com", "events-api.webull.com"),
    "hk": ("api.webull.hk", "events-api.webull.hk"),
    "jp": ("api.webull.co.jp", "events-api.webull.co.jp"),
}
_WEBULL_LIVE_HOSTS = {host for hosts in WEBULL_LIVE.values() for host in hosts}


class Secret(str):
    """A text that must not be shown: ``repr`` hides it, ``str.__str__`` is deliberate."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


class _Traded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said of an account at any broker."""

    mode: Literal["paper", "live"]  # real money needs exactly "live"
    allow_short: bool = False  # whether a sell may exceed what the account holds
    locate_required: bool = False  # sell short only what the broker has shares of to lend
    foreign_orders: Literal["ignore", "adopt", "halt"] = "ignore"  # those that Janus did not send
    on_bus_loss: Literal["hold", "cancel_all"] = "hold"  # when NATS stays away
    on_bus_loss_after_s: Seconds = 30.0  # for how long before that is done
    restart_window: str | None = None  # "23:40-00:50 America/New_York": nothing new is sent then
    alarm_after_s: Seconds = 300.0  # how long the broker may stay away before a person is called


class IbAccount(
    _Traded, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="broker", tag="ib"
):
    """One Interactive Brokers account, traded by one worker through one gateway connection."""

    ib_account: str  # as the gateway reports it; paper ids begin with D
    client_id: Annotated[int, msgspec.Meta(ge=1, le=999_999)]  # fixed; never 0, never shared
    host: str = "127.0.0.1"  # of the gateway
    port: Port | None = None  # IB Gateway: 4001 live, 4002 paper; None: the stack's paper venue
    market_data: bool = False  # this account's connection feeds market data
    connect_timeout_s: Seconds = 10.0  # how long the gateway may take to answer
    sweep_s: Seconds = 60.0  # how often orders, executions and positions are asked for again

    @property
    def broker(self) -> str:
        """Which broker: the key into the table of capabilities."""
        return "ib"

    @property
    def own_id(self) -> str:
        """What the broker calls this account."""
        return self.ib_account

    @property
    def has_address(self) -> bool:
        """Whether it is said where its broker is; else it is on the stack's paper venue."""
        return self.port is not None


class WebullAccount(
    _Traded, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="broker", tag="webull"
):
    """One Webull account; those with one app key share its worker and its rate limits."""

    account_id: str  # as Webull's list of accounts has it, not the number shown in the app
    app_key: str | None = None  # as env: or file:; None: on the stack's paper venue only
    app_secret: str | None = None  # as env: or file:; None: on the stack's paper venue only
    region: Literal["us", "hk", "jp"] = "us"  # of the account; only "us" is tried out
    endpoint: str | None = None  # http://host:port; None: the region's own, or the paper venue
    events_endpoint: str | None = None  # of the order events; None: the region's own if live
    gtc: Literal["yes", "no", "auto"] = "auto"  # whether it takes GTC; auto: DAY once it refuses
    rates: Literal["legacy", "current"] = "legacy"  # which of Webull's tables of limits holds
    short_side: bool = False  # whether Webull takes orders with the side SHORT for this account
    connect_timeout_s: Seconds = 5.0  # how long a connection may take
    answer_timeout_s: Seconds = 10.0  # how long an answer may take; then the outcome is unknown
    settle_s: Seconds = 30.0  # after which an order that Webull does not know never arrived
    sweep_s: Seconds = 60.0  # how often orders, positions and balance are asked for again
    busy_sweep_s: Seconds = 15.0  # the same while orders are open

    @property
    def broker(self) -> str:
        """Which broker: the key into the table of capabilities."""
        return "webull"

    @property
    def own_id(self) -> str:
        """What the broker calls this account."""
        return self.account_id

    @property
    def has_address(self) -> bool:
        """Whether it is said where its broker is; else it is on the stack's paper venue."""
        return self.endpoint is not None or self.mode == "live"

    @property
    def has_events(self) -> bool:
        """Whether it is said where events come from; a paper key is not taken to the real host."""
        return self.events_endpoint is not None or self.mode == "live"

    @property
    def market_data(self) -> bool:
        """Whether ticks come from here: never, its SDK has none for US accounts."""
        return False


Account = IbAccount | WebullAccount
KINDS: dict[str, type[Account]] = {"ib": IbAccount, "webull": WebullAccount}


def check_accounts(accounts: Mapping[str, Account]) -> None:
    """Check what one account says against itself and against the others.

    Raises:
        ConfigError: something does not fit; the text names it.
    """
    connections: dict[tuple[str, int | None, int], str] = {}
    owners: dict[tuple[str, str], str] = {}
    for alias, account in accounts.items():
        where = f"accounts.{alias}"
        _check_window(account, where)
        if isinstance(account, IbAccount):
            _check_ib(account, where)
            key = (account.host, account.port, account.client_id)
            if key in connections:
                raise ConfigError(
                    f"{where}.client_id = {account.client_id}: already used by "
                    f"accounts.{connections[key]}; give every worker its own"
                )
            connections[key] = alias
        else:
            _check_webull(account, where)
        field = "ib_account" if isinstance(account, IbAccount) else "account_id"
        if (owner := owners.setdefault((account.broker, account.own_id), alias)) != alias:
            raise ConfigError(
                f"{where}.{field} = {account.own_id!r}: already traded by "
                f"accounts.{owner}; one account has one worker"
            )


def _check_window(account: Account, where: str) -> None:
    if account.restart_window is not None:
        try:
            windows.parse(account.restart_window)
        except ValueError as error:
            raise ConfigError(
                f"{where}.restart_window = {account.restart_window!r} {error}"
            ) from error


def _check_ib(account: IbAccount, where: str) -> None:
    is_paper_id = account.ib_account.startswith("D")
    if account.mode == "live" and is_paper_id:
        raise ConfigError(
            f"{where}.mode = 'live', but ib_account {account.ib_account!r} is a paper id; "
            'use mode = "paper", or the live account\'s id'
        )
    if account.mode == "paper" and not is_paper_id:
        raise ConfigError(
            f"{where}.mode = 'paper', but ib_account {account.ib_account!r} is no paper id "
            '(those begin with D); use the paper account\'s id, or mode = "live" for real money'
        )
    if account.mode == "live" and account.port is None:
        raise ConfigError(f"{where}.port: missing; a live account must say its gateway's port")


def _check_key(account: WebullAccount, where: str) -> None:
    if account.mode == "live" or account.endpoint is not None:
        for field in ("app_key", "app_secret"):
            if getattr(account, field) is None:
                raise ConfigError(
                    f"{where}.{field}: missing; give it as a reference, env:NAME or file:PATH"
                )
    for field in ("app_key", "app_secret"):
        value = getattr(account, field)
        is_reference = value is None or value.startswith(("env:", "file:"))
        if not is_reference and not isinstance(value, Secret):
            raise ConfigError(f"{where}.{field}: give a reference, env:NAME or file:PATH")
        # It is sent as a header, and never shown.
        if isinstance(value, Secret) and not _is_header(value):
            raise ConfigError(
                f"{where}.{field}: there are characters in it that no key of Webull's has "
                "(blanks, several lines, or not ASCII); copy it again"
            )


def _is_header(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _check_webull(account: WebullAccount, where: str) -> None:
    if not (account.account_id.isascii() and account.account_id.isalnum()):
        raise ConfigError(
            f"{where}.account_id = {account.account_id!r}: give the id from Webull's list of "
            "accounts: letters and digits"
        )
    for field in ("endpoint", "events_endpoint"):
        if (endpoint := getattr(account, field)) is not None:
            _check_endpoint(endpoint, f"{where}.{field}", account.mode)
    _check_key(account, where)
    if account.settle_s < account.answer_timeout_s:
        raise ConfigError(
            f"{where}.settle_s = {account.settle_s:g}: less than answer_timeout_s = "
            f"{account.answer_timeout_s:g}; an order may arrive for as long as its answer may take"
        )
    if account.allow_short and not account.short_side:
        raise ConfigError(
            f"{where}.allow_short = True, but short_side is not; Webull takes sales of what is "
            "not held only with the side SHORT: set both, if this account may send it"
        )


def _check_endpoint(endpoint: str, where: str, mode: str) -> None:
    try:
        parts = urlsplit(endpoint)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or parts.path.strip("/") or parts.query or "@" in endpoint:
        raise ConfigError(f"{where} = {endpoint!r}: give http://host:port or https://host")
    host = parts.hostname or ""
    if mode == "paper" and host in _WEBULL_LIVE_HOSTS:
        raise ConfigError(
            f"{where} = {endpoint!r} trades real money, but mode = 'paper'; use a test host, or "
            'mode = "live" for real money'
        )
    if mode == "live" and host not in _WEBULL_LIVE_HOSTS:
        raise ConfigError(
            f"{where} = {endpoint!r} is not Webull's own, but mode = 'live'; leave it out, or use "
            'mode = "paper"'
        )
    if parts.scheme == "http" and host not in LOOPBACK and mode == "live":
        raise ConfigError(f"{where} = {endpoint!r}: real money goes over https only")
