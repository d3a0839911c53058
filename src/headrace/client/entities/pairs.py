"""Small entities: metrics, params, tags, files, datasets and what runs use and make of them."""

from typing import Any, Self

from msgspec import Struct

from headrace.api import artifacts, inputs, metrics
from headrace.base.errors import InvalidParameter
from headrace.client.entities.entity import Entity, read_some, read_unset


class _ComparedByKey(Entity):
    """Equal to those of the same class and key, whatever their values are, as in MLflow."""

    key: str

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)


class Metric(Entity, Struct, frozen=True):
    """One point of a metric.

    Args:
        key: its name.
        value: NaN and infinities are values.
        timestamp: Unix milliseconds.
        step: where on the x axis.
        model_id: the logged model that was measured.
        dataset_name: the dataset that it was measured on; goes with `dataset_digest`.
        dataset_digest: likewise.
        run_id: the run that has logged it, where that is not said otherwise.
    """

    key: str
    value: float
    timestamp: int
    step: int
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None

    def __post_init__(self) -> None:
        """Refuse half a dataset.

        Raises:
            InvalidParameter: only one of the dataset's name and digest is given.
        """
        if (self.dataset_name is None) != (self.dataset_digest is None):
            raise InvalidParameter(
                f"The metric {self.key!r} has dataset_name {self.dataset_name!r} and dataset_digest {self.dataset_digest!r}; give both or none."
            )

    @classmethod
    def from_wire(cls, point: metrics.Metric) -> "Metric":
        """Return a point of an answer."""
        name, digest = read_some(point.dataset_name), read_some(point.dataset_digest)
        return cls(
            point.key,
            float(point.value),
            point.timestamp,
            point.step,
            model_id=read_some(point.model_id),
            dataset_name=name if digest else None,
            dataset_digest=digest if name else None,
        )

    @classmethod
    def from_dictionary(cls, metric_dict: dict[str, Any]) -> Self:
        """Return the point of a dictionary.

        Raises:
            InvalidParameter: key, value, timestamp or step is missing.
        """
        missing = [name for name in ("key", "value", "timestamp", "step") if name not in metric_dict]
        if missing:
            raise InvalidParameter(f"The dictionary of a metric has no {', '.join(missing)}.")
        return cls(**metric_dict)

    def to_dictionary(self) -> dict[str, Any]:
        """Return all fields by name."""
        names = ("key", "value", "timestamp", "step", "model_id", "dataset_name", "dataset_digest", "run_id")
        return {name: getattr(self, name) for name in names}


class Param(_ComparedByKey, Struct, frozen=True):
    """An input of a run. As in MLflow, params of one key are equal, whatever their values are."""

    key: str
    value: str


class RunTag(Entity, Struct, frozen=True):
    """A tag of a run."""

    key: str
    value: str


class ExperimentTag(Entity, Struct, frozen=True):
    """A tag of an experiment."""

    key: str
    value: str


class InputTag(Entity, Struct, frozen=True):
    """A tag of a dataset that a run has used, such as ``mlflow.data.context``."""

    key: str
    value: str


class LoggedModelTag(Entity, Struct, frozen=True):
    """A tag of a logged model."""

    key: str
    value: str


class LoggedModelParameter(_ComparedByKey, Struct, frozen=True):
    """A param of a logged model; those of one key are equal, as in MLflow."""

    key: str
    value: str


class FileInfo(Entity, Struct, frozen=True):
    """A file or a folder among artifacts; `file_size` is in bytes, None for a folder."""

    path: str
    is_dir: bool
    file_size: int | None

    @classmethod
    def from_wire(cls, file: artifacts.FileInfo) -> "FileInfo":
        """Return a file of an answer."""
        return cls(file.path, file.is_dir, None if file.is_dir else read_unset(file.file_size))


class Dataset(Entity, Struct, frozen=True):
    """A dataset as the server knows it; `source`, `schema` and `profile` are JSON text."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None

    @classmethod
    def from_wire(cls, dataset: inputs.Dataset) -> "Dataset":
        """Return a dataset of an answer."""
        return cls(
            dataset.name,
            dataset.digest,
            dataset.source_type,
            dataset.source,
            read_unset(dataset.schema),
            read_unset(dataset.profile),
        )

    def to_dictionary(self) -> dict[str, Any]:
        """Return all fields by name."""
        return {
            "name": self.name,
            "digest": self.digest,
            "source_type": self.source_type,
            "source": self.source,
            "schema": self.schema,
            "profile": self.profile,
        }


class DatasetInput(Entity):
    """A dataset that a run has used.

    Args:
        dataset: which.
        tags: such as ``mlflow.data.context``.
    """

    _names = ("dataset", "tags")

    def __init__(self, dataset: Dataset, tags: list[InputTag] | None = None) -> None:
        self.dataset = dataset
        self.tags: list[InputTag] = tags or []

    @classmethod
    def from_wire(cls, used: inputs.DatasetInput) -> "DatasetInput":
        """Return a used dataset of an answer."""
        tags = [InputTag(tag.key, tag.value) for tag in used.tags or ()]
        return cls(Dataset.from_wire(used.dataset), tags)

    def to_dictionary(self) -> dict[str, Any]:
        """Return the dataset's fields, and the tags by key."""
        return {"dataset": self.dataset.to_dictionary(), "tags": {tag.key: tag.value for tag in self.tags}}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DatasetInput):
            return NotImplemented
        return (self.dataset, self.tags) == (other.dataset, other.tags)

    __hash__ = None  # type: ignore[assignment]  # the tags may be changed


class LoggedModelInput(Entity, Struct, frozen=True):
    """A logged model that a run has used."""

    model_id: str


class LoggedModelOutput(Entity, Struct, frozen=True):
    """A logged model that a run has made, and at which step."""

    model_id: str
    step: int

    def to_dictionary(self) -> dict[str, str | int]:
        """Return all fields by name."""
        return {"model_id": self.model_id, "step": self.step}


class _DatasetSummary(Entity, Struct, frozen=True):
    """A dataset that some run of an experiment has used."""

    experiment_id: str
    name: str
    digest: str
    context: str | None

    def to_dict(self) -> dict[str, str | None]:
        """Return all fields by name."""
        return {
            "experiment_id": self.experiment_id,
            "name": self.name,
            "digest": self.digest,
            "context": self.context,
        }
