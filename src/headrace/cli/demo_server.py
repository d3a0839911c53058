"""A server of the demo's own: a process like any user's, on a free port of this machine. Knows nothing of the demo."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from headrace.base.errors import Unavailable
from headrace.base.settings import SERVER_SETTINGS

STOP_SECONDS = 30
_URL = re.compile(r"https?://[^\s,]+")


class RunningServer(Struct, frozen=True):
    """A server that is ready.

    Args:
        url: where it is.
        process: what runs it.
    """

    url: str
    process: subprocess.Popen[str]


@contextmanager
def start_server(folder: Path, port: int = 0) -> Iterator[RunningServer]:
    """Run a server until the block ends; then it stops as on SIGTERM.

    Args:
        folder: where it keeps its database and its artifacts; made if it is not there.
        port: where to listen; 0 takes a free port.

    Raises:
        Unavailable: it did not start; it has said why on standard error.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder.absolute().as_posix()
    command = [
        *(sys.executable, "-m", "headrace", "server", "--host", "127.0.0.1", "--port", str(port)),
        *(
            "--backend-store-uri",
            f"sqlite:///{place}/headrace.db",
            "--artifacts-destination",
            f"{place}/artifacts",
        ),
    ]
    # what is set for another server must not change this one
    foreign = {name for setting in SERVER_SETTINGS.values() for name in setting.names}
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)  # noqa: S603 - our own program
    try:
        assert process.stdout is not None
        found = _URL.search(process.stdout.readline())
        if found is None:
            raise Unavailable("The demo's server did not start; see the lines above.")
        yield RunningServer(found[0], process)
    finally:
        stop_server(process)


def stop_server(process: "subprocess.Popen[str]") -> None:
    """Let a server answer what is under way and end; end it the hard way if that takes more than `STOP_SECONDS`."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
