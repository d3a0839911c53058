"""Where spools lie, and who owns one: ``<root>/<host>-<boot>/<digest of the destination>/<writer>/``.

The owner of a folder holds an operating system's lock on the file ``lock`` in it for as long as it lives: the lock ends with the process, whatever
kills it. Only who holds the lock writes, sends or removes. ``destination.json`` says whose the folder is; it is the last thing to appear and the first to go,
so that a folder without it belongs to somebody who is just making or removing it.

The module knows nothing of records.
"""

import hashlib
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from headrace.base.clock import now_ms
from headrace.base.json import Wire
from headrace.base.redaction import mask_arguments
from headrace.base.user_folders import STATE, find_user_folder
from headrace.spool.contract import SPOOL_DIR

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


NOTE = "destination.json"
LOCK = "lock"
FILES = "files"
REFUSED = "refused"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_DIGEST_CHARS = 16
_BOOT_CHARS = 8
_MAX_HOST = 64
_ABANDONED_MS = 3_600_000
_SQLITE = "sqlite:///"
_WRITER = re.compile(r"[0-9a-f]{32}")
_LOCKS: set[int] = set()
"""Descriptors of the locks that this process holds."""


class Note(Wire, kw_only=True):
    """``destination.json``: where the records go, and who wrote them. The address has no credentials; `created_at` is in Unix milliseconds."""

    format: int = 1
    uri: str
    writer: str
    host: str
    boot: str
    pid: int
    argv: list[str]
    created_at: int

    @property
    def is_remote(self) -> bool:
        """Whether the records go over a network."""
        return self.uri.startswith(("http:", "https:"))


def find_root(given: Path | None) -> Path:
    """Return the folder of all spools: what is given, what HEADRACE_SPOOL_DIR says, or the platform's place for the state of programs."""
    if given is not None:
        return given.absolute()
    named = SPOOL_DIR.find()
    if named:
        return Path(named).expanduser().absolute()
    return find_user_folder(STATE) / "spool"


def plain_uri(uri: str) -> str:
    """Return an address as it may be written down: without credentials, and with a relative path of a SQLite file in full."""
    if uri.startswith(_SQLITE):
        path, mark, query = uri.removeprefix(_SQLITE).partition("?")
        if path and not path.startswith((":memory:", "file:")):
            path = Path(path).absolute().as_posix()
        return _SQLITE + path + mark + query
    try:
        place = urlsplit(uri).netloc
    except ValueError:
        place = uri.partition("://")[2].partition("/")[0]
    return uri.replace(place, place.rpartition("@")[2], 1).rstrip("/") if place else uri.rstrip("/")


def digest_of(uri: str) -> str:
    """Return the name of the folder of a destination."""
    return hashlib.sha256(plain_uri(uri).encode()).hexdigest()[:_DIGEST_CHARS]


def host_name() -> str:
    """Return this machine's name, as a part of a path."""
    return re.sub(r"[^A-Za-z0-9.]", "_", socket.gethostname())[:_MAX_HOST] or "host"


def boot_id() -> str:
    """Return what is another one after each start of the machine; ``0`` where the system does not say."""
    try:
        return _BOOT_ID.read_text("ascii").strip()[:_BOOT_CHARS] or "0"
    except (OSError, UnicodeDecodeError):
        return "0"


class Folder(Struct):
    """A folder that this process owns.

    Args:
        path: where it is.
        note: whose it is.
        lock: the descriptor that holds the lock; -1 once it is given back.
    """

    path: Path
    note: Note
    lock: int

    @classmethod
    def make(cls, root: Path, uri: str, writer: str) -> Self:
        """Make a folder for a writer of this process.

        Raises:
            OSError: there is no space, or no permission.
        """
        note = Note(
            uri=plain_uri(uri),
            writer=writer,
            host=host_name(),
            boot=boot_id(),
            pid=os.getpid(),
            argv=mask_arguments([word.encode("utf-8", "replace").decode() for word in sys.argv]),
            created_at=now_ms(),
        )
        path = root / f"{note.host}-{note.boot}" / digest_of(uri) / writer
        for folder in (*reversed(path.relative_to(root).parents), path.relative_to(root)):
            (root / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _take(path)
        assert lock is not None  # the name is new
        try:
            (path / FILES).mkdir(mode=0o700, exist_ok=True)
            scratch = path / (NOTE + ".new")
            scratch.write_bytes(msgspec.json.encode(note))
            scratch.replace(path / NOTE)
        except OSError:
            _give_back(lock)
            raise
        return cls(path, note, lock)

    @classmethod
    def find(cls, path: Path) -> Self | None:
        """Return the folder at a path, taken; None if its owner lives, or if it is none (any more).

        Raises:
            OSError: it cannot be read.
        """
        note = read_note(path)
        if note is None:
            _sweep(path)
            return None
        lock = _take(path)
        if lock is None:
            return None
        if read_note(path) is None:  # removed meanwhile
            _give_back(lock)
            return None
        return cls(path, note, lock)

    def release(self) -> None:
        """Give the lock back; what is in the folder stays."""
        _give_back(self.lock)
        self.lock = -1

    def remove(self) -> None:
        """Remove the folder with all that is in it, and give the lock back.

        Raises:
            OSError: something in it cannot be removed.
        """
        (self.path / NOTE).unlink(missing_ok=True)
        _clear(self.path)
        self.release()
        (self.path / LOCK).unlink(missing_ok=True)
        for folder in (self.path, *list(self.path.parents)[:2]):
            with suppress(OSError):  # the outer ones may hold more
                folder.rmdir()


def read_note(path: Path) -> Note | None:
    """Return what a folder says of itself, or None if it is no spool's, or not wholly.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return msgspec.json.decode((path / NOTE).read_bytes(), type=Note)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def list_folders(root: Path) -> Iterator[Path]:
    """Yield the folders of writers under a root, of all machines and destinations."""
    yield from sorted(path for path in root.glob("*/*/*") if _WRITER.fullmatch(path.name) and path.is_dir())


def is_near(note: Note) -> bool:
    """Tell whether a folder was written on this machine, so that its lock tells whether the writer lives.

    The boot id stands for the kernel: containers of one machine share it, whatever their names are.
    """
    return note.host == host_name() or (note.boot == boot_id() and note.boot != "0")


def is_free(path: Path) -> bool:
    """Tell whether nobody owns a folder."""
    lock = _take(path)
    if lock is None:
        return False
    _give_back(lock)
    return True


def _take(path: Path) -> int | None:
    """Take the lock of a folder; None if somebody has it."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path / LOCK, flags, 0o600)
    except FileNotFoundError:
        return None
    try:
        _try_lock(descriptor)
    except (BlockingIOError, PermissionError):
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        raise
    _LOCKS.add(descriptor)
    return descriptor


def _give_back(descriptor: int) -> None:
    """Give a lock back, unless that has been done."""
    if descriptor in _LOCKS:
        _LOCKS.discard(descriptor)
        os.close(descriptor)


def _close_inherited() -> None:
    """Close the parent's locks in a forked child, which would hold them for longer than the parent lives."""
    while _LOCKS:
        os.close(_LOCKS.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_inherited)


def _sweep(path: Path) -> None:
    """Remove what a process has left that was killed while it made or removed the folder."""
    with suppress(OSError):
        if now_ms() - path.stat().st_mtime * 1000 < _ABANDONED_MS:
            return
        lock = _take(path)
        if lock is None:
            return
        if read_note(path) is None:
            _clear(path)
            (path / LOCK).unlink(missing_ok=True)
            path.rmdir()
        _give_back(lock)


def _clear(path: Path) -> None:
    """Remove all files of a folder but the lock."""
    for folder, _, names in os.walk(path, topdown=False):
        for name in names:
            if not (Path(folder) == path and name == LOCK):
                (Path(folder) / name).unlink(missing_ok=True)
        if Path(folder) != path:
            Path(folder).rmdir()
