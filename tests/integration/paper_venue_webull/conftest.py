"""One venue with a Webull face and a market that stands still, for all tests of a file."""

from __future__ import annotations

import pytest

from tests.support.venue import paper_venue
from tests.support.webull import KEYS, webull_client


@pytest.fixture(scope="module")
async def venue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("venue")
    options = ("--tick-rate", "0", "--webull-rates", "off", "--webull-ping", "0.2")
    async with paper_venue(folder, *options, webull_keys=KEYS) as running:
        await running.pin("AAPL", 227.4, 227.5, last=227.45)
        yield running


@pytest.fixture
async def client(venue):
    await venue.delete("/faults")
    async with webull_client(venue.webull_port) as one:
        yield one
