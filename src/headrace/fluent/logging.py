"""Logging in one-liners: metrics, params and tags. A call appends to the run's log on this machine and goes on.

What the server finds later (a param that another process has logged otherwise, say) is told at the next call of the run and at its end: as a warning, or as an
exception where the run is strict.
"""

from collections.abc import Mapping
from time import time_ns
from typing import Any, SupportsFloat, SupportsIndex

from headrace.api.inputs import Dataset, DatasetInput, ModelInput
from headrace.base.errors import InvalidParameter, NotFound
from headrace.base.plugins import load
from headrace.client.entities import Dataset as Described
from headrace.client.values import read_integer, read_value
from headrace.fluent import state
from headrace.fluent.active_run import ActiveRun
from headrace.fluent.operations import RunOperations, wait_until_stored
from headrace.fluent.runs import find_open_run, get_or_start_run, resolve_run_log
from headrace.fluent.state import CURRENT
from headrace.spool.contract import NO_CONTEXT, PointContext
from headrace.spool.record import crc32
from headrace.spool.runlog import UNUSUAL, RunLog

_NS_PER_MS = 1_000_000


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Log one point of a metric.

    Args:
        key: the metric.
        value: whatever `float` takes; NaN and infinities are kept.
        step: any 64-bit integer; 0 if it is not given.
        synchronous: True waits until it is stored; False gives back an operation to wait for. By default the call goes on, and gives nothing back.
        timestamp: in Unix milliseconds; now if it is not given.
        run_id: the run; the active one if it is not given, which is started if there is none.
        model_id: the logged model that was measured.
        dataset: the dataset that it was measured on.

    Raises:
        InvalidParameter: a value is not allowed.
        SpoolFull: this machine's disk has no room; nothing was logged.
    """
    run = CURRENT.get()
    if run.is_plain and synchronous is None and run_id is None and model_id is None and dataset is None:
        try:
            run.log.log_point(
                key,
                value,
                0 if step is None else step,
                time_ns() // _NS_PER_MS if timestamp is None else timestamp,
            )
        except InvalidParameter:  # perhaps a number in text: the longer way takes it, or says what is wrong
            pass
        else:
            return None
    return _log_metrics({key: value}, step, synchronous, timestamp, run_id, model_id, dataset)


def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Log one point of each of several metrics; see `log_metric`."""
    run = CURRENT.get()
    if run.is_plain and synchronous is None and run_id is None and model_id is None and dataset is None:
        number = 0 if step is None else step
        time_ms = time_ns() // _NS_PER_MS if timestamp is None else timestamp
        try:
            # What `RunLog.log_row` does, in place: a training has emptied the processor's caches, and one call of Python is a tenth of it.
            _, write, rows = run.log.hot
            body = rows[tuple(metrics)](number, time_ms, *metrics.values())
            write(crc32(body).to_bytes(4, "little") + body)
        except UNUSUAL:
            pass
        else:
            return None
        try:
            run.log.log_row(metrics, number, time_ms)
        except InvalidParameter:  # perhaps a number in text: the longer way takes it, or says what is wrong
            pass
        else:
            return None
    return _log_metrics(metrics, step, synchronous, timestamp, run_id, model_id, dataset)


def _log_metrics(
    metrics: Mapping[str, SupportsFloat | str],
    step: SupportsIndex | None,
    synchronous: bool | None,
    timestamp: SupportsIndex | None,
    run_id: str | None,
    model_id: str | None,
    dataset: Any,
) -> RunOperations | None:
    """Log points in the way that is not plain."""
    number = 0 if step is None else read_integer(step, "step")
    time_ms = time_ns() // _NS_PER_MS if timestamp is None else read_integer(timestamp, "timestamp")
    points = [
        (_require_key(key, "metric"), float(read_value(value, key)), number) for key, value in metrics.items()
    ]
    run, log = _resolve(run_id)
    if run is not None and model_id is None:
        model_id = run.options.model_id or None
    _note_uses(run, log, model_id, dataset)
    if run is not None and model_id is None:
        model_id = run.models_by_step.get(number)
    context = NO_CONTEXT
    if model_id or dataset is not None:
        name, digest = ("", "") if dataset is None else (dataset.name, dataset.digest)
        context = PointContext(model_id or "", name, digest)
    log.log_points(points, time_ms, context)
    return _answer(run, log, synchronous)


def _note_uses(run: ActiveRun | None, log: RunLog, model_id: str | None, dataset: Any) -> None:
    """Note as inputs of the run what its metrics were measured on: once, if the run is open here."""
    known = set() if run is None else run.uses
    models = {model_id} - known if model_id else set()
    datasets = {(dataset.name, dataset.digest)} - known if dataset is not None else set()
    if models or datasets:
        inputs = load("headrace.fluent.inputs")
        inputs.put_inputs(
            log,
            [_describe_dataset(dataset)] if datasets else [],
            [ModelInput(model_id=each) for each in models],
        )
        known |= models | datasets


def _describe_dataset(dataset: Any) -> DatasetInput:
    """Return a dataset, or MLflow's description of one, as it is sent."""
    if isinstance(dataset, Described):
        told = {name: value for name, value in dataset if value is not None}
        return DatasetInput(dataset=Dataset(**told))
    built: DatasetInput = load("headrace.fluent.inputs").build_input(dataset, None, None)
    return built


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Log a param of the active run, which is started if there is none.

    Args:
        key: the param.
        value: becomes text.
        synchronous: see `log_metric`.

    Returns:
        The value as it was given; an operation if `synchronous` is False.

    Raises:
        InvalidParameter: this process has logged it with another value in this attempt.
        SpoolFull: this machine's disk has no room; nothing was logged.
    """
    operations = log_params({key: value}, synchronous)
    return value if operations is None else operations


def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log params; see `log_param`.

    Args:
        params: values become text.
        synchronous: see `log_metric`.
        run_id: the run; the active one if it is not given, which is started if there is none.
    """
    pairs = _read_pairs(params, "param")
    run, log = _resolve(run_id)
    if run is not None:
        run.keep_params(pairs)
    if pairs:
        log.log_params(pairs)
    return _answer(run, log, synchronous)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
    """Set a tag of the active run, which is started if there is none; the value becomes text. See `set_tags`."""
    return set_tags({key: value}, synchronous)


def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> RunOperations | None:
    """Set tags of the active run, which is started if there is none; values become text.

    Args:
        tags: the tags; ``mlflow.runName`` renames the run.
        synchronous: see `log_metric`.

    Raises:
        SpoolFull: this machine's disk has no room; nothing was logged.
    """
    pairs = _read_pairs(tags, "tag")
    run, log = _resolve(None)
    if pairs:
        log.set_tags(pairs)
    return _answer(run, log, synchronous)


def delete_tag(key: str) -> None:
    """Delete a tag of the active run, which is started if there is none.

    Raises:
        NotFound: it has no such tag.
    """
    run = get_or_start_run()
    state.flush_reads(uri=run.uri)
    try:
        state.get_client(run.uri).runs.delete_tag(run.run_id, key)
    except NotFound:
        raise NotFound(f"No tag with name: {key} in run with id {run.run_id}") from None


def flush_async_logging() -> None:
    """Wait until all that was logged is stored; while no server can be reached this does not wait."""
    state.flush_all()


def flush_artifact_async_logging() -> None:
    """Wait until all artifacts that were logged are stored; while no server can be reached this does not wait."""
    state.flush_all()


def _resolve(run_id: str | None) -> tuple[ActiveRun | None, RunLog]:
    """Return the run that is meant, if it is open here, and its log; and let it hear its news first."""
    run = get_or_start_run() if run_id is None else find_open_run(run_id)
    if run is None:
        return None, resolve_run_log(run_id)
    run.heed()
    return run, run.log


def _answer(run: ActiveRun | None, log: RunLog, synchronous: bool | None) -> RunOperations | None:
    if synchronous:
        wait_until_stored(log)
        return None
    is_wanted = synchronous is False or (run is not None and run.options.operations)
    return RunOperations(log) if is_wanted else None


def _read_pairs(values: Mapping[str, Any], what: str) -> list[tuple[str, str]]:
    return [(_require_key(key, what), str(value)) for key, value in values.items()]


def _require_key(key: object, what: str) -> str:
    if not isinstance(key, str) or not key:
        raise InvalidParameter(f"Invalid {what} name {key!r:.100}: it is a text that is not empty.")
    return key
