"""What the process's state knows of a run that is open: the part of it that those below `headrace.fluent.active_run` need."""

import threading
from typing import Any, Protocol

from headrace.api.runs import RunStatus
from headrace.spool.runlog import RunLog


class Loggable(Protocol):
    """A run that is open in this process, or a stand-in for none."""

    is_plain: bool
    """Whether a logging call may simply append: the run is open, and there is no news of it."""

    @property
    def log(self) -> RunLog:
        """Where a plain run's records go."""


class OpenRun(Protocol):
    """A run that is open in this process; see `headrace.fluent.active_run.ActiveRun`."""

    run_id: str
    uri: str
    ended: bool
    is_entered: bool
    thread: threading.Thread
    failed_with: BaseException | None

    @property
    def below(self) -> "OpenRun | None":
        """The run that was active before it."""

    def expect_news(self) -> None:
        """Let logging calls look for news."""

    def say_status(self, status: RunStatus) -> None:
        """Log how the run has ended, and leave it open here."""

    def end(self, status: RunStatus, *, raises: bool = True) -> None:
        """End the run."""


class NoRun:
    """Stands for no run, so that logging asks one question only."""

    is_plain = False

    @property
    def log(self) -> Any:
        """There is none."""
        raise RuntimeError("no run is active; ask is_plain before")
