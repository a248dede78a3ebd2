"""What the KV buckets hold: the table that documents are made of."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from janus_common import messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What one KV bucket holds."""

    bucket: str
    key: str
    kind: type[msgspec.Struct]
    purpose: str


BUCKETS = (
    Keys(
        bucket="presence",
        key="{service}.{account}, or {service}.{instance}",
        kind=messages.Presence,
        purpose="who is here and how; a key not renewed runs out",
    ),
    Keys(
        bucket="instruments",
        key="{symbol}",
        kind=messages.Instrument,
        purpose="the registry's copy for readers",
    ),
    Keys(
        bucket="harmony",
        key="{broker}.{symbol}",
        kind=messages.HarmonyAnswer,
        purpose="answers to a harmony that was interrupted; kept for an hour",
    ),
    Keys(
        bucket="lease",
        key="{account}",
        kind=messages.Lease,
        purpose="which worker may send for an account",
    ),
    Keys(
        bucket="checkpoint",
        key="{account}",
        kind=messages.Checkpoint,
        purpose="where a worker begins to read its orders",
    ),
    Keys(
        bucket="control",
        key="house, or account.{account}",
        kind=messages.Halt,
        purpose="what is halted; every router and worker reads it each second",
    ),
    Keys(
        bucket="control",
        key="flatten.{account}.{symbol}, or flatten.{account}.all",
        kind=messages.FlattenRecord,
        purpose="a flatten under way; one that is left was cut off by the worker's death",
    ),
    Keys(
        bucket="groups",
        key="{account}.{client_order_id}",
        kind=messages.GroupRecord,
        purpose="that a group of orders has begun; kept for 30 days",
    ),
)
