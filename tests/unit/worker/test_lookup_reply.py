"""How much of a lookup's answer goes into one message."""

from __future__ import annotations

from janus_common import codec
from janus_common.messages import MAX_BYTES
from janus_common.worker.process import CANDIDATES, lookup_reply

from tests.support.messages import instrument


def test_of_two_thousand_candidates_the_first_go_into_a_message_with_their_number():
    longest = dict.fromkeys(
        ("ib_symbol", "ib_exchange", "ib_primary_exchange", "exchange", "source"), "X" * 64
    )
    many = [instrument(ib_conid=2**60 + number, **longest) for number in range(2_000)]

    reply = lookup_reply(many)

    assert (len(reply.candidates), reply.count) == (CANDIDATES, 2_000)
    assert len(codec.encode(reply, codec.Format.JSON)) < MAX_BYTES
