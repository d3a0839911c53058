"""The table of commands: cheap to show, each command there."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from headrace.base.errors import NotFound
from headrace.cli import lazy, root

HEAVY = {
    "alembic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "sklearn",
    "numpy",
    "rich",
    "urllib3",
    "prometheus_client",
}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["no-such-command"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import json, sys\nfrom headrace.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = json.loads(ran.stdout.splitlines()[-1])
    assert "headrace.cli.root" in loaded
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in loaded)


@pytest.mark.parametrize("command", list(root.COMMANDS))
def test_every_command_of_the_table_is_there_and_has_help(command: str) -> None:
    ran = CliRunner().invoke(root.main, [command, "--help"])
    assert ran.exit_code == 0
    assert ran.output.startswith(f"Usage: main {command} ")
    listed = CliRunner().invoke(root.main, ["--help"]).output
    assert root.COMMANDS[command][1] in " ".join(listed.split())


@pytest.mark.parametrize("command", [name for name in root.COMMANDS if name != "server"])
def test_every_command_that_prints_can_print_json(command: str) -> None:
    loaded = root.main.get_command(None, command)  # type: ignore[arg-type] - a context is not needed to look a command up
    leaves = getattr(loaded, "commands", {command: loaded})
    for name, leaf in leaves.items():
        assert "--json" in {option for param in leaf.params for option in param.opts}, name


def test_an_unknown_command_is_a_mistake_of_usage() -> None:
    ran = CliRunner().invoke(root.main, ["sever"])
    assert ran.exit_code == 2
    assert "sever" in ran.output


def test_what_headrace_refuses_becomes_one_line() -> None:
    group = lazy.LazyGroup("g")

    @group.command()
    def fail() -> None:
        raise NotFound("the first line\n  and the second")

    ran = CliRunner().invoke(group, ["fail"])
    assert (ran.exit_code, ran.stderr, ran.stdout) == (1, "Error: the first line and the second\n", "")


def test_a_defect_is_not_hidden() -> None:
    group = lazy.LazyGroup("g")

    @group.command()
    def fail() -> None:
        raise ZeroDivisionError

    assert isinstance(CliRunner().invoke(group, ["fail"]).exception, ZeroDivisionError)
