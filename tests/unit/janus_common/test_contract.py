"""The contract's table is complete, and what stands in proto/ is the code's own word."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from janus_common import subjects
from janus_common.bus import buckets, streams
from janus_common.codec import Format, decode
from janus_common.contract import CHANNELS, PARAMETERS, How, all_kinds
from janus_common.contract_keys import BUCKETS
from janus_common.errors import MEANING, Code
from janus_common.examples import EXAMPLES
from janus_common.wire_docs import fields_of

PROTO = Path(__file__).parents[3] / "proto"
BUILDERS = {
    name
    for name, found in inspect.getmembers(subjects, inspect.isfunction)
    if found.__module__ == subjects.__name__ and name not in {"token", "symbol_tail"}
}


def test_every_subject_is_in_the_table():
    families = {channel.subject.split(".")[2] for channel in CHANNELS}

    assert families == BUILDERS


def test_every_message_is_in_the_table_or_part_of_one_that_is():
    named = {kind for channel in CHANNELS for kind in (*channel.kinds, *channel.replies)}
    named |= {keys.kind for keys in BUCKETS}
    inside = json.dumps([json.loads(path.read_text()) for path in (PROTO / "schema").iterdir()])

    for kind in all_kinds():
        assert kind in named or f'"#/$defs/{kind.__name__}"' in inside, kind


def test_no_two_rows_have_the_same_name_or_subject():
    assert len({channel.name for channel in CHANNELS}) == len(CHANNELS)
    assert len({channel.subject for channel in CHANNELS}) == len(CHANNELS)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_a_row_fits_itself(channel):
    assert len(channel.parameters) == channel.subject.count("*") + channel.subject.count(">")
    assert set(channel.parameters) <= PARAMETERS.keys()
    assert bool(channel.replies) == (channel.how is How.REQUEST)
    assert bool(channel.stream) == (channel.how is How.STREAM)
    assert "*" not in channel.address
    assert ">" not in channel.address


def test_the_table_and_the_streams_agree():
    told = {spec.name: set(spec.subjects) for spec in streams.ALL}
    named: dict[str, set[str]] = {}
    for channel in CHANNELS:
        if channel.stream:
            named.setdefault(channel.stream, set()).add(channel.subject)

    assert named == told


def test_the_table_and_the_buckets_agree():
    assert {keys.bucket for keys in BUCKETS} == {spec.name for spec in buckets.ALL}


def test_every_code_has_a_meaning():
    assert list(MEANING) == list(Code)


def test_every_message_has_one_example():
    assert sorted(type(e).__name__ for e in EXAMPLES) == sorted(k.__name__ for k in all_kinds())


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.__name__)
def test_every_field_is_described_from_its_line(kind):
    assert [field.name for field in fields_of(kind)] == list(kind.__struct_fields__)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
@pytest.mark.parametrize("form", Format)
def test_the_golden_vector_is_the_example(example, form):
    suffix = form.value.removeprefix("application/")
    data = (PROTO / "golden" / f"{type(example).__name__}.{suffix}").read_bytes()

    assert decode(data, type(example), form) == example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_the_golden_json_fits_its_schema(example):
    name = type(example).__name__
    golden = json.loads((PROTO / "golden" / f"{name}.json").read_text())
    schema = json.loads((PROTO / "schema" / f"{name}.json").read_text())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(golden, schema, cls=jsonschema.Draft202012Validator)


def test_every_reference_of_the_asyncapi_document_leads_somewhere():
    document = json.loads((PROTO / "asyncapi.json").read_text())
    for reference in _references(document):
        found = document
        for key in reference.removeprefix("#/").split("/"):
            found = found[key]


def _references(value):
    if isinstance(value, dict):
        yield from ([value["$ref"]] if "$ref" in value else [])
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
