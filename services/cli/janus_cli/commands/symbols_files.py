"""``symbols import`` and ``export``: many symbols from and to a CSV file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from janus_common.messages import ImportSymbols, Instrument, ListInstruments

from janus_cli import house, show, symbol_files
from janus_cli.commands import options
from janus_cli.commands.symbols_ask import Registry, registry
from janus_cli.failures import Failure, Status
from janus_cli.show_format import as_json

EVERY = 10_000_000
WRITE_TIMEOUT_S = 600.0  # of all rows in one transaction

Prefix = Annotated[str, typer.Argument(help="Only those that begin so.", metavar="[PREFIX]")]


def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file; - for stdin.", metavar="FILE")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite what is known; else that refuses all.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    json: options.Json = False,
) -> None:
    """Read symbols from a CSV file, all of them or none; also from the old system's table."""
    found = symbol_files.from_csv(_read(file))
    with registry(ctx) as there:
        counts = _send(there, found, replace=replace, dry_run=dry_run)
    if json:
        show.data("symbols_import", counts | {"dry_run": dry_run})
        return
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    show.text(f"{said}{'; nothing was written' if dry_run else ''}")


def export(
    ctx: typer.Context,
    prefix: Prefix = "",
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write to this file instead.", metavar="FILE")
    ] = None,
    json: options.Json = False,
) -> None:
    """Write symbols as CSV, which import reads."""
    found: list[Instrument] = []
    with registry(ctx) as there:
        for reply in there.pages(ListInstruments(prefix=prefix), limit=EVERY):
            found += reply.instruments
    if json:
        show.data("symbols", [as_json(each) for each in found])
        return
    text = "".join(symbol_files.to_csv(found))
    if out is None:
        sys.stdout.write(text)
        return
    new = out.with_name(f"{out.name}.new")
    try:
        new.write_text(text)
        new.replace(out)
    except OSError as error:
        raise _unusable(out, error) from error
    show.aside(f"{len(found)} symbols in {out}")


def _send(
    there: Registry, found: Sequence[Instrument], *, replace: bool, dry_run: bool
) -> dict[str, int]:
    import_id, by = uuid4().hex, house.principal()
    parts = symbol_files.parts(found)
    counts: dict[str, int] = {}
    for number, part in enumerate(parts):
        is_last = number == len(parts) - 1
        asked = ImportSymbols(
            import_id=import_id,
            part=number,
            is_last=is_last,
            instruments=part,
            replace=replace,
            dry_run=dry_run,
            by=by,
        )
        timeout_s = WRITE_TIMEOUT_S if is_last else 15.0
        counts = there.ask("import", asked, timeout_s=timeout_s).counts
    return counts


def _read(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(file, error) from error


def _unusable(file: Path, error: Exception) -> Failure:
    reason = getattr(error, "strerror", None) or str(error)
    return Failure(f"{file}: {reason}", status=Status.USAGE, hint="janus symbols import --help")
