"""``headrace runs ledger``: what became of each record that was sent for a run."""

import click

from headrace.cli.output import json_option, print_json, print_table, show_time
from headrace.cli.target import tracking_uri_option
from headrace.client import connect
from headrace.client.ingest import get_whole_ledger

_SHOWN = 50


@click.command("ledger")
@click.argument("run_id")
@tracking_uri_option
@json_option
def show_ledger(run_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Show what became of the records that processes have sent for a run: how many were stored, and which were refused and why.

    What was logged through MLflow's wire is answered call by call, and is not counted here.
    """
    with connect(tracking_uri) as client:
        client.runs.get(run_id)  # says so if there is none
        ledger = get_whole_ledger(client.ingest, run_id)
    if as_json:
        print_json(ledger)
        return
    print_table(
        ["Writer", ">Batches", ">Stored", ">Collapsed", ">Repeated", ">Late", ">Rejected", "Last heard of"],
        [
            [
                each.writer[:8],
                *map(
                    str,
                    (
                        each.last_seq,
                        each.stored,
                        each.collapsed,
                        each.repeated,
                        each.late,
                        each.rejected,
                    ),
                ),
                show_time(each.seen_at),
            ]
            for each in ledger.writers
        ],
        whole=["Writer", "Last heard of"],
        empty="No process has sent records of its own for this run.",
    )
    if ledger.rejections:
        click.echo()
        print_table(
            ["Refused", ">Records", "What", "Why"],
            [
                [show_time(each.at), str(each.count), each.what, each.reason]
                for each in ledger.rejections[:_SHOWN]
            ],
            whole=["Refused"],
        )
    if len(ledger.rejections) > _SHOWN:
        click.echo(f"There are {len(ledger.rejections) - _SHOWN} more; see --json.", err=True)
