"""How the worker starts, and is refused; and that its secrets are nowhere to be seen."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from janus_common.bus import bus
from janus_common.messages import OrderState, ServiceState

from tests.support.venue import PaperVenue
from tests.support.waiting import eventually
from tests.support.webull_worker import (
    ACCOUNTS,
    KEY,
    OF_ANOTHER_KEY,
    SECRET,
    WebullDesk,
    WebullWorkerProcess,
    webull_desk,
    write_settings,
)
from tests.support.worker_process import WorkerProcess

CONFIG_STATUS = 78
THERE = ", ".join(ACCOUNTS)


async def started(folder: Path, url: str, venue: PaperVenue, **settings) -> WebullWorkerProcess:
    """Run a worker with wrong settings."""
    account_id = settings.pop("account_id", ACCOUNTS[0])
    write_settings(folder, url, venue, {"wb-start": account_id}, **settings)
    worker = WebullWorkerProcess(folder, "wb-start")
    await worker.start()
    return worker


def said(worker: WorkerProcess) -> str:
    return worker._log.read_text()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"key": "nobody"}, "accounts.wb-start.app_key"),
        ({"secret": "wrong-secret"}, "accounts.wb-start.app_key"),
        ({"account_id": "WBNOBODY"}, "accounts.wb-start.account_id = 'WBNOBODY'"),
        ({"account_id": OF_ANOTHER_KEY}, f"account_id = '{OF_ANOTHER_KEY}': the key has {THERE}"),
        ({"region": "uk"}, 'use "us" or "hk" or "jp"'),
        ({"key": "schlüssel"}, "accounts.wb-start.app_key: there are characters in it"),
        ({"secret": "two\nlines"}, "accounts.wb-start.app_secret: there are characters in it"),
    ],
)
async def test_what_webull_does_not_accept_ends_the_process_and_is_named(
    nats_url, webull_venue, tmp_path, settings, words
):
    worker = await started(tmp_path, nats_url, webull_venue, **settings)

    assert await worker.ended() == CONFIG_STATUS
    assert words in said(worker)
    assert "wrong-secret" not in said(worker)
    assert SECRET not in said(worker)


async def test_an_alias_that_is_not_webulls_is_refused(tmp_path, nats_url, webull_venue):
    write_settings(tmp_path, nats_url, webull_venue, {"wb-start": ACCOUNTS[0]})
    worker = WebullWorkerProcess(tmp_path, "another")
    await worker.start()

    assert await worker.ended() == CONFIG_STATUS
    assert "there is no accounts.another" in said(worker)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("UNAUTHORIZED", "look at app_key, app_secret, region; region = 'hk'"),
        ("IP_NOT_ALLOWED", "look at app_key, app_secret, region; region = 'hk'"),
        ("INVALID_TOKEN", "it wants a token confirmed in the app"),
        ("CLOCK_SKEW_EXCEEDED", "set this machine's clock (NTP)"),
    ],
)
async def test_a_key_that_is_refused_says_what_to_look_at(
    nats_url, webull_venue, tmp_path, code, words
):
    await webull_venue.fault("webull_refuse", code=401, text=code, path="/app", times=0)
    worker = await started(tmp_path, nats_url, webull_venue, region="hk")

    try:
        if code == "CLOCK_SKEW_EXCEEDED":  # it may be set right, and is waited for
            await eventually(lambda: words in said(worker))
            assert worker.is_running
            assert await worker.stop() == 0
        else:
            assert await worker.ended() == CONFIG_STATUS
        assert code in said(worker)
        assert words in said(worker)
    finally:
        await webull_venue.delete("/faults")


@pytest.mark.parametrize("fault", ["webull_html", "webull_redirect", "webull_error"])
async def test_what_is_no_answer_at_the_start_is_waited_out(
    nats_url, webull_venue, tmp_path, fault
):
    await webull_venue.fault(fault, times=6, path="/app")

    async with webull_desk(nats_url, webull_venue, tmp_path, rates="current") as desk:
        assert desk.workers[-1].is_running
    await webull_venue.delete("/faults")


async def test_proxies_in_the_environment_do_not_stand_before_this_machine(
    nats_url, webull_venue, tmp_path, monkeypatch
):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async with webull_desk(nats_url, webull_venue, tmp_path, rates="current") as desk:
        await desk.order_is(await desk.market(1), OrderState.FILLED)


async def test_secrets_are_in_no_log_and_in_no_process_list(nats_url, webull_venue, tmp_path):
    async with webull_desk(nats_url, webull_venue, tmp_path, rates="current") as desk:
        await webull_venue.fault("webull_error", path="/place")
        name = await desk.resting()
        await desk.order_is(name, OrderState.REJECTED, within_s=25.0)
        worker = desk.workers[-1]
        command = Path(f"/proc/{worker.pid}/cmdline").read_bytes().decode()

    for secret in (KEY, SECRET):
        assert secret not in command
        assert secret not in said(worker)


async def test_the_worker_runs_on_the_protobuf_that_its_sdk_pins(nats_url, webull_venue, tmp_path):
    async with webull_desk(nats_url, webull_venue, tmp_path, rates="current") as desk:
        maps = Path(f"/proc/{desk.workers[-1].pid}/maps").read_text()

    assert "services/webull_worker/.venv" in maps
    assert not [
        line for line in maps.splitlines() if "/.venv/" in line and "webull_worker" not in line
    ]


async def test_two_accounts_of_one_key_are_traded_by_one_worker(nats_url, webull_venue, tmp_path):
    aliases = {f"wb-{uuid.uuid4().hex[:8]}": account for account in ACCOUNTS}
    write_settings(tmp_path, nats_url, webull_venue, aliases, rates="current")
    first, second = aliases
    worker = _Crew(tmp_path, first, second)
    async with bus.connect(nats_url, name="test-crew") as house:
        await house.streams.provision()
        await worker.start()
        desks = [WebullDesk(house, webull_venue, tmp_path, alias) for alias in aliases]
        try:
            for desk in desks:
                assert (await desk.is_in(ServiceState.READY)).pid == worker.pid
            for desk in desks:
                name = await desk.market(2)
                await desk.order_is(name, OrderState.FILLED)
                (row,) = await desk.truth(name)
                assert row["account"] == aliases[desk.alias]
        finally:
            assert await worker.stop() == 0


class _Crew(WebullWorkerProcess):
    """A worker of two accounts."""

    def __init__(self, folder: Path, first: str, second: str) -> None:
        super().__init__(folder, first)
        self.more = ("--account", second)


def test_the_tests_run_beside_the_workers_interpreter():
    assert os.access(WebullWorkerProcess.interpreter, os.X_OK), "run bin/setup"
