"""Datasets that runs have used, from the client's side."""

from collections.abc import Sequence

from headrace.api.inputs import MAX_SEARCH_EXPERIMENTS, SEARCH_DATASETS, DatasetSummary, SearchDatasets
from headrace.client.transport import Transport
from headrace.client.values import read_list, split


class Datasets:
    """Calls about datasets.

    Args:
        transport: what carries the calls.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def search(self, experiment_ids: Sequence[str]) -> list[DatasetSummary]:
        """Return the datasets that runs of experiments have used.

        Args:
            experiment_ids: where to search; asked for in groups of 20, of which each gives at most 1,000 datasets.
        """
        found: list[DatasetSummary] = []
        for group in split(read_list(experiment_ids, "experiment_ids"), MAX_SEARCH_EXPERIMENTS):
            request = SearchDatasets(experiment_ids=list(group))
            found += self._transport.call(SEARCH_DATASETS, request).dataset_summaries or []
        return found
