"""The client's calls that log: metrics, params, tags, inputs and outputs of any run.

They append to the run's log on this machine and go on, as the calls about the active run do; ``synchronous=True`` waits until it is stored.
"""

import warnings
from collections.abc import Sequence
from typing import Any

from headrace.api import inputs
from headrace.api.endpoint import Tag
from headrace.base.clock import now_ms
from headrace.base.errors import HeadraceWarning, InvalidParameter
from headrace.client.entities import (
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)
from headrace.client.values import read_integer, read_value
from headrace.fluent.environment import ASYNC
from headrace.fluent.flat.target import Target
from headrace.fluent.operations import RunOperations, describe_rejections, wait_until_stored
from headrace.fluent.runs import find_open_run
from headrace.spool.contract import PointContext
from headrace.spool.runlog import RunLog


class LoggingCalls(Target):
    """Calls that log to a run."""

    def log_metric(  # noqa: PLR0913, PLR0917 - MLflow's signature
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Log one point of a metric.

        Args:
            run_id: the run.
            key: the metric.
            value: whatever `float` takes; NaN and infinities are kept.
            timestamp: in Unix milliseconds; now if it is not given.
            step: any 64-bit integer; 0 if it is not given.
            synchronous: True waits until it is stored; False gives back an operation to wait for. By default the call goes on, and gives nothing back.
            dataset_name: the dataset that it was measured on.
            dataset_digest: likewise.
            model_id: the logged model that was measured.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the run is deleted, or a value is not allowed.
            SpoolFull: this machine's disk has no room; nothing was logged.
        """
        time_ms = now_ms() if timestamp is None else timestamp
        point = Metric(
            key, value, time_ms, 0 if step is None else step, model_id, dataset_name, dataset_digest
        )
        return self.log_batch(run_id, metrics=[point], synchronous=synchronous)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Log a param; the value becomes text.

        Returns:
            The value as it was given; an operation if `synchronous` is False.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the run is deleted, or is open here and has another value of the param.
            SpoolFull: this machine's disk has no room; nothing was logged.
        """
        operations = self.log_batch(run_id, params=[Param(key, value)], synchronous=synchronous)
        return value if operations is None else operations

    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> RunOperations | None:
        """Set a tag; the value becomes text. The tag ``mlflow.runName`` renames the run.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the run is deleted.
            SpoolFull: this machine's disk has no room; nothing was logged.
        """
        return self.log_batch(run_id, tags=[RunTag(key, value)], synchronous=synchronous)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            NotFound: there is no such run or tag.
        """
        self._settle().runs.delete_tag(run_id, key)

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Log points, params and tags; see `log_metric`. A value that is not allowed lets nothing of them be logged.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the run is deleted, or a value is not allowed.
            SpoolFull: this machine's disk has no room.
        """
        points = [_read_point(metric) for metric in metrics]
        pairs = [(_require_key(param.key), str(param.value)) for param in params]
        labels = [(_require_key(tag.key), str(tag.value)) for tag in tags]
        log = self._open_log(run_id)
        run = find_open_run(run_id)
        if pairs and run is not None and run.log is log:
            run.keep_params(pairs)
        if pairs:
            log.log_params(pairs)
        if labels:
            log.set_tags(labels)
        for key, value, step, time_ms, context in points:
            log.log_point(key, value, step, time_ms, context)
        return _answer(log, synchronous)

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Note which datasets and models a run has used.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the run is deleted.
            SpoolFull: this machine's disk has no room; nothing was logged.
        """
        used = [_write_dataset(each) for each in datasets or ()]
        taken = [inputs.ModelInput(model_id=each.model_id) for each in models or ()]
        if used or taken:
            log = self._open_log(run_id)
            log.log_inputs(used, taken)
            _warn(log)

    def log_outputs(self, run_id: str, models: list[LoggedModelOutput]) -> None:
        """Note which models a run has made.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: the run is deleted.
            SpoolFull: this machine's disk has no room; nothing was logged.
        """
        made = [inputs.ModelOutput(model_id=each.model_id, step=each.step) for each in models]
        if made:
            log = self._open_log(run_id)
            log.log_outputs(made)
            _warn(log)


def _read_point(metric: Metric) -> tuple[str, float, int, int, PointContext]:
    return (
        _require_key(metric.key),
        float(read_value(metric.value, metric.key)),
        read_integer(metric.step, "step"),
        read_integer(metric.timestamp, "timestamp"),
        PointContext(metric.model_id or "", metric.dataset_name or "", metric.dataset_digest or ""),
    )


def _write_dataset(used: DatasetInput) -> inputs.DatasetInput:
    given = used.dataset
    dataset = inputs.Dataset(
        name=given.name, digest=given.digest, source_type=given.source_type, source=given.source
    )
    if given.schema is not None:
        dataset.schema = given.schema
    if given.profile is not None:
        dataset.profile = given.profile
    return inputs.DatasetInput(
        dataset=dataset, tags=[Tag(key=tag.key, value=str(tag.value)) for tag in used.tags]
    )


def _require_key(key: object) -> str:
    if not isinstance(key, str) or not key:
        raise InvalidParameter(f"Invalid name {key!r:.100}: it is a text that is not empty.")
    return key


def _answer(log: RunLog, synchronous: bool | None) -> RunOperations | None:
    if synchronous:
        wait_until_stored(log)
        return None
    _warn(log)
    is_wanted = ASYNC.is_on(default=False) if synchronous is None else True
    return RunOperations(log) if is_wanted else None


def _warn(log: RunLog) -> None:
    """Tell of earlier records that the server has refused; runs that are open here tell it themselves."""
    if find_open_run(log.run_id) is None:
        for each in log.take_rejections():
            warnings.warn(describe_rejections(log.run_id, [each]), HeadraceWarning, stacklevel=4)
