"""``headrace version``."""

from importlib.metadata import version

import click

from headrace.cli.output import json_option, print_json


@click.command("version")
@json_option
def show_version(as_json: bool) -> None:
    """Show the version of headrace."""
    if as_json:
        print_json({"version": version("headrace")})
    else:
        click.echo(f"headrace {version('headrace')}")
