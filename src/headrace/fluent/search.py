"""Searching and reading: runs as data frames, whole histories of many runs as one frame, experiments and single runs.

Every read waits a little for what this process has logged before it, so that a script finds what it has just written. What builds frames is loaded at first use.
"""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, overload

from headrace.api.metrics import Metric as WireMetric
from headrace.api.series import MAX_KEYS, MAX_RUNS, MAX_SERIES
from headrace.api.tables import KeyKind
from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load
from headrace.client.client import Client
from headrace.client.entities import FoundList, Run, ViewType, read_view
from headrace.client.tables import read_texts
from headrace.client.values import read_list, split
from headrace.fluent import state
from headrace.fluent.experiments import get_active_experiment_id
from headrace.fluent.run_tables import RunQuery, read_each, read_ids, read_runs

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]

MAX_RESULTS = 100_000
FrameFormat = Literal["pandas", "polars", "arrow"]
_FRAMES = {
    "pandas": ("headrace.fluent.pandas_frames", "pandas"),
    "polars": ("headrace.fluent.polars_frames", "polars"),
    "arrow": ("headrace.fluent.arrow_frames", "arrow"),
}


@overload
def search_runs(
    experiment_ids: list[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int | None = ...,
    order_by: list[str] | None = ...,
    output_format: Literal["pandas"] = ...,
    search_all_experiments: bool = ...,
    experiment_names: list[str] | None = ...,
    *,
    select: Sequence[str] | None = ...,
) -> "pd.DataFrame": ...
@overload
def search_runs(
    experiment_ids: list[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int | None = ...,
    order_by: list[str] | None = ...,
    *,
    output_format: Literal["list"],
    search_all_experiments: bool = ...,
    experiment_names: list[str] | None = ...,
    select: None = ...,
) -> list[Run]: ...
@overload
def search_runs(
    experiment_ids: list[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int | None = ...,
    order_by: list[str] | None = ...,
    *,
    output_format: Literal["polars"],
    search_all_experiments: bool = ...,
    experiment_names: list[str] | None = ...,
    select: Sequence[str] | None = ...,
) -> "pl.DataFrame": ...
@overload
def search_runs(
    experiment_ids: list[str] | None = ...,
    filter_string: str = ...,
    run_view_type: int = ...,
    max_results: int | None = ...,
    order_by: list[str] | None = ...,
    *,
    output_format: Literal["arrow"],
    search_all_experiments: bool = ...,
    experiment_names: list[str] | None = ...,
    select: Sequence[str] | None = ...,
) -> "pa.Table": ...


def search_runs(  # noqa: PLR0913 - MLflow's signature
    experiment_ids: list[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = MAX_RESULTS,
    order_by: list[str] | None = None,
    output_format: Literal["pandas", "list", "polars", "arrow"] = "pandas",
    search_all_experiments: bool = False,
    experiment_names: list[str] | None = None,
    *,
    select: Sequence[str] | None = None,
) -> Any:
    """Search runs and return them as a data frame, or as a list.

    The frame has MLflow's columns: run_id, experiment_id, status, artifact_uri, start_time, end_time (UTC), then ``metrics.*`` (the latest values), ``params.*`` and ``tags.*``, those that some
    run found has. What a run does not have is NaN, None or NaT in pandas, null elsewhere. A run whose process is silent beyond its lease has the status LOST.

    Args:
        experiment_ids: where to search; without these and names, the active experiment.
        filter_string: such as ``metrics.loss < 0.1 AND params.model = 'tree'``; empty for all.
        run_view_type: which stages of life, of `ViewType`.
        max_results: at most so many runs; None for all.
        order_by: such as ``["metrics.loss ASC"]``; newest first by default.
        output_format: ``pandas``, ``list``, ``polars`` or ``arrow``.
        search_all_experiments: search all experiments if none is named.
        experiment_names: where to search, by name; unknown ones are mentioned in the log.
        select: the columns, in place of MLflow's: attributes such as ``run_name``, ``params.lr``, ``tags.team``, or statistics such as ``min(metrics.loss)``.

    Raises:
        InvalidParameter: the filter, an order, a column, or the format is not allowed, or experiments are named in both ways.
        NotImplementedByServer: the package of the format is not installed.
    """
    if output_format != "list" and output_format not in _FRAMES:
        raise _wrong_format(output_format, ["list", *_FRAMES])
    if output_format == "list" and select is not None:
        raise InvalidParameter("A list holds whole runs; leave select out, or ask for another output_format.")
    frames = None if output_format == "list" else _load_frames(output_format)
    state.flush_reads()
    client = state.get_client()
    query = RunQuery(
        _choose_experiments(client, experiment_ids, experiment_names, search_all=search_all_experiments),
        filter_string,
        order_by or (),
        read_view(run_view_type),
        None if max_results is None else max(0, max_results),
    )
    if frames is None:
        return FoundList(Run.from_wire(run, client.uri) for run in read_each(client, query))
    columns = None if select is None else read_list(select, "select")
    return frames.build_runs(read_runs(client, query, columns))


def metric_histories(  # noqa: PLR0913 - the arguments of a search and those of a range
    run_ids: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    *,
    experiment_ids: list[str] | None = None,
    experiment_names: list[str] | None = None,
    filter_string: str = "",
    order_by: list[str] | None = None,
    max_runs: int | None = None,
    steps: tuple[int, int] | None = None,
    times: tuple[int, int] | None = None,
    attempt: int | None = None,
    output_format: FrameFormat = "pandas",
) -> Any:
    """Return all points of metrics of many runs as one frame, with the columns run_id, key, time (UTC), step and value.

    Rows are by run and key, and within these by time, step and value.

    Args:
        run_ids: the runs; if they are not given, those that a search finds.
        keys: the metrics; all that the runs have, if they are not given.
        experiment_ids: where to search, as in `search_runs`.
        experiment_names: likewise.
        filter_string: what to search for.
        order_by: the order of the runs that the search finds.
        max_runs: at most so many of them.
        steps: the first and the last step.
        times: the first and the last time, in Unix milliseconds.
        attempt: of this attempt of each run alone; by default what is visible of all.
        output_format: ``pandas``, ``polars`` or ``arrow``.

    Raises:
        InvalidParameter: the filter, an order or the format is not allowed, or runs are both named and searched for.
        NotFound: there is no such run.
        NotImplementedByServer: the package of the format is not installed.
    """
    if output_format not in _FRAMES:
        raise _wrong_format(output_format, [*_FRAMES])
    frames = _load_frames(output_format)
    is_search = bool(experiment_ids or experiment_names or filter_string or order_by or max_runs)
    if run_ids is not None and is_search:
        raise InvalidParameter("Give either run_ids, or what to search for; both are given.")
    state.flush_reads()
    client = state.get_client()
    if run_ids is None:
        chosen = _choose_experiments(client, experiment_ids, experiment_names, search_all=False)
        query = RunQuery(chosen, filter_string, order_by or (), max_runs=max_runs)
        found = _find_run_ids(client, query)
        known = _list_metrics(client, chosen) if keys is None else keys
    else:
        found = list(dict.fromkeys(read_list(run_ids, "run_ids")))
        known = _list_metrics_of(client, found) if keys is None else keys
    names = list(dict.fromkeys(read_list(known, "keys")))
    histories = {
        (history.run_id, history.key): history
        for group, some in _split_series(found, names)
        for history in client.series.points(group, some, steps=steps, times=times, attempt=attempt)
    }
    ordered = (histories.get((run_id, key)) for run_id in found for key in names)
    return frames.build_histories([history for history in ordered if history is not None])


def _load_frames(output_format: str) -> ModuleType:
    module, extra = _FRAMES[output_format]
    return load(module, extra=extra, purpose=f"output_format={output_format!r}")


def _wrong_format(output_format: object, known: list[str]) -> InvalidParameter:
    return InvalidParameter(
        f"There is no output_format {output_format!r}; it must be one of {', '.join(known)}."
    )


def _choose_experiments(
    client: Client, ids: list[str] | None, names: list[str] | None, *, search_all: bool
) -> list[str]:
    """Return the experiments that are meant by the arguments of a search."""
    if ids and names:
        raise InvalidParameter("Give either experiment_ids or experiment_names; both are given.")
    if ids:
        return read_ids(ids)
    if names:
        found = (_find_experiment(client, name) for name in read_list(names, "experiment_names"))
        return [each for each in found if each]
    if search_all:
        return [experiment.experiment_id for experiment in client.experiments.search()]
    active = get_active_experiment_id()
    return [active] if active else []


def _find_experiment(client: Client, name: str) -> str:
    found = client.experiments.find_by_name(name)
    if found is None:
        state.LOGGER.warning("There is no experiment %r; it is left out of the search.", name)
    return found.experiment_id if found else ""


def _find_run_ids(client: Client, query: RunQuery) -> list[str]:
    if not query.experiment_ids:
        return []
    found = read_runs(client, query, ["run_id"])
    columns = (page.columns[0] for page in found.pages)
    return [run_id for column in columns for run_id in read_texts(column.texts, column.codes) if run_id]


def _list_metrics(client: Client, experiment_ids: Sequence[str]) -> list[str]:
    if not experiment_ids:
        return []
    counts = client.tables.keys(experiment_ids, [KeyKind.METRIC], page_size=50_000)
    return sorted(count.key for count in counts)


def _list_metrics_of(client: Client, run_ids: Sequence[str]) -> list[str]:
    points: Iterator[WireMetric] = (
        point for run_id in run_ids for point in client.runs.get(run_id).data.metrics or ()
    )
    return sorted({point.key for point in points})


def _split_series(
    run_ids: Sequence[str], keys: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield runs and keys in groups that may be asked for at once."""
    for some in split(keys, MAX_KEYS):
        for group in split(run_ids, max(1, min(MAX_RUNS, MAX_SERIES // len(some)))):
            yield group, some
