"""Runs in MLflow's Python shape: `run.info`, `run.data` with dictionaries, `run.inputs`, `run.outputs`."""

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import Struct

from headrace.api import runs
from headrace.base.cached import cached_property
from headrace.base.errors import InvalidParameter
from headrace.base.plugins import load_attribute
from headrace.client.entities.entity import Entity, read_unset
from headrace.client.entities.page_urls import build_page_url, find_page_root
from headrace.client.entities.pairs import (
    DatasetInput,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)

_ATTRIBUTES = ["artifact_uri", "end_time", "run_id", "run_name", "start_time", "status", "user_id"]


class _Pair(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def value(self) -> Any: ...


class RunInfo(Entity):
    """What is known of a run besides its data.

    Args:
        run_id: 32 hexadecimal digits.
        experiment_id: the experiment that it belongs to.
        user_id: who has started it.
        status: ``RUNNING``, ``FINISHED``, ``FAILED`` ...
        start_time: Unix milliseconds.
        end_time: Unix milliseconds; None while it runs.
        lifecycle_stage: ``active`` or ``deleted``.
        artifact_uri: where its artifacts are.
        run_name: its name.
    """

    _names = (
        "artifact_uri",
        "end_time",
        "experiment_id",
        "lifecycle_stage",
        "run_id",
        "run_name",
        "start_time",
        "status",
        "user_id",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - MLflow's signature
        self,
        run_id: str,
        experiment_id: str,
        user_id: str,
        status: str,
        start_time: int,
        end_time: int | None,
        lifecycle_stage: str,
        artifact_uri: str | None = None,
        run_name: str | None = None,
    ) -> None:
        self.run_id, self.experiment_id, self.user_id = run_id, experiment_id, user_id
        self.status, self.start_time, self.end_time = status, start_time, end_time
        self.lifecycle_stage, self.artifact_uri, self.run_name = lifecycle_stage, artifact_uri, run_name

    @classmethod
    def from_wire(cls, info: runs.RunInfo) -> "RunInfo":
        """Return the info of an answer."""
        return cls(
            info.run_id,
            info.experiment_id,
            info.user_id,
            str(info.status),
            info.start_time,
            read_unset(info.end_time),
            info.lifecycle_stage,
            info.artifact_uri,
            info.run_name,
        )

    @classmethod
    def get_searchable_attributes(cls) -> list[str]:
        """Return the attributes that a filter may name."""
        return list(_ATTRIBUTES)

    @classmethod
    def get_orderable_attributes(cls) -> list[str]:
        """Return the attributes that an order may name."""
        return list(_ATTRIBUTES)

    def __eq__(self, other: object) -> bool:
        return dict(self) == dict(other) if isinstance(other, RunInfo) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it may be changed


class RunData(Entity):
    """The latest value of each metric, the params and the tags of a run, as dictionaries.

    Args:
        metrics: points, one of each metric.
        params: pairs of key and value.
        tags: likewise.
    """

    _names = ("metrics", "params", "tags")

    def __init__(
        self,
        metrics: list[Metric] | None = None,
        params: list[Param] | None = None,
        tags: list[RunTag] | None = None,
    ) -> None:
        self._keep(metrics or (), params or (), tags or ())

    def _keep(self, metrics: Iterable[Any], params: Iterable[_Pair], tags: Iterable[_Pair]) -> None:
        self._points, self._params, self._tags = metrics, params, tags

    @classmethod
    def from_wire(cls, data: runs.RunData) -> "RunData":
        """Return the data of an answer, which is kept as it is until it is looked at."""
        made = cls()
        made._keep(data.metrics or (), data.params or (), data.tags or ())
        return made

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The latest value of each metric."""
        return {point.key: float(point.value) for point in self._points}

    @cached_property
    def params(self) -> dict[str, str]:
        """The params."""
        return {param.key: param.value for param in self._params}

    @cached_property
    def tags(self) -> dict[str, str]:
        """The tags."""
        return {tag.key: tag.value for tag in self._tags}

    @cached_property
    def _metric_objs(self) -> list[Metric]:
        """The latest point of each metric; MLflow's integrations ask for it by this name."""
        return [point if isinstance(point, Metric) else Metric.from_wire(point) for point in self._points]

    def to_dictionary(self) -> dict[str, Any]:
        """Return the three dictionaries by name."""
        return {"metrics": self.metrics, "params": self.params, "tags": self.tags}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RunData):
            return NotImplemented
        return self.to_dictionary() == other.to_dictionary()

    __hash__ = None  # type: ignore[assignment]  # it holds dictionaries


class RunInputs(Entity, Struct):
    """All that a run has used."""

    dataset_inputs: list[DatasetInput]
    model_inputs: list[LoggedModelInput] | None = None

    def __post_init__(self) -> None:
        """Let a list that is not given be an empty one."""
        self.model_inputs = self.model_inputs or []

    def to_dictionary(self) -> dict[str, Any]:
        """Return all fields by name, down to the ground."""
        return {
            "model_inputs": [dict(each) for each in self.model_inputs or ()],
            "dataset_inputs": [each.to_dictionary() for each in self.dataset_inputs],
        }


class RunOutputs(Entity, Struct):
    """All that a run has made."""

    model_outputs: list[LoggedModelOutput]

    def to_dictionary(self) -> dict[str, Any]:
        """Return all fields by name, down to the ground."""
        return {"model_outputs": [each.to_dictionary() for each in self.model_outputs]}


class Run(Entity):
    """A run with all that belongs to it.

    Args:
        run_info: what is known besides its data.
        run_data: metrics, params and tags.
        run_inputs: what it has used.
        run_outputs: what it has made.

    Raises:
        InvalidParameter: `run_info` is None.
    """

    _names = ("info", "data", "inputs", "outputs")

    def __init__(
        self,
        run_info: RunInfo,
        run_data: RunData,
        run_inputs: RunInputs | None = None,
        run_outputs: RunOutputs | None = None,
    ) -> None:
        if run_info is None:
            raise InvalidParameter("run_info is None; give a RunInfo.")
        self._info, self._data, self._inputs, self._outputs = run_info, run_data, run_inputs, run_outputs
        self._page_root = ""

    @classmethod
    def from_wire(cls, run: runs.Run, uri: str = "") -> "Run":
        """Return a run of an answer.

        Args:
            run: the answer.
            uri: the tracking URI that has given it.
        """
        outputs = run.outputs.model_outputs if run.outputs else None
        made = Run(
            RunInfo.from_wire(run.info),
            RunData.from_wire(run.data),
            RunInputs(
                [DatasetInput.from_wire(each) for each in run.inputs.dataset_inputs or ()],
                [LoggedModelInput(each.model_id) for each in run.inputs.model_inputs or ()],
            ),
            RunOutputs([LoggedModelOutput(each.model_id, each.step) for each in outputs or ()]),
        )
        made._page_root = find_page_root(uri)
        return made

    @property
    def info(self) -> RunInfo:
        """What is known of the run besides its data."""
        return self._info

    @property
    def data(self) -> RunData:
        """Metrics, params and tags."""
        return self._data

    @property
    def inputs(self) -> RunInputs | None:
        """What the run has used."""
        return self._inputs

    @property
    def outputs(self) -> RunOutputs | None:
        """What the run has made."""
        return self._outputs

    @property
    def page_url(self) -> str:
        """Where the server shows the run; empty if no server does, or it is not known."""
        return build_page_url(self._page_root, self._known_experiment(), self.info.run_id)

    def _known_experiment(self) -> str:
        """Return the id of its experiment, if that is known without a call."""
        return self.info.experiment_id

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return str(load_attribute("headrace.client.entities.cards:show_run")(self))

    def to_dictionary(self) -> dict[Any, Any]:
        """Return all fields by name, down to the ground."""
        found: dict[Any, Any] = {"info": dict(self.info)}
        parts = (("data", self.data), ("inputs", self.inputs), ("outputs", self.outputs))
        return found | {name: part.to_dictionary() for name, part in parts if part}
