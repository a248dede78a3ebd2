"""How IB is told that orders belong together."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from janus_common.messages import OcaType
from janus_common.worker import groups as common
from janus_ib_worker import groups

from tests.unit.worker.test_groups import BRACKET, OCA


def marked(order, order_id, **more):
    return groups.mark(SimpleNamespace(ocaGroup="", ocaType=0), order, order_id=order_id, **more)


def test_a_leg_names_its_parent_by_its_order_id():
    parent, first, second = common.bracket(BRACKET, now_ns=1).orders

    assert [marked(o, 40 + n).parentId for n, o in enumerate((parent, first, second))] == [
        0,
        40,
        40,
    ]


def test_only_the_last_of_a_bracket_transmits():
    orders = list(common.bracket(BRACKET, now_ns=1).orders)

    assert [groups.waits(order, orders) for order in orders] == [True, True, False]


def test_each_order_of_a_group_transmits():
    orders = list(common.oca(OCA, now_ns=1).orders)

    assert [groups.waits(order, orders) for order in orders] == [False, False]


@pytest.mark.parametrize(("oca_type", "number"), list(zip(OcaType, (1, 2, 3), strict=True)))
def test_the_type_of_a_group_is_said_as_a_number_and_read_back(oca_type, number):
    member = common.oca(OCA, now_ns=1).orders[0]
    sent = marked(type(member)(**{**_fields(member), "oca_type": oca_type}), 40)

    assert (sent.ocaGroup, sent.ocaType) == (OCA.intent.client_order_id, number)
    assert groups.oca_type(sent.ocaGroup, sent.ocaType) is oca_type


def test_an_order_that_stands_alone_is_in_no_group():
    parent = common.bracket(BRACKET, now_ns=1).orders[0]
    sent = marked(parent, 40)

    assert (sent.ocaGroup, sent.parentId, sent.transmit) == ("", 0, True)
    assert groups.oca_type("", 0) is None


def _fields(order):
    return {name: getattr(order, name) for name in order.__struct_fields__}
