"""How a process ends: which status its open runs get, what is still sent, and what the user is told of the rest.

Runs are told what is true: FAILED after an exception that nobody caught, or an exit with another code than 0; KILLED after Ctrl-C or SIGTERM. `install` is called by
the first run of a process. Hooks and handlers are chained to those that were there. SIGTERM, where nobody else handles it, ends the process as it would have, but for the
time that it takes to end the runs and to send what waits (HEADRACE_GRACE_S at most). An exit by a bare ``raise SystemExit(n)`` outside of all blocks is not seen; by `sys.exit` it is.
"""

import _sitebuiltins
import os
import signal
import sys
import threading
import time
import weakref
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, NoReturn

from headrace.api.runs import RunStatus
from headrace.base.endings import call_at_exit
from headrace.base.errors import HeadraceError
from headrace.fluent import state
from headrace.fluent.environment import EXIT_WAIT_S, GRACE_S, read_seconds
from headrace.fluent.state import LOGGER, STATE
from headrace.fluent.truth import judge, judge_exit
from headrace.spool.contract import Backlog
from headrace.spool.writer import Spool

DEFAULT_GRACE_S = 5.0
DEFAULT_EXIT_WAIT_S = 5.0
_OFFLINE_WAIT_S = 1.0
_LOOK_S = 0.2
_PROVENANCE_WAIT_S = 30.0
"""Those threads would be waited for in any case, but after the spool was closed."""
_CLOSE_S = 1.0
_TALK_S = 3.0
_KILO = 1000
_CHILD_PRIORITY = 1000
"""Higher than that of the spool."""


def install() -> None:
    """Take care of the end of the process, from the first run on. Does nothing more the second time."""
    hooks = STATE.hooks
    with STATE.lock:
        is_first, hooks.installed = not hooks.installed, True
        is_new_process, hooks.pid = hooks.pid != os.getpid(), os.getpid()
    if is_new_process:
        _end_with_child()
    if is_first:
        call_at_exit(end_process)
        hooks.exception, sys.excepthook = sys.excepthook, _see_exception
        hooks.thread_exception, threading.excepthook = threading.excepthook, _see_thread_exception
        sys.exit = _exit
        _sitebuiltins.Quitter.__call__ = _quit  # type: ignore[assignment,method-assign]  # exit() and quit()
    if not hooks.signals and threading.current_thread() is threading.main_thread():
        hooks.signals = True
        _chain_signal(signal.SIGTERM)


def end_process() -> None:
    """End all runs that this process has begun, in all threads, and send what waits: as long as the server takes it, and for a moment more."""
    STATE.is_exiting = True
    error = sys.exc_info()[1] or STATE.fate.error
    signalled = STATE.signal is not None
    status = (
        judge_exit(STATE.fate.exit_code, signalled=signalled)
        if error is None
        else judge(error, signalled=signalled)
    )
    for run in reversed(list(STATE.open_runs.values())):
        with _told():
            run.end(judge(run.failed_with) if run.failed_with else status, raises=False)
    limit_s = read_seconds(GRACE_S, DEFAULT_GRACE_S) if signalled else None
    if not signalled:
        state.wait_for_provenance(_PROVENANCE_WAIT_S)
    spools, close_s = list(STATE.spools.items()), 0.0
    try:
        _send_all(limit_s)
        close_s = _CLOSE_S
    except KeyboardInterrupt:
        _say("interrupted")
    if isinstance(error, KeyboardInterrupt):
        _keep_interruption()
    STATE.ending = True
    for uri, spool in spools:
        with _told():
            _tell_rest(uri, spool, spool.close(close_s))
    for client in STATE.clients.values():
        client.close()


def _end_with_child() -> None:
    """End runs with a child of `multiprocessing`, before its spool is closed: such a process ends without what `atexit` holds, or after it."""
    processes = sys.modules.get("multiprocessing.process")
    finalizers = sys.modules.get("multiprocessing.util")
    if processes is not None and finalizers is not None and processes.parent_process() is not None:
        finalizers.Finalize(None, end_process, exitpriority=_CHILD_PRIORITY)


class _told(suppress):  # noqa: N801 - a context manager, as `suppress` is
    """Let an error of ours be a line in the log: nobody is left to catch it."""

    def __init__(self) -> None:
        super().__init__(HeadraceError, OSError)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, HeadraceError | OSError):
            LOGGER.error("At the end of the process: %s", error)
        return super().__exit__(kind, error, traceback)


def _send_all(limit_s: float | None) -> None:
    for spool in list(STATE.spools.values()):
        _send(spool, limit_s)


def _send(spool: Spool, limit_s: float | None) -> None:
    """Send what waits: as long as the other end takes it, and not for long where it does not."""
    begun = heard = time.monotonic()
    patience_s = read_seconds(EXIT_WAIT_S, DEFAULT_EXIT_WAIT_S)
    if not spool.backlog.reachable:
        patience_s = min(patience_s, _OFFLINE_WAIT_S)
    has_talked = False
    while not spool.flush(_LOOK_S):
        now = time.monotonic()
        backlog = spool.backlog
        heard = now if backlog.reachable else heard
        if now - heard >= patience_s or (limit_s is not None and now - begun >= limit_s):
            return
        if now - begun >= _TALK_S and not has_talked:
            has_talked = True
            _say(f"sending {_count(backlog)}; Ctrl-C leaves the rest for `headrace sync`")
        if not backlog.reachable:  # flush does not wait then
            time.sleep(_LOOK_S)


def _keep_interruption() -> None:
    """Let the process end as one that was interrupted does, by SIGINT, whatever was executed since: Python forgets it with the next code that it compiles."""
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")  # noqa: S102 - a constant


def _tell_rest(uri: str, spool: Spool, left: Backlog) -> None:
    place = state.hide_credentials(uri)
    if not left.empty:
        reason = f" ({left.last_error})" if left.last_error else ""
        _say(
            f"{_count(left)} could not be sent to {place}{reason}. They are kept in {left.folder}. The next process that logs there sends them; "
            "or run: headrace sync"
        )
    refused = spool.counts.rejected
    if refused:
        _say(f"{refused:,} records were refused by {place}; the ledgers of their runs say which, and why")


def _count(left: Backlog) -> str:
    files = f" and {left.files:,} files" if left.files else ""
    return f"{left.records:,} records{files} ({left.bytes / _KILO:,.0f} kB)"


def _say(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):  # stderr may be closed, or missing
        sys.stderr.write(f"headrace: {text}\n")
        sys.stderr.flush()


def _see_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Note what nobody has caught, and show it as before."""
    STATE.fate.error = error
    STATE.hooks.exception(kind, error, traceback)


def _see_thread_exception(args: threading.ExceptHookArgs, /) -> None:
    """Note that a thread has failed, and so have the runs that it has left open."""
    for run in list(STATE.open_runs.values()):
        if run.thread is args.thread:
            run.failed_with = args.exc_value
    STATE.hooks.thread_exception(args)


class _Exit(SystemExit):
    """SystemExit, but for being seen when it goes."""


def _exit(status: Any = None, /) -> NoReturn:
    """Exit the interpreter by raising SystemExit(status), as `sys.exit` does."""
    raise _make_exit(status)


def _quit(_: object, code: Any = None) -> NoReturn:
    """Do what the site module's ``exit()`` and ``quit()`` do."""
    with suppress(Exception):
        sys.stdin.close()
    raise _make_exit(code)


def _make_exit(code: Any) -> SystemExit:
    """Return an exception that is noticed when it ends the process: then it goes while no frame is left. One that somebody catches goes within a frame."""
    error = _Exit(code)
    main = threading.main_thread()

    def see(_: "weakref.ref[_Exit]") -> None:
        if sys._getframe(0).f_back is None and threading.current_thread() is main:  # noqa: SLF001 - see above
            STATE.fate.exit_code = code

    STATE.fate.exits.append(weakref.ref(error, see))
    return error


def _chain_signal(number: int) -> None:
    """Handle a signal before whoever handles it now. One that is ignored stays so, and so does a handler that Python does not know."""
    previous = signal.getsignal(number)
    if previous is signal.SIG_DFL or callable(previous):
        STATE.hooks.previous[number] = previous if callable(previous) else None
        signal.signal(number, _on_signal)


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Note the signal; where nobody else handles it, end in a thread: the main thread may hold any lock at this moment."""
    STATE.signal = number
    previous = STATE.hooks.previous.get(number)
    if previous is not None:
        previous(number, frame)
        return
    signal.signal(number, signal.SIG_DFL)  # a second one ends at once
    try:
        threading.Thread(target=_die, args=(number,), name="headrace-ending", daemon=True).start()
    except RuntimeError:  # the interpreter is ending already
        signal.raise_signal(number)


def _die(number: int) -> None:
    """End as by the signal, after what has to be said. The main thread goes on meanwhile, and may log on."""
    try:
        for run in reversed(list(STATE.open_runs.values())):
            with _told():
                run.say_status(RunStatus.KILLED)
        _send_all(read_seconds(GRACE_S, DEFAULT_GRACE_S))
        for uri, spool in list(STATE.spools.items()):
            _tell_rest(uri, spool, spool.backlog)
    finally:
        os.kill(os.getpid(), number)
