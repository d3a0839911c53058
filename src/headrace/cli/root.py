"""The table of commands. Nothing is loaded for ``headrace --help`` but this and click."""

from importlib.metadata import version

import click

from headrace.cli.env_file import env_file_option
from headrace.cli.lazy import LazyGroup

COMMANDS = {
    "server": ("headrace.cli.server:server", "Run a tracking server that any MLflow client can use."),
    "demo": ("headrace.cli.demo:demo", "Train real models, log them to a server, read them back."),
    "experiments": (
        "headrace.cli.experiments:experiments",
        "List, show, create, rename, delete experiments; their tree.",
    ),
    "runs": ("headrace.cli.runs:runs", "Search, show, delete runs; read their metrics."),
    "jobs": ("headrace.cli.jobs:jobs", "List, show, cancel jobs: changes of many runs."),
    "artifacts": ("headrace.cli.artifacts:artifacts", "List, download, upload, delete files of runs."),
    "sync": ("headrace.cli.sync:sync", "Send what runs have left on this machine."),
    "spool": ("headrace.cli.spool:spool", "List, show, drop what waits on this machine to be sent."),
    "db": ("headrace.cli.db:db", "Upgrade and check a database."),
    "token": ("headrace.cli.token:token", "Write a fresh token for a server to a file."),
    "version": ("headrace.cli.version:show_version", "Show the version."),
}


def show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    """Print the version and end."""
    if value and not ctx.resilient_parsing:
        click.echo(f"headrace {version('headrace')}")
        ctx.exit()


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the version and exit.",
)
@env_file_option
def main() -> None:
    """Track experiments, at the speed of the disk. Speaks MLflow's protocol.

    \b
    headrace server          a server on http://127.0.0.1:5000
    headrace demo            see it work
    headrace COMMAND --help  more about a command
    """  # noqa: D301 - click needs the character itself
