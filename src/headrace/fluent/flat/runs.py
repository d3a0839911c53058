"""The client's calls about runs: their life, searching them, the history of a metric."""

from typing import Any

from headrace.api import runs as rows
from headrace.api.runs import RunStatus
from headrace.base.clock import now_ms
from headrace.client.entities import Metric, PagedList, Run, ViewType, read_view
from headrace.client.values import read_integer, read_list
from headrace.fluent import state
from headrace.fluent.flat.target import Target, read_status
from headrace.fluent.run_tables import read_ids
from headrace.fluent.runs import NAME_TAG, PARENT_TAG, USER_TAG


class RunCalls(Target):
    """Calls about runs."""

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: dict[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Create a run, in the state RUNNING. It is nobody's active run, and stays as it is until `set_terminated`.

        Args:
            experiment_id: the experiment that it belongs to.
            start_time: in Unix milliseconds; now if it is not given.
            tags: values become text.
            run_name: one is made up if it is not given.

        Raises:
            NotFound: there is no such experiment.
            InvalidParameter: the experiment is deleted, or a value is not allowed.
        """
        given = tags or {}
        run = self._settle().runs.create(
            str(experiment_id),
            name=run_name or str(given.get(NAME_TAG, "")),
            tags=given,
            start_time=start_time,
            user_id=str(given.get(USER_TAG, "unknown")),
        )
        state.know_run(self._uri, run.info.run_id)
        return Run.from_wire(run, self._uri)

    def get_run(self, run_id: str) -> Run:
        """Return a run as it is stored, deleted ones too.

        Raises:
            NotFound: there is none with this id.
        """
        return Run.from_wire(self._settle().runs.get(run_id), self._uri)

    def get_parent_run(self, run_id: str) -> Run | None:
        """Return the run that a run is nested in, or None.

        Raises:
            NotFound: there is no such run, or no such parent.
        """
        parent = self.get_run(run_id).data.tags.get(PARENT_TAG)
        return None if parent is None else self.get_run(parent)

    def search_runs(
        self,
        experiment_ids: list[str],
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs; `headrace.search_runs` gives them as a data frame.

        Args:
            experiment_ids: where to search; none finds nothing.
            filter_string: such as ``metrics.loss < 0.1 AND params.model = 'tree'``.
            run_view_type: which stages of life, of `ViewType`.
            max_results: at most so many.
            order_by: such as ``["metrics.loss ASC"]``; newest first by default.
            page_token: the `token` of the page before.

        Raises:
            InvalidParameter: the filter, an order, the view, the number or the token is not allowed.
        """
        request = rows.SearchRuns(
            experiment_ids=read_ids(experiment_ids),
            filter=filter_string or "",
            run_view_type=read_view(run_view_type),
            max_results=max_results,
            order_by=read_list(order_by or (), "order_by"),
            page_token=page_token or "",
        )
        page = self._settle().transport.call(rows.SEARCH, request)
        found = (Run.from_wire(run, self._uri) for run in page.runs or ())
        return PagedList(found, page.next_page_token or None)

    def get_metric_history(self, run_id: str, key: str) -> list[Metric]:
        """Return all points of a metric of a run, by time, step and value; none if there is no such run or metric."""
        return [Metric.from_wire(point) for point in self._settle().metrics.history(run_id, key)]

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Change the state or the name of a run; the time at which it has ended stays as it is.

        Raises:
            NotFound: there is no such run.
            InvalidParameter: it is deleted, or there is no such state.
        """
        self._settle().runs.update(run_id, status=read_status(status), name=name or "")

    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        """End a run.

        Args:
            run_id: the run.
            status: FINISHED if it is not given.
            end_time: in Unix milliseconds; now if it is not given.

        Raises:
            NotFound: the server does not know the run.
            InvalidParameter: it is deleted, or there is no such state.
        """
        end_ms = now_ms() if end_time is None else read_integer(end_time, "end_time")
        wanted = read_status(status) or RunStatus.FINISHED
        log = self._open_log(run_id)
        log.set_status(wanted, end_ms)
        log.set_lease(None)

    def delete_run(self, run_id: str) -> None:
        """Mark a run as deleted.

        Raises:
            NotFound: there is no such run.
        """
        client = self._settle()
        with state.STATE.lock:
            state.STATE.known_runs.pop((self._uri, run_id), None)
            state.STATE.other_logs.pop((self._uri, run_id), None)
        client.runs.delete(run_id)

    def restore_run(self, run_id: str) -> None:
        """Bring a deleted run back.

        Raises:
            NotFound: there is no such run.
        """
        self._settle().runs.restore(run_id)
