"""The rooms of the house: who may import what."""

from __future__ import annotations

import re
import sys
import tomllib
from functools import cache
from pathlib import Path

from tests.rules.source import CODE, ROOT, files, imports, module, none_of, package, text

PRODUCTION = files(*CODE)
OURS = {package(path) for path in PRODUCTION}
MODULES = {module(path) for path in PRODUCTION}
SHARED, VENUE = "janus_common", "janus_paper_venue"
MODULE_OF = {  # distributions whose module has another name
    "nats-py": "nats",
    "grpcio": "grpc",
    "protobuf": "google",
    "webull-python-sdk-core": "webullsdkcore",
    "webull-python-sdk-trade": "webullsdktrade",
    "webull-python-sdk-trade-events-core": "webullsdktradeeventscore",
}
WEBULL_SDK = r"services/webull_worker/janus_webull_worker/(gateway|translate)\w*\.py"

# Third parties and sharp tools, and the only files that may touch them.
ONLY_IN = {
    "nats": r"libs/janus_common/janus_common/bus/\w+\.py",
    "asyncpg": r"services/registry/janus_registry/(\w+/)*store\w*\.py",
    "ib_async": r"services/ib_worker/janus_ib_worker/(gateway|translate)\w*\.py",
    "webullsdkcore": WEBULL_SDK,
    "webullsdktrade": WEBULL_SDK,
    "webullsdktradeeventscore": WEBULL_SDK,
    "grpc": rf"services/paper_venue/janus_paper_venue/webull/events_server\.py|{WEBULL_SDK}",
    "google": r"services/paper_venue/janus_paper_venue/webull/events_(server|pb2)\.py",
    "pickle": "nowhere",
    "marshal": "nowhere",
    "shelve": "nowhere",
    "yaml": "nowhere",
}

# What decides without doing: no input, no output, no clock, no chance.
PURE = {
    "janus_common.backoff",
    "janus_common.capabilities",
    "janus_common.codec",
    "janus_common.contract",
    "janus_common.cures",
    "janus_common.errors",
    "janus_common.local_symbols",
    "janus_common.messages",
    "janus_common.orders",
    "janus_common.roots",
    "janus_common.subjects",
    "janus_common.steps",
    "janus_common.symbols",
    "janus_marketdata.leases",
    "janus_router.prices",
    "janus_router.validate",
}
IMPURE_STANDARD = {
    "asyncio", "concurrent", "contextvars", "http", "io", "logging", "multiprocessing", "os",
    "pathlib", "random", "secrets", "select", "selectors", "shutil", "signal", "socket", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
CLOCK = "janus_common.clock"
ONLY_NUMBERS_OF_CLOCK = {CLOCK, f"{CLOCK}.NS_PER_S", f"{CLOCK}.ns"}
PURE_THIRD_PARTIES = {"msgspec"}
VENUE_MAY_USE = {"backoff", "clock", "config", "errors", "lean", "lifecycle", "logs"}


def top(name: str) -> str:
    return name.partition(".")[0]


def breaches(paths, is_allowed) -> list[str]:
    """Return every import of ``paths`` that is not allowed, as a line to read."""
    return [
        f"{path} imports {name}"
        for path in paths
        for name in imports(path)
        if not is_allowed(path, name)
    ]


def test_a_service_knows_itself_and_what_is_shared():
    def is_allowed(path: Path, name: str) -> bool:
        return top(name) not in OURS or top(name) in {package(path), SHARED}

    none_of(breaches(PRODUCTION, is_allowed))


def test_a_third_party_is_met_only_in_its_own_files():
    def is_allowed(path: Path, name: str) -> bool:
        where = ONLY_IN.get(top(name))
        return where is None or re.fullmatch(where, path.as_posix()) is not None

    none_of(breaches(PRODUCTION, is_allowed))


@cache
def declared(member: Path) -> set[str]:
    """Return the modules of the dependencies that a member of the workspace declares."""
    project = tomllib.loads((ROOT / member / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[<>=~!\[; ]", line)[0] for line in project["dependencies"]}
    return {MODULE_OF.get(name, name.replace("-", "_")) for name in names}


def test_what_is_imported_is_declared_by_the_member_or_by_what_is_shared():
    shared = declared(Path("libs/janus_common"))

    def is_allowed(path: Path, name: str) -> bool:
        known = declared(Path(*path.parts[:2])) | shared | {package(path)}
        return top(name) in known or top(name) in sys.stdlib_module_names

    none_of(breaches(PRODUCTION, is_allowed))


def test_a_pure_room_touches_nothing():
    assert PURE <= MODULES

    def is_allowed(_: Path, name: str) -> bool:
        if name.startswith(CLOCK):
            return name in ONLY_NUMBERS_OF_CLOCK
        if top(name) in OURS:
            return name not in MODULES or name in PURE | OURS
        if top(name) in sys.stdlib_module_names:
            return top(name) not in IMPURE_STANDARD
        return top(name) in PURE_THIRD_PARTIES

    pure = [path for path in PRODUCTION if module(path) in PURE]
    none_of(breaches(pure, is_allowed))


def test_the_venue_does_not_know_its_client():
    def is_allowed(_: Path, name: str) -> bool:
        is_shared = name in MODULES - {SHARED} and top(name) == SHARED
        return not is_shared or name.removeprefix(f"{SHARED}.") in VENUE_MAY_USE

    venue = [path for path in PRODUCTION if package(path) == VENUE]
    none_of(breaches(venue, is_allowed))


def test_an_end_to_end_test_sees_only_what_users_see():
    def is_allowed(_: Path, name: str) -> bool:
        return top(name) not in OURS or top(name) == SHARED

    none_of(breaches(files("tests/e2e"), is_allowed))


def test_package_files_are_empty():
    none_of(path for path in PRODUCTION if path.name == "__init__.py" and text(path))
