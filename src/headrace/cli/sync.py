"""``headrace sync``: send what processes have left in their spools, to where each of them would have sent it."""

import time
from collections.abc import Iterable

import click

from headrace.base.errors import HeadraceError
from headrace.base.settings import CLIENT_SETTINGS
from headrace.cli.output import clean, json_option, print_json
from headrace.cli.target import tracking_uri_option
from headrace.fluent.destination import open_destination
from headrace.spool.contract import Destination
from headrace.spool.folder import find_root, is_near, plain_uri
from headrace.spool.recover import CountingHearer, LeftSpool, find_spools, send_spool

_ATTEMPTS = 4
_PAUSE_S = 0.5


@click.command()
@click.option(
    "--all-hosts",
    is_flag=True,
    help="Send what other machines have left in this folder too, which they share. Only when no process there still writes: its lock may not reach this machine.",
)
@tracking_uri_option
@json_option
def sync(all_hosts: bool, tracking_uri: str | None, as_json: bool) -> None:
    """Send what processes of this machine have left in the folder of spools.

    Each spool knows where it goes. Credentials come from the environment, or from the tracking URI if it is the same place.
    """
    given = tracking_uri or CLIENT_SETTINGS["tracking_uri"].find() or ""
    root = find_root(None)
    found = find_spools(root)
    mine = [spool for spool in found if not spool.in_use and (all_hosts or is_near(spool.note))]
    opened: dict[str, Destination] = {}
    left = 0
    try:
        for spool in mine:
            left += not _sync_one(spool, given, opened, as_json=as_json)
    finally:
        for destination in opened.values():
            destination.close()
    if not as_json:
        _tell_rest(found, mine, all_hosts=all_hosts)
    if left:
        raise SystemExit(1)


def _sync_one(spool: LeftSpool, given: str, opened: dict[str, Destination], *, as_json: bool) -> bool:
    """Send a spool and print what became of it; tell whether nothing is left."""
    hearer = CountingHearer()
    reason = ""
    uri = given if given and plain_uri(given) == spool.note.uri else spool.note.uri
    for attempt in range(_ATTEMPTS):
        try:
            if uri not in opened:
                opened[uri] = open_destination(uri, _hear_nothing)
            is_gone = send_spool(spool.path, opened[uri], hearer, _never)
            reason = "" if is_gone else "another process is sending it"
            break
        except (HeadraceError, OSError) as error:
            reason = str(error)
            if attempt + 1 < _ATTEMPTS:
                time.sleep(_PAUSE_S * 2**attempt)
    counts = hearer.counts
    if as_json:
        print_json(
            {
                "name": spool.note.writer,
                "uri": spool.note.uri,
                "sent": counts.sent,
                "stored": counts.stored,
                "collapsed": counts.collapsed,
                "repeated": counts.repeated,
                "rejected": counts.rejected,
                "files": hearer.files,
                "left": bool(reason),
                "reason": reason,
            }
        )
        return not reason
    click.echo(
        f"{spool.note.writer[:8]}: {counts.sent} records and {hearer.files} files sent to {clean(spool.note.uri)}"
        f"{f', {counts.rejected} of them refused' if counts.rejected else ''}."
    )
    for run_id, what, why in _first(hearer.refusals):
        click.echo(f"  refused: {clean(what)} of run {clean(run_id)}: {clean(why)}")
    if reason:
        click.echo(f"  the rest is kept: {clean(reason)}", err=True)
    return not reason


def _first(refusals: list[tuple[str, str, str]]) -> Iterable[tuple[str, str, str]]:
    """Return as many refusals as one wants to read."""
    return refusals[:20]


def _tell_rest(found: list[LeftSpool], mine: list[LeftSpool], *, all_hosts: bool) -> None:
    """Say which spools were not touched, and why."""
    in_use = sum(spool.in_use for spool in found)
    elsewhere = 0 if all_hosts else sum(not spool.in_use and not is_near(spool.note) for spool in found)
    if not mine:
        click.echo("Nothing was left to send.")
    if in_use:
        click.echo(f"{in_use} more in use: their processes send them.")
    if elsewhere:
        click.echo(
            f"{elsewhere} more of other machines: run 'headrace sync' there, or with --all-hosts here."
        )


def _hear_nothing(_run_id: str) -> None:
    """Nobody is there to be told of news."""


def _never() -> bool:
    return False
