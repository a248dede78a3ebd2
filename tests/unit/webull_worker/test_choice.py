"""Which accounts one worker takes."""

from __future__ import annotations

import pytest
from janus_common import config
from janus_common.errors import ConfigError
from janus_webull_worker.choice import chosen

IB = {"broker": "ib", "mode": "paper", "ib_account": "DU1", "client_id": 1, "port": 4002}
ONE = {
    "broker": "webull",
    "mode": "paper",
    "account_id": "A1",
    "endpoint": "http://127.0.0.1:8600",
    "app_key": "env:KEY",
    "app_secret": "env:SECRET",
}
TWO = ONE | {"account_id": "A2"}
OTHER = ONE | {"account_id": "A3", "app_key": "env:OTHER"}
ENVIRON = {"KEY": "the-key", "SECRET": "the-secret", "OTHER": "another-key"}


def settings(tmp_path, **accounts):
    return config.parse(
        {"accounts": accounts}, source="janus.toml", folder=tmp_path, environ=ENVIRON
    )


def test_accounts_of_one_key_go_together(tmp_path):
    found = settings(tmp_path, one=ONE, two=TWO, other=OTHER, ib=IB)

    assert list(chosen(found, ["one", "two", "one"], source="janus.toml")) == ["one", "two"]


@pytest.mark.parametrize(
    ("aliases", "error"),
    [
        (["three"], "there is no accounts.three; there is ib, one, other, venue"),
        (["ib"], "accounts.ib.broker = 'ib': this is Webull's worker"),
        (["venue"], "accounts.venue.endpoint is not set"),
        (["one", "other"], "accounts.other.app_key is not that of accounts.one"),
    ],
)
def test_what_does_not_go_together_is_refused_without_its_secret(tmp_path, aliases, error):
    venue = {"broker": "webull", "mode": "paper", "account_id": "A9"}
    found = settings(tmp_path, one=ONE, other=OTHER, ib=IB, venue=venue)

    with pytest.raises(ConfigError) as refused:
        chosen(found, aliases, source="janus.toml")

    assert error in str(refused.value)
    assert "the-key" not in str(refused.value)
