"""``headrace spool``: look at what waits on this machine, and drop it."""

import click

from headrace.cli.output import (
    clean,
    json_option,
    print_fields,
    print_json,
    print_json_lines,
    print_table,
    show_size,
    show_time,
)
from headrace.spool.folder import find_root
from headrace.spool.recover import LeftSpool, drop_spool, find_spools, get_spool
from headrace.spool.uploads import list_files

_NAME_CHARS = 8


@click.group()
def spool() -> None:
    """List, show, drop spools: records and files of runs that wait on this machine until they are sent."""


@spool.command("list")
@json_option
def list_spools(as_json: bool) -> None:
    """List spools, the oldest first."""
    found = find_spools(find_root(None))
    if as_json:
        print_json_lines([_describe(each) for each in found])
        return
    print_table(
        ["Name", "State", ">Records", ">Files", ">Size", "Begun", "Destination"],
        (
            [
                each.note.writer[:_NAME_CHARS],
                _show_state(each),
                str(each.records),
                str(each.files),
                show_size(each.bytes),
                show_time(each.note.created_at),
                each.note.uri,
            ]
            for each in found
        ),
        whole=["Name", "State", "Begun"],
        empty="No spools: everything that was logged on this machine has been sent.",
    )


@spool.command("show")
@click.argument("name")
@json_option
def show_spool(name: str, as_json: bool) -> None:
    """Show a spool and the files that wait in it. NAME is the beginning of its name."""
    found = get_spool(find_root(None), name)
    files = list_files(found.path)
    if as_json:
        waiting = [
            {"run_id": each.run_id, "path": each.artifact_path, "file_size": each.size} for each in files
        ]
        print_json(_describe(found) | {"waiting_files": waiting})
        return
    print_fields(
        [
            ("name", found.note.writer),
            ("state", _show_state(found)),
            ("destination", found.note.uri),
            ("records", str(found.records)),
            ("files", str(found.files)),
            ("size", show_size(found.bytes)),
            ("begun", show_time(found.note.created_at)),
            ("process", f"{found.note.pid} on {found.note.host}: {' '.join(found.note.argv)}"),
            ("folder", str(found.path)),
        ]
    )
    if files:
        click.echo("\nfiles")
        print_fields(
            [(each.artifact_path, f"run {each.run_id}, {show_size(each.size)}") for each in files], indent=2
        )


@spool.command("drop")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def drop(name: str, yes: bool, as_json: bool) -> None:
    """Drop a spool: what waits in it is lost. NAME is the beginning of its name."""
    found = get_spool(find_root(None), name)
    if not yes:
        click.confirm(
            f"Drop {found.records} records and {found.files} files for {clean(found.note.uri)}? They are stored nowhere else.",
            abort=True,
            err=True,
        )
    drop_spool(found.path)
    if as_json:
        print_json(_describe(found))
    else:
        click.echo(f"Dropped {found.records} records and {found.files} files.")


def _show_state(found: LeftSpool) -> str:
    return "in use" if found.in_use else "left"


def _describe(found: LeftSpool) -> dict[str, object]:
    return {
        "name": found.note.writer,
        "in_use": found.in_use,
        "uri": found.note.uri,
        "records": found.records,
        "files": found.files,
        "bytes": found.bytes,
        "host": found.note.host,
        "pid": found.note.pid,
        "argv": found.note.argv,
        "created_at": found.note.created_at,
        "folder": str(found.path),
    }
