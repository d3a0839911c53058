"""Histories of metrics, from the client's side. Points are logged through `headrace.client.runs`."""

from collections.abc import Iterator, Sequence

from msgspec import UNSET

from headrace.api import metrics as rows
from headrace.api.metrics import MAX_BULK_RUNS, Metric, MetricWithRunId
from headrace.client.pages import iterate
from headrace.client.transport import Transport
from headrace.client.values import read_list, split


class Metrics:
    """Calls that read points of metrics.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def history(self, run_id: str, key: str, page_size: int = 25_000) -> Iterator[Metric]:
        """Yield all points of a metric of a run, by time, step and value; none if there is no such run or metric.

        Args:
            run_id: the run.
            key: the metric.
            page_size: how many are fetched at once, at most 25,000. The first call is made with the first item.
        """
        request = rows.GetHistory(run_id=run_id, metric_key=key, max_results=page_size)
        return iterate(self._transport, rows.GET_HISTORY, request, lambda page: page.metrics)

    def history_bulk(
        self, run_ids: Sequence[str], key: str, max_points: int = 25_000
    ) -> list[MetricWithRunId]:
        """Return the first points of a metric of several runs.

        Args:
            run_ids: the runs; fetched in groups of 100.
            key: the metric.
            max_points: how many points of each group of runs at most, 25,000 or fewer.
        """
        found: list[MetricWithRunId] = []
        for group in split(read_list(run_ids, "run_ids"), MAX_BULK_RUNS):
            request = rows.GetHistoryBulk(run_id=list(group), metric_key=key, max_results=max_points)
            found += self._transport.call(rows.GET_HISTORY_BULK, request).metrics or []
        return found

    def sampled(
        self,
        run_ids: Sequence[str],
        key: str,
        *,
        max_points: int = 2500,
        start_step: int | None = None,
        end_step: int | None = None,
    ) -> list[MetricWithRunId]:
        """Return points of a metric of several runs, spread evenly over their steps, with the first and the last.

        Args:
            run_ids: the runs; fetched in groups of 100.
            key: the metric.
            max_points: of each run, 2,500 or fewer.
            start_step: the first step of a range; goes with `end_step`.
            end_step: the last step of the range.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: one end of the range is missing, or a value is not allowed.
        """
        found: list[MetricWithRunId] = []
        for group in split(read_list(run_ids, "run_ids"), MAX_BULK_RUNS):
            request = rows.GetHistoryBulkInterval(
                run_ids=list(group),
                metric_key=key,
                max_results=max_points,
                start_step=UNSET if start_step is None else start_step,
                end_step=UNSET if end_step is None else end_step,
            )
            found += self._transport.call(rows.GET_HISTORY_BULK_INTERVAL, request).metrics or []
        return found
