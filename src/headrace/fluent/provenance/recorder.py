"""The thread that records one run's provenance. Here is only what start_run needs at once; what finds things out is loaded by the thread itself.

It is a thread that the interpreter waits for before it exits, so that a short program's provenance is whole; each of its questions has an end of its own.
The module does not know what a run is beyond `Recorded`.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from headrace.api.ingest import EnvironmentRecord
from headrace.base.plugins import load_attribute
from headrace.fluent.provenance.parts import Part
from headrace.fluent.provenance.program import Program
from headrace.fluent.provenance.seeds import RandomState

LOGGER = logging.getLogger("headrace")


class RecordedLog(Protocol):
    """Where a run's records go."""

    @property
    def run_id(self) -> str:
        """The run's id."""

    def set_tags(self, tags: Sequence[tuple[str, str]]) -> None:
        """Set tags."""

    def log_environment(self, environment: EnvironmentRecord) -> None:
        """Note the interpreter and its packages."""

    def add_bytes(self, data: bytes, artifact_path: str) -> None:
        """Store a file of the run."""


class Recorded(Protocol):
    """A run whose provenance is recorded."""

    @property
    def log(self) -> RecordedLog:
        """Where its records go."""


class Task(Struct, frozen=True, kw_only=True):
    """What is to be recorded, and what was seen when the run began.

    Args:
        log: where the run's records go.
        parts: what is recorded.
        program: how the process was started.
        states: of the random generators.
        folder: of the run's artifacts, for the files.
        is_first: whether the process is the one that has made the run: its tags are the run's.
        has_environment: whether the packages are those of the run's attempt.
        max_diff_bytes: the most bytes of uncommitted changes.
        started_at: when the run began, in Unix milliseconds.
    """

    log: RecordedLog
    parts: frozenset[Part]
    program: Program
    states: Sequence[RandomState]
    folder: str
    is_first: bool
    has_environment: bool
    max_diff_bytes: int
    started_at: int


class Recorder(threading.Thread):
    """Records the provenance of one run, and ends.

    Args:
        task: what is to be done.
        before: those of earlier runs that are at work. It waits for the last of them, so that what holds for all runs is found out once.
    """

    def __init__(self, task: Task, before: Sequence["Recorder"]) -> None:
        super().__init__(name="headrace-provenance", daemon=False)
        self.task = task
        self._before = before[-1:]

    def run(self) -> None:
        """Record everything."""
        for recorder in self._before:
            recorder.join()
        self._before = ()
        load_attribute("headrace.fluent.provenance.collection:collect")(self.task)
