"""A store of bytes in a folder of the local machine.

Files lie under the root at their keys, readable without headrace. A file is written under a random name in `TEMPORARY`, a
private folder of the root, made durable, and renamed: it is visible complete or not at all, and of two writers of one key the
last to commit wins. No symbolic link beneath the root is followed. Folders have mode 0700, files 0600. A folder without files
vanishes with its last file.

The module knows no digests in tables and no permissions.
"""

import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from headrace.base.errors import InternalError, InvalidParameter, NotFound, StorageFull
from headrace.blobs.beneath import NATIVE, Folder, make_path, remove_tree
from headrace.blobs.store import BlobInfo, BlobStat, Entry

TEMPORARY = ".headrace-tmp"
LEFTOVER_AGE_S = 24 * 3600
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_COMMIT_ATTEMPTS = 16


class LocalStore:
    """Files under keys in a folder.

    Args:
        root: the folder; `prepare` makes it. Links on the way to it are followed, links in it are not.
        folders: how folders are walked.
    """

    def __init__(self, root: Path, *, folders: type[Folder] = NATIVE) -> None:
        self.root = root
        self._folders = folders

    def prepare(self) -> None:
        """Make the folder, and remove what writers left behind that ended more than a day ago.

        Raises:
            InternalError: the folder cannot be made, or its private folder belongs to somebody else.
        """
        with _translated(str(self.root)):
            make_path(self.root)
            with closing(self._open_temporary()) as temporary:
                for name, status in list(temporary.scan()):
                    if status.st_mtime < time.time() - LEFTOVER_AGE_S:
                        with suppress(OSError):  # another process may sweep the same folder
                            remove_tree(temporary, name)

    def open_writer(self, key: str) -> "LocalWriter":
        """Begin a file that `LocalWriter.commit` will put under `key`.

        Raises:
            InvalidParameter: the key is a folder, or lies below a file.
            StorageFull: there is no room.
        """
        *folders, name = _segments(key)
        with _translated(key):
            with suppress(FileNotFoundError), closing(self._walk(folders)) as parent:
                if stat.S_ISDIR(parent.stat(name).st_mode):
                    raise IsADirectoryError(errno.EISDIR, "is a folder", key)
            temporary = self._open_temporary()
            part = f"{secrets.token_hex(16)}.part"
            try:
                return LocalWriter(self, key, temporary, part, temporary.create(part))
            except OSError:
                temporary.close()
                raise

    def open_reader(self, key: str) -> "LocalReader":
        """Open the file under `key`.

        Raises:
            NotFound: nothing is there, or a link.
            InvalidParameter: the key names a folder.
        """
        *folders, name = _segments(key)
        with _translated(key, reading=True), closing(self._walk(folders)) as parent:
            _require_file(parent.stat(name), key)
            descriptor = parent.open(name)
            try:
                status = os.fstat(descriptor)
                _require_file(status, key)  # again: the name may have been swapped in between
            except BaseException:
                os.close(descriptor)
                raise
            return LocalReader(descriptor, status)

    def stat(self, key: str) -> BlobStat:
        """Say what is under `key`.

        Raises:
            NotFound: nothing is there, or a link.
        """
        with _translated(key, reading=True):
            if not key:
                status = self.root.stat()
            else:
                *folders, name = _segments(key)
                with closing(self._walk(folders)) as parent:
                    status = parent.stat(name)
            is_dir = stat.S_ISDIR(status.st_mode)
            if not is_dir:
                _require_file(status, key)
            return BlobStat(key, is_dir, 0 if is_dir else status.st_size, _mtime_ms(status))

    def list_folder(self, key: str) -> list[Entry]:
        """Return the names directly in a folder, sorted; links and special files are left out."""
        entries: list[Entry] = []
        with (
            _translated(key),
            suppress(FileNotFoundError, NotADirectoryError),
            closing(self._walk(_segments(key) if key else [])) as folder,
        ):
            for name, status in folder.scan():
                is_dir = stat.S_ISDIR(status.st_mode)
                if (is_dir or stat.S_ISREG(status.st_mode)) and (key or name != TEMPORARY) and _is_text(name):
                    entries.append(Entry(name, is_dir, 0 if is_dir else status.st_size))
        entries.sort(key=lambda entry: entry.name)
        return entries

    def delete(self, key: str) -> int:
        """Delete a file, or a folder with all that is in it; it vanishes at once, whatever it holds.

        Returns:
            How many files were deleted; 0 if nothing was there.

        Raises:
            InvalidParameter: the key is the root.
        """
        *folders, name = _segments(key)
        with _translated(key):
            try:
                with closing(self._walk(folders)) as parent:
                    count = self._delete_in(parent, name)
            except (FileNotFoundError, NotADirectoryError):
                return 0
            self._prune(folders)
        return count

    def _delete_in(self, parent: Folder, name: str) -> int:
        if not stat.S_ISDIR(parent.stat(name).st_mode):
            parent.remove(name)
            parent.sync()
            return 1
        with closing(self._open_temporary()) as temporary:
            trash = f"{secrets.token_hex(16)}.trash"
            parent.move(name, temporary, trash)
            parent.sync()
            return remove_tree(temporary, trash)

    def _publish(self, key: str, temporary: Folder, part: str) -> None:
        """Move a complete file from the private folder to its key."""
        *folders, name = _segments(key)
        try:
            self._move_to(folders, name, temporary, part)
        except OSError:
            self._prune(folders)
            raise

    def _move_to(self, folders: list[str], name: str, temporary: Folder, part: str) -> None:
        for attempt in reversed(range(_COMMIT_ATTEMPTS)):
            try:
                with closing(self._make_folders(folders)) as parent:
                    temporary.move(part, parent, name)
                    parent.sync()
                    return
            except FileNotFoundError:  # a folder on the way was pruned by a delete after it had been made
                if not attempt:
                    raise

    def _open_temporary(self) -> Folder:
        with closing(self._folders.at(self.root)) as root:
            with suppress(FileExistsError):
                root.make(TEMPORARY)
            owner = root.stat(TEMPORARY).st_uid
            if hasattr(os, "geteuid") and owner != os.geteuid():
                raise InternalError(
                    f"{self.root / TEMPORARY} belongs to user {owner}, the server runs as {os.geteuid()}: "
                    "run it as that user, or remove the folder."
                )
            return root.enter(TEMPORARY)

    def _walk(self, folders: list[str]) -> Folder:
        """Open a folder, one segment after the other."""
        folder: Folder = self._folders.at(self.root)
        for name in folders:
            with closing(folder):
                folder = folder.enter(name)
        return folder

    def _make_folders(self, folders: list[str]) -> Folder:
        """Open a folder and make those that are missing on the way."""
        folder: Folder = self._folders.at(self.root)
        for name in folders:
            with closing(folder):
                try:
                    folder = folder.enter(name)
                except FileNotFoundError:
                    with suppress(FileExistsError):
                        folder.make(name)
                        folder.sync()
                    folder = folder.enter(name)
        return folder

    def _prune(self, folders: list[str]) -> None:
        """Remove folders that are empty, from the deepest one up to the first that is not."""
        with suppress(OSError):
            for depth in range(len(folders), 0, -1):
                with closing(self._walk(folders[: depth - 1])) as parent:
                    parent.remove_folder(folders[depth - 1])


class LocalWriter:
    """A file in the making."""

    def __init__(self, store: LocalStore, key: str, temporary: Folder, part: str, descriptor: int) -> None:
        self._store = store
        self._key = key
        self._temporary = temporary
        self._part = part
        self._descriptor: int | None = descriptor
        self._is_over = False
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`.

        Raises:
            StorageFull: there is no room.
        """
        if self._descriptor is None:
            raise ValueError(f"the writer of {self._key!r} is closed")
        with _translated(self._key):
            view = memoryview(data)
            self._hash.update(view)
            self._size += len(view)
            while view:
                view = view[os.write(self._descriptor, view) :]

    def digest(self) -> bytes:
        """Return the SHA-256 of what was written so far."""
        return self._hash.digest()

    def commit(self) -> BlobInfo:
        """Make the file durable, then visible under its key.

        Raises:
            InvalidParameter: the key has become a folder, or lies below a file.
            StorageFull: there is no room.
        """
        if self._descriptor is None:
            raise ValueError(f"the writer of {self._key!r} is closed")
        try:
            with _translated(self._key):
                os.fsync(self._descriptor)
                status = os.fstat(self._descriptor)
                self._close_file()
                self._store._publish(self._key, self._temporary, self._part)  # noqa: SLF001 - the store's other half
        except BaseException:
            self.abort()
            raise
        self._is_over = True
        self._temporary.close()
        return BlobInfo(self._key, self._size, self._hash.hexdigest(), _mtime_ms(status))

    def abort(self) -> None:
        """Discard what was written. Does nothing after `commit` or a second time."""
        if self._is_over:
            return
        self._is_over = True
        self._close_file()
        with closing(self._temporary), suppress(FileNotFoundError):
            self._temporary.remove(self._part)

    def _close_file(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.abort()


class LocalReader:
    """An open file; a later write or delete of its key leaves it as it is."""

    def __init__(self, descriptor: int, status: os.stat_result) -> None:
        self._descriptor: int | None = descriptor
        self.size = status.st_size
        self.mtime_ms = _mtime_ms(status)

    def read_at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset` on; fewer only at the end of the file."""
        if self._descriptor is None:
            raise ValueError("the reader is closed")
        with _translated("file"):
            data = _read_at(self._descriptor, count, offset)
            while 0 < len(data) < count and (
                more := _read_at(self._descriptor, count - len(data), offset + len(data))
            ):
                data += more
        return data

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _segments(key: str) -> list[str]:
    """Split a key, and refuse the private folder under any spelling that a file system may take for it."""
    segments = key.split("/")
    if not key or segments[0].casefold() == TEMPORARY or ".." in segments or "" in segments:
        raise InvalidParameter(f"Invalid artifact path {key!r}: it names no artifact.")
    return segments


def _require_file(status: os.stat_result, key: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InvalidParameter(f"The artifact path {key!r} names a folder, not a file.")
    if not stat.S_ISREG(status.st_mode):
        raise FileNotFoundError(errno.ENOENT, "is no regular file", key)


def _mtime_ms(status: os.stat_result) -> int:
    return status.st_mtime_ns // 1_000_000


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_at(descriptor: int, count: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, count)


@contextmanager
def _translated(key: str, *, reading: bool = False) -> Iterator[None]:
    """Turn errors of the operating system into headrace's."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        if reading:
            raise NotFound(f"No such artifact: {key!r}.") from None
        if isinstance(error, NotADirectoryError):
            raise InvalidParameter(
                f"The artifact {key!r} cannot be stored: a name on the way to it is a file or a link, not a folder."
            ) from None
        raise InternalError(f"The artifact {key!r} cannot be stored: {error}.") from error
    except IsADirectoryError:
        raise InvalidParameter(f"The artifact {key!r} cannot be stored as a file: it is a folder.") from None
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(
                f"The artifact {key!r} was not stored: {error.strerror}. "
                "Free space in the server's artifact folder and send it again."
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidParameter(
                f"The artifact path {key!r} is too long for the server's file system."
            ) from None
        raise InternalError(
            f"The artifact folder cannot be used ({key!r}): {error.strerror or error}."
        ) from error
