"""Runs, from the client's side: their life, params and tags, metrics, inputs and outputs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import SupportsFloat

from msgspec import UNSET

from headrace.api import inputs, metrics
from headrace.api import runs as rows
from headrace.api.endpoint import Tag
from headrace.api.experiments import ViewType
from headrace.api.inputs import DatasetInput, ModelInput, ModelOutput
from headrace.api.metrics import Metric
from headrace.api.runs import LogBatch, Param, Run, RunInfo, RunStatus
from headrace.base.clock import now_ms
from headrace.client.pages import iterate
from headrace.client.transport import Transport
from headrace.client.values import (
    build_params,
    build_tags,
    read_integer,
    read_list,
    read_metric,
    read_value,
)

MAX_BATCH = 1000
MAX_BATCH_PARAMS = 100
MAX_BATCH_TAGS = 100


class Runs:
    """Calls about runs.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        experiment_id: str,
        *,
        name: str = "",
        tags: Mapping[str, object] | None = None,
        start_time: int | None = None,
        user_id: str = "",
    ) -> Run:
        """Create a run, in the state RUNNING.

        Args:
            experiment_id: the experiment that it belongs to.
            name: one is made up if it is empty.
            tags: values become text.
            start_time: in Unix milliseconds; now, by this machine's clock, if it is not given.
            user_id: who runs it.

        Raises:
            NotFound: there is no such experiment.
            InvalidParameter: the experiment is deleted, or a value is not allowed.
        """
        request = rows.CreateRun(
            experiment_id=experiment_id,
            run_name=name,
            tags=build_tags(tags),
            start_time=now_ms() if start_time is None else read_integer(start_time, "start_time"),
            user_id=user_id,
        )
        return self._transport.call(rows.CREATE, request).run

    def get(self, run_id: str) -> Run:
        """Return a run with the latest value of each metric, deleted ones too.

        Raises:
            NotFound: there is none with this id.
        """
        return self._transport.call(rows.GET, rows.GetRun(run_id=run_id)).run

    def search(
        self,
        experiment_ids: Sequence[str],
        filter: str = "",  # noqa: A002 - the word of the wire
        order_by: Sequence[str] = (),
        view: ViewType = ViewType.ACTIVE_ONLY,
        page_size: int = 1000,
    ) -> Iterator[Run]:
        """Yield runs, page by page; the first call is made with the first item.

        Args:
            experiment_ids: where to search; none finds nothing.
            filter: such as ``metrics.loss < 0.1 AND params.model = 'tree'``; empty for all.
            order_by: such as ``["metrics.loss ASC"]``; newest first by default.
            view: which stages of life.
            page_size: how many are fetched at once.

        Raises:
            InvalidParameter: the filter, an order or the page size is not allowed.
        """
        request = rows.SearchRuns(
            experiment_ids=read_list(experiment_ids, "experiment_ids"),
            filter=filter,
            order_by=read_list(order_by, "order_by"),
            run_view_type=view,
            max_results=page_size,
        )
        return iterate(self._transport, rows.SEARCH, request, lambda page: page.runs)

    def update(
        self, run_id: str, *, status: RunStatus | None = None, end_time: int | None = None, name: str = ""
    ) -> RunInfo:
        """Change a run; what is not given stays as it is.

        Args:
            run_id: the run.
            status: its new state; every change is allowed.
            end_time: in Unix milliseconds.
            name: its new name.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: it is deleted, or a value is not allowed.
        """
        request = rows.UpdateRun(
            run_id=run_id,
            status=UNSET if status is None else status,
            end_time=UNSET if end_time is None else read_integer(end_time, "end_time"),
            run_name=name,
        )
        return self._transport.call(rows.UPDATE, request).run_info

    def finish(self, run_id: str, status: RunStatus = RunStatus.FINISHED) -> RunInfo:
        """End a run now, by this machine's clock.

        Args:
            run_id: the run.
            status: FINISHED, FAILED or KILLED.
        """
        return self.update(run_id, status=status, end_time=now_ms())

    def delete(self, run_id: str) -> None:
        """Mark a run as deleted; a deleted one stays so.

        Raises:
            NotFound: there is no such run.
        """
        self._transport.call(rows.DELETE, rows.RunById(run_id=run_id))

    def restore(self, run_id: str) -> None:
        """Bring a deleted run back; an active one stays so.

        Raises:
            NotFound: there is no such run.
        """
        self._transport.call(rows.RESTORE, rows.RunById(run_id=run_id))

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: SupportsFloat | str,
        *,
        step: int = 0,
        timestamp: int | None = None,
        model_id: str = "",
        dataset_name: str = "",
        dataset_digest: str = "",
    ) -> None:
        """Log one point of a metric; equal points count once.

        Args:
            run_id: the run.
            key: the metric.
            value: whatever `float` takes; NaN and infinities are kept.
            step: any 64-bit integer.
            timestamp: in Unix milliseconds; now, by this machine's clock, if it is not given.
            model_id: the logged model that was measured.
            dataset_name: the dataset that it was measured on.
            dataset_digest: likewise.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: the run is deleted, or a value is not allowed.
        """
        request = metrics.LogMetric(
            run_id=run_id,
            key=key,
            value=read_value(value, key),
            step=read_integer(step, "step"),
            timestamp=now_ms() if timestamp is None else read_integer(timestamp, "timestamp"),
            model_id=model_id,
            dataset_name=dataset_name,
            dataset_digest=dataset_digest,
        )
        self._transport.call(metrics.LOG, request)

    def log_param(self, run_id: str, key: str, value: object) -> None:
        """Log a param; the value becomes text. The same value again is no change.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: the param has another value already, the run is deleted, or a value is not allowed.
        """
        self._transport.call(rows.LOG_PARAM, rows.LogParam(run_id=run_id, key=key, value=str(value)))

    def log_params(self, run_id: str, params: Mapping[str, object]) -> None:
        """Log params, see `log_batch`."""
        self.log_batch(run_id, params=params)

    def set_tag(self, run_id: str, key: str, value: object) -> None:
        """Set a tag; the value becomes text. The tag ``mlflow.runName`` renames the run.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: the run is deleted, or a value is not allowed.
        """
        self._transport.call(rows.SET_TAG, rows.SetTag(run_id=run_id, key=key, value=str(value)))

    def delete_tag(self, run_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            NotFound: there is no such run or tag.
        """
        self._transport.call(rows.DELETE_TAG, rows.DeleteTag(run_id=run_id, key=key))

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Mapping[str, object] | None = None,
        tags: Mapping[str, object] | None = None,
    ) -> None:
        """Log metrics, params and tags.

        What is more than one request may hold (1,000 in all, of them 100 params and 100 tags) is sent in several, params and tags before
        metrics. Each request is stored whole or not at all; if one is refused, those before it stay.

        Args:
            run_id: the run.
            metrics: points; `timestamp` is in Unix milliseconds.
            params: values become text.
            tags: values become text.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: a param has another value already, the run is deleted, or a value is not allowed.
        """
        points = [read_metric(metric) for metric in metrics]
        for request in _split_batch(run_id, points, build_params(params or {}), build_tags(tags)):
            self._transport.call(rows.LOG_BATCH, request)

    def log_inputs(
        self, run_id: str, datasets: Sequence[DatasetInput] = (), models: Sequence[ModelInput] = ()
    ) -> None:
        """Note which datasets and models a run has used.

        Raises:
            NotFound: there is no such run or model.
        """
        request = inputs.LogInputs(run_id=run_id, datasets=list(datasets), models=list(models))
        self._transport.call(inputs.LOG_INPUTS, request)

    def log_outputs(self, run_id: str, models: Sequence[ModelOutput]) -> None:
        """Note which models a run has made.

        Raises:
            NotFound: there is no such run or model.
        """
        self._transport.call(inputs.LOG_OUTPUTS, inputs.LogOutputs(run_id=run_id, models=list(models)))


def _split_batch(
    run_id: str, metrics: list[Metric], params: list[Param], tags: list[Tag]
) -> Iterator[LogBatch]:
    """Yield the requests that carry a batch, at least one, each within the limits."""
    while True:
        request = LogBatch(run_id=run_id, params=params[:MAX_BATCH_PARAMS], tags=tags[:MAX_BATCH_TAGS])
        params, tags = params[MAX_BATCH_PARAMS:], tags[MAX_BATCH_TAGS:]
        if not params and not tags:
            break
        yield request
    room = MAX_BATCH - len(request.params) - len(request.tags)
    request.metrics = metrics[:room]
    yield request
    for begin in range(room, len(metrics), MAX_BATCH):
        yield LogBatch(run_id=run_id, metrics=metrics[begin : begin + MAX_BATCH])
