"""Duties that write down when they run, and a process that carries them out.

    python recording_duties.py STORE RECORD

opens a store, changes it all the time, and lets `Recording` write to the file RECORD: a line ``begin`` and a line ``end`` for each run, with the process id and
the time of the machine's monotonic clock.
"""

import os
import sys
import threading
import time
from pathlib import Path

from headrace.services.background import Background, Left
from headrace.services.context import Platform
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store.transaction import Kind

LEASE_S = 5.0
RECORD = "HEADRACE_TEST_RECORD"


class Recording:
    """Takes 20 ms, and always has more to do."""

    name = "recording"
    every_s = 0.1

    def run(self, platform: Platform, stop: threading.Event) -> Left:
        self._note("begin")
        stop.wait(0.02)
        self._note("end")
        return Left.MORE

    def _note(self, what: str) -> None:
        with Path(os.environ[RECORD]).open("a", encoding="utf-8") as file:
            file.write(f"{what} {os.getpid()} {time.monotonic()}\n")


class Failing:
    """Fails three times, then has nothing more to do."""

    name = "failing"
    every_s = 0.01

    def __init__(self) -> None:
        self.runs = 0

    def run(self, platform: Platform, stop: threading.Event) -> Left:
        self.runs += 1
        Path(os.environ[RECORD]).write_text(f"{self.runs}", "utf-8")
        if self.runs <= 3:
            raise ZeroDivisionError(f"run {self.runs}")
        return Left.NOTHING


class Resting:
    """Leaves something for later twice, then nothing."""

    name = "resting"
    every_s = 0.1

    def __init__(self) -> None:
        self.runs = 0

    def run(self, platform: Platform, stop: threading.Event) -> Left:
        self.runs += 1
        with Path(os.environ[RECORD]).open("a", encoding="utf-8") as file:
            file.write(f"{time.monotonic()} ")
        return Left.LATER if self.runs < 3 else Left.NOTHING


class Endless:
    """Works until it is told to stop; as the rules have it, it looks often."""

    name = "endless"
    every_s = 0.1

    def run(self, platform: Platform, stop: threading.Event) -> Left:
        with Path(os.environ[RECORD]).open("a", encoding="utf-8") as file:
            file.write("begun ")
            file.flush()
            while not stop.is_set():
                time.sleep(0.01)
            file.write("returned ")
        return Left.MORE


def main(store: str, record: str) -> None:
    """See the module."""
    os.environ[RECORD] = record
    platform = open_platform(PlatformSettings(store, str(Path(record).parent / "artifacts")))
    background = Background(platform, makers=("control.recording_duties:Recording",), lease_s=LEASE_S)
    background.start()
    while True:
        platform.store.writer.call(lambda tx: tx.touch(Kind.EXPERIMENT, 0, 0))
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
