"""Where the platform keeps what programs write for a user: their state, and their caches. The module makes no folder, and does not know what is kept there."""

import os
import sys
from pathlib import Path

from msgspec import Struct


class UserFolder(Struct, frozen=True):
    """A kind of folder.

    Args:
        variable: names it on Linux and other Unixes.
        unix: where it is there otherwise, in the user's home.
        macos: where it is on macOS, in the user's home.
        windows: where it is on Windows, in the folder of local data.
    """

    variable: str
    unix: str
    macos: str
    windows: str


STATE = UserFolder("XDG_STATE_HOME", ".local/state", "Library/Application Support", "headrace")
CACHE = UserFolder("XDG_CACHE_HOME", ".cache", "Library/Caches", "headrace/cache")
"""On Windows it lies in the other one: what is there may be removed at any time, and state may not."""


def find_user_folder(kind: UserFolder) -> Path:
    """Return headrace's folder of a kind.

    Raises:
        RuntimeError: the user has no home.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / kind.windows
    if sys.platform == "darwin":
        return Path.home() / kind.macos / "headrace"
    return Path(os.environ.get(kind.variable) or Path.home() / kind.unix) / "headrace"
