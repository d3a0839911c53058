"""A process that seals, for tests that kill it.

``die SERIES PLANNER STATEMENTS=URL...`` applies one plan to each database, each in a process that dies before the statement of that number; if there
are no more statements, it dies after the commit, with status 0. It prints the statuses. ``loop URL SERIES...`` seals and merges until its input ends.
"""

import os
import subprocess
import sys
import threading
from typing import Any

from headrace.services.sealing_duty import SealingDuty
from headrace.store import sealing
from headrace.store.connection import Connection
from headrace.store.engine import open_store
from headrace.store.sealing import Plan
from headrace.store.transaction import Transaction

KILLED = 9


class DyingCursor:
    """A cursor that ends the process, without any clean-up, instead of running one more statement."""

    def __init__(self, cursor: Any, statements: int) -> None:
        self._cursor = cursor
        self._left = statements

    def execute(self, *args: Any) -> Any:
        self._count()
        return self._cursor.execute(*args)

    def executemany(self, *args: Any) -> Any:
        self._count()
        return self._cursor.executemany(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def _count(self) -> None:
        if self._left == 0:
            os._exit(KILLED)
        self._left -= 1


def plan(conn: Connection, planner: str, series: int) -> Plan:
    """Return the plan that is to be applied."""
    made = {
        "tail": lambda: sealing.plan_tail(conn, series, 128),
        "repeated": lambda: sealing.plan_repeated(conn, series),
        "merge": lambda: sealing.plan_merge(conn, series),
    }[planner]()
    assert made is not None
    return made


def die(url: str, series: int, planner: str, statements: int) -> None:
    store = open_store(url)
    with store.read() as conn:
        made = plan(conn, planner, series)

    def work(tx: Transaction) -> bool:
        tx.cursor = DyingCursor(tx.cursor, statements)  # type: ignore[assignment]
        return sealing.apply(tx, made)

    assert store.writer.call(work)
    os._exit(0)


def loop(url: str, series: list[int]) -> None:
    store = open_store(url)
    duty, ended = SealingDuty(), threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    print("ready", flush=True)
    while not ended.is_set():
        duty.finish(store, series)
    store.close()


def die_often(series: int, planner: str, cases: list[str]) -> None:
    """Where there is fork, so that nothing is imported again and again, else by starting this file again."""
    for case in cases:
        statements, _, url = case.partition("=")
        if len(cases) == 1:
            die(url, series, planner, int(statements))
        elif not hasattr(os, "fork"):
            print(subprocess.run([sys.executable, *sys.argv[:4], case], check=False).returncode)
        elif pid := os.fork():
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        else:
            die(url, series, planner, int(statements))


if __name__ == "__main__":
    if sys.argv[1] == "die":
        die_often(int(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        loop(sys.argv[2], [int(each) for each in sys.argv[3:]])
