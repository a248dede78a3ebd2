"""When an order that Webull does not know is certain never to arrive."""

from __future__ import annotations

from janus_webull_worker.doubts import Doubts

SETTLE_S = 30.0


def test_an_order_is_asked_about_soon_and_then_less_and_less_often():
    doubts = Doubts(SETTLE_S)
    doubts.add("o-1", wires=("o-1",), sent_s=0.0, now_s=0.0)
    due = []
    for _ in range(7):
        due.append(doubts.next_s() or 0.0)
        doubts.asked("o-1", due[-1])

    assert due == [0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 31.5]


def test_an_unknown_order_may_still_arrive_until_the_time_has_passed():
    doubts = Doubts(SETTLE_S)
    doubts.add("o-1", wires=("o-1",), sent_s=100.0, now_s=100.0)

    assert not doubts.is_settled("o-1", asked_s=129.9)
    assert doubts.is_settled("o-1", asked_s=130.0)


def test_an_order_that_is_being_sent_is_never_given_up():
    doubts = Doubts(SETTLE_S)
    doubts.add("o-1", wires=("o-1",), sent_s=0.0, now_s=0.0)
    doubts.begin("o-1")

    assert not doubts.is_settled("o-1", asked_s=1e9)


def test_the_time_counts_from_the_end_of_the_request_not_from_the_record():
    doubts = Doubts(SETTLE_S)
    doubts.begin("o-1")
    doubts.add("o-1", wires=("o-1",), sent_s=0.0, now_s=0.0)
    doubts.end("o-1", 15.0)

    assert not doubts.is_settled("o-1", asked_s=44.0)
    assert doubts.is_settled("o-1", asked_s=45.0)


def test_an_order_that_was_not_in_doubt_yet_may_still_arrive():
    assert not Doubts(SETTLE_S).is_settled("o-1", asked_s=1e9)


def test_an_order_in_doubt_once_more_is_asked_about_by_all_of_its_ids():
    doubts = Doubts(SETTLE_S)
    doubts.add("o-1", wires=("o-1",), sent_s=0.0, now_s=0.0)

    doubts.add("o-1", wires=("o-1_d",), sent_s=1.0, now_s=1.0)
    doubts.add("o-1", wires=("o-1",), sent_s=2.0, now_s=2.0)

    [doubt] = doubts.due(10.0)
    assert doubt.wires == ("o-1", "o-1_d")


def test_what_is_settled_is_asked_about_no_more():
    doubts = Doubts(SETTLE_S)
    doubts.add("o-1", wires=("o-1",), sent_s=0.0, now_s=0.0)

    doubts.settle("o-1")

    assert doubts.next_s() is None
    assert doubts.due(1e9) == []
