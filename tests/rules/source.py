"""The source files that the rules look at, parsed."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("libs", "services")  # what runs in production


@cache
def files(*folders: str) -> tuple[Path, ...]:
    """Return all Python files below ``folders`` of the repository, as paths from its root."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    hidden = {"__pycache__", ".venv"}
    return tuple(sorted(p.relative_to(ROOT) for p in found if not hidden & set(p.parts)))


@cache
def text(path: Path) -> str:
    return (ROOT / path).read_text("utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path), str(path))


def package(path: Path) -> str:
    """Return the top package that ``path`` belongs to: ``janus_router``, ``janus_common``."""
    return path.parts[2]


def module(path: Path) -> str:
    """Return the dotted name of the module in ``path``."""
    return ".".join(path.with_suffix("").parts[2:]).removesuffix(".__init__")


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the dotted names that the file imports, also inside functions.

    ``from a import b`` is both ``a`` and ``a.b``, as ``b`` may be a module.
    """
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write absolute imports"
            name = node.module or ""
            found |= {name} | {f"{name}.{alias.name}" for alias in node.names}
    return tuple(sorted(found))


def none_of(found) -> None:
    """Fail with all of ``found``, one per line."""
    lines = [str(line) for line in found]
    assert not lines, "\n" + "\n".join(lines)
