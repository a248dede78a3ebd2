"""A command that is interrupted while it waits says that what it asked for may go on, and where to look."""

from __future__ import annotations

import asyncio
import signal

import nats
import pytest
from janus_common import subjects
from janus_common.bus import bus

from tests.integration.cli.conftest import state_folder
from tests.support.messages import order_update
from tests.support.stack import JANUS
from tests.support.waiting import eventually


@pytest.fixture
async def asked(own_nats):
    """What was asked of a router that never answers."""
    heard: list[str] = []
    async with bus.connect(own_nats.url, name="silent") as house:
        await house.streams.provision()
        await house.streams.append(subjects.order("ib-main", "c-1"), order_update())
        client = await nats.connect(own_nats.url)

        async def hear(message):
            heard.append(message.subject)

        await client.subscribe(subjects.intent(), cb=hear)
        await client.flush()
        yield heard
        await client.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("oca", "buy AAPL 1 100", "--id", "g1"), "it may have been sent: janus orders show g1-1"),
        (("cancel", "--all"), "they may be canceled all the same: janus orders"),
        (("replace", "c-1", "--qty", "9"), "it may change all the same: janus orders show c-1"),
        (("flatten", "--yes"), "it may go on all the same: janus orders -a ib-main"),
    ],
)
async def test_an_interrupt_says_that_it_may_go_on(own_nats, asked, tmp_path, words, said):
    folder = state_folder(tmp_path / "state", own_nats.url)
    process = await asyncio.create_subprocess_exec(
        *(JANUS, "--state", folder, *words, "-a", "ib-main"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await eventually(lambda: bool(asked))
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()

    assert (process.returncode, out, err.decode()) == (130, b"", f"\n{said}\n")
