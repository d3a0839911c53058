"""A group of commands that loads a command when it is called, so that the others cost nothing. Does not know the commands."""

from collections.abc import Mapping
from typing import Any

import click

from headrace.base import plugins
from headrace.base.errors import HeadraceError


class LazyGroup(click.Group):
    """A group whose commands stand in a table.

    Args:
        table: for each command, where it is (``module:name``) and one line of help.
    """

    def __init__(
        self, *args: Any, table: Mapping[str, tuple[str, str]] | None = None, **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self._table = table or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the table's order."""
        return [*self._table, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in self._table:
            return super().get_command(ctx, cmd_name)
        command: click.Command = plugins.load_attribute(self._table[cmd_name][0])
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self._table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what headrace refuses becomes one line, not a traceback."""
        try:
            return super().invoke(ctx)
        except HeadraceError as error:
            raise click.ClickException(" ".join(error.message.split())) from error
