"""Reference of the command line (docs/cli.md), help texts and licences."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import bodydouble
from bodydouble.cli import app
from bodydouble.cli.doctor import LICENCES, NETWORK_LICENCES

PAGE = (Path(__file__).parents[1] / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yields the path and the command of every command below a group."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(commands(typer.main.get_command(app)))


def section(command: str) -> str:
    """Returns the section of the page that describes a command."""
    level, title = next(
        (heading[1], heading[0])
        for heading in re.finditer(r"^(#+) .*$", PAGE, re.MULTILINE)
        if command in re.split(r", | or ", heading[0].lstrip("# "))
        or (command in {"characters", "doctor"} and heading[0] == "## Installation")
    )
    start = PAGE.index(f"\n{title}\n") + len(title)
    end = re.search(rf"^#{{1,{len(level)}}} ", PAGE[start:], re.MULTILINE)
    return PAGE[start : start + end.start() if end else None]


def options(command: Any) -> list[str]:
    return [
        name
        for parameter in command.params
        if parameter.param_type_name == "option"
        for name in (*parameter.opts, *parameter.secondary_opts)
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_page_describes_every_option_of_the_command(name: str) -> None:
    text = section(name)
    assert [option for option in options(COMMANDS[name]) if f"`{option}`" not in text and option != "--help"] == []
    assert f"bodydouble {name}" in PAGE


def test_page_has_no_other_options() -> None:
    known = {option for command in COMMANDS.values() for option in options(command)}
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]+", PAGE)) <= known | {"--help", "--debug", "--version"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_texts_are_whole_sentences(name: str) -> None:
    for parameter in COMMANDS[name].params:
        text = getattr(parameter, "help", None)
        assert text, f"{parameter.name} has no help text"
        assert re.match(r"[A-Z0-9]", text), text
        assert text.endswith("."), text


def test_every_network_has_a_licence() -> None:
    package = Path(bodydouble.__file__).parent
    assert {path.name for path in package.rglob("*.onnx")} == set(NETWORK_LICENCES)
    assert set(NETWORK_LICENCES) < set(LICENCES)
