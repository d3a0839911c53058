"""A program that runs beside the benchmark: started in a session of its own with a log file, and stopped with all that it started.

It knows command lines and processes, not what the programs are.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from processes import find_birth, find_tree

_STOP_TIMEOUT_S = 15.0
_LEAVE_TIMEOUT_S = 3.0  # for the children of a process that has ended


class ServerFailed(Exception):
    """A server did not start, or ended by itself."""


class Process:
    """One process in a session of its own, with a log file.

    Args:
        command: The command line.
        folder: Its working folder, where its log is written too.
        variables: Environment variables besides ours.
        user: Whom it runs as, where that is not ourselves.
        stop_signal: What asks it to end.
    """

    def __init__(
        self,
        command: list[str],
        folder: Path,
        variables: tuple[tuple[str, str], ...] = (),
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._command = command
        self._folder = folder
        self._variables = variables
        self._user = user
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The id of the leading process.

        Raises:
            ServerFailed: It was not started, or has ended.
        """
        if self._process is None:
            raise ServerFailed("the server was not started")
        status = self._process.poll()
        if status is not None:
            raise ServerFailed(f"the server ended with status {status}; its last words: {self.read_log()!r}")
        return self._process.pid

    def read_log(self) -> str:
        """Read the end of its log."""
        return (self._folder / "server.log").read_text(errors="replace")[-400:]

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start the process, and wait for nothing."""
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={**os.environ, **dict(self._variables)},
                start_new_session=True,
                **_become(self._user),
            )

    def stop(self) -> None:
        """Ask the process to end, wait, and end by force what is left of its session."""
        if self._process is None:
            return
        members = {pid: find_birth(pid) for pid in find_tree(self._process.pid)}
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        members |= {pid: find_birth(pid) for pid in find_tree(self._process.pid)}
        end_s = time.perf_counter() + _LEAVE_TIMEOUT_S
        while (left := _find_same(members)) and time.perf_counter() < end_s:
            time.sleep(0.05)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        self._process = None


def run_program(command: list[str], folder: Path, user: str | None = None) -> None:
    """Run a program to its end, in a folder.

    Raises:
        ServerFailed: It ended with another status than 0.
    """
    ended = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        **_become(user),
    )
    if ended.returncode:
        words = (ended.stderr or ended.stdout)[-400:]
        raise ServerFailed(
            f"{Path(command[0]).name} ended with status {ended.returncode}; its last words: {words!r}"
        )


def _become(user: str | None) -> dict[str, object]:
    """Give the options of a process that runs as another user."""
    return {"user": user, "group": user, "extra_groups": []} if user else {}


def _find_same(members: dict[int, int | None]) -> list[int]:
    """Find those that still live. The time of birth tells a process from a later one with its number."""
    return [pid for pid, birth in members.items() if birth is not None and find_birth(pid) == birth]
