"""``halt`` and ``resume``: let nothing but cancels through, for an account or the house."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from janus_common import client, subjects
from janus_common.errors import BusError, BusUnavailable, Code
from janus_common.halt_words import path_of, words
from janus_common.operating import Answer, Done, Operator

from janus_cli import house, show
from janus_cli.commands import options
from janus_cli.failures import Failure, Status, status_of
from janus_cli.house import House
from janus_cli.show_format import as_json

CONNECT_WITHIN_S = 3.0

All = Annotated[bool, typer.Option("--all", help="All accounts.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for those who are refused.")]


def register(app: typer.Typer) -> None:
    """Add the verbs of this module."""
    app.command()(halt)
    app.command()(resume)


def halt(
    ctx: typer.Context,
    *,
    account: options.SomeAccount = None,
    all_: All = False,
    reason: Reason = "",
    json: options.Json = False,
) -> None:
    """Let nothing but cancels through, from now on and over restarts; open orders stay open."""
    try:
        here = _house(ctx, account, all_=all_)
    except Failure as failure:
        is_down = failure.status is Status.UNREACHABLE
        base = house.halt_file_at_start(ctx.obj.state) if is_down else None
        if base is None:
            raise
        file, why = path_of(base, account), failure.reason
        raise _halted_from_start_on(file, account, reason, why=why) from failure
    try:
        done, still_open = asyncio.run(_halt(here, account, reason))
    except BusUnavailable as error:
        raise _halted_by_file(here, account, reason, why=str(error)) from error
    if not done.is_recorded:
        raise _halted_by_file(here, account, reason, why=done.problem)
    if json:
        show.data("halt", _as_dict(account, done))
    else:
        assert done.record is not None
        show.text(f"{account}: {words(done.record)}" if account else words(done.record))
        for each in done.answers:
            if not each.is_there and each.name != subjects.HOUSE:
                show.aside(f"{each.name}: no worker is there; it will begin halted")
        if still_open:
            scope = f"--all -a {account}" if account else "--all"
            open_ones = "1 order is" if still_open == 1 else f"{still_open} orders are"
            show.aside(f"{open_ones} still open; janus cancel {scope}")
    _raise_if_silent(done.answers)


def resume(
    ctx: typer.Context,
    *,
    account: options.SomeAccount = None,
    all_: All = False,
    reason: Reason = "",
    json: options.Json = False,
) -> None:
    """End a halt; --all ends the one of all accounts, and leaves those of single ones."""
    here = _house(ctx, account, all_=all_)
    file = path_of(here.halt_file, account)
    done, is_removed = asyncio.run(_resume(here, account, reason, file))
    still = [each for each in done.answers if each.code is Code.HALTED]
    if json:
        show.data("resume", _as_dict(account, done))
    else:
        for each in done.answers:
            if each.is_done and each.name != subjects.HOUSE:
                show.text(f"{each.name} takes orders")
            elif not each.is_there and each.name != subjects.HOUSE:
                show.aside(f"{each.name}: no worker is there")
        if account and still and (done.record is not None or is_removed):
            show.aside(f"the halt of {account} itself is over")
        if done.record is None and not is_removed:
            show.aside(f"{account} was not halted" if account else "not all accounts were halted")
    if still:
        raise Failure(
            f"{still[0].name} is still halted: {still[0].reason}",
            status=Status.HALTED if len(still) == len(done.answers) else Status.PARTLY,
            code=Code.HALTED.value,
            hint=still[0].hint,
        )
    _raise_if_silent(done.answers)


def _house(ctx: typer.Context, account: str | None, *, all_: bool) -> House:
    if (account is None) != all_:
        raise Failure(
            "give one of -a ACCOUNT and --all",
            status=Status.USAGE,
            hint="janus accounts",
        )
    if account is not None:
        subjects.token(account)  # a name that is none is refused before anything is done
    return house.find(ctx.obj.state, account=account)


async def _halt(here: House, account: str | None, reason: str) -> tuple[Done, int]:
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    async with connecting as janus:
        operator = Operator(janus.bus, house.principal())
        done = await operator.halt(account, reason=reason, tell=_to(here, account))
        try:
            still_open = len(await janus.open_orders(account))
        except BusError:
            still_open = 0  # only a remark
        return done, still_open


async def _resume(here: House, account: str | None, reason: str, file: Path) -> tuple[Done, bool]:
    """End the halt; return also whether ``file`` was there. Without a bus it stays."""
    connecting = client.connect(
        here.url, principal=house.principal(), within_s=CONNECT_WITHIN_S, data=False
    )
    async with connecting as janus:
        operator = Operator(janus.bus, house.principal())
        is_removed = await asyncio.to_thread(_remove, file)
        done = await operator.resume(account, reason=reason, tell=_to(here, account))
        return done, is_removed


def _remove(file: Path) -> bool:
    """Remove the file that halts; return whether there was one."""
    try:
        file.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Failure(
            f"it stays halted: {file} cannot be removed: {error.strerror}",
            status=Status.HALTED,
            hint=f"remove {file}, then resume again",
        ) from error
    return True


def _to(here: House, account: str | None) -> list[str]:
    return [account] if account else list(here.accounts)


def _halted_from_start_on(file: Path, account: str | None, reason: str, *, why: str) -> Failure:
    """Halt a stack that does not run now, with the file that it will find, and say so."""
    return _left(
        file,
        reason,
        why=why,
        done=f"{_are(account)} halted from the stack's next start on, by the file {file}; "
        "none runs now",
        hint=f"once it runs: janus resume {_scope(account)} removes the file",
    )


def _halted_by_file(here: House, account: str | None, reason: str, *, why: str) -> Failure:
    """Halt with the file, the way that needs no bus, and say so."""
    file = path_of(here.halt_file, account)
    return _left(
        file,
        reason,
        why=why,
        done=f"{_are(account)} halted on this machine only, by the file {file}: {why}",
        hint="the processes here see it within a second; once the bus is back halt again, or "
        f"janus resume {_scope(account)} removes the file",
    )


def _left(file: Path, reason: str, *, why: str, done: str, hint: str) -> Failure:
    """Leave the file that halts; return what is to be said, as the bus could not be told."""
    try:
        file.write_text(f"{reason or f'janus halt, {house.principal()}'}\n")
    except OSError as error:
        return Failure(
            f"nothing is halted: {why}; and {file} cannot be written: {error.strerror}",
            status=Status.UNREACHABLE,
            hint=f"touch {file}",
        )
    return Failure(done, status=Status.PARTLY, hint=hint)


def _raise_if_silent(answers: list[Answer]) -> None:
    silent = [each for each in answers if each.is_there and not each.is_done]
    if silent:
        first = silent[0]
        status = status_of(first.code) if first.code else Status.PARTLY
        raise Failure(
            f"it is on record, but {first.name} has not confirmed it: {first.reason}",
            status=status if len(silent) == len(answers) else Status.PARTLY,
            code=first.code and first.code.value,
            hint="they read the record within a second; janus workers",
        )


def _scope(account: str | None) -> str:
    return f"-a {account}" if account else "--all"


def _are(account: str | None) -> str:
    return f"{account} is" if account else "all accounts are"


def _as_dict(account: str | None, done: Done) -> dict[str, object]:
    return {
        "account": account,
        "halt": as_json(done.record) if done.record else None,
        "answers": [
            {
                "name": each.name,
                "is_there": each.is_there,
                "is_done": each.is_done,
                "reason": each.reason,
            }
            for each in done.answers
        ],
    }
