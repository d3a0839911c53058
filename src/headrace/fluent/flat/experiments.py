"""The client's calls about experiments."""

from typing import Any

from headrace.api import experiments as rows
from headrace.client.entities import Experiment, PagedList, ViewType, read_view
from headrace.client.values import read_list
from headrace.fluent.flat.target import Target


class ExperimentCalls(Target):
    """Calls about experiments."""

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: dict[str, Any] | None = None
    ) -> str:
        """Create an experiment and return its id.

        Args:
            name: slashes in it make a tree.
            artifact_location: where its runs keep artifacts; the server chooses if it is not given.
            tags: values become text.

        Raises:
            AlreadyExists: the name is taken, perhaps by a deleted experiment.
            InvalidParameter: a value is not allowed.
        """
        calls = self._client.experiments
        return calls.create(name, artifact_location=artifact_location or "", tags=tags)

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment, deleted ones too.

        Raises:
            NotFound: there is none with this id.
        """
        return Experiment.from_wire(self._settle().experiments.get(str(experiment_id)), self._uri)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return an experiment by its name, deleted ones too, or None."""
        found = self._settle().experiments.find_by_name(name)
        return None if found is None else Experiment.from_wire(found, self._uri)

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = 1000,
        filter_string: str | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments.

        Args:
            view_type: which stages of life, of `ViewType`.
            max_results: at most so many; the server's choice for None.
            filter_string: such as ``name LIKE 'team/%'``.
            order_by: such as ``["last_update_time DESC"]``.
            page_token: the `token` of the page before.

        Raises:
            InvalidParameter: the filter, an order, the view or the token is not allowed.
        """
        request = rows.SearchExperiments(
            filter=filter_string or "",
            order_by=read_list(order_by or (), "order_by"),
            view_type=read_view(view_type),
            page_token=page_token or "",
        )
        if max_results is not None:
            request.max_results = max_results
        page = self._settle().transport.call(rows.SEARCH, request)
        found = (Experiment.from_wire(each, self._uri) for each in page.experiments or ())
        return PagedList(found, page.next_page_token or None)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an experiment another name.

        Raises:
            AlreadyExists: the name is taken.
            NotFound: there is no such experiment.
        """
        self._settle().experiments.rename(str(experiment_id), new_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted.

        Raises:
            NotFound: there is no such active experiment.
        """
        self._settle().experiments.delete(str(experiment_id))

    def restore_experiment(self, experiment_id: str) -> None:
        """Bring a deleted experiment and its runs back.

        Raises:
            NotFound: there is no such deleted experiment.
        """
        self._settle().experiments.restore(str(experiment_id))

    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:
        """Set a tag of an experiment; the value becomes text.

        Raises:
            NotFound: there is no such experiment.
        """
        self._settle().experiments.set_tag(str(experiment_id), key, value)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Delete a tag of an experiment.

        Raises:
            NotFound: there is no such experiment or tag.
        """
        self._settle().experiments.delete_tag(str(experiment_id), key)
