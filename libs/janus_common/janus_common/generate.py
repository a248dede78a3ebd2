"""Writes ``proto/`` and the tables of two documents from the code: ``make proto``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from janus_common import config_docs, wire_docs
from janus_common.contract import all_kinds

DOCUMENTS = {
    Path("docs/subjects.md"): wire_docs.blocks,
    Path("docs/configuration.md"): config_docs.blocks,
}
SCHEMA, GOLDEN = FOLDERS = Path("proto/schema"), Path("proto/golden")
_BLOCK = re.compile(r"(<!-- begin (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def files(root: Path) -> dict[Path, bytes]:
    """Return what each generated file below ``root`` should hold, by its path from there."""
    found = {
        SCHEMA / f"{kind.__name__}.json": wire_docs.schema_file(kind).encode()
        for kind in all_kinds()
    }
    found |= {Path("proto/golden") / name: data for name, data in wire_docs.golden_files().items()}
    found[Path("proto/asyncapi.json")] = wire_docs.asyncapi_file(version("janus-common")).encode()
    for document, blocks in DOCUMENTS.items():
        found[document] = fill_in((root / document).read_text("utf-8"), blocks()).encode()
    return found


def fill_in(document: str, blocks: Mapping[str, str]) -> str:
    """Return ``document`` with what stands between its markers made anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}\n{blocks[m[2]]}\n\n{m[3]}", document)


def stale(root: Path) -> list[Path]:
    """Return the generated files below ``root`` that no message stands behind any more."""
    there = [path.relative_to(root) for folder in FOLDERS for path in (root / folder).iterdir()]
    return sorted(set(there) - set(files(root)))


def main() -> None:
    """Write everything below the current folder."""
    root = Path.cwd()
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for path in stale(root):
        (root / path).unlink()
    for path, data in files(root).items():
        (root / path).write_bytes(data)


if __name__ == "__main__":
    main()
