"""What the documentation tells a reader to do can be done."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path

import typer
from janus_cli.tree import app

from tests.rules.source import CODE, ROOT, files, none_of, text, tree

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|(?<=[\s`(]))(?:\./)?(?:bin/)?janus (?=[a-z-])")
STOP = re.compile(r"\s(?:\||&&|#|>|2>)|[`;,\\…]|$", re.MULTILINE)


def name(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


@cache
def read(document: Path) -> str:
    return document.read_text("utf-8")


def snippets(document: Path) -> list[str]:
    """Return all that is set as code: lines of blocks, and words in the text."""
    blocks = [body for language, body in FENCE.findall(read(document)) if language in SHELL]
    lines = [line for body in blocks for line in body.splitlines()]
    return lines + INLINE.findall(FENCE.sub("", read(document)))


SHELL = {"", "sh", "bash", "shell", "console"}


def test_there_is_something_to_read():
    assert {"README.md", "docs/architecture.md", "docs/subjects.md"} <= set(map(name, DOCUMENTS))


def test_every_make_target_exists():
    makefile = (ROOT / "Makefile").read_text()
    known = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    none_of(
        f"{name(document)}: make {target}"
        for document in DOCUMENTS
        for snippet in snippets(document)
        for target in re.findall(r"(?:^|[\s(&])make ([a-z][a-z-]*)", snippet)
        if target not in known
    )


def test_every_relative_link_leads_somewhere():
    none_of(
        f"{name(document)}: {target}"
        for document in DOCUMENTS
        for target in LINK.findall(FENCE.sub("", read(document)))
        if "://" not in target
        and not target.startswith(("#", "mailto:"))
        and not (document.parent / target.partition("#")[0]).exists()
    )


def test_every_anchor_exists():
    none_of(
        f"{name(document)}: {target}"
        for document in DOCUMENTS
        for target in LINK.findall(FENCE.sub("", read(document)))
        if "://" not in target
        and "#" in target
        and target.partition("#")[2] not in anchors(document, target.partition("#")[0])
    )


def anchors(document: Path, target: str) -> set[str]:
    """Return the anchors of the headings of ``target``, seen from ``document``."""
    found = (document.parent / target) if target else document
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", read(found)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


def test_python_in_the_documents_is_python():
    for document in DOCUMENTS:
        for language, body in FENCE.findall(read(document)):
            if language == "python":
                ast.parse(body, name(document))


# ── the command line ─────────────────────────────────────────────────────────


@cache
def tree_of_verbs() -> typer.core.TyperGroup:
    found = typer.main.get_command(app())
    assert isinstance(found, typer.core.TyperGroup)
    return found


def commands(snippet: str) -> list[list[str]]:
    """Return the words behind each ``janus`` in a snippet, up to where the command ends."""
    found = []
    for match in COMMAND.finditer(snippet):
        rest = snippet[match.end() :]
        stop = STOP.search(rest)
        rest = rest[: stop.start()] if stop else rest
        try:
            found.append(shlex.split(rest))
        except ValueError:  # a quote that is closed on another line
            found.append(rest.split())
    return found


def problem(words: list[str]) -> str:
    """Return what is wrong with a command; empty if it is one that exists."""
    command = tree_of_verbs()
    seen = "janus"
    options = set(_options(command))
    for word in words:
        if word.startswith("-"):
            option = word.partition("=")[0]
            if option not in options:
                return f"{seen} has no {option}"
        elif subcommands := getattr(command, "commands", None):
            if word not in subcommands and not re.fullmatch(r"[A-Z…<\[].*", word):
                return f"{seen} has no {word}"
            command = subcommands.get(word, command)
            seen = f"{seen} {word}"
            options |= set(_options(command))
    return ""


def _options(command) -> list[str]:
    return [name for parameter in command.params for name in parameter.opts] + ["-h", "--help"]


def test_every_command_in_the_documents_exists():
    none_of(
        f"{name(document)}: {snippet!r}: {found}"
        for document in DOCUMENTS
        for snippet in snippets(document)
        for words in commands(snippet)
        if (found := problem(words))
    )


def test_every_document_that_the_code_names_exists():
    none_of(
        f"{path}: {found}"
        for path in files(*CODE)
        for found in re.findall(r"\bdocs/[\w/-]+\.md", text(path))
        if not (ROOT / found).exists()
    )


def test_every_command_in_a_hint_exists():
    none_of(
        f"{path}:{line} {said!r}: {found}"
        for path in files(*CODE)
        for line, said in _told(tree(path))
        for words in commands(said)
        if (found := problem(words[:2]))
    )


def _told(module: ast.Module) -> list[tuple[int, str]]:
    """Return the texts in the code that are no docstrings, with their lines."""
    silent = {
        id(node.body[0].value)
        for node in ast.walk(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent
    ]
