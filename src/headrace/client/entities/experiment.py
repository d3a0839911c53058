"""Experiments in MLflow's Python shape."""

from typing import Any

from headrace.api import experiments
from headrace.base.plugins import load_attribute
from headrace.client.entities.entity import Entity
from headrace.client.entities.page_urls import build_page_url, find_page_root
from headrace.client.entities.pairs import ExperimentTag


class Experiment(Entity):
    """A named group of runs.

    Args:
        experiment_id: its id.
        name: its name.
        artifact_location: where the artifacts of new runs go.
        lifecycle_stage: ``active`` or ``deleted``.
        tags: in the entity, a dictionary.
        creation_time: Unix milliseconds.
        last_update_time: Unix milliseconds.
        workspace: the workspace that it belongs to.
        trace_location: None, kept for MLflow's signature.
        effective_trace_archival_retention: None, likewise.
    """

    DEFAULT_EXPERIMENT_NAME = "Default"
    _names = (
        "artifact_location",
        "creation_time",
        "effective_trace_archival_retention",
        "experiment_id",
        "last_update_time",
        "lifecycle_stage",
        "name",
        "tags",
        "trace_location",
        "workspace",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - MLflow's signature
        self,
        experiment_id: str,
        name: str,
        artifact_location: str,
        lifecycle_stage: str,
        tags: list[ExperimentTag] | None = None,
        creation_time: int | None = None,
        last_update_time: int | None = None,
        workspace: str | None = None,
        trace_location: Any = None,
        effective_trace_archival_retention: str | None = None,
    ) -> None:
        self.experiment_id, self.name = experiment_id, name
        self.artifact_location, self.lifecycle_stage = artifact_location, lifecycle_stage
        self.tags: dict[str, str] = {tag.key: tag.value for tag in tags or ()}
        self.creation_time, self.last_update_time = creation_time, last_update_time
        self.workspace = workspace or "default"
        self.trace_location = trace_location
        self.effective_trace_archival_retention = effective_trace_archival_retention
        self._page_root = ""

    @classmethod
    def from_wire(cls, experiment: experiments.Experiment, uri: str = "") -> "Experiment":
        """Return an experiment of an answer.

        Args:
            experiment: the answer.
            uri: the tracking URI that has given it.
        """
        made = cls(
            experiment.experiment_id,
            experiment.name,
            experiment.artifact_location,
            experiment.lifecycle_stage,
            [ExperimentTag(tag.key, tag.value) for tag in experiment.tags or ()],
            experiment.creation_time,
            experiment.last_update_time,
            experiment.workspace,
        )
        made._page_root = find_page_root(uri)
        return made

    @property
    def page_url(self) -> str:
        """Where the server shows the experiment's runs; empty if no server does, or it is not known."""
        return build_page_url(self._page_root, self.experiment_id)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return str(load_attribute("headrace.client.entities.cards:show_experiment")(self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Experiment):
            return NotImplemented
        return dict(self) == dict(other)

    def __hash__(self) -> int:
        return hash(self.experiment_id)
