"""Ports are free, remembered, and given up only when somebody else has them."""

from __future__ import annotations

import socket

import pytest
from janus_cli.stack import ports
from janus_cli.stack.spec import StackError


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_new_ports_are_free_and_differ():
    chosen = ports.settle(["a", "b", "c"], remembered={}, wanted={})

    assert len(set(chosen.values())) == 3
    assert all(ports.is_free(port) for port in chosen.values())


def test_a_remembered_port_is_kept_while_it_is_free():
    first = ports.settle(["a"], remembered={}, wanted={})

    assert ports.settle(["a"], remembered=first, wanted={}) == first


def test_a_remembered_port_that_is_taken_is_chosen_anew(taken):
    assert ports.settle(["a"], remembered={"a": taken}, wanted={})["a"] != taken


def test_a_port_that_was_set_wins_over_the_remembered_one():
    free = ports.settle(["x", "y"], remembered={}, wanted={})

    chosen = ports.settle(["a"], remembered={"a": free["x"]}, wanted={"a": free["y"]})

    assert chosen == {"a": free["y"]}


def test_a_port_that_was_set_is_never_given_to_another():
    free = ports.settle(["x"], remembered={}, wanted={})["x"]

    chosen = ports.settle(["a", "b"], remembered={"a": free}, wanted={"b": free})

    assert chosen["b"] == free
    assert chosen["a"] != free


def test_a_set_port_that_is_taken_is_refused_by_name_and_number(taken):
    with pytest.raises(StackError, match=f"port {taken}, set for venue, is in use") as refused:
        ports.settle(["venue"], remembered={}, wanted={"venue": taken})

    assert refused.value.hint


def test_ports_survive_being_written_down(tmp_path):
    ports.save(tmp_path / "ports.json", {"nats": 4222})

    assert ports.load(tmp_path / "ports.json") == {"nats": 4222}


@pytest.mark.parametrize("text", ["", "[]", '{"nats": "x"}'])
def test_a_damaged_memory_of_ports_is_no_memory(tmp_path, text):
    (tmp_path / "ports.json").write_text(text)

    assert ports.load(tmp_path / "ports.json") == {}
