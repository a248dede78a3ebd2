"""Every error names the field, the value and the cure; no secret is ever shown."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from janus_common import config
from janus_common.config import Config, Secret
from janus_common.errors import ConfigError

ACCOUNT = {
    "broker": "ib",
    "mode": "paper",
    "ib_account": "DU1234567",
    "client_id": 11,
    "port": 4002,
}
HIDDEN = "hunter2"


def parsed(raw: dict[str, Any], tmp_path, environ: dict[str, str] | None = None) -> Config:
    return config.parse(raw, source="janus.toml", folder=tmp_path, environ=environ or {})


def with_account(alias: str = "ib-main", **fields: Any) -> dict[str, Any]:
    """Return settings with one account; a field of None is left out."""
    account = {key: value for key, value in (ACCOUNT | fields).items() if value is not None}
    return {"accounts": {alias: account}}


def error_of(raw: dict[str, Any], tmp_path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as raised:
        parsed(raw, tmp_path, environ)
    assert str(raised.value).startswith("janus.toml: ")
    return str(raised.value)


# ── what is right ────────────────────────────────────────────────────────────


def test_a_file_is_read_with_its_defaults(tmp_path):
    path = tmp_path / "janus.toml"
    path.write_text(
        """
        [bus]
        url = "nats://127.0.0.1:4222"
        [accounts.ib-main]
        broker = "ib"
        mode = "paper"
        ib_account = "DU1234567"
        client_id = 11
        """
    )

    found = config.load(path, environ={})

    assert found.bus.url == "nats://127.0.0.1:4222"
    account = found.accounts["ib-main"]
    assert isinstance(account, config.IbAccount)
    assert account.ib_account == "DU1234567"
    assert account.host == "127.0.0.1"
    assert not account.market_data
    assert found.log.level == "info"


def test_a_live_account_is_taken_when_everything_says_so(tmp_path):
    found = parsed(with_account(mode="live", ib_account="U7654321", port=4001), tmp_path)

    assert found.accounts["ib-main"].mode == "live"


def test_the_settings_cannot_be_changed(tmp_path):
    found = parsed(with_account(), tmp_path)

    with pytest.raises(AttributeError):
        setattr(found.accounts["ib-main"], "mode", "live")  # noqa: B010 - what mypy forbids


def test_settings_that_were_read_are_left_as_they_are(tmp_path):
    raw = with_account()
    before = copy.deepcopy(raw)

    parsed(raw, tmp_path, {"JANUS__ACCOUNTS__IB_MAIN__PORT": "4099"})

    assert raw == before


# ── what is wrong ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"port": "4002"}, "accounts.ib-main.port = '4002': expected `int | null`, got `str`"),
        ({"port": 0}, "accounts.ib-main.port = 0: expected `int` >= 1"),
        ({"port": 70_000}, "accounts.ib-main.port = 70000: expected `int` <= 65535"),
        ({"client_id": 0}, "accounts.ib-main.client_id = 0: expected `int` >= 1"),
        ({"client_id": None}, "accounts.ib-main.client_id: missing; give a whole number"),
        ({"ib_account": None}, "accounts.ib-main.ib_account: missing; give a text"),
        ({"mode": None}, 'accounts.ib-main.mode: missing; use "paper" or "live"'),
        ({"mode": "LIVE"}, 'accounts.ib-main.mode = \'LIVE\': use "paper" or "live"'),
        ({"broker": "webul"}, "accounts.ib-main.broker = 'webul': use \"ib\""),
        ({"broker": None}, 'accounts.ib-main.broker: missing; use "ib"'),
        ({"prot": 4002}, "accounts.ib-main.prot: no such field; did you mean port?"),
        ({"colour": "red"}, "accounts.ib-main.colour: no such field; use one of alarm_after_s, "),
        ({"allow_short": "yes"}, "accounts.ib-main.allow_short = 'yes': expected `bool`"),
        (
            {"restart_window": "23:40-00:50 America/Gotham"},
            "accounts.ib-main.restart_window = '23:40-00:50 America/Gotham' names no time zone",
        ),
        ({"sweep_s": 0}, "accounts.ib-main.sweep_s = 0: expected `float` > 0.0"),
        ({"sweep_s": float("inf")}, "accounts.ib-main.sweep_s = inf: expected `float` <= 86400.0"),
        ({"sweep_s": float("nan")}, "accounts.ib-main.sweep_s = nan: expected `float`"),
        (
            {"on_bus_loss": "flatten"},
            (
                "accounts.ib-main.on_bus_loss = 'flatten': a position is closed by an order, and "
                'without the bus no order can be recorded; use "cancel_all", and `janus flatten` '
                'when the bus is back, or "hold"'
            ),
        ),
        (
            {"on_bus_loss": "sell"},
            'accounts.ib-main.on_bus_loss = \'sell\': use "hold" or "cancel_all"',
        ),
        (
            {"mode": "live", "ib_account": "DU1"},
            "accounts.ib-main.mode = 'live', but ib_account 'DU1' is a paper id; use mode",
        ),
        (
            {"mode": "paper", "ib_account": "U1"},
            "accounts.ib-main.mode = 'paper', but ib_account 'U1' is no paper id",
        ),
        (
            {"mode": "live", "ib_account": "U1", "port": None},
            "accounts.ib-main.port: missing; a live account must say its gateway's port",
        ),
    ],
)
def test_a_wrong_account_names_field_value_and_cure(tmp_path, fields, error):
    assert f"janus.toml: {error}" in error_of(with_account(**fields), tmp_path)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({}, "accounts: missing"),
        ({"accounts": 5}, "accounts = 5: expected `object`"),
        ({"accounts": {"ib-main": 5}}, "accounts.ib-main = 5: expected `object`"),
        (with_account() | {"bsu": {}}, "bsu: no such field; did you mean bus?"),
        (with_account() | {"bus": {"url": 4222}}, "bus.url = 4222: expected `str | null`"),
        (with_account() | {"bus": "nats"}, "bus = 'nats': expected `object`"),
        (with_account() | {"bus": {"ulr": "x"}}, "bus.ulr: no such field; did you mean url?"),
        (
            with_account() | {"log": {"level": "loud"}},
            'log.level = \'loud\': use "debug" or "info" or',
        ),
        (with_account() | {"venue": {"seed": "x"}}, "venue.seed = 'x': expected `int`"),
    ],
)
def test_a_wrong_section_names_field_value_and_cure(tmp_path, raw, error):
    assert error in error_of(raw, tmp_path)


@pytest.mark.parametrize(
    "alias", ["IB-Main", "ib_main", "1ib", "-ib", "ib main", "ib.main", "", "é", "a" * 33]
)
def test_an_alias_that_could_not_be_part_of_a_subject_is_refused(tmp_path, alias):
    assert f"accounts.{alias}: an alias has" in error_of(with_account(alias), tmp_path)


def test_the_second_wrong_account_is_named_too(tmp_path):
    raw = {"accounts": {"good": ACCOUNT, "bad": ACCOUNT | {"port": "x"}}}

    assert "accounts.bad.port = 'x'" in error_of(raw, tmp_path)


def test_two_workers_cannot_share_a_connection(tmp_path):
    raw = {"accounts": {"one": ACCOUNT, "two": ACCOUNT | {"ib_account": "DU2"}}}

    assert (
        "accounts.two.client_id = 11: already used by accounts.one; give every worker its own"
        in error_of(raw, tmp_path)
    )


def test_two_workers_cannot_trade_one_account(tmp_path):
    raw = {"accounts": {"one": ACCOUNT, "two": ACCOUNT | {"client_id": 12}}}

    assert (
        "accounts.two.ib_account = 'DU1234567': already traded by accounts.one; one account"
        in error_of(raw, tmp_path)
    )


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"[bus\n", "not TOML"), (b"\xff\xfe", "not TOML"), (b"a = 1\na = 2", "not TOML")],
)
def test_a_file_that_is_not_toml_says_so(tmp_path, content, error):
    path = tmp_path / "janus.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=f"janus.toml: {error}"):
        config.load(path, environ={})


def test_a_file_that_is_missing_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"no such file; a sample is deploy/"):
        config.load(tmp_path / "janus.toml", environ={})


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="directory"):
        config.load(tmp_path, environ={})


def test_a_bus_that_is_needed_and_not_set_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError, match=r"bus\.url is not set; .* `janus up`"):
        config.bus_url(parsed(with_account(), tmp_path))


# ── the environment laid over the file ───────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("JANUS__BUS__URL", "nats://h:1", lambda c: c.bus.url == "nats://h:1"),
        ("JANUS__ACCOUNTS__IB_MAIN__PORT", "4099", lambda c: c.accounts["ib-main"].port == 4099),
        ("JANUS__ACCOUNTS__IB_MAIN__HOST", "h", lambda c: c.accounts["ib-main"].host == "h"),
        (
            "JANUS__ACCOUNTS__IB_MAIN__MARKET_DATA",
            "true",
            lambda c: c.accounts["ib-main"].market_data,
        ),
        ("JANUS__LOG__LEVEL", "debug", lambda c: c.log.level == "debug"),
    ],
)
def test_a_variable_overrides_the_file(tmp_path, name, text, read):
    assert read(parsed(with_account(), tmp_path, {name: text}))


def test_other_variables_of_that_prefix_do_no_harm(tmp_path):
    environ = {"JANUS_POSTGRES_DSN": "x", "JANUS": "y", "PATH": "z"}

    assert parsed(with_account(), tmp_path, environ) == parsed(with_account(), tmp_path)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("JANUS__BUS__ULR", "bus.ulr: no such field; did you mean url?"),
        ("JANUS__LOG__LEVEL__X", "JANUS__LOG__LEVEL__X: level is no section; unset that variable"),
        ("JANUS__", "no such field"),
        ("JANUS__ACCOUNTS__IB_MAIN__PORT", "accounts.ib-main.port = 'x': expected `int"),
    ],
)
def test_a_wrong_variable_is_refused(tmp_path, name, error):
    assert error in error_of(with_account() | {"log": {"level": "info"}}, tmp_path, {name: "x"})


# ── secrets ──────────────────────────────────────────────────────────────────


def test_a_secret_comes_from_the_environment(tmp_path):
    raw = with_account() | {"postgres": {"dsn": "env:DSN"}}

    assert parsed(raw, tmp_path, {"DSN": HIDDEN}).postgres.dsn == HIDDEN


def test_a_secret_comes_from_a_file_beside_the_settings(tmp_path):
    (tmp_path / "dsn").write_text(f"{HIDDEN}\n")
    raw = with_account() | {"postgres": {"dsn": "file:dsn"}}

    assert parsed(raw, tmp_path).postgres.dsn == HIDDEN


@pytest.mark.parametrize(
    ("reference", "environ", "error"),
    [
        ("env:DSN", {}, "postgres.dsn = 'env:DSN': the environment has no DSN; set it"),
        ("env:DSN", {"DSN": ""}, "postgres.dsn = 'env:DSN': the environment has no DSN; set it"),
        ("file:none", {}, "No such file or directory; create it"),
        ("file:empty", {}, "is empty; put the secret into it"),
        ("file:binary", {}, "not text; create it"),
        ("file:", {}, "Is a directory; create it"),
    ],
)
def test_a_secret_that_is_missing_says_where_it_was_looked_for(tmp_path, reference, environ, error):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    raw = with_account() | {"postgres": {"dsn": reference}}

    found = error_of(raw, tmp_path, environ)

    assert f"postgres.dsn = '{reference}'" in found
    assert error in found


@pytest.mark.parametrize("reference", ["env:DSN", "file:none", "file:empty"])
def test_a_process_needs_nobody_elses_secrets(tmp_path, reference):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "account").write_text("DU7777777")
    raw = with_account(ib_account="file:account") | {"postgres": {"dsn": reference}}

    found = config.parse(
        raw, source="janus.toml", folder=tmp_path, environ={}, secrets_of=("accounts.ib-main",)
    )

    assert (found.accounts["ib-main"].own_id, found.postgres.dsn) == ("DU7777777", reference)


@pytest.mark.parametrize("field", ["bus.url", "postgres.dsn"])
def test_a_process_needs_its_own_secrets_and_the_bus(tmp_path, field):
    section, _, key = field.partition(".")
    raw = with_account() | {section: {key: "file:none"}}

    with pytest.raises(ConfigError, match=f"{field} = 'file:none': cannot read"):
        config.parse(
            raw, source="janus.toml", folder=tmp_path, environ={}, secrets_of=("postgres",)
        )


@pytest.mark.parametrize(
    "dsn", ["env:DSN", f"postgresql://janus:{HIDDEN}@127.0.0.1/janus"], ids=["reference", "url"]
)
def test_a_secret_is_not_shown(tmp_path, dsn):
    raw = with_account() | {"postgres": {"dsn": dsn}}

    found = parsed(raw, tmp_path, {"DSN": HIDDEN})

    assert HIDDEN not in repr(found)
    assert HIDDEN not in f"{[found.postgres.dsn]}"
    assert isinstance(found.postgres.dsn, Secret)
    assert HIDDEN in found.postgres.dsn


@pytest.mark.parametrize("field", ["port", "mode", "broker", "allow_short", "client_id"])
def test_a_secret_in_the_wrong_place_is_not_shown_in_the_error(tmp_path, field):
    found = error_of(with_account(**{field: "env:KEY"}), tmp_path, {"KEY": HIDDEN})

    assert f"accounts.ib-main.{field} = Secret(***)" in found
    assert HIDDEN not in found


def test_a_secret_in_a_variable_of_the_overlay_is_not_shown(tmp_path):
    environ = {"JANUS__POSTGRES__DSN": f"postgresql://janus:{HIDDEN}@127.0.0.1/janus"}

    assert HIDDEN not in repr(parsed(with_account(), tmp_path, environ))


def test_the_example_to_copy_is_right():
    example = Path(__file__).parents[3] / "deploy" / "janus.example.toml"

    assert sorted(config.load(example, environ={}).accounts) == ["ib-alt", "ib-main"]
