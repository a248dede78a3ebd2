"""Webull accounts in the settings: what is refused, and how it is said."""

from __future__ import annotations

import pytest
from janus_common import config
from janus_common.errors import ConfigError

ACCOUNT = {
    "broker": "webull",
    "mode": "paper",
    "account_id": "WBPAPERACCOUNT1",
    "endpoint": "http://127.0.0.1:8600",
    "app_key": "env:WB_KEY",
    "app_secret": "env:WB_SECRET",
}
ENVIRON = {"WB_KEY": "the-key", "WB_SECRET": "the-secret"}


def parsed(tmp_path, environ=ENVIRON, **changes):
    fields = {k: v for k, v in (ACCOUNT | changes).items() if v is not None}
    return config.parse(
        {"accounts": {"wb": fields}}, source="janus.toml", folder=tmp_path, environ=environ
    )


def test_a_paper_account_is_taken_with_safe_defaults(tmp_path):
    account = parsed(tmp_path).accounts["wb"]

    assert isinstance(account, config.WebullAccount)
    assert (account.gtc, account.rates, account.allow_short) == ("auto", "legacy", False)
    assert "the-secret" not in repr(account)
    assert "the-key" not in repr(account)


def test_a_paper_account_without_an_endpoint_needs_no_key(tmp_path):
    account = parsed(tmp_path, endpoint=None, app_key=None, app_secret=None).accounts["wb"]

    assert not account.has_address


def test_a_live_account_goes_to_the_regions_own_host(tmp_path):
    account = parsed(tmp_path, mode="live", endpoint=None).accounts["wb"]

    assert account.has_address


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"mode": "LIVE"}, 'accounts.wb.mode = \'LIVE\': use "paper" or "live"'),
        ({"account_id": None}, "accounts.wb.account_id: missing; give a text"),
        ({"account_id": "WB 1"}, "accounts.wb.account_id = 'WB 1': give the id from"),
        ({"account_id": "WBÄ"}, "accounts.wb.account_id = 'WBÄ': give the id from"),
        ({"endpoint": "127.0.0.1:8600"}, "accounts.wb.endpoint = '127.0.0.1:8600': give http"),
        ({"endpoint": "http://h:port"}, "accounts.wb.endpoint = 'http://h:port': give http"),
        ({"endpoint": "http://h:1/x"}, "accounts.wb.endpoint = 'http://h:1/x': give http"),
        ({"endpoint": "https://api.webull.com"}, "trades real money, but mode = 'paper'"),
        ({"mode": "live"}, "is not Webull's own, but mode = 'live'"),
        ({"app_key": None}, "accounts.wb.app_key: missing; give it as a reference"),
        ({"app_secret": None}, "accounts.wb.app_secret: missing; give it as a reference"),
        ({"app_key": "plain"}, "accounts.wb.app_key: give a reference, env:NAME or file:PATH"),
        ({"app_secret": "env:NONE"}, "the environment has no NONE; set it"),
        ({"allow_short": True}, "accounts.wb.allow_short = True, but short_side is not"),
        ({"settle_s": 3}, "accounts.wb.settle_s = 3: less than answer_timeout_s = 10"),
        ({"region": "fr"}, 'accounts.wb.region = \'fr\': use "us" or "hk" or "jp"'),
        ({"gtc": True}, "accounts.wb.gtc = True"),
        ({"ib_account": "DU1"}, "accounts.wb.ib_account: no such field"),
        ({"broker": "etrade"}, 'accounts.wb.broker = \'etrade\': use "ib" or "webull"'),
    ],
)
def test_what_does_not_fit_is_named_with_its_cure(tmp_path, changes, error):
    with pytest.raises(ConfigError) as refused:
        parsed(tmp_path, **changes)

    assert error in str(refused.value)
    assert "the-secret" not in str(refused.value)
    assert "plain" not in str(refused.value).replace("explain", "")


def test_a_process_that_needs_no_secrets_reads_the_rest(tmp_path):
    found = config.parse(
        {"accounts": {"wb": ACCOUNT}},
        source="janus.toml",
        folder=tmp_path,
        environ={},
        secrets_of=(),
    )

    assert found.accounts["wb"].mode == "paper"


def test_one_account_has_one_worker(tmp_path):
    with pytest.raises(ConfigError, match=r"accounts.two.account_id = .*already traded by"):
        config.parse(
            {"accounts": {"one": ACCOUNT, "two": ACCOUNT}},
            source="janus.toml",
            folder=tmp_path,
            environ=ENVIRON,
        )


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines", "two words"])
def test_a_key_that_cannot_be_one_is_refused_and_not_shown(tmp_path, key):
    with pytest.raises(ConfigError) as refused:
        parsed(tmp_path, environ=ENVIRON | {"WB_KEY": key})

    assert "accounts.wb.app_key: there are characters in it that no key" in str(refused.value)
    assert key not in str(refused.value)
