"""Webull over TLS, as its own hosts speak: requests and events, and a certificate of nobody."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
from janus_common.messages import OrderState

from tests.support.tls import tls_before
from tests.support.waiting import eventually
from tests.support.webull_worker import (
    ACCOUNTS,
    WebullWorkerProcess,
    webull_desk,
    write_settings,
)
from tests.support.worker_process import WorkerProcess

UNTRUSTED = "/app/subscriptions/list: SSLError(SSLCertVerificationError(1, '[SSL: CERT"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def is_trusted(authority, tmp_path, monkeypatch):
    """Let processes that are started now trust ``authority``, as they trust the world's."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    monkeypatch.setenv("WEBULL_API_CA_BUNDLE", str(path))
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(path))


def logged(worker: WorkerProcess, event: str) -> list[dict[str, Any]]:
    return [row for row in worker.log() if row["event"] == event]


def state(worker: WorkerProcess) -> dict[str, Any]:
    """Return what it said last of itself."""
    return ([{"state": "", "reason": ""}, *logged(worker, "service.state")])[-1]


@asynccontextmanager
async def addresses(venue, authority):
    """Yield the settings of a venue that is reached by TLS only."""
    async with (
        tls_before(venue.webull_port, authority) as port,
        tls_before(venue.events_port, authority) as events_port,
    ):
        yield {
            "endpoint": f"https://127.0.0.1:{port}",
            "events_endpoint": f"https://127.0.0.1:{events_port}",
        }


@pytest.mark.usefixtures("is_trusted")
async def test_an_order_is_sent_and_its_fill_told_by_an_event(
    nats_url, webull_venue, authority, tmp_path
):
    async with (
        addresses(webull_venue, authority) as places,
        webull_desk(nats_url, webull_venue, tmp_path, rates="current", **places) as desk,
    ):
        worker = desk.workers[-1]
        await eventually(lambda: logged(worker, "events.connected"))
        name = await desk.market(3)
        await desk.order_is(name, OrderState.FILLED)
        [sent] = await desk.truth(name)

        assert sent["filled"] == 3
        assert not logged(worker, "events.ended")


async def test_a_certificate_that_nobody_vouches_for_is_named_and_not_trusted(
    nats_url, webull_venue, authority, tmp_path
):
    async with addresses(webull_venue, authority) as places:
        write_settings(tmp_path, nats_url, webull_venue, {"wb-start": ACCOUNTS[0]}, **places)
        worker = WebullWorkerProcess(tmp_path, "wb-start")
        await worker.start()
        try:
            await eventually(lambda: UNTRUSTED in state(worker)["reason"], 30)
            assert state(worker)["state"] != "READY"
        finally:
            assert await worker.stop() == 0
