"""The whole command tree against a golden file: a change of the surface is a visible decision.

``python -m tests.unit.cli.test_tree > tests/unit/cli/tree.txt`` writes it again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from janus_cli import tree
from janus_cli.failures import Failure, Status
from typer.main import get_command

GOLDEN = Path(__file__).with_name("tree.txt")


def described(command, path):
    """Yield each verb with its arguments, then its options, an indented line each."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    names = " ".join(p.metavar or p.name for p in arguments)
    yield " ".join(part for part in (*path, names) if part)
    for option in command.params:
        if option.param_type_name == "option":
            yield f"    {_spelled(option)}"
    for name in sorted(getattr(command, "commands", {})):
        yield from described(command.commands[name], (*path, name))


def _spelled(option):
    names = ", ".join(sorted([*option.opts, *option.secondary_opts], key=len))
    choices = "|".join(getattr(option.type, "choices", []))
    value = "" if option.is_flag else f" {option.metavar or choices or option.type.name.upper()}"
    required = " (required)" if option.required else ""
    return f"{names}{value}{required}"


def whole_tree():
    return "\n".join(described(get_command(tree.app()), ("janus",))) + "\n"


def test_the_command_tree_is_the_golden_one():
    assert whole_tree() == GOLDEN.read_text()


def test_every_verb_is_in_the_module_that_the_table_names():
    for verbs in tree.MODULES.values():
        for verb in verbs:
            part = get_command(tree.app(verb))
            assert set(getattr(part, "commands", ())) == set(verbs)


def test_every_verb_and_option_is_explained():
    def check(command, path):
        assert command.help or path == ("janus",), path
        for parameter in command.params:
            assert getattr(parameter, "help", "x"), (path, parameter.name)
        for name, child in getattr(command, "commands", {}).items():
            check(child, (*path, name))

    check(get_command(tree.app()), ("janus",))


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        (["positions", "--state", "x", "--json"], ["--state", "x", "positions", "--json"]),
        (["buy", "A", "1", "--debug"], ["--debug", "buy", "A", "1"]),
        (["--state=x", "ps"], ["--state=x", "ps"]),
        (["watch", "--", "--debug"], ["watch", "--", "--debug"]),
        (["ps", "--state"], ["--state", "ps"]),
    ],
)
def test_global_options_may_stand_anywhere(given, ordered):
    assert tree.globals_first(given) == ordered


def test_a_word_that_is_no_text_is_a_usage_error():
    with pytest.raises(Failure, match="is not UTF-8") as refused:
        tree.run(["buy", "\udcff\udcfe", "1", "-a", "ib-main"])

    assert refused.value.status is Status.USAGE


def test_an_unknown_verb_is_a_usage_error():
    with pytest.raises(Failure) as caught:
        tree.run(["byu", "AAPL"])

    assert caught.value.status is Status.USAGE
    assert "byu" in caught.value.reason


def test_a_reading_verb_loads_neither_asyncio_nor_nats_nor_rich():
    code = (
        "import sys; from janus_cli.main import run; run(['positions', '--help']);"
        "slow = {'asyncio', 'nats', 'rich', 'structlog', 'pydantic', 'typing_extensions'};"
        "sys.stderr.write(', '.join(slow & set(sys.modules)))"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "what each account holds" in ran.stdout


@pytest.mark.parametrize("verb", ["buy", "sell", "bstop", "sstop"])
@pytest.mark.parametrize("option", ["--foo", "--tiff=DAY"])
def test_an_unknown_option_is_never_taken_for_a_price(verb, option):
    with pytest.raises(Failure) as raised:
        tree.run([verb, "AAPL", "1", "200", option, "-a", "ib-main"])

    assert raised.value.status is Status.USAGE
    assert str(raised.value) == f"No such option: {option.partition('=')[0]}"


if __name__ == "__main__":
    sys.stdout.write(whole_tree())
