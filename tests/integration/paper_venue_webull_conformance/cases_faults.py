"""What a client sees when the broker's servers go wrong, and trade events."""

from __future__ import annotations

from tests.integration.paper_venue_webull_conformance.cases import REST, Cases, Trader, new_name

FAULTS = Cases("Faults of requests")
EVENTS = Cases("Trade events")
LOST = "SDK.HttpError"


@FAULTS.case("place, answer lost", "SDK.HttpError; the order is there")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_lost_answer")
    name = new_name()
    await t.fails(t.place(client_order_id=name), LOST, 0)
    assert (await t.state(name))["order_status"] == "FILLED"


@FAULTS.case("place, timeout before it is read", "SDK.HttpError; there is no order")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_timeout", path="/place")
    name = new_name()
    await t.fails(t.place(client_order_id=name), LOST, 0)
    await t.fails(t.state(name), "ORDER_NOT_FOUND")


@FAULTS.case("place, connection reset", "SDK.HttpError, before and after it is taken")
async def _(t: Trader) -> None:
    before, after = new_name(), new_name()
    await t.venue.fault("webull_reset", path="/place")
    await t.fails(t.place(client_order_id=before), LOST, 0)
    await t.venue.fault("webull_reset_after")
    await t.fails(t.place(client_order_id=after), LOST, 0)
    assert (await t.truth(before), len(await t.truth(after))) == ([], 1)


@FAULTS.case("place, 5xx", "the server's code, before and after it is taken")
async def _(t: Trader) -> None:
    before, after = new_name(), new_name()
    await t.venue.fault("webull_error", path="/place")
    await t.fails(t.place(client_order_id=before), "SERVICE_NOT_AVAILABLE", 503)
    await t.venue.fault("webull_error_after")
    await t.fails(t.place(client_order_id=after), "GATEWAY_TIMEOUT", 504)
    assert (await t.truth(before), len(await t.truth(after))) == ([], 1)


@FAULTS.case("place, too many requests", "429 TOO_MANY_REQUESTS; there is no order")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_too_many", times=2)
    for _ in range(2):
        await t.refused("TOO_MANY_REQUESTS", 429)
    await t.place()


@FAULTS.case("place, HTML with 200", "no JSON")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_html_after")
    name = new_name()
    await t.fails(t.place(client_order_id=name), "no JSON", 0)
    assert len(await t.truth(name)) == 1


@FAULTS.case("place, 302", "SDK.UnknownServerError; not followed")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_redirect", path="/place")
    await t.refused("SDK.UnknownServerError", 302)


@FAULTS.case("place, an error that is a JSON list", "the SDK raises AttributeError")
async def _(t: Trader) -> None:
    await t.venue.fault("webull_odd_error", path="/place")
    await t.refused("AttributeError", 0)


@EVENTS.case("subscribe, MARKET", "connected; FINAL_FILLED")
async def _(t: Trader) -> None:
    await t.subscribed()
    name = await t.place()
    one = await t.heard(name, "FINAL_FILLED")
    assert (one["filled_qty"], one["order_status"]) == ("10.00", "FILLED")


@EVENTS.case("replace, cancel", "MODIFY_SUCCESS, CANCEL_SUCCESS")
async def _(t: Trader) -> None:
    await t.subscribed()
    fields = t.order(**REST)
    await t.sdk.place(account=t.account, order=fields)
    await t.sdk.replace(account=t.account, order=fields | {"qty": "11"})
    await t.cancel(fields["client_order_id"])
    await t.heard(fields["client_order_id"], "MODIFY_SUCCESS")
    await t.heard(fields["client_order_id"], "CANCEL_SUCCESS")


@EVENTS.case("order that fails after it was taken", "PLACE_FAILED; its state is FAILED")
async def _(t: Trader) -> None:
    await t.subscribed()
    await t.venue.fault("webull_fail_later", seconds=0.1)
    name = await t.place(**REST)
    await t.heard(name, "PLACE_FAILED")
    assert (await t.state(name))["order_status"] == "FAILED"


@EVENTS.case("events mute, the order filled", "pings flow; REST has it")
async def _(t: Trader) -> None:
    await t.subscribed()
    await t.venue.fault("webull_mute_events")
    name = await t.place()
    await t.said("Ping")
    assert (await t.state(name))["order_status"] == "FILLED"
    assert name not in [one["client_order_id"] for _, one in await t.sdk.heard()]


@EVENTS.case("AuthError, NumOfConnExceed, SubscribeExpired", "the SDK logs them, nothing more")
async def _(t: Trader) -> None:
    for fault, words in (
        ("webull_auth_error", "AuthError"),
        ("webull_too_many_streams", "NumOfConnExceed"),
    ):
        await t.venue.fault(fault)
        await t.sdk.subscribe(accounts=[t.account])
        await t.said(words)
    await t.subscribed()
    await t.venue.fault("webull_expire_stream")
    await t.said("SubscribeExpired")


@EVENTS.case("the stream ends, as if all were well", "the SDK returns, and says so in its log only")
async def _(t: Trader) -> None:
    await t.subscribed()
    await t.venue.fault("webull_close_stream")
    await t.said("processing will stopped")


@EVENTS.case("the stream breaks", "UNAVAILABLE; the SDK tries again")
async def _(t: Trader) -> None:
    await t.subscribed()
    await t.venue.fault("webull_break_stream")
    await t.said("next retry will be started")


@EVENTS.case("an event that is no JSON", "the SDK gives the stream up")
async def _(t: Trader) -> None:
    await t.subscribed()
    await t.venue.fault("webull_bad_event")
    await t.place()
    await t.said("Caught exception in decode message")
