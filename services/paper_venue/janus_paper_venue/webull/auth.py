"""Who sends a request: the signature, the clock and the nonce must be right."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from janus_paper_venue.webull.answers import Code, denied
from janus_paper_venue.webull.keys import AppKey
from janus_paper_venue.webull.signing import (
    HASHES,
    VERSION,
    hosts_of,
    http_signatures,
    is_one_of,
    stream_signature,
)

REQUIRED: tuple[tuple[str, Code], ...] = (
    ("x-app-key", Code.MISSING_APP_KEY),
    ("x-signature", Code.MISSING_SIGNATURE),
    ("x-signature-algorithm", Code.MISSING_ALGORITHM),
    ("x-signature-version", Code.MISSING_VERSION),
    ("x-signature-nonce", Code.MISSING_NONCE),
    ("x-timestamp", Code.MISSING_TIMESTAMP),
)
MAX_NONCE = 128
MAX_NONCES = 200_000


class Doorman:
    """Lets requests in that are signed with the secret of a known key, each once."""

    def __init__(
        self, keys: Mapping[str, AppKey], *, skew_s: float, world_s: Callable[[], float]
    ) -> None:
        self._keys, self._skew_s, self._world_s = keys, skew_s, world_s
        self._nonces: set[str] = set()
        self._ages: deque[tuple[float, str]] = deque()

    def admit(
        self,
        headers: Mapping[str, str],
        *,
        path: str,
        query: Iterable[tuple[str, str]],
        body: bytes,
    ) -> AppKey:
        """Return the key that has signed an HTTP request; header names are in lower case.

        Raises:
            Refused: nobody has, or it has come before.
        """
        key = self._known(headers)
        right = http_signatures(
            secret=key.secret,
            path=path,
            headers=headers,
            query=query,
            body=body,
            hosts=hosts_of(headers.get("host", "")),
        )
        return self._finish(key, headers, right)

    def admit_stream(self, metadata: Mapping[str, str], request: bytes) -> AppKey:
        """Return the key that has signed a gRPC request.

        Raises:
            Refused: nobody has, or it has come before.
        """
        key = self._known(metadata)
        right = stream_signature(secret=key.secret, metadata=metadata, request=request)
        return self._finish(key, metadata, (right,))

    def _known(self, headers: Mapping[str, str]) -> AppKey:
        for name, code in REQUIRED:
            if not headers.get(name):
                raise denied(code, f"The header {name} is missing.")
        if headers["x-signature-algorithm"] not in HASHES:
            raise denied(Code.ALGORITHM_NOT_SUPPORTED, "The signature algorithm is not supported.")
        if headers["x-signature-version"] != VERSION:
            raise denied(Code.VERSION_NOT_SUPPORTED, f"The signature version is not {VERSION}.")
        self._check_time(headers["x-timestamp"])
        key = self._keys.get(headers["x-app-key"])
        if key is None:
            raise denied(Code.UNAUTHORIZED, "The app key is not known or has expired.")
        return key

    def _check_time(self, text: str) -> None:
        try:
            sent = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise denied(Code.BAD_TIMESTAMP, "The timestamp is not yyyy-MM-ddTHH:mm:ssZ.") from None
        if abs(sent.timestamp() - self._world_s()) > self._skew_s:
            raise denied(Code.CLOCK_SKEW, "The timestamp is too far from the server's clock.")

    def _finish(self, key: AppKey, headers: Mapping[str, str], right: Iterable[str]) -> AppKey:
        if not is_one_of(headers["x-signature"], right):
            raise denied(Code.INCORRECT_SIGN, "The signature is not right.")
        nonce = headers["x-signature-nonce"]
        if len(nonce) > MAX_NONCE or f"{key.key} {nonce}" in self._nonces:
            raise denied(Code.REPLAYED, "The request has come before.")
        self._note(f"{key.key} {nonce}")
        return key

    def _note(self, nonce: str) -> None:
        """Remember a nonce for as long as its timestamp may be accepted."""
        now_s = self._world_s()
        self._nonces.add(nonce)
        self._ages.append((now_s, nonce))
        while self._ages and (
            self._ages[0][0] < now_s - 2 * self._skew_s or len(self._ages) > MAX_NONCES
        ):
            self._nonces.discard(self._ages.popleft()[1])
