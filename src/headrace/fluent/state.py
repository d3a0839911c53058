"""The only state of the module level: tracking URI, experiment, spools, clients, and the runs that are open in this process.

Everything is made when it is first needed. A forked child goes on with the same tracking URI and experiment; runs that it has inherited belong to its
parent, which ends them. The module does not know what a run is beyond `OpenRun`.
"""

import logging
import os
import signal
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from headrace.base.errors import Unavailable
from headrace.base.loading import LOADING
from headrace.client.client import Client
from headrace.client.connect import DEFAULT_URI, connect
from headrace.fluent.destination import TransportDestination, open_destination
from headrace.fluent.environment import ANSWER_S, TRACKING_URI, read_seconds
from headrace.fluent.leftovers import send_left
from headrace.fluent.open_run import Loggable, NoRun, OpenRun
from headrace.fluent.places import complete_uri, find_old_data, make_folder
from headrace.spool.contract import SpoolSettings
from headrace.spool.runlog import RunLog
from headrace.spool.writer import Spool, open_spool

LOGGER = logging.getLogger("headrace")
LOADING_WAIT_S = 10.0
"""How long a fork waits for threads that load modules."""
READ_WAIT_S = 5.0
"""How long a read waits for what was logged before it."""
ANSWER_WAIT_S = 2.0
"""How long a call waits for a server that the run could do without."""
MAX_KNOWN = 10_000
"""So many runs are known to exist."""


class ActiveExperiment(Struct):
    """The experiment of new runs.

    Args:
        uri: the tracking URI that it is at.
        name: its name, if it was named so.
        experiment_id: its id, if it is known.
    """

    uri: str
    name: str = ""
    experiment_id: str = ""


class Hooks(Struct):
    """What was there before `headrace.fluent.ending` put itself in front.

    Args:
        installed: whether it has.
        pid: in which process.
        signals: whether it has for signals, which only the main thread may.
        exception: `sys.excepthook`.
        thread_exception: `threading.excepthook`.
        previous: handlers by signal; None for the system's default.
        mask: the signals that were blocked before a fork that is under way.
    """

    installed: bool = False
    pid: int = 0
    signals: bool = False
    exception: Callable[..., Any] = sys.__excepthook__
    thread_exception: Callable[..., Any] = threading.__excepthook__
    previous: dict[int, Callable[..., Any] | None] = field(default_factory=dict)
    mask: set[Any] | None = None


class Fate(Struct):
    """How the process is about to end, as far as that is known.

    Args:
        error: what nobody has caught.
        exit_code: what the process has exited with.
        exits: exits that were asked for; most recent last.
    """

    error: BaseException | None = None
    exit_code: Any = None
    exits: deque["weakref.ref[Any]"] = field(default_factory=lambda: deque(maxlen=16))


class State(Struct):
    """All that the process knows."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    tracking_uri: str | None = None
    registry_uri: str | None = None
    completed: dict[str, str] = field(default_factory=dict)
    experiment: ActiveExperiment | None = None
    known_experiments: set[tuple[str, str]] = field(default_factory=set)
    spools: dict[str, Spool] = field(default_factory=dict)
    clients: dict[tuple[str, bool], Client] = field(default_factory=dict)
    open_runs: dict[int, OpenRun] = field(default_factory=dict)
    other_logs: dict[tuple[str, str], RunLog] = field(default_factory=dict)
    last_runs: threading.local = field(default_factory=threading.local)
    known_runs: dict[tuple[str, str], None] = field(default_factory=dict)
    settings: SpoolSettings = field(default_factory=SpoolSettings)
    signal: int | None = None
    hooks: Hooks = field(default_factory=Hooks)
    fate: Fate = field(default_factory=Fate)
    job_places: set[str] = field(default_factory=set)
    ending: bool = False
    is_exiting: bool = False
    is_held: bool = False
    is_first_to_fork: bool = False


NO_RUN = NoRun()
STATE = State()
CURRENT: ContextVar[Loggable] = ContextVar("headrace_run", default=NO_RUN)


def get_tracking_uri() -> str:
    """Return the tracking URI: what `set_tracking_uri` was given, else HEADRACE_TRACKING_URI or MLFLOW_TRACKING_URI, else a database in the working folder.

    Returns:
        The address in full: relative paths are made absolute where they are first used.

    Raises:
        InvalidParameter: it names a folder that cannot be made.
    """
    given = STATE.tracking_uri or TRACKING_URI.find()
    wanted = given or DEFAULT_URI
    known = STATE.completed.get(wanted)
    if known is None:
        make_folder(wanted)
        known = STATE.completed.setdefault(wanted, complete_uri(wanted))
        _mention_old_data(wanted, known)
    return known


def set_tracking_uri(uri: str | Path) -> None:
    """Set the tracking URI of this process, and of those that it starts. Runs that are active stay where they are.

    Args:
        uri: ``http://HOST:PORT``, ``sqlite:///PATH``, another database's address; or a folder, in which a database is kept. Empty for what the environment said.
    """
    text = uri.absolute().as_uri() if isinstance(uri, Path) else uri
    STATE.tracking_uri = text or None
    for name in TRACKING_URI.names:
        if text and (name.startswith("MLFLOW_") or name in os.environ):
            os.environ[name] = text
        elif not text:
            os.environ.pop(name, None)


def is_tracking_uri_set() -> bool:
    """Tell whether the tracking URI was set, here or in the environment."""
    return bool(STATE.tracking_uri or TRACKING_URI.find())


def get_registry_uri() -> str:
    """Return the registry URI: what `set_registry_uri` was given, else HEADRACE_REGISTRY_URI or MLFLOW_REGISTRY_URI, else the tracking URI."""
    return STATE.registry_uri or os.environ.get("MLFLOW_REGISTRY_URI") or get_tracking_uri()


def set_registry_uri(uri: str) -> None:
    """Set the registry URI of this process, and of those that it starts. Empty for the tracking URI."""
    STATE.registry_uri = uri or None
    os.environ["MLFLOW_REGISTRY_URI"] = uri


def get_client(uri: str | None = None) -> Client:
    """Return the typed client of a tracking URI, with connections of its own.

    Args:
        uri: the address; the current tracking URI if it is not given.

    Raises:
        InvalidParameter: the address or a setting is wrong.
    """
    return _open_client(uri or get_tracking_uri(), hurried=False)


def get_hurried_client(uri: str) -> Client:
    """Return a client that gives up after HEADRACE_ANSWER_S seconds without an answer: for what can be done without."""
    return _open_client(uri, hurried=True)


def _open_client(uri: str, *, hurried: bool) -> Client:
    key = uri, hurried
    client = STATE.clients.get(key)
    if client is None:
        with STATE.lock:
            client = STATE.clients.get(key)
            if client is None:
                wait_s = max(read_seconds(ANSWER_S, ANSWER_WAIT_S), 0.001)
                with LOADING:
                    client = connect(uri, timeout_s=wait_s, retries=0) if hurried else connect(uri)
                STATE.clients[key] = client
    return client


def get_spool(uri: str | None = None) -> Spool:
    """Return the spool of a tracking URI; nothing is sent or read by that.

    Args:
        uri: the address; the current tracking URI if it is not given.

    Raises:
        InvalidParameter: the address or a setting is wrong.
        SpoolFull: the spool's disk is full.
    """
    place = uri or get_tracking_uri()
    spool = STATE.spools.get(place)
    if spool is None:
        with STATE.lock:
            spool = STATE.spools.get(place)
            if spool is None:
                if STATE.ending:
                    raise Unavailable("The process is at its end; nothing can be logged any more.")
                settings = STATE.settings
                if ":memory:" in place:  # nobody else has this database
                    settings = replace(settings, adopt=False)
                spool = open_spool(place, lambda: _open_destination(place), settings, tell_news)
                STATE.spools[place] = spool
    return spool


def _open_destination(uri: str) -> TransportDestination:
    destination = open_destination(uri, tell_news, partial(_prepare, uri))
    if not STATE.is_first_to_fork and _find_stores() is not None and hasattr(os, "register_at_fork"):
        STATE.is_first_to_fork = True
        os.register_at_fork(before=_hold_loading)
    return destination


def _prepare(uri: str, destination: TransportDestination) -> None:
    """Send what earlier processes of a job have left before its run goes on."""
    if uri in STATE.job_places:
        send_left(uri, destination, STATE.settings.root, STATE.spools[uri].backlog.folder)


def flush_reads(timeout_s: float = READ_WAIT_S, uri: str | None = None) -> bool:
    """Wait until what was logged is stored, so that a read finds it.

    Args:
        timeout_s: how long at most.
        uri: where; the current tracking URI if it is not given.

    Returns:
        Whether all of it is. While the server cannot be reached this is false at once.
    """
    spool = STATE.spools.get(uri or get_tracking_uri())
    return spool is None or spool.flush(timeout_s)


def flush_all(timeout_s: float | None = None) -> bool:
    """Wait until what was logged is stored, at all tracking URIs that were used."""
    stored = [spool.flush(timeout_s) for spool in list(STATE.spools.values())]
    return all(stored)


def tell_news(run_id: str) -> None:
    """Let the next logging call of a run look for news. Called by the sender's thread."""
    for run in list(STATE.open_runs.values()):
        if run.run_id == run_id:
            run.expect_news()


def add_run(run: OpenRun) -> None:
    """Remember a run that is open."""
    STATE.open_runs[id(run)] = run
    know_run(run.uri, run.run_id)


def forget_run(run: OpenRun) -> None:
    """Forget a run that has ended; for this thread it is the last one."""
    STATE.open_runs.pop(id(run), None)
    STATE.last_runs.run = (run.uri, run.run_id)


def find_last_run() -> tuple[str, str] | None:
    """Return tracking URI and id of the run that has ended last in this thread."""
    return getattr(STATE.last_runs, "run", None)


def find_open_above(run: OpenRun) -> list[OpenRun]:
    """Return the runs that were started while a run was the active one, and that no block of their own will end, the newest first."""
    found = []
    for each in reversed(list(STATE.open_runs.values())):
        below = each.below
        while below is not None and below is not run:
            below = below.below
        if below is run and not each.is_entered:
            found.append(each)
    return found


def find_again(run: OpenRun) -> list[OpenRun]:
    """Return what was opened, after a run was ended, as the same run and by the same thread, and that no block of its own will end."""
    return [
        each
        for each in STATE.open_runs.values()
        if each.run_id == run.run_id and each.thread is run.thread and not each.is_entered
    ]


def know_run(uri: str, run_id: str) -> None:
    """Remember that a run exists, or will before anything else is said of it."""
    with STATE.lock:
        if len(STATE.known_runs) >= MAX_KNOWN:
            del STATE.known_runs[next(iter(STATE.known_runs))]
        STATE.known_runs[uri, run_id] = None


def hide_credentials(uri: str) -> str:
    """Return an address without user name and password."""
    before, at, place = uri.rpartition("@")
    return before.partition("//")[0] + "//" + place if at else uri


@contextmanager
def use_settings(settings: SpoolSettings) -> Iterator[None]:
    """Open spools with other settings within a block; for tests and benchmarks."""
    before, STATE.settings = STATE.settings, settings
    try:
        yield
    finally:
        STATE.settings = before


def _mention_old_data(wanted: str, uri: str) -> None:
    """Say once that MLflow's data lies where ours begins."""
    if wanted != DEFAULT_URI:
        return
    found = find_old_data(Path.cwd())
    if found:
        LOGGER.warning(
            "%s here: MLflow's data, which headrace leaves alone. New runs go to %s. To go on with the old ones, point the tracking URI at an MLflow server, "
            "or import them.",
            " and ".join(found),
            uri,
        )


def wait_for_provenance(timeout_s: float) -> None:
    """Wait for what records where runs come from, if anything does."""
    provenance = sys.modules.get("headrace.fluent.provenance")
    if provenance is not None:
        provenance.wait(timeout_s)


def _hold_loading() -> None:
    """Before a fork: wait for threads that load modules, for a module that is loaded half would stay so in the child for ever.

    Python calls such functions in the reverse order of their registration. This one has to come before that of the databases of this process, since a thread that is loading
    may be about to use one; and if the databases are loaded only now, theirs is not called at all, and is called here.
    """
    if STATE.is_held:
        return
    STATE.is_held = True
    was_known = _find_stores() is not None
    wait_for_provenance(LOADING_WAIT_S)
    LOADING.before_fork()
    stores = _find_stores()
    if stores is not None and not was_known:
        stores.before_fork()
    if STATE.hooks.signals:
        # A signal that comes to the child before it has put itself in order would be forgotten.
        STATE.hooks.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _go_on_in_parent() -> None:
    if STATE.is_held:
        STATE.is_held = False
        LOADING.after_fork_in_parent()
        _let_signals_come()


def _begin_in_child() -> None:
    """After a fork: other threads may have held the lock."""
    STATE.lock, STATE.is_held = threading.RLock(), False
    # A worker that waits for its queue has to die of SIGTERM at once, as without us: Python may come to a handler only after the wait. Its first run installs ours again.
    hooks = STATE.hooks
    for number in [number for number, previous in hooks.previous.items() if previous is None]:
        signal.signal(number, signal.SIG_DFL)
        del hooks.previous[number]
        hooks.signals = False
    _let_signals_come()


def _let_signals_come() -> None:
    if STATE.hooks.mask is not None:
        mask, STATE.hooks.mask = STATE.hooks.mask, None
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _find_stores() -> Any:
    """Return the databases that this process has open, if what opens them is loaded."""
    return getattr(sys.modules.get("headrace.local"), "STORES", None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_hold_loading, after_in_parent=_go_on_in_parent, after_in_child=_begin_in_child
    )
