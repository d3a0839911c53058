"""``headrace runs``: list, show, metrics, stop, move, delete, restore."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import click

from headrace.api.experiments import ViewType
from headrace.api.metrics import Metric
from headrace.api.runs import Run
from headrace.base.errors import InvalidParameter
from headrace.cli.jobs import follow_job
from headrace.cli.output import (
    json_option,
    print_fields,
    print_json,
    print_json_lines,
    print_table,
    show_number,
    show_time,
)
from headrace.cli.run_ledger import show_ledger
from headrace.cli.target import get_experiment, tracking_uri_option, view_options
from headrace.client import Client, connect

_MAX_PAGE = 1000
_AUTOMATIC_COLUMNS = 2
_TABLE_POINTS = 1000
_METRIC = re.compile(r"""\s*metrics?\.(?:`([^`]*)`|"([^"]*)"|(\S+))""", re.IGNORECASE)
_KINDS = ("metrics", "params", "tags")


@click.group()
def runs() -> None:
    """Search, show, stop, move, delete runs; read their metrics and ledgers."""


runs.add_command(show_ledger)


@runs.command("list")
@click.option(
    "--experiment",
    "-e",
    "names",
    multiple=True,
    metavar="EXPERIMENT",
    help="Name or id. May be repeated. Unless given: all.",
)
@click.option(
    "--filter",
    "filter_text",
    default="",
    metavar="FILTER",
    help="For example: metrics.accuracy > 0.9 AND params.model = 'svm'",
)
@click.option(
    "--order-by", multiple=True, metavar="ORDER", help="For example: metrics.accuracy DESC. May be repeated."
)
@click.option(
    "--columns",
    default="",
    metavar="NAMES",
    help="Comma-separated: metrics.accuracy,params.model,tags.stage. Unless given: the metrics that say most.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show at most so many."
)
@view_options
@tracking_uri_option
@json_option
def list_runs(
    names: tuple[str, ...],
    filter_text: str,
    order_by: tuple[str, ...],
    columns: str,
    limit: int,
    view: ViewType | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """List runs, the newest first unless ordered otherwise."""
    wanted = parse_columns(columns)
    with connect(tracking_uri) as client:
        found = list(
            islice(
                client.runs.search(
                    get_experiment_ids(client, names),
                    filter=filter_text,
                    order_by=order_by,
                    view=view or ViewType.ACTIVE_ONLY,
                    page_size=min(limit, _MAX_PAGE),
                ),
                limit,
            )
        )
    if as_json:
        print_json_lines(found)
        return
    print_runs(found, wanted or choose_columns(found, order_by))


def get_experiment_ids(client: Client, names: Sequence[str]) -> list[str]:
    """Return the ids of experiments given by name or id; of all that are not deleted if none is given."""
    if names:
        return [get_experiment(client, name).experiment_id for name in names]
    return [experiment.experiment_id for experiment in client.experiments.search()]


def print_runs(found: Sequence[Run], columns: Sequence[tuple[str, str]]) -> None:
    """Print runs as a table.

    Args:
        found: the runs.
        columns: pairs of ``metrics``, ``params`` or ``tags``, and a key.
    """
    headings = [f">{key}" if kind == "metrics" else key for kind, key in columns]
    print_table(
        ["Run id", "Name", "Status", *headings],
        (
            [
                run.info.run_id,
                run.info.run_name,
                show_status(run),
                *(find_value(run, *column) for column in columns),
            ]
            for run in found
        ),
        whole=["Run id", "Status"],
        empty="No runs found.",
    )


def show_status(run: Run) -> str:
    """Return what a run is doing, or that it is deleted."""
    return "deleted" if run.info.lifecycle_stage == "deleted" else run.info.status.value.lower()


def find_value(run: Run, kind: str, key: str) -> str:
    """Return the latest value of a metric, a param or a tag as text; ``-`` if there is none."""
    if kind == "metrics":
        numbers = [metric.value for metric in run.data.metrics or () if metric.key == key]
        return show_number(numbers[-1]) if numbers else "-"
    texts = (run.data.params if kind == "params" else run.data.tags) or ()
    return next((text.value for text in texts if text.key == key), "-")


def parse_columns(text: str) -> list[tuple[str, str]]:
    """Return the columns that were asked for.

    Raises:
        InvalidParameter: one is no metric, param or tag.
    """
    parsed = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        kind, _, key = name.partition(".")
        if kind.rstrip("s") + "s" not in _KINDS or not key:
            raise InvalidParameter(
                f"The column {name!r} is not of the form metrics.KEY, params.KEY or tags.KEY."
            )
        parsed.append((kind.rstrip("s") + "s", key))
    return parsed


def choose_columns(found: Iterable[Run], order_by: Sequence[str]) -> list[tuple[str, str]]:
    """Return the columns to show if nobody chose: what the runs are ordered by, then the metrics that most of them have."""
    counts = Counter(metric.key for run in found for metric in run.data.metrics or ())
    wanted = [key for clause in order_by if (key := _find_metric(clause)) is not None]
    ordered = [key for key in wanted if key in counts]
    rest = [
        key for key, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if key not in ordered
    ]
    return [("metrics", key) for key in [*ordered, *rest][:_AUTOMATIC_COLUMNS]]


def _find_metric(clause: str) -> str | None:
    """Return the metric that a clause of an order names; the server has judged the clause itself already."""
    found = _METRIC.match(clause)
    return next(filter(None, found.groups()), None) if found else None


@runs.command("show")
@click.argument("run_id")
@tracking_uri_option
@json_option
def show_run(run_id: str, tracking_uri: str | None, as_json: bool) -> None:
    """Show a run with its params, tags, datasets and the latest value of each metric."""
    with connect(tracking_uri) as client:
        run = client.runs.get(run_id)
    if as_json:
        print_json(run)
        return
    info = run.info
    print_fields(
        [
            ("run", info.run_id),
            ("name", info.run_name),
            ("experiment", info.experiment_id),
            ("status", show_status(run)),
            ("started", show_time(info.start_time)),
            ("ended", show_time(info.end_time)),
            ("artifacts", info.artifact_uri),
        ]
    )
    metrics = sorted(run.data.metrics or (), key=lambda metric: metric.key)
    _print_section("metrics", [(m.key, f"{show_number(m.value)}  (step {m.step})") for m in metrics])
    _print_section("params", sorted((param.key, param.value) for param in run.data.params or ()))
    _print_section("tags", sorted((tag.key, tag.value) for tag in run.data.tags or ()))
    _print_section(
        "datasets",
        [(entry.dataset.name, f"digest {entry.dataset.digest}") for entry in run.inputs.dataset_inputs or ()],
    )


def _print_section(heading: str, fields: Sequence[tuple[str, str]]) -> None:
    if fields:
        click.echo(f"\n{heading}")
        print_fields(fields, indent=2)


@runs.command("metrics")
@click.argument("run_id")
@click.argument("key", required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=None,
    help="Show at most so many points. Unless given: all.",
)
@tracking_uri_option
@json_option
def show_metrics(
    run_id: str, key: str | None, limit: int | None, tracking_uri: str | None, as_json: bool
) -> None:
    """Show the latest value of each metric of a run, or all points of the metric KEY."""
    with connect(tracking_uri) as client:
        if as_json:
            print_json_lines(islice(_read_points(client, run_id, key), limit))
            return
        most = limit or _TABLE_POINTS
        found = list(islice(_read_points(client, run_id, key), most + 1))
    print_table(
        ["Metric", ">Step", ">Value", "Time"],
        [
            [point.key, str(point.step), show_number(point.value), show_time(point.timestamp)]
            for point in found[:most]
        ],
        whole=["Time"],
        empty="No points found.",
    )
    if len(found) > most:
        click.echo(f"There are more than these {most}; see --limit and --json.", err=True)


def _read_points(client: Client, run_id: str, key: str | None) -> Iterator[Metric]:
    run = client.runs.get(run_id)
    if key is not None:
        return client.metrics.history(run_id, key)
    return iter(sorted(run.data.metrics or (), key=lambda metric: metric.key))


@runs.command("stop")
@click.argument("run_ids", nargs=-1, required=True)
@click.option("--reason", default="", metavar="TEXT", help="Shown to the run, and to people.")
@tracking_uri_option
@json_option
def stop_runs(run_ids: tuple[str, ...], reason: str, tracking_uri: str | None, as_json: bool) -> None:
    """Ask runs to stop; each hears of it when it next sends something, and ends by itself."""
    with connect(tracking_uri) as client:
        for run_id in run_ids:
            client.control.request_stop(run_id, reason)
            _report(run_id, as_json, "Asked to stop")


@runs.command("move")
@click.argument("run_ids", nargs=-1)
@click.option("--to", "target", required=True, metavar="EXPERIMENT", help="Where to: a name or an id.")
@click.option(
    "--experiment",
    "-e",
    "names",
    multiple=True,
    metavar="EXPERIMENT",
    help="Instead of RUN_IDS: all runs of it. May be repeated.",
)
@click.option(
    "--filter", "filter_text", default="", metavar="FILTER", help="Only the runs of -e that match it."
)
@click.option("--children", is_flag=True, help="Also move the runs that are nested below them.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Wait until all are moved.")
@tracking_uri_option
@json_option
def move_runs(
    run_ids: tuple[str, ...],
    target: str,
    names: tuple[str, ...],
    filter_text: str,
    children: bool,
    wait: bool,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Move runs to another experiment, with all that is logged; their files stay where they are.

    Ends with status 1 if some of them cannot be moved.
    """
    with connect(tracking_uri) as client:
        job = client.jobs.move_runs(
            get_experiment(client, target).experiment_id,
            run_ids,
            experiment_ids=get_experiment_ids(client, names) if names else [],
            filter=filter_text,
            include_children=children,
        )
        follow_job(client, job, wait=wait, as_json=as_json)


@runs.command("delete")
@click.argument("run_ids", nargs=-1, required=True)
@tracking_uri_option
@json_option
def delete_runs(run_ids: tuple[str, ...], tracking_uri: str | None, as_json: bool) -> None:
    """Mark runs as deleted; 'restore' brings them back."""
    with connect(tracking_uri) as client:
        for run_id in run_ids:
            client.runs.delete(run_id)
            _report(run_id, as_json, "Deleted")


@runs.command("restore")
@click.argument("run_ids", nargs=-1, required=True)
@tracking_uri_option
@json_option
def restore_runs(run_ids: tuple[str, ...], tracking_uri: str | None, as_json: bool) -> None:
    """Bring deleted runs back."""
    with connect(tracking_uri) as client:
        for run_id in run_ids:
            client.runs.restore(run_id)
            _report(run_id, as_json, "Restored")


def _report(run_id: str, as_json: bool, done: str) -> None:
    if as_json:
        print_json({"run_id": run_id})
    else:
        click.echo(f"{done} run {run_id}.")
