"""What is installed, from the packages' own metadata on disk. It does what `importlib.metadata` does, which takes longer to load than to ask.

The module does not know what is done with what it finds.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from headrace.base.plugins import load

_SUFFIXES = (".dist-info", ".egg-info")


class Metadata(Protocol):
    """The metadata of one package."""

    def read_text(self, filename: str, /) -> str | None:
        """Return one of its files; None if there is none of that name."""


class MetadataFolder(Struct, frozen=True):
    """The metadata of a package that lies in a folder.

    Args:
        path: the folder, such as ``site-packages/numpy-2.0.0.dist-info``.
    """

    path: str

    def read_text(self, filename: str, /) -> str | None:
        """See `Metadata`. Newlines are left as they are."""
        try:
            with open(f"{self.path}{os.sep}{filename}", "rb") as file:  # noqa: PTH123 - a Path for each of thousands takes longer
                return file.read().decode("utf-8", "replace")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError):
            return None


def find_metadata(path: Sequence[str]) -> Iterator[Metadata]:
    """Give the metadata of all packages that can be imported from some places.

    Args:
        path: folders and archives, as in `sys.path`.
    """
    for place in dict.fromkeys(path):
        try:
            names = os.listdir(place or ".")  # noqa: PTH208 - likewise
        except NotADirectoryError:  # an archive
            yield from load("importlib.metadata").distributions(path=[place])
            continue
        except OSError:
            continue
        is_egg = place.lower().endswith(".egg")
        for name in names:
            low = name.lower()
            if low.endswith(_SUFFIXES) or (is_egg and low == "egg-info"):
                yield MetadataFolder(os.path.join(place, name))  # noqa: PTH118 - likewise


def read_version(package: str) -> str:
    """Return the version of a package that is installed, by the name of its metadata's folder.

    Args:
        package: its name, in lower case and without separators.
    """
    for place in sys.path:
        try:
            names = os.listdir(place or ".")  # noqa: PTH208 - likewise
        except OSError:
            continue
        found = [name for name in names if name.startswith(f"{package}-") and name.endswith(".dist-info")]
        if len(found) == 1:
            return found[0].removeprefix(f"{package}-").removesuffix(".dist-info")
        if found:
            break
    version: str = load("importlib.metadata").version(package)
    return version
