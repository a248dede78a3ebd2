"""The control port's operations as a table, and the OpenAPI document made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request

Document = dict[str, Any]
SCHEMAS = "#/components/schemas/{name}"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One request that is answered; ``handle`` takes the body if there is one."""

    method: str
    path: str
    what: str
    handle: Callable[[Any], Any]
    body: type[msgspec.Struct] | None = None
    query: Mapping[str, str] = field(default_factory=dict)  # name to JSON type


def document(operations: Sequence[Operation]) -> Document:
    """Return the OpenAPI document of ``operations``."""
    bodies = [one.body for one in operations if one.body is not None]
    _, schemas = msgspec.json.schema_components(bodies, ref_template=SCHEMAS)
    paths: dict[str, Document] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    error = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Paper venue, control port", "version": "1"},
        "paths": paths,
        "components": {"schemas": {**_with_numbers(schemas), "Error": error}},
    }


def query(request: Request, name: str) -> str:
    """Return a parameter of the query; empty if it is absent."""
    return request.query_params.get(name, "")


def _with_numbers(schema: Any) -> Any:
    """Return a schema in which decimals are numbers, or texts of numbers."""
    if isinstance(schema, list):
        return [_with_numbers(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {**schema, "type": ["number", "string"]}
    return {name: _with_numbers(one) for name, one in schema.items()}


def _operation(one: Operation) -> Document:
    found: Document = {
        "summary": one.what,
        "responses": {
            "200": {"description": "done", "content": {JSON: {"schema": {}}}},
            "default": {
                "description": "refused",
                "content": {JSON: {"schema": {"$ref": SCHEMAS.format(name="Error")}}},
            },
        },
    }
    if one.query:
        found["parameters"] = [
            {"name": name, "in": "query", "schema": {"type": kind}}
            for name, kind in one.query.items()
        ]
    if one.body is not None:
        schema = {"$ref": SCHEMAS.format(name=one.body.__name__)}
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return found
