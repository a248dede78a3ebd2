"""A house in containers is built, trades, loses a worker, and is shut: `make test-compose`.

Called by its name only, never by `make test`: it needs a Docker engine. The tests go in order.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.waiting import eventually

ACCOUNTS = ("ib-main", "ib-alt", "webull-main")
KNOW = {  # who has what is secret
    "postgres_password": {"postgres", "registry"},
    "webull_secret": {"worker-webull-main", "venue"},
}
PINNED = "4.21.12"
BACK_WITHIN_S = 90.0


async def trades(house, account):
    """Buy one share; what is refused meanwhile was not sent."""
    said = await house.janus("buy", "MSFT", "1", "-a", account, "--wait", "--json")
    assert said.code == 0, said
    assert said.data["state"] == "FILLED", said


async def all_trade(house):
    said = await house.janus("accounts", "--json")
    assert said.code == 0, said
    assert {row["account"]: row["worker"] for row in said.data} == dict.fromkeys(ACCOUNTS, "READY")


# ── it trades ────────────────────────────────────────────────────────────────


async def test_every_account_takes_orders_from_outside(house):
    await eventually(lambda: all_trade(house), within_s=BACK_WITHIN_S)


async def test_the_same_symbol_on_all_accounts_stays_a_position_of_each(house):
    for qty, account in enumerate(ACCOUNTS, start=3):
        placed = await house.order("buy", "AAPL", str(qty), "-a", account, "--wait")
        assert placed["state"] == "FILLED", placed

    async def held():
        rows = (await house.janus("positions", "--json")).data
        found = {row["account"]: row["qty"] for row in rows if row["symbol"] == "AAPL"}
        assert found == {"ib-main": "3", "ib-alt": "4", "webull-main": "5"}

    await eventually(held)


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_refusal_is_told_outside(house, account):
    said = await house.janus("sell", "MSFT", "1", "-a", account)

    assert said.code == 3
    assert said.err.startswith("Order Error: ")


# ── it is closed ─────────────────────────────────────────────────────────────


async def test_nothing_runs_as_root(house):
    for name, container in (await house.containers()).items():
        owners = await house.owners(name)
        assert owners, name
        assert "0" not in owners, (name, owners)
        assert await house.inside(name, "id", "-u") != "0\n", name
        assert container.about["Config"]["User"] not in {"", "0", "root"}, name


async def test_no_container_can_write_but_where_it_keeps_its_data(house):
    for name, container in (await house.containers()).items():
        host = container.about["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert not host["CapAdd"], name
        assert not host["Privileged"], name


async def test_only_the_bus_is_reached_from_this_machine_and_only_from_it(house):
    found = {
        (name, port, each["HostIp"])
        for name, container in (await house.containers()).items()
        for port, published in container.about["NetworkSettings"]["Ports"].items()
        for each in published or ()
    }

    assert found == {("nats", "4222/tcp", "127.0.0.1")}


async def reaches(house, service: str, host: str, port: int) -> bool:
    program = (
        f"import socket\ntry: socket.create_connection(({host!r}, {port}), 3)\n"
        "except OSError: print('no')\nelse: print('yes')"
    )
    said: str = await house.python(service, program)
    return said == "yes"


@pytest.mark.parametrize(
    ("service", "host", "port", "may"),
    [
        ("registry", "postgres", 5432, True),
        ("router", "postgres", 5432, False),
        ("marketdata", "postgres", 5432, False),
        ("worker-ib-main", "postgres", 5432, False),
        ("venue", "postgres", 5432, False),
        ("venue", "nats", 4222, False),
        ("router", "nats", 4222, True),
        ("router", "venue", 7497, False),
        ("registry", "venue", 7497, False),
        ("worker-ib-alt", "venue", 7497, True),
        ("worker-ib-alt", "venue", 7498, False),
        ("worker-webull-main", "venue", 8600, True),
        ("worker-webull-main", "postgres", 5432, False),
    ],
)
async def test_a_container_reaches_what_it_needs_and_no_more(house, service, host, port, may):
    assert await reaches(house, service, host, port) is may


@pytest.mark.parametrize("secret", KNOW)
async def test_a_secret_is_where_it_is_needed_and_nowhere_else(house, secret):
    text = (house.folder / "secrets" / secret).read_text()
    for name, container in (await house.containers()).items():
        seen = await house.inside(name, "sh", "-c", "cat /run/secrets/* 2>/dev/null || true")
        assert (text in seen) == (name in KNOW[secret]), name
        assert text not in str(container.about), name
        assert text not in await house.commands(name), name
    assert text not in await house.compose("logs", "--no-color")


async def test_webulls_protobuf_is_in_its_own_container_and_in_no_other(house):
    program = (
        "from importlib import metadata\ntry: print(metadata.version('protobuf'))\n"
        "except metadata.PackageNotFoundError: pass"
    )
    services = (await house.containers()).keys() - {"nats", "postgres"}
    found = {name: await house.python(name, program) for name in services}

    assert [name for name, version in found.items() if version == PINNED] == ["worker-webull-main"]
    assert {name for name, version in found.items() if version} == {"worker-webull-main", "venue"}


# ── it loses a worker ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("account", "other"), [("ib-main", "webull-main"), ("webull-main", "ib-alt")]
)
async def test_a_killed_worker_stops_no_other_and_comes_back_to_its_orders(house, account, other):
    resting = await house.order("buy", "AAPL", "1", "200", "-a", account)
    await house.kill(f"worker-{account}")

    for _ in range(3):
        await trades(house, other)

    async def is_refused():
        said = await house.janus("buy", "MSFT", "1", "-a", account)
        assert said.code not in {0, 5}, said

    await eventually(is_refused)
    await house.start(f"worker-{account}")
    await eventually(lambda: trades(house, account), within_s=BACK_WITHIN_S)
    ended = await house.order("cancel", resting["client_order_id"], "--wait")
    assert ended[0]["state"] == "CANCELED", ended


async def test_a_worker_that_dies_is_started_again_by_the_engine(house):
    before = (await house.container("worker-ib-alt")).state
    pid = before["Pid"]
    try:
        is_its = b"janus_ib_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        is_its = False
    if not is_its or os.geteuid() != 0:
        pytest.skip("the engine's processes cannot be killed from here")
    os.kill(pid, signal.SIGKILL)

    async def is_another():
        state = (await house.container("worker-ib-alt")).state
        assert state["Running"]
        assert state["Pid"] not in {0, pid}

    await eventually(is_another, within_s=BACK_WITHIN_S)
    await eventually(lambda: trades(house, "ib-alt"), within_s=BACK_WITHIN_S)


# ── it is shut ───────────────────────────────────────────────────────────────


async def test_what_was_traded_is_there_after_everything_was_stopped_and_started(house):
    before = (await house.janus("orders", "--json", "--limit", "500")).data
    await house.compose("stop", within_s=180)
    stopped = await house.containers()
    await house.compose("up", "--detach", within_s=180)
    await eventually(house.all_healthy, within_s=180)
    await eventually(lambda: all_trade(house), within_s=BACK_WITHIN_S)

    statuses = {name: each.state["ExitCode"] for name, each in stopped.items()}
    assert {name for name, status in statuses.items() if status == 137} == set(), statuses
    after = (await house.janus("orders", "--json", "--limit", "500")).data
    assert {row["client_order_id"] for row in after} == {row["client_order_id"] for row in before}


async def test_all_that_the_venue_filled_is_in_the_books_once(house):
    truth = await house.truth("executions")
    assert truth

    async def booked():
        rows = (await house.janus("fills", "--json", "--limit", "500")).data
        ours = sorted((row["client_order_id"], row["qty"]) for row in rows)
        assert ours == sorted((row["order_ref"], str(row["qty"])) for row in truth)

    await eventually(booked)
    orders = [row["order_ref"] for row in await house.truth("orders")]
    assert len(orders) == len(set(orders))
