"""Gives a process a share of a processor of its own, so that several servers on a small machine do not take it from each other.

On a machine with a core for each server, for the database and for the client, that is a core (`pin`). On a smaller one it is a quota of the
kernel's (`Quotas`): so many microseconds in each five milliseconds, on whatever core is free. It knows process ids alone.
"""

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from processes import find_tree

_ROOT = Path("/sys/fs/cgroup/cpu")  # the first version of control groups; the second has no such folder
_PERIOD_US = 5_000
_LEAVE_TIMEOUT_S = 3.0


class NoQuotas(Exception):
    """This machine gives us no quotas."""


class Quotas:
    """Control groups with a quota of processor time, removed at the end; the processes in them must have ended by then."""

    def __init__(self) -> None:
        self._folders: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end_s = time.perf_counter() + _LEAVE_TIMEOUT_S
        for folder in self._folders:
            while (folder / "cgroup.procs").read_text() and time.perf_counter() < end_s:
                time.sleep(0.05)
            folder.rmdir()

    def limit(self, leader: int, share: float) -> None:
        """Limit all processes of a server, together, to a share of one processor.

        Raises:
            NoQuotas: The machine has no such control groups, or we may not make one.
        """
        folder = _ROOT / f"headrace-bench-{leader}"
        try:
            folder.mkdir()
            self._folders.append(folder)
            (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (folder / "cpu.cfs_quota_us").write_text(str(round(_PERIOD_US * share)))
            for pid in find_tree(leader):
                (folder / "cgroup.procs").write_text(str(pid))
        except OSError as error:
            raise NoQuotas(f"no quota of processor time can be set under {_ROOT}: {error}") from error


def pin(leader: int, cores: set[int]) -> None:
    """Let all threads of a server run on these cores alone."""
    for pid in find_tree(leader):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)
