"""``headrace db``: upgrade and check a database. What a schema is, `headrace.store.migrate` knows."""

import click

from headrace.base.errors import HeadraceError
from headrace.base.settings import SERVER_SETTINGS
from headrace.cli.output import json_option, print_json
from headrace.store.effects import in_words
from headrace.store.migrate import Plan, PlannedStage, check, hide_password, plan, upgrade

_url_argument = click.argument("url", envvar=list(SERVER_SETTINGS["backend-store-uri"].names))


class CannotTell(click.ClickException):
    """``--check`` finds no answer; status 1 would be one."""

    exit_code = 2


@click.group()
def db() -> None:
    """Upgrade and check a database, named as sqlite:///headrace.db or postgresql://USER@HOST/DATABASE."""


@db.command("upgrade")
@_url_argument
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Change nothing: say what would be changed, what it locks, and for about how long. Ends with status 0 if there is nothing to do, 1 if there is, 2 if that cannot be told.",
)
@json_option
def upgrade_database(url: str, only_check: bool, as_json: bool) -> None:
    """Bring the schema of the database at URL up to date. Of an older file a copy is made first.

    Ends with status 1 if something is left that it cannot mend by itself.
    """
    if only_check:
        _show_plan(url, as_json)
        return
    done, left = upgrade(url), check(url)
    if as_json:
        print_json({"url": hide_password(url), "done": done, "problems": left})
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
        print_json({"url": hide_password(url), "problems": problems})
    else:
        for line in problems or ["The schema is as it should be."]:
            click.echo(line)
    if problems:
        raise SystemExit(1)


def _show_plan(url: str, as_json: bool) -> None:
    try:
        planned = plan(url)
    except HeadraceError as error:
        raise CannotTell(" ".join(error.message.split())) from error
    if as_json:
        print_json({"url": planned.url, "found": planned.found, "newest": planned.newest, "copy": planned.copy, "rates": planned.rates, "stages": [_to_json(stage) for stage in planned.stages]})  # fmt: skip
    else:
        for line in _describe(planned):
            click.echo(line)
    if planned.stages:
        raise SystemExit(1)


def _to_json(stage: PlannedStage) -> dict[str, object]:
    return {
        "name": stage.name,
        "summary": stage.summary,
        "servers_stop": stage.servers_stop,
        "one_transaction": stage.is_whole,
        "seconds": round(sum(effect.seconds for effect in stage.effects), 2),
        "statements": [
            {
                "statement": each.statement,
                "what": each.what,
                "table": each.table,
                "lock": each.lock,
                "blocks": each.blocks,
                "work": each.work.value,
                "rows": each.rows,
                "seconds": round(each.seconds, 2),
            }
            for each in stage.effects
        ],
    }


def _describe(planned: Plan) -> list[str]:
    if not planned.stages:
        return [f"Nothing to do: the schema is at revision {planned.found}."]
    found = (
        f"is at revision {planned.found}" if planned.found else "is not there yet; a server's start makes it"
    )
    lines = [f"The schema {found}; this version of headrace needs {planned.newest}."]
    if planned.copy:
        lines.append(planned.copy)
    for stage in planned.stages:
        seconds = sum(effect.seconds for effect in stage.effects)
        servers = "all servers have to be stopped" if stage.servers_stop else "servers may go on"
        way = (
            "one transaction, which holds its locks to its end"
            if stage.is_whole
            else "step by step; a run that is broken off is gone on with"
        )
        lines += ["", f"{stage.name}: {stage.summary}", f"  {servers}; takes {in_words(seconds)}; {way}"]
        if planned.found is None:  # nobody waits for tables that are not there
            lines.append(f"  {len(stage.effects)} statements")
            continue
        for number, each in enumerate(stage.effects, start=1):
            rows = f" ({each.rows:,} rows)" if each.work.name != "NOTHING" and each.table else ""
            lines += [
                f"  {number}. {each.what}",
                f"     {each.statement}",
                f"     lock: {each.lock}; waits for it: {each.blocks}; work: {each.work.value}{rows}; {in_words(each.seconds)}",
            ]
    if planned.rates:
        lines += [
            "",
            "Times are orders of magnitude: the database's guess of the number of rows, over rates measured on two cores",
            f"(rows a second: {planned.rates}).",
        ]
    lines.append("Nothing was changed.")
    return lines
