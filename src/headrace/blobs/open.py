"""From the address of a store to the store. Knows which kinds there are, not how they work."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from headrace.base.errors import InvalidParameter
from headrace.base.paths import IS_WINDOWS
from headrace.blobs.local import LocalStore
from headrace.blobs.store import BlobStore


def open_store(destination: str, *, windows: bool = IS_WINDOWS) -> BlobStore:
    """Return the store at `destination`; `BlobStore.prepare` makes it usable.

    Args:
        destination: the operator's ``--artifacts-destination``: a path, absolute or relative to the working folder, or a
            ``file:`` URI.
        windows: whether a single letter before a colon is a drive.

    Raises:
        InvalidParameter: the address is of a kind that this version does not serve.
    """
    return LocalStore(get_folder(destination, windows=windows, what="artifacts destination"))


def get_folder(address: str, *, what: str, windows: bool = IS_WINDOWS) -> Path:
    """Return the local folder that an address of the operator's names, made absolute.

    Args:
        address: a path or a ``file:`` URI.
        what: the name of the option, for the message.
        windows: whether a single letter before a colon is a drive.

    Raises:
        InvalidParameter: the address is no local folder.
    """
    parts = urlsplit(address)
    is_drive = windows and len(parts.scheme) == 1
    if not parts.scheme or is_drive:
        path = address
    elif parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        path = unquote(parts.path)
        if windows:
            path = path.removeprefix("/")
    else:
        raise InvalidParameter(
            f"The {what} {address!r} is not a local folder; this version keeps artifacts in local folders only. "
            "Give a path such as ./headrace-artifacts."
        )
    if not path:
        raise InvalidParameter(f"The {what} is empty; give a path such as ./headrace-artifacts.")
    return Path(path).absolute()
