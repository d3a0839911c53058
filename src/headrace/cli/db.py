"""``headrace db``: upgrade and check a database. What a schema is, `headrace.store.migrate` knows."""

import click

from headrace.base.settings import SERVER_SETTINGS
from headrace.cli.output import json_option, print_json
from headrace.store.migrate import check, upgrade

_url_argument = click.argument("url", envvar=list(SERVER_SETTINGS["backend-store-uri"].names))


@click.group()
def db() -> None:
    """Upgrade and check a database, named as sqlite:///headrace.db."""


@db.command("upgrade")
@_url_argument
@json_option
def upgrade_database(url: str, as_json: bool) -> None:
    """Bring the schema of the database at URL up to date; of an older one a copy is made first.

    Ends with status 1 if something is left that it cannot mend by itself.
    """
    done, left = upgrade(url), check(url)
    if as_json:
        print_json({"url": url, "done": done, "problems": left})
    else:
        for line in done or ["Nothing to do: the schema is up to date."]:
            click.echo(line)
        for line in left:
            click.echo(f"Still to do by hand: {line}")
    if left:
        raise SystemExit(1)


@db.command("check")
@_url_argument
@json_option
def check_database(url: str, as_json: bool) -> None:
    """Compare the database at URL with what it should be; ends with status 1 if something differs."""
    problems = check(url)
    if as_json:
        print_json({"url": url, "problems": problems})
    else:
        for line in problems or ["The schema is as it should be."]:
            click.echo(line)
    if problems:
        raise SystemExit(1)
