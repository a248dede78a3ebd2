"""Which accounts one worker trades, from the settings: pure."""

from __future__ import annotations

from collections.abc import Sequence

from janus_common.config import Config, WebullAccount
from janus_common.errors import ConfigError

SHARED = ("mode", "app_key", "app_secret", "region", "endpoint", "events_endpoint", "rates")


def chosen(settings: Config, aliases: Sequence[str], *, source: str) -> dict[str, WebullAccount]:
    """Return the accounts of ``aliases``, which have one key and one address.

    Raises:
        ConfigError: one is not there, not Webull's, has no address, or another key.
    """
    found: dict[str, WebullAccount] = {}
    for alias in dict.fromkeys(aliases):
        where = f"{source}: accounts.{alias}"
        account = settings.accounts.get(alias)
        if account is None:
            known = ", ".join(sorted(settings.accounts)) or "none"
            raise ConfigError(f"{source}: there is no accounts.{alias}; there is {known}")
        if not isinstance(account, WebullAccount):
            raise ConfigError(f"{where}.broker = {account.broker!r}: this is Webull's worker")
        if not account.has_address:
            raise ConfigError(
                f"{where}.endpoint is not set; give Webull's test host, or use `janus up`"
            )
        found[alias] = account
    first_alias, first = next(iter(found.items()))
    for alias, account in found.items():
        for field in SHARED:
            if getattr(account, field) != getattr(first, field):
                raise ConfigError(
                    f"{source}: accounts.{alias}.{field} is not that of accounts.{first_alias}; "
                    "accounts of one worker share key and address; start another worker for it"
                )
    return found
