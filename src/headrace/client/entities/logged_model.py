"""Logged models in MLflow's Python shape."""

from typing import Any

from headrace.api import logged_models
from headrace.client.entities.entity import Entity, read_some, read_unset
from headrace.client.entities.pairs import LoggedModelParameter, LoggedModelTag, Metric
from headrace.client.entities.words import LoggedModelStatus

Pairs = dict[str, str]


class LoggedModel(Entity):
    """A model that a run, or a user without a run, has made.

    Args:
        experiment_id: the experiment that it belongs to.
        model_id: its id.
        name: its name.
        artifact_location: where its files are.
        creation_timestamp: Unix milliseconds.
        last_updated_timestamp: Unix milliseconds.
        model_type: such as ``agent``.
        source_run_id: the run that has made it.
        status: a state, or its number.
        status_message: why it is in that state.
        tags: in the entity, a dictionary.
        params: likewise.
        metrics: points that were measured of it.
    """

    _names = (
        "artifact_location",
        "creation_timestamp",
        "experiment_id",
        "last_updated_timestamp",
        "metrics",
        "model_id",
        "model_type",
        "model_uri",
        "name",
        "params",
        "source_run_id",
        "status",
        "status_message",
        "tags",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - MLflow's signature
        self,
        experiment_id: str,
        model_id: str,
        name: str,
        artifact_location: str,
        creation_timestamp: int,
        last_updated_timestamp: int,
        model_type: str | None = None,
        source_run_id: str | None = None,
        status: LoggedModelStatus | int = LoggedModelStatus.READY,
        status_message: str | None = None,
        tags: list[LoggedModelTag] | dict[str, str] | None = None,
        params: list[LoggedModelParameter] | dict[str, str] | None = None,
        metrics: list[Metric] | None = None,
    ) -> None:
        self.experiment_id, self.model_id, self.name = experiment_id, model_id, name
        self.artifact_location = artifact_location
        self.creation_timestamp, self.last_updated_timestamp = creation_timestamp, last_updated_timestamp
        self.model_type, self.source_run_id = model_type, source_run_id
        self.status = status if isinstance(status, LoggedModelStatus) else LoggedModelStatus.from_int(status)
        self.status_message = status_message
        self.tags: Pairs = _read_pairs(tags)
        self.params: Pairs = _read_pairs(params)
        self.metrics = metrics

    @property
    def model_uri(self) -> str:
        """The address of the model."""
        return f"models:/{self.model_id}"

    @classmethod
    def from_wire(cls, model: logged_models.LoggedModel) -> "LoggedModel":
        """Return a logged model of an answer."""
        info, data = model.info, model.data
        return cls(
            info.experiment_id,
            info.model_id,
            info.name,
            info.artifact_uri,
            info.creation_timestamp_ms,
            info.last_updated_timestamp_ms,
            read_unset(info.model_type),
            read_unset(info.source_run_id),
            LoggedModelStatus.from_wire(info.status),
            read_unset(info.status_message),
            {tag.key: tag.value for tag in info.tags or ()},
            {param.key: param.value for param in data.params or ()},
            [_read_metric(point) for point in data.metrics or ()],
        )

    def to_dictionary(self) -> dict[str, Any]:
        """Return all fields by name; the state as its number."""
        found = dict(self) | {"status": self.status.to_int()}
        del found["model_uri"]  # it follows from the id
        return found

    def __repr__(self) -> str:
        large = {"tags", "params", "metrics"}
        shown = (f"{name}={value!r}" for name, value in self if name not in large)
        return f"LoggedModel({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LoggedModel):
            return NotImplemented
        return dict(self) == dict(other)

    def __hash__(self) -> int:
        return hash(self.model_id)


def _read_pairs(pairs: list[Any] | dict[str, str] | None) -> Pairs:
    if isinstance(pairs, dict):
        return pairs
    return {pair.key: pair.value for pair in pairs or ()}


def _read_metric(point: logged_models.LoggedModelMetric) -> Metric:
    name, digest = read_some(point.dataset_name), read_some(point.dataset_digest)
    return Metric(
        point.key,
        float(point.value),
        point.timestamp,
        point.step,
        model_id=point.model_id,
        dataset_name=name if digest else None,
        dataset_digest=digest if name else None,
        run_id=point.run_id,
    )
