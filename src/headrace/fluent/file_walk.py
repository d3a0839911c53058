"""The files below a folder, in an order that is the same everywhere. Opens none of them."""

import os
from pathlib import Path

from headrace.base.errors import InvalidParameter


def find_files(folder: Path) -> list[str]:
    """Return the paths of all files below a folder, relative to it, sorted by their bytes. Links to files are followed, to folders not.

    Raises:
        InvalidParameter: there is no such folder, or it cannot be read.
    """
    found = []
    try:
        for place, _, names in os.walk(folder, onerror=_raise):
            found += [Path(place, name).relative_to(folder).as_posix() for name in names]
    except OSError as error:
        raise InvalidParameter(f"The folder {str(folder)!r} cannot be read: {error}.") from None
    return sorted(found, key=os.fsencode)


def _raise(error: OSError) -> None:
    raise error
