"""Folders as handles: every step goes from an open folder to one name in it, so that no path leads out.

`DescriptorFolder` holds a file descriptor and follows no symbolic link (``openat`` with ``O_NOFOLLOW``): a folder that somebody
swaps for a link between two steps is noticed. `PathFolder` does the same by paths, for systems without such calls (Windows):
each step checks that the name is no link and still resolves beneath the folder it came from.

Errors are those of the operating system. The module knows no keys.
"""

import errno
import os
import secrets
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT


class Folder(ABC):
    """An open folder. A name is one segment, never a path."""

    @classmethod
    @abstractmethod
    def at(cls, path: Path) -> Self:
        """Open a folder that the operator named; links on the way to it are followed."""

    @abstractmethod
    def enter(self, name: str) -> Self:
        """Open a folder in this one.

        Raises:
            FileNotFoundError: the name does not exist.
            NotADirectoryError: it is a file or a link.
        """

    @abstractmethod
    def make(self, name: str) -> None:
        """Make a folder of mode 0700 in this one.

        Raises:
            FileExistsError: the name exists.
        """

    @abstractmethod
    def create(self, name: str) -> int:
        """Create a file of mode 0600 and return a descriptor for writing.

        Raises:
            FileExistsError: the name exists.
        """

    @abstractmethod
    def open(self, name: str) -> int:
        """Return a descriptor for reading; never blocks, never follows a link."""

    @abstractmethod
    def stat(self, name: str) -> os.stat_result:
        """Return the status of a name itself, not of what a link points to."""

    @abstractmethod
    def _entries(self) -> "os._ScandirIterator[str]":
        """Begin to read the names."""

    @abstractmethod
    def move(self, name: str, target: "Folder", target_name: str) -> None:
        """Rename into another folder of the same kind, replacing a file there."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file or a link."""

    @abstractmethod
    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""

    @abstractmethod
    def sync(self) -> None:
        """Make renamed and removed names durable."""

    @abstractmethod
    def close(self) -> None:
        """Give the handle back."""

    def scan(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield all names with their own status; names that vanish meanwhile are left out."""
        with self._entries() as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    yield entry.name, entry.stat(follow_symlinks=False)


class DescriptorFolder(Folder):
    """A folder by its descriptor (POSIX)."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a folder that the operator named."""
        return cls(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))

    def enter(self, name: str) -> Self:
        """Open a folder in this one."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            return type(self)(os.open(name, flags, dir_fd=self.descriptor))
        except OSError as error:
            if error.errno == errno.ELOOP:  # macOS says so of a link, Linux says ENOTDIR
                raise NotADirectoryError(errno.ENOTDIR, "is a symbolic link", name) from None
            raise

    def make(self, name: str) -> None:
        """Make a folder in this one."""
        os.mkdir(name, DIRECTORY_MODE, dir_fd=self.descriptor)

    def create(self, name: str) -> int:
        """Create a file and return a descriptor for writing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, FILE_MODE, dir_fd=self.descriptor)

    def open(self, name: str) -> int:
        """Return a descriptor for reading."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(name, flags, dir_fd=self.descriptor)

    def stat(self, name: str) -> os.stat_result:
        """Return the status of a name itself."""
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    def _entries(self) -> "os._ScandirIterator[str]":
        return os.scandir(self.descriptor)

    def move(self, name: str, target: Folder, target_name: str) -> None:
        """Rename into another folder."""
        assert isinstance(target, DescriptorFolder)
        os.rename(name, target_name, src_dir_fd=self.descriptor, dst_dir_fd=target.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file or a link."""
        os.unlink(name, dir_fd=self.descriptor)

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        os.rmdir(name, dir_fd=self.descriptor)

    def sync(self) -> None:
        """Make renamed and removed names durable."""
        os.fsync(self.descriptor)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self.descriptor)


class PathFolder(Folder):
    """A folder by its resolved path, for systems without ``openat``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a folder that the operator named."""
        resolved = path.resolve(strict=True)
        if not resolved.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "is not a folder", str(path))
        return cls(resolved)

    def enter(self, name: str) -> Self:
        """Open a folder in this one."""
        child = self.path / name
        if not stat.S_ISDIR(self.stat(name).st_mode) or child.resolve().parent != self.path:
            raise NotADirectoryError(errno.ENOTDIR, "is not a folder", name)
        return type(self)(child)

    def make(self, name: str) -> None:
        """Make a folder in this one."""
        (self.path / name).mkdir(DIRECTORY_MODE)

    def create(self, name: str) -> int:
        """Create a file and return a descriptor for writing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        return os.open(self.path / name, flags, FILE_MODE)

    def open(self, name: str) -> int:
        """Return a descriptor for reading."""
        if not stat.S_ISREG(self.stat(name).st_mode):
            raise FileNotFoundError(errno.ENOENT, "is no regular file", name)
        return os.open(self.path / name, os.O_RDONLY | getattr(os, "O_BINARY", 0))

    def stat(self, name: str) -> os.stat_result:
        """Return the status of a name itself; a junction counts as a link."""
        status = (self.path / name).lstat()
        if getattr(status, "st_reparse_tag", 0) == _JUNCTION:
            raise FileNotFoundError(errno.ENOENT, "is a junction", name)
        return status

    def _entries(self) -> "os._ScandirIterator[str]":
        return os.scandir(self.path)

    def move(self, name: str, target: Folder, target_name: str) -> None:
        """Rename into another folder."""
        assert isinstance(target, PathFolder)
        (self.path / name).replace(target.path / target_name)

    def remove(self, name: str) -> None:
        """Remove a file or a link."""
        (self.path / name).unlink()

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder."""
        (self.path / name).rmdir()

    def sync(self) -> None:
        """Do nothing: Windows has no descriptor of a folder to synchronise."""

    def close(self) -> None:
        """Do nothing: there is no descriptor."""


_CALLS = {os.open, os.mkdir, os.unlink, os.rmdir, os.rename, os.stat}
NATIVE: type[Folder] = (
    DescriptorFolder if os.supports_dir_fd >= _CALLS and hasattr(os, "O_NOFOLLOW") else PathFolder
)


def make_path(path: Path) -> None:
    """Make a folder and those above it, each of mode 0700 (`Path.mkdir` gives that to the last one only)."""
    if not path.is_dir():
        make_path(path.parent)
        with suppress(FileExistsError):
            path.mkdir(DIRECTORY_MODE)


def remove_tree(folder: Folder, name: str) -> int:
    """Remove a file, or a folder of any depth: inner folders move up first, so that neither stack nor handles pile up.

    Returns:
        How many files were removed.
    """
    count, names = 0, [name]
    while names:
        name = names.pop()
        try:
            inner = folder.enter(name)
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            folder.remove(name)
            count += 1
            continue
        with closing(inner):
            for child, status in list(inner.scan()):
                if stat.S_ISDIR(status.st_mode):
                    moved = f"{secrets.token_hex(16)}.trash"
                    inner.move(child, folder, moved)
                    names.append(moved)
                else:
                    inner.remove(child)
                    count += 1
        folder.remove_folder(name)
    return count
