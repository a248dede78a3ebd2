"""A router knows what is halted: it refuses early, and speaks for the house."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import uuid4

import pytest
from janus_common import subjects
from janus_common.bus import bus, service
from janus_common.errors import Code, Denied
from janus_common.halts import Halts
from janus_common.messages import (
    CancelIntent,
    Control,
    ControlReply,
    FlattenIntent,
    Halt,
    OcaIntent,
    Outcome,
    ReplaceIntent,
    ResolveOrderIntent,
    Verdict,
)
from janus_common.operating import Operator
from janus_router.control import RouterControl

from tests.support.messages import intent
from tests.support.router_house import running
from tests.support.waiting import eventually


@asynccontextmanager
async def router(url, accounts, *, file=None):
    """Run the part of a router that operators speak to."""
    async with bus.connect(url, name="router") as ours:
        here = await service.start(ours, "router")
        control = RouterControl(ours, accounts, file=file)
        await control.begin(here)
        ours.tasks.create_task(control.brake.run())
        yield control


@pytest.fixture
async def control(own_nats):
    async with router(own_nats.url, ["ib-main", "ib-alt"]) as found:
        yield found


@pytest.fixture
async def client(own_nats):
    async with bus.connect(own_nats.url, name="tester") as found:
        yield found


async def record(client, account=None):
    return await Halts(client).find(account)


def halted(control) -> list[str]:
    return [name for name in ("ib-main", "ib-alt") if control.brake.why(name)]


async def test_a_halt_of_the_house_is_put_on_record_and_survives_the_router(
    control, client, own_nats
):
    said = Control(principal="alice", reason="news")
    where = subjects.control("halt", subjects.HOUSE)
    reply = await client.request(where, said, ControlReply)

    assert reply.outcome is Outcome.ACCEPTED
    assert halted(control) == ["ib-main", "ib-alt"]
    assert (await record(client)).value.reason == "news"
    async with router(own_nats.url, ["ib-main", "ib-alt"]) as second:
        assert halted(second) == ["ib-main", "ib-alt"]


async def test_a_word_to_one_account_is_heard_and_halts_no_other(control, client):
    said = Control(account="ib-main", principal="alice")
    await client.publish(subjects.control("halt", "ib-main"), said)

    await eventually(lambda: halted(control) == ["ib-main"], 0.5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ib-main", Control(account="ib-alt")),  # its worker refuses it
        ("other", Control(account="other")),
    ],
)
async def test_a_word_that_fits_no_account_halts_nothing(control, client, name, said):
    await client.publish(subjects.control("halt", name), said)
    await client.publish(subjects.control("halt", "ib-alt"), Control(account="ib-alt"))

    await eventually(lambda: halted(control) == ["ib-alt"])


async def test_a_record_and_a_file_are_seen_without_a_word(own_nats, client, tmp_path):
    file = tmp_path / "halt"
    async with router(own_nats.url, ["ib-main", "ib-alt"], file=file) as control:
        await Halts(client).halt(Halt(account="ib-alt", since_ns=1))
        await eventually(lambda: halted(control) == ["ib-alt"], 1.5)

        file.touch()
        await eventually(lambda: halted(control) == ["ib-main", "ib-alt"], 1.5)


async def test_a_resume_of_the_house_leaves_the_halt_of_an_account(control, client):
    operator = Operator(client, "alice")
    await operator.halt("ib-main", reason="", tell=[])
    await operator.halt(None, reason="", tell=[subjects.HOUSE])

    done = await operator.resume(None, reason="", tell=[subjects.HOUSE])

    assert [each.is_done for each in done.answers] == [True]
    await eventually(lambda: halted(control) == ["ib-main"])


async def test_a_halt_and_a_resume_right_after_it_end_resumed(control, client):
    operator = Operator(client, "alice")
    for _ in range(20):
        await operator.halt("ib-main", reason="", tell=[])
        said = Control(account="ib-main", revision=(await record(client, "ib-main")).revision)
        await client.publish(subjects.control("halt", "ib-main"), said)
        await operator.resume("ib-main", reason="", tell=[])

    await eventually(lambda: halted(control) == [])
    await control.brake.saved()
    assert not (await record(client, "ib-main")).value.is_halted


async def test_an_order_right_behind_a_resume_is_not_refused(control, client):
    await Halts(client).halt(Halt(account="ib-main", since_ns=1))
    await eventually(lambda: halted(control) == ["ib-main"])
    with pytest.raises(Denied, match="halted"):
        await control.check("ib-main")

    await Halts(client).resume("ib-main", principal="alice")

    await control.check("ib-main")


async def test_the_house_is_no_account(control, client):
    where = subjects.control("halt", subjects.HOUSE)

    reply = await client.request(where, Control(account="ib-main"), ControlReply)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.WRONG_ACCOUNT)


async def test_while_halted_only_cancels_and_flattens_reach_the_worker(own_nats, client):
    names: list[str] = []
    async with (
        router(own_nats.url, names) as control,
        running(own_nats.url, check=control.check) as house,
    ):
        account = house.accounts[0]
        await Operator(client, "alice").halt(None, reason="news", tell=[subjects.HOUSE])
        orders = [intent(account=account, client_order_id=uuid4().hex) for _ in range(2)]
        refused = [
            await house.ask(orders[0]),
            await house.ask(OcaIntent(client_order_id="group", account=account, orders=orders)),
            await house.ask(ReplaceIntent(account=account, client_order_id="o-1", qty=Decimal(2))),
        ]
        passed = [
            await house.ask(CancelIntent(account=account, client_order_id="o-1")),
            await house.ask(FlattenIntent(account=account)),
        ]

    assert [each.code for each in refused] == [Code.HALTED] * 3
    assert "all accounts are halted by alice since" in refused[0].reason
    assert [each.outcome for each in passed] == [Outcome.ACCEPTED] * 2
    assert len(house.workers[0].taken) == 2


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 301, "bell \a", "\x1b[2J"])
async def test_an_operators_word_needs_a_reason_that_can_be_read(own_nats, reason):
    async with running(own_nats.url) as house:
        wanted = ResolveOrderIntent(
            account=house.accounts[0],
            client_order_id="o-1",
            verdict=Verdict.FILLED,
            reason=reason,
        )
        reply = await house.ask(wanted)

    assert (reply.outcome, reply.code) == (Outcome.DENIED, Code.INVALID_MESSAGE)
    assert "is empty, too long, or no text" in reply.reason
    assert house.workers[0].taken == []


async def test_an_operators_word_reaches_the_worker_as_one_line_and_passes_a_halt(own_nats):
    async def halted(account):
        raise Denied(Code.HALTED, f"{account} is halted")

    async with running(own_nats.url, check=halted) as house:
        wanted = ResolveOrderIntent(
            account=house.accounts[0],
            client_order_id="o-1",
            verdict=Verdict.NOT_SENT,
            reason="their desk\n has no trace",
        )
        reply = await house.ask(wanted)

    [command] = house.workers[0].taken
    assert reply.outcome is Outcome.ACCEPTED
    assert (command.principal, command.intent.reason) == ("tester", "their desk has no trace")


async def test_an_operators_word_about_no_order_id_is_refused(own_nats):
    async with running(own_nats.url) as house:
        wanted = ResolveOrderIntent(
            account=house.accounts[0], client_order_id="a b", verdict=Verdict.FILLED, reason="x"
        )
        reply = await house.ask(wanted)

    assert reply.code is Code.INVALID_ID
