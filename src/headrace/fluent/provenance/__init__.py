"""Provenance: where a run comes from, recorded without being asked for. `begin` and `end` are called by start_run and end_run; `context_tags` by start_run.

`begin` costs its caller less than a millisecond; everything that takes longer happens in a thread. What it finds becomes tags, the run's environment, and files
in the artifact folder ``provenance``. No call leaves the machine but to the tracking server.
"""

import threading
import time
from functools import partial

from headrace.base.clock import now_ms
from headrace.fluent.provenance.context import context_tags
from headrace.fluent.provenance.names import CELLS_FILE, FOLDER, SEED_TAG
from headrace.fluent.provenance.notebook import read_cells, write_cells
from headrace.fluent.provenance.parts import SETTINGS, Choice, Part, read_diff_bytes, read_parts
from headrace.fluent.provenance.program import read_program
from headrace.fluent.provenance.recorder import LOGGER, Recorded, Recorder, Task
from headrace.fluent.provenance.seeds import capture_states, find_told_seeds

END_WAIT_S = 2.0
"""How long the end of a run waits for its provenance."""
MAX_AT_ONCE = 32
"""So many runs may wait for their provenance to be recorded; then the next one waits for the first of them before it begins."""
_ENDING = "headrace-provenance-end"

__all__ = ["SETTINGS", "Choice", "Part", "begin", "context_tags", "end", "end_later", "read_parts", "wait"]


def begin(
    run: Recorded,
    provenance: Choice = None,
    *,
    member: str = "",
    is_first: bool = True,
    has_environment: bool = True,
) -> None:
    """Begin to record where a run comes from. Where runs are started faster than it can be recorded, it waits.

    Args:
        run: the run; its `log` is written to from another thread.
        provenance: yes, no, or a list of parts (see `Part`); with None HEADRACE_PROVENANCE decides, and everything is recorded if that is not set.
        member: what this process is to the run if it is not the one that made it, such as ``rank-3`` or ``attempt-2``: its files get a folder of that name.
        is_first: whether this process has made the run. The tags that say where a run comes from are set by that one only.
        has_environment: whether this process's packages are the ones to be noted for the attempt.

    Raises:
        InvalidParameter: a part or a setting is not known.
    """
    parts = read_parts(provenance)
    if not parts:
        return
    task = Task(
        log=run.log,
        parts=parts,
        program=read_program(),
        states=capture_states() if Part.SEEDS in parts else (),
        folder=f"{FOLDER}/{member}" if member else FOLDER,
        is_first=is_first,
        has_environment=has_environment,
        max_diff_bytes=read_diff_bytes(),
        started_at=now_ms(),
    )
    before = _find_recorders()
    if len(before) >= MAX_AT_ONCE:
        before[0].join(END_WAIT_S)
    try:
        Recorder(task, before).start()
    except RuntimeError as error:  # the interpreter is ending, or there can be no more threads
        LOGGER.warning("The provenance of run %s is not recorded: %s", run.log.run_id, error)


def end(run: Recorded, provenance: Choice = None, *, member: str = "", is_first: bool = True) -> None:
    """Wait, for a short time, until a run's provenance is recorded, and add what its end shows: cells run since, and the seed that torch has now.

    Args:
        run: the run, before its status is set.
        provenance: as given to `begin`, like the others.
        member: see there.
        is_first: see there.
    """
    for recorder in _find_recorders():
        if recorder.task.log is run.log:
            recorder.join(END_WAIT_S)
    parts = read_parts(provenance)
    cells = read_cells() if Part.NOTEBOOK in parts else []
    if cells:
        run.log.add_bytes(
            write_cells(cells).encode(),
            f"{FOLDER}/{member}/{CELLS_FILE}" if member else f"{FOLDER}/{CELLS_FILE}",
        )
    if Part.SEEDS in parts and is_first:
        seeds = find_told_seeds()
        if seeds:
            run.log.set_tags([(SEED_TAG + library, str(seed)) for library, seed in seeds.items()])


def end_later(run: Recorded, provenance: Choice = None, *, member: str = "", is_first: bool = True) -> None:
    """As `end`, but in a thread, which `wait` waits for."""
    ending = partial(end, run, provenance, member=member, is_first=is_first)
    threading.Thread(target=ending, name=_ENDING, daemon=False).start()


def wait(timeout_s: float) -> bool:
    """Wait until the provenance of all runs of this process is recorded.

    Args:
        timeout_s: how long, at most.

    Returns:
        Whether it is.
    """
    until = time.monotonic() + timeout_s
    for thread in [*_find_recorders(), *_find_endings()]:
        thread.join(max(0.0, until - time.monotonic()))
    return not _find_recorders() and not _find_endings()


def _find_recorders() -> list[Recorder]:
    """Return those that are at work, the oldest first."""
    return [thread for thread in threading.enumerate() if isinstance(thread, Recorder)]


def _find_endings() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == _ENDING]
