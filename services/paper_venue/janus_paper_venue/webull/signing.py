"""Signatures of requests, exactly as the SDKs make them: pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

Hash = Callable[..., Any]

# Algorithm by its name on the wire: what the body is hashed with, and what the message is.
BODY_HASHES: Mapping[str, Hash] = {"HMAC-SHA1": hashlib.md5, "HMAC-SHA256": hashlib.sha256}
HASHES: Mapping[str, Hash] = {"HMAC-SHA1": hashlib.sha1, "HMAC-SHA256": hashlib.sha256}
VERSION = "1.0"
SIGNED = (
    "x-app-key",
    "x-signature-algorithm",
    "x-signature-nonce",
    "x-signature-version",
    "x-timestamp",
)


def http_signatures(
    *,
    secret: str,
    path: str,
    headers: Mapping[str, str],
    query: Iterable[tuple[str, str]],
    body: bytes,
    hosts: Iterable[str],
) -> set[str]:
    """Return the signatures that are right for a request; one for each name the host may have.

    The client signs the endpoint as it was configured, which the server cannot know: with its
    scheme or without, with its port or without.
    """
    algorithm = headers["x-signature-algorithm"]
    digest = BODY_HASHES[algorithm](body).hexdigest().upper() if body else ""
    found = set()
    for host in hosts:
        fields = {name: headers[name] for name in SIGNED} | {"host": host}
        for name, value in query:
            fields[name] = f"{fields[name]}&{value}" if name in fields else value
        pairs = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
        text = "&".join(part for part in (path, pairs, digest) if part)
        found.add(_sign(secret, text, algorithm))
    return found


def stream_signature(*, secret: str, metadata: Mapping[str, str], request: bytes) -> str:
    """Return the signature that is right for a gRPC request.

    It has neither path nor host, its pairs are joined with ``=``, and its hash is in lower case.
    """
    algorithm = metadata["x-signature-algorithm"]
    pairs = "=".join(f"{name}={metadata[name]}" for name in sorted(SIGNED))
    text = f"{pairs}&{BODY_HASHES[algorithm](request).hexdigest()}"
    return _sign(secret, text, algorithm)


def is_one_of(signature: str, right: Iterable[str]) -> bool:
    """Whether ``signature`` is right; how long that takes says nothing about it."""
    given = signature.encode()
    return any(hmac.compare_digest(given, one.encode()) for one in right)


def hosts_of(host: str) -> tuple[str, ...]:
    """Return what a client may have called the server whose ``Host`` header is ``host``."""
    bare = host.rpartition(":")[0] or host
    names = dict.fromkeys((host, bare))
    return tuple(f"{scheme}{name}" for name in names for scheme in ("", "http://", "https://"))


def _sign(secret: str, text: str, algorithm: str) -> str:
    message = quote(text, safe="-._~").encode()
    key = f"{secret}&".encode()
    return base64.b64encode(hmac.new(key, message, HASHES[algorithm]).digest()).decode()
