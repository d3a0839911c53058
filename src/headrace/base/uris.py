"""Addresses of places: which are local, and how they are written in full."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from headrace.base.plugins import load_attribute

IS_WINDOWS = os.name == "nt"


def is_local(uri: str) -> bool:
    """Tell whether an address is a path on this machine."""
    return urlsplit(uri).scheme in {"", "file"} or (len(urlsplit(uri).scheme) == 1 and uri[1:2] == ":")


def resolve_root(uri: str) -> str:
    """Return an artifact root in full: a relative path is made absolute, anything else stays as it is."""
    if is_local(uri) and not uri.startswith("file:"):
        return Path(uri).absolute().as_posix()
    return uri


def find_path(uri: str) -> Path:
    """Return the path that a local address names, be it a URL (``file:``) or the path itself."""
    if not uri.startswith("file:"):
        return Path(uri)
    path = urlsplit(uri).path
    # urllib.request takes longer to load than all that a short script does, and on POSIX it only unquotes.
    return Path(load_attribute("urllib.request:url2pathname")(path) if IS_WINDOWS else unquote(path))
