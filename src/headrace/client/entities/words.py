"""Words of the tracking protocol with MLflow's numbers: states, stages, kinds."""

from enum import Enum, StrEnum
from typing import Any, ClassVar

from headrace.api.experiments import ViewType as WireViewType
from headrace.api.logged_models import LoggedModelStatus as WireModelStatus
from headrace.base.errors import InvalidParameter


class _Numbered:
    """Words that stand for numbers. A subclass has an attribute for each word."""

    _WHAT: ClassVar[str]
    _NUMBERS: ClassVar[dict[str, int]]

    @classmethod
    def _read(cls, text: str) -> int:
        if text not in cls._NUMBERS:
            raise InvalidParameter(
                f"There is no {cls._WHAT} {text!r}; it must be one of {', '.join(cls._NUMBERS)}."
            )
        return cls._NUMBERS[text]

    @classmethod
    def _write(cls, number: int) -> str:
        found = next((text for text, each in cls._NUMBERS.items() if each == number), None)
        if found is None:
            raise InvalidParameter(
                f"There is no {cls._WHAT} {number!r}; it must be one of {', '.join(map(str, cls._NUMBERS.values()))}."
            )
        return found


class RunStatus(_Numbered):
    """What a run is doing."""

    RUNNING, SCHEDULED, FINISHED, FAILED, KILLED = range(1, 6)

    _WHAT = "run status"
    _NUMBERS = {  # noqa: RUF012 - typed in the base
        "RUNNING": RUNNING,
        "SCHEDULED": SCHEDULED,
        "FINISHED": FINISHED,
        "FAILED": FAILED,
        "KILLED": KILLED,
    }

    @staticmethod
    def from_string(status_str: str) -> int:
        """Return the number of a state.

        Raises:
            InvalidParameter: there is no such state.
        """
        return RunStatus._read(status_str)

    @staticmethod
    def to_string(status: int) -> str:
        """Return the name of a state.

        Raises:
            InvalidParameter: there is no such state.
        """
        return RunStatus._write(status)

    @staticmethod
    def is_terminated(status: int) -> bool:
        """Return whether a run in this state has ended."""
        return status in {RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED}

    @staticmethod
    def all_status() -> list[int]:
        """Return the numbers of all states."""
        return list(RunStatus._NUMBERS.values())


class SourceType(_Numbered):
    """What has started a run."""

    NOTEBOOK, JOB, PROJECT, LOCAL, UNKNOWN = range(1, 6)

    _WHAT = "source type"
    _NUMBERS = {  # noqa: RUF012 - typed in the base
        "NOTEBOOK": NOTEBOOK,
        "JOB": JOB,
        "PROJECT": PROJECT,
        "LOCAL": LOCAL,
        "UNKNOWN": UNKNOWN,
    }
    SOURCETYPE_TO_STRING: ClassVar[dict[int, str]] = {number: text for text, number in _NUMBERS.items()}

    @staticmethod
    def from_string(status_str: str) -> int:
        """Return the number of a kind.

        Raises:
            InvalidParameter: there is no such kind.
        """
        return SourceType._read(status_str)

    @staticmethod
    def to_string(status: int) -> str:
        """Return the name of a kind.

        Raises:
            InvalidParameter: there is no such kind.
        """
        return SourceType._write(status)


class ViewType(_Numbered):
    """Which stages of life a search looks at."""

    ACTIVE_ONLY, DELETED_ONLY, ALL = range(1, 4)

    _WHAT = "view type"
    _NUMBERS = {  # noqa: RUF012 - typed in the base
        "active_only": ACTIVE_ONLY,
        "deleted_only": DELETED_ONLY,
        "all": ALL,
    }

    @classmethod
    def from_string(cls, view_str: str) -> int:
        """Return the number of a view.

        Raises:
            InvalidParameter: there is no such view.
        """
        return cls._read(view_str)

    @classmethod
    def to_string(cls, view_type: int) -> str:
        """Return the name of a view.

        Raises:
            InvalidParameter: there is no such view.
        """
        return cls._write(view_type)


def read_view(view_type: Any) -> WireViewType:
    """Return a view as it is sent.

    Args:
        view_type: a number of `ViewType`, or a word of the wire.

    Raises:
        InvalidParameter: there is no such view.
    """
    for view in WireViewType:
        if view_type in (view.number, view.value):
            return view
    raise InvalidParameter(
        f"Invalid view type {view_type!r}; it must be ViewType.ACTIVE_ONLY, DELETED_ONLY or ALL."
    )


class LifecycleStage:
    """Whether a thing is there or deleted."""

    ACTIVE = "active"
    DELETED = "deleted"

    @classmethod
    def view_type_to_stages(cls, view_type: int = ViewType.ALL) -> list[str]:
        """Return the stages that a view shows."""
        return [stage for stage in (cls.ACTIVE, cls.DELETED) if cls.matches_view_type(view_type, stage)]

    @classmethod
    def is_valid(cls, lifecycle_stage: str) -> bool:
        """Return whether there is such a stage."""
        return lifecycle_stage in {cls.ACTIVE, cls.DELETED}

    @classmethod
    def matches_view_type(cls, view_type: int, lifecycle_stage: str) -> bool:
        """Return whether a view shows a stage.

        Raises:
            InvalidParameter: there is no such view or stage.
        """
        if not cls.is_valid(lifecycle_stage):
            raise InvalidParameter(
                f"There is no lifecycle stage {lifecycle_stage!r}; it must be active or deleted."
            )
        view = read_view(view_type)
        only = {WireViewType.ACTIVE_ONLY: cls.ACTIVE, WireViewType.DELETED_ONLY: cls.DELETED}
        return only.get(view, lifecycle_stage) == lifecycle_stage


class LoggedModelStatus(str, Enum):  # noqa: UP042 - repr and format are MLflow's
    """How far a logged model is."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"

    def __str__(self) -> str:
        return self.value

    @staticmethod
    def is_finalized(status: object) -> bool:
        """Return whether a state is one that does not change any more."""
        return status in {LoggedModelStatus.READY, LoggedModelStatus.FAILED}

    def to_int(self) -> int:
        """Return the number of the state."""
        return list(LoggedModelStatus).index(self)

    @classmethod
    def from_int(cls, status_int: int) -> "LoggedModelStatus":
        """Return the state of a number.

        Raises:
            InvalidParameter: there is no such state.
        """
        states = list(cls)
        if status_int not in range(len(states)):
            raise InvalidParameter(
                f"There is no status of a logged model with the number {status_int!r}; it must lie between 0 and {len(states) - 1}."
            )
        return states[status_int]

    def to_wire(self) -> WireModelStatus:
        """Return the state as it is sent."""
        return _WIRE_STATES[self]

    @classmethod
    def from_wire(cls, status: StrEnum) -> "LoggedModelStatus":
        """Return a state of an answer."""
        return next(state for state, wire in _WIRE_STATES.items() if wire == status)


_WIRE_STATES = {
    LoggedModelStatus.UNSPECIFIED: WireModelStatus.UNSPECIFIED,
    LoggedModelStatus.PENDING: WireModelStatus.PENDING,
    LoggedModelStatus.READY: WireModelStatus.READY,
    LoggedModelStatus.FAILED: WireModelStatus.UPLOAD_FAILED,
}
