r"""SHA-256 of files and folders, with a memory: a file that has not changed since it was last read is not read again.

The digest of a folder is that of the text that ``sha256sum`` writes for its files, sorted by the bytes of their paths::

    cd folder && find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum

What is remembered lies in the user's cache folder and is lost without harm. A file that was changed a moment before it was read is not remembered, since a change
within the clock's tick could not be seen. The module knows no dataset.
"""

import hashlib
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from headrace.base.errors import InvalidParameter
from headrace.base.settings import Setting

CACHE_DIR = Setting(
    ("HEADRACE_CACHE_DIR",), "the folder for what can be found out again; the user's cache folder by default"
)
SETTINGS: dict[str, Setting] = {"cache_dir": CACHE_DIR}

THREADS = 4
SETTLED_NS = 2_000_000_000
"""So long before it was read a file must have been left alone to be remembered."""
MAX_REMEMBERED = 200_000
"""Files of one folder."""


class FileDigest(msgspec.Struct, frozen=True):
    """What is known of a file.

    `path` is relative, with ``/``; `size` is in bytes; `sha256` is hexadecimal.
    """

    path: str
    size: int
    sha256: str


class _Seen(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was when it was read: size in bytes, times of change in nanoseconds."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int
    sha256: str


_Memory = dict[str, _Seen]


def digest_files(root: Path, paths: Iterable[str]) -> list[FileDigest]:
    """Return the SHA-256 of files.

    Args:
        root: the folder that the paths count from.
        paths: of the files, relative to it.

    Raises:
        InvalidParameter: one is no file, or cannot be read.
    """
    place = _find_memory(root)
    known = _recall(place)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="headrace-digest") as pool:
        seen = dict(pool.map(lambda path: (path, _look(root, path, known.get(path))), paths))
    fresh = {path: one for path, one in seen.items() if one.inode}
    if fresh.items() - known.items():
        _remember(place, known | fresh)
    return [FileDigest(path, one.size, one.sha256) for path, one in seen.items()]


def digest_listing(files: Iterable[FileDigest]) -> str:
    """Return the SHA-256 of a listing of files, in hexadecimal."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.sha256}  ".encode() + os.fsencode(file.path) + b"\n")
    return digest.hexdigest()


def _look(root: Path, path: str, known: _Seen | None) -> _Seen:
    """Return a file as it is; without an inode if it should not be remembered."""
    file = root / path
    try:
        if not file.is_file():
            raise InvalidParameter(
                f"{str(file)!r} is no file (a broken link, a socket, a device); leave it out."
            )
        before = file.stat()
        stamp = (before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino)
        if known is not None and stamp == (known.size, known.modified_ns, known.changed_ns, known.inode):
            return known
        with file.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
            after = os.fstat(opened.fileno())
    except OSError as error:
        raise InvalidParameter(f"{str(file)!r} cannot be read: {error}.") from None
    is_same = stamp == (after.st_size, after.st_mtime_ns, after.st_ctime_ns, after.st_ino)
    is_settled = time.time_ns() - max(after.st_mtime_ns, after.st_ctime_ns) > SETTLED_NS
    return _Seen(
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_ino if is_same and is_settled else 0,
        sha256,
    )


def _find_memory(root: Path) -> Path:
    base = CACHE_DIR.find() or os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    folder = Path(base) if base else Path.home() / ".cache"
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]
    return folder / "headrace" / "digests" / f"{name}.msgpack"


def _recall(place: Path) -> _Memory:
    try:
        return msgspec.msgpack.decode(place.read_bytes(), type=_Memory)
    except (OSError, msgspec.MsgspecError):
        return {}


def _remember(place: Path, memory: _Memory) -> None:
    """Write what is known for the next time; without it everything is only slower."""
    part = place.with_name(f".{place.name}.{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_bytes(msgspec.msgpack.encode(dict(list(memory.items())[-MAX_REMEMBERED:])))
        part.replace(place)
