"""What the scripts of the official clients share: the client's version, checks, the report that is written.

Runs inside a peer's interpreter, so it knows nothing but the standard library and mlflow; nothing of headrace is in reach.
A script is started as ``area_NAME.py SERVER REPORT``: the server's address, the file for the report.
"""

import importlib.util
import json
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

#: (major, minor) of the client.
VERSION = tuple(int(part) for part in mlflow.__version__.split(".")[:2])


def has(*modules: str) -> bool:
    """Return whether all the modules can be imported here."""
    return all(importlib.util.find_spec(module) is not None for module in modules)


def make_folder() -> Path:
    """Return a new empty folder in the folder that the script was started in."""
    return Path(tempfile.mkdtemp(dir=Path.cwd()))


class Area:
    """One script's run: a name of its own on the server, the checks that passed, the parts left out.

    The first check that fails ends the script with an AssertionError.

    Args:
        name: of the area, as in the script's file name.
    """

    def __init__(self, name: str) -> None:
        server, report = sys.argv[1:]
        self.name = name
        self.unique = f"{name}-{uuid.uuid4().hex[:10]}"
        self._report = Path(report)
        self._passed: list[str] = []
        self._left_out: list[str] = []
        mlflow.set_tracking_uri(server)

    def equal(self, label: str, seen: object, expected: object) -> None:
        """Check that two values are equal and of one type."""
        if seen != expected or type(seen) is not type(expected):
            raise AssertionError(f"{label}: expected {expected!r}, got {seen!r}")
        self._passed.append(label)

    def true(self, label: str, condition: object) -> None:
        """Check that a condition holds."""
        if not condition:
            raise AssertionError(label)
        self._passed.append(label)

    def refused(self, label: str, codes: str, call: Callable[[], object], *words: str) -> None:
        """Check that a call raises MlflowException with an error code and a message that has the words in it.

        Args:
            label: of the check.
            codes: the error code; or ``HEADRACE|MLFLOW`` where headrace gives another one than the real server.
            call: what is to be refused.
            words: parts of the message.
        """
        try:
            answer = call()
        except MlflowException as error:
            self.true(f"{label}: {error.error_code} is not {codes}", error.error_code in codes.split("|"))
            missing = [word for word in words if word not in error.message]
            if missing:
                raise AssertionError(f"{label}: no {missing} in {error.message!r}") from error
        else:
            raise AssertionError(f"{label}: got {answer!r}, expected {codes}")

    def leave_out(self, part: str) -> None:
        """Note a part that this client does not have."""
        self._left_out.append(part)

    def finish(self) -> None:
        """Write the report."""
        report = {
            "area": self.name,
            "client": mlflow.__version__,
            "passed": self._passed,
            "left_out": self._left_out,
        }
        self._report.write_text(json.dumps(report), "utf-8")
