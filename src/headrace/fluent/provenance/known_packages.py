"""What earlier processes have read of the packages of an environment, so that each process need not read thousands of lines of hashes again.

It is kept in the platform's place for caches, a file for each environment, and believed as long as a package's folder, its METADATA and its RECORD are as they
were: installers write these anew. A file that is lost, broken or of another format costs time and nothing else. Nothing is kept of where a package's folder
stands in git, which changes without them.
"""

import contextlib
import hashlib
import os
import sys
import time
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct, field

from headrace.base.installed import Metadata, MetadataFolder
from headrace.base.user_folders import CACHE, find_user_folder
from headrace.fluent.provenance.facts import Facts, read_facts
from headrace.fluent.provenance.parts import SETTINGS

_FORMAT = 1
_DIGEST_CHARS = 16
_UNUSED_S = 90 * 24 * 3600.0
_STAMPED = ("", "RECORD", "METADATA", "PKG-INFO")

Stamp = tuple[tuple[int, int, int], ...]
"""Of a folder and of its files: when it was changed, how large it is, and which file of the disk it is; nothing of those that are not there."""


class _Kept(Struct, frozen=True, array_like=True):
    """What was read of a package: when it looked so, and the facts if it is one."""

    stamp: Stamp
    facts: Facts | None


class _File(Struct, frozen=True):
    """The file: packages by the folder of their metadata."""

    format: int
    prefix: str
    packages: dict[str, _Kept] = field(default_factory=dict)


class KnownPackages:
    """The packages of one environment. For one thread.

    Args:
        path: the file, or None to keep nothing.
        prefix: the environment's folder.
    """

    def __init__(self, path: Path | None, prefix: str) -> None:
        self._path, self._prefix = path, prefix
        self._before = _read(path, prefix) if path is not None else {}
        self._now: dict[str, _Kept] = {}

    @classmethod
    def of_this_interpreter(cls) -> Self:
        """Return those of the environment that this process runs in."""
        root = find_cache()
        name = hashlib.sha256(sys.prefix.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST_CHARS]
        return cls(root / "packages" / f"{name}.msgpack" if root is not None else None, sys.prefix)

    def find(self, metadata: Metadata) -> Facts | None:
        """Return what a package says of itself, or None if it says nothing.

        Args:
            metadata: where it does.
        """
        if self._path is None or not isinstance(metadata, MetadataFolder):
            return read_facts(metadata)
        stamp = _stamp(metadata.path)
        kept = self._before.get(metadata.path)
        if kept is None or kept.stamp != stamp:
            kept = _Kept(stamp, read_facts(metadata))
        self._now[metadata.path] = kept
        return kept.facts

    def keep(self) -> None:
        """Write down what was read, if it is not what was known before. Where that cannot be done, the next process reads again."""
        if self._path is None or self._now == self._before:
            return
        scratch = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _forget_unused(self._path.parent)
            scratch.write_bytes(msgspec.msgpack.encode(_File(_FORMAT, self._prefix, self._now)))
            scratch.replace(self._path)


def find_cache() -> Path | None:
    """Return the folder of what can be found out again: what HEADRACE_CACHE_DIR says, or the platform's place for caches; None if the user has no home."""
    named = SETTINGS["cache_dir"].find()
    try:
        return Path(named).expanduser().absolute() if named else find_user_folder(CACHE)
    except RuntimeError:
        return None


def _read(path: Path, prefix: str) -> dict[str, _Kept]:
    try:
        told = msgspec.msgpack.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.DecodeError):
        return {}
    return told.packages if (told.format, told.prefix) == (_FORMAT, prefix) else {}


def _stamp(folder: str) -> Stamp:
    stamps: list[tuple[int, int, int]] = []
    for name in _STAMPED:
        try:
            status = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - a Path for each of thousands takes longer
        except OSError:
            continue
        stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(stamps)


def _forget_unused(folder: Path) -> None:
    """Remove files that nobody has written for long: of environments that are gone, and what writers have left that were killed."""
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > _UNUSED_S:
            path.unlink(missing_ok=True)
