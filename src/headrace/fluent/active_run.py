"""A run that is open in this process: what it is, how it hears news, how it ends.

It knows its log, and neither how it was chosen nor which of several runs is the active one.
"""

import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from headrace.api.ingest import Ledger, StopNote
from headrace.api.runs import RunStatus
from headrace.base.clock import now_ms
from headrace.base.errors import HeadraceWarning, InvalidParameter, NotStored, StopRequested
from headrace.client.entities import Run, RunData, RunInputs, RunOutputs
from headrace.client.entities.page_urls import find_page_root
from headrace.fluent import provenance, state, system_metrics
from headrace.fluent.lazy_info import LazyRunInfo
from headrace.fluent.ledger import get_ledger
from headrace.fluent.operations import STORED_WAIT_S, describe_rejections
from headrace.fluent.truth import judge
from headrace.spool.runlog import RunLog

NEWS_S = 5.0
"""After an answer with news, logging calls look for them for so long."""


class RunOptions(Struct, frozen=True, kw_only=True):
    """How a run behaves.

    Args:
        strict: whether a loss raises.
        raise_stop: whether a request to stop raises at the next logging call.
        rank: of the process in its job; only rank 0 says that the run has ended well.
        operations: whether logging calls answer with an operation unless told otherwise.
        model_id: the logged model that metrics belong to unless told otherwise; empty for none.
        provenance: what to record of where the run comes from; None for what the environment says.
        member: what this process is to the run if it has not made it; empty if it has.
    """

    strict: bool = False
    raise_stop: bool = False
    rank: int = 0
    operations: bool = False
    model_id: str = ""
    provenance: Any = None
    member: str = ""


class ActiveRun(Run):
    """A run that this process logs to. A ``with`` block ends it, with the status that is true: FINISHED, FAILED by an exception, KILLED by Ctrl-C.

    `info` and `data` say what was known when it was started; `info.experiment_id` and `info.artifact_uri` wait for a server where it was started without one.

    Args:
        info: what is known of it.
        data: its data when it was started.
        log: where its records go.
        uri: the tracking URI.
        options: how it behaves.
        below: the run that was active before it.
    """

    def __init__(
        self,
        info: LazyRunInfo,
        data: RunData,
        log: RunLog,
        uri: str,
        options: RunOptions,
        below: "ActiveRun | None" = None,
    ) -> None:
        super().__init__(info, data, RunInputs([]), RunOutputs([]))
        self._page_root = find_page_root(uri)
        self._lazy_info = info
        self.run_id = log.run_id
        self.log = log
        self.uri = uri
        self.options = options
        self.below = below
        self.ended = False
        self.is_entered = False
        self.thread = threading.current_thread()
        self.pid = os.getpid()
        self.failed_with: BaseException | None = None
        self.models_by_step: dict[int, str] = {}
        self.uses: set[object] = set()
        self.is_plain = self._may_be_plain = not (options.operations or options.model_id)
        self._task = _find_task()
        self._endings = [
            None
        ]  # whoever takes it away ends the run; no lock, which a forked child might find taken
        self._params = dict(data.params)
        self._news_until = 0.0
        self._stop: StopNote | None = None

    @property
    def is_own(self) -> bool:
        """Whether this process has started it; a forked child has inherited it from its parent, which ends it."""
        return self.pid == os.getpid()

    @property
    def is_set_apart(self) -> bool:
        """Whether it was started by an asyncio task that is still at work: other tasks of the thread do not see it."""
        task = self._task() if self._task is not None else None
        return task is not None and not task.done()

    def _known_experiment(self) -> str:
        return self._lazy_info.known_experiment_id

    def expect_news(self) -> None:
        """Let logging calls look for news. Called by the sender's thread."""
        self._news_until = time.monotonic() + NEWS_S
        self.is_plain = False

    def heed(self) -> None:
        """Hear what is new: what logging calls do that are not plain.

        Raises:
            NotStored: records were refused, and the run is strict.
            StopRequested: somebody asked the run to stop, and it wants to be told so. Raised once for each request.
        """
        if not self.ended and time.monotonic() > self._news_until:
            self.is_plain = self._may_be_plain
        self._surface(strict=self.options.strict)
        if self.options.raise_stop and self.hear_stop():
            assert self._stop is not None
            reason = f": {self._stop.reason}" if self._stop.reason else ""
            raise StopRequested(f"The run {self.run_id} was asked to stop by {self._stop.asked_by}{reason}")

    def hear_stop(self) -> bool:
        """Acknowledge a request to stop; tell whether there is one that was not heard before."""
        note = self.log.stop
        if note is None or (self._stop is not None and self._stop.asked_at == note.asked_at):
            return False
        self._stop = note
        if self.options.rank == 0:
            self.log.acknowledge_stop()
        return True

    def should_stop(self) -> bool:
        """Tell whether somebody has asked the run to stop, and say to the server that it was heard."""
        return self.hear_stop() or self._stop is not None

    def keep_params(self, params: Iterable[tuple[str, str]]) -> None:
        """Remember params that are logged.

        Raises:
            InvalidParameter: one has been logged with another value, here and in this attempt; none is remembered.
        """
        pairs = list(params)
        for key, value in pairs:
            held = self._params.get(key, value)
            if held != value:
                raise InvalidParameter(
                    f"Changing param values is not allowed. Param with key={key!r} was already logged with value={held!r:.500} for run ID={self.run_id!r}. "
                    f"Attempted logging new value {value!r:.500}. Log it under another key, or as a tag."
                )
        self._params.update(pairs)

    def forget_params(self) -> None:
        """Forget the params of earlier attempts: this one may have others."""
        self._params.clear()

    def link_model(self, model_id: str, step: int) -> None:
        """Let metrics that are logged with the same step as an output belong to that model, as with MLflow.

        Args:
            model_id: a model that the run has made.
            step: when.
        """
        self.models_by_step.setdefault(step, model_id)
        self.uses.add(model_id)
        self.is_plain = self._may_be_plain = False

    def ledger(self) -> Ledger:
        """Return what became of the records of this run: how many were stored, collapsed, repeated, rejected, and why; see `headrace.get_ledger`."""
        return get_ledger(self.run_id, self.uri)

    def end(self, status: RunStatus, *, raises: bool = True) -> None:
        """End the run. Nothing happens if it has ended; a run that was inherited by a fork ends only for this process.

        Args:
            status: FINISHED, FAILED or KILLED.
            raises: whether a strict run may raise.

        Raises:
            NotStored: the run is strict, and not all is stored.
        """
        try:
            self._endings.pop()
        except IndexError:
            return
        self.ended, self.is_plain = True, False
        state.forget_run(self)
        if not self.is_own:
            return
        self._end_recording()
        self.say_status(status)
        self.log.set_lease(None)
        strict = self.options.strict and raises
        if strict and not self.log.flush(STORED_WAIT_S):
            raise NotStored(
                f"The run {self.run_id} is strict, and what it logged was not stored within {STORED_WAIT_S:.0f} s. It is kept on this machine, and sent when "
                "the server is in reach."
            )
        self._surface(strict=strict)

    def say_status(self, status: RunStatus) -> None:
        """Log how the run has ended, if it is for this process to say, and leave it open here."""
        if self.is_own and (self.options.rank == 0 or status == RunStatus.FAILED):
            self.log.set_status(status, now_ms())

    def _end_recording(self) -> None:
        """Let the background work of the run end: what takes a while, in the background, but for the end of the process."""
        options = self.options
        system_metrics.end(self)
        if not provenance.read_parts(options.provenance):
            return
        end = provenance.end if state.STATE.is_exiting else provenance.end_later
        end(self, options.provenance, member=options.member, is_first=not options.member)

    def _surface(self, *, strict: bool) -> None:
        """Tell of records that were refused."""
        rejections = self.log.take_rejections()
        if not rejections:
            return
        if strict:
            raise NotStored(describe_rejections(self.run_id, rejections))
        for each in rejections:
            warnings.warn(describe_rejections(self.run_id, [each]), HeadraceWarning, stacklevel=_find_level())

    def __enter__(self) -> Self:
        self.is_entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        status = judge(error, signalled=state.STATE.signal is not None)
        if self.ended:  # tools end a run and start it again to restore their session
            for run in state.find_again(self):
                run.end(status, raises=error is None)
            return
        for run in state.find_open_above(self):
            run.end(status, raises=False)
        self.end(status, raises=error is None)

    def __repr__(self) -> str:
        return f"<ActiveRun: run_id={self.run_id!r}, run_name={self.info.run_name!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Run, (self.info, self.data, self.inputs, self.outputs)


def _find_task() -> "weakref.ref[Any] | None":
    """Return the asyncio task at work in this thread."""
    find_task = getattr(sys.modules.get("asyncio"), "current_task", None)
    if find_task is None:  # nobody uses it, or another thread is just loading it
        return None
    try:
        task = find_task()
    except RuntimeError:  # no loop runs here
        return None
    return None if task is None else weakref.ref(task)


def _find_level() -> int:
    """Return the level at which a warning points to the caller's own line, outside of headrace."""
    level, frame = 1, sys._getframe(1)  # noqa: SLF001 - the only way to look up the stack cheaply
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("headrace."):
        level, frame = level + 1, frame.f_back
    return level
