"""Experiments, from the client's side."""

from collections.abc import Iterator, Mapping, Sequence

from headrace.api import experiments as rows
from headrace.api.experiments import Experiment, ExperimentBest, ExperimentOverview, ViewType
from headrace.base.errors import EndpointNotFound, NotFound
from headrace.client.pages import iterate
from headrace.client.transport import Transport
from headrace.client.values import build_tags, read_list


class Experiments:
    """Calls about experiments.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, name: str, *, artifact_location: str = "", tags: Mapping[str, object] | None = None
    ) -> str:
        """Create an experiment and return its id.

        Args:
            name: slashes make a tree, such as ``team/project/experiment``.
            artifact_location: where its runs keep artifacts; empty for the server's choice.
            tags: values become text.

        Raises:
            AlreadyExists: the name is taken, perhaps by a deleted experiment.
            InvalidParameter: name, location or a tag is not allowed.
        """
        request = rows.CreateExperiment(name=name, artifact_location=artifact_location, tags=build_tags(tags))
        return self._transport.call(rows.CREATE, request).experiment_id

    def get(self, experiment_id: str) -> Experiment:
        """Return an experiment, deleted ones too.

        Raises:
            NotFound: there is none with this id.
        """
        return self._transport.call(rows.GET, rows.GetExperiment(experiment_id=experiment_id)).experiment

    def get_by_name(self, name: str) -> Experiment:
        """Return an experiment by its name, deleted ones too.

        Raises:
            NotFound: there is none with this name.
        """
        request = rows.GetExperimentByName(experiment_name=name)
        return self._transport.call(rows.GET_BY_NAME, request).experiment

    def find_by_name(self, name: str) -> Experiment | None:
        """Return an experiment by its name, deleted ones too, or None."""
        try:
            return self.get_by_name(name)
        except EndpointNotFound:
            raise
        except NotFound:
            return None

    def search(
        self,
        filter: str = "",  # noqa: A002 - the word of the wire
        order_by: Sequence[str] = (),
        view: ViewType = ViewType.ACTIVE_ONLY,
        page_size: int = 1000,
    ) -> Iterator[Experiment]:
        """Yield experiments, page by page; the first call is made with the first item.

        Args:
            filter: such as ``name LIKE 'team/%' AND tags.stage = 'prod'``; empty for all.
            order_by: such as ``["last_update_time DESC"]``.
            view: which stages of life.
            page_size: how many are fetched at once.

        Raises:
            InvalidParameter: the filter, an order or the page size is not allowed.
        """
        request = rows.SearchExperiments(
            filter=filter, order_by=read_list(order_by, "order_by"), view_type=view, max_results=page_size
        )
        return iterate(self._transport, rows.SEARCH, request, lambda page: page.experiments)

    def overview(
        self,
        filter: str = "",  # noqa: A002 - the word of the wire
        order_by: Sequence[str] = (),
        view: ViewType = ViewType.ACTIVE_ONLY,
        page_size: int = 1000,
    ) -> Iterator[ExperimentOverview]:
        """Yield experiments with how many runs each has, how many of them run, and when the latest began; as `search` does.

        Raises:
            InvalidParameter: the filter, an order or the page size is not allowed.
        """
        request = rows.SearchExperiments(
            filter=filter, order_by=read_list(order_by, "order_by"), view_type=view, max_results=page_size
        )
        return iterate(self._transport, rows.OVERVIEW, request, lambda page: page.experiments)

    def best(self, experiment_ids: Sequence[str]) -> list[ExperimentBest]:
        """Return the best run and the owner of each experiment, in this order.

        Raises:
            InvalidParameter: more than 200 experiments are named.
            NotFound: one of them does not exist.
        """
        request = rows.FindBest(experiment_ids=read_list(experiment_ids, "experiment_ids"))
        return self._transport.call(rows.BEST, request).experiments

    def rename(self, experiment_id: str, name: str) -> None:
        """Give an experiment another name.

        Raises:
            AlreadyExists: the name is taken.
            NotFound: there is no such experiment.
        """
        self._transport.call(rows.UPDATE, rows.UpdateExperiment(experiment_id=experiment_id, new_name=name))

    def delete(self, experiment_id: str) -> None:
        """Mark an experiment and its runs as deleted; `restore` brings them back.

        Raises:
            NotFound: there is no such active experiment.
        """
        self._transport.call(rows.DELETE, rows.GetExperiment(experiment_id=experiment_id))

    def restore(self, experiment_id: str) -> None:
        """Bring a deleted experiment and its runs back.

        Raises:
            NotFound: there is no such deleted experiment.
        """
        self._transport.call(rows.RESTORE, rows.GetExperiment(experiment_id=experiment_id))

    def set_tag(self, experiment_id: str, key: str, value: object) -> None:
        """Set a tag; the value becomes text.

        Raises:
            NotFound: there is no such experiment.
        """
        request = rows.SetExperimentTag(experiment_id=experiment_id, key=key, value=str(value))
        self._transport.call(rows.SET_TAG, request)

    def delete_tag(self, experiment_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            NotFound: there is no such experiment or tag.
        """
        self._transport.call(rows.DELETE_TAG, rows.DeleteExperimentTag(experiment_id=experiment_id, key=key))
