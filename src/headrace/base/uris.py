"""Addresses of places: which are local, and how they are written in full."""

from pathlib import Path
from urllib.parse import urlsplit


def is_local(uri: str) -> bool:
    """Tell whether an address is a path on this machine."""
    return urlsplit(uri).scheme in {"", "file"} or (len(urlsplit(uri).scheme) == 1 and uri[1:2] == ":")


def resolve_root(uri: str) -> str:
    """Return an artifact root in full: a relative path is made absolute, anything else stays as it is."""
    if is_local(uri) and not uri.startswith("file:"):
        return Path(uri).absolute().as_posix()
    return uri
