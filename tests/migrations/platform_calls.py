"""Calls on a platform in this process, by the names of endpoints, in and out as plain JSON values."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headrace.api.endpoints import ENDPOINTS
from headrace.base.json import convert, encode
from headrace.services import dispatch
from headrace.services.context import Actor
from headrace.services.platform import PlatformSettings, open_platform

ROWS = {row.name: row for row in ENDPOINTS}


class Calls:
    """An open platform.

    Args:
        url: its store.
        folder: for the bytes of artifacts.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self.platform = open_platform(PlatformSettings(url, destination=str(folder / "artifacts")))

    def __call__(self, endpoint: str, **request: Any) -> Any:
        """Make a call and return its answer."""
        row = ROWS[endpoint]
        answer = dispatch.call(self.platform, Actor(), row, convert(request, row.request))
        return json.loads(encode(answer))


@contextmanager
def open_calls(url: str, folder: Path) -> Iterator[Calls]:
    """Open a store for calls; it is made if it is not there."""
    calls = Calls(url, folder)
    try:
        yield calls
    finally:
        calls.platform.store.close()
