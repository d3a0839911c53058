"""Files that wait to be uploaded: the folder ``files`` of a spool.

A file is in the spool before the call that gives it returns: as a copy that shares its blocks with the original where the file system can do that, by renaming where the caller
gives it away, else as a plain copy. (A hard link would not do: who writes into the original afterwards would change what waits here.) Beside it lies what it is; what lies there
without that was never given completely. A file of a run that the destination has not answered for yet goes after everything that was logged before it, so that its run is there,
and files go in the order in which they came.

The module knows neither batches nor how a destination stores a file.
"""

import itertools
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Protocol

import msgspec

from headrace.base.errors import ClientError, EndpointNotFound, HeadraceError, InvalidParameter, NotFound
from headrace.base.json import Wire
from headrace.base.plugins import load
from headrace.spool.contract import Destination
from headrace.spool.crew import Crew
from headrace.spool.folder import FILES, REFUSED, Folder
from headrace.spool.place import Place
from headrace.spool.room import Room

LOGGER = logging.getLogger("headrace")
AT_ONCE = 4
NOTE = ".json"
_FICLONE = 0x4004_9409
_MAX_NAME = 100

if sys.platform == "linux":
    import fcntl

    def _clone(source: int, target: int) -> bool:
        """Let a file share the blocks of another one; tell whether the file system can do that."""
        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError:
            return False
        return True
else:

    def _clone(_source: int, _target: int) -> bool:
        return False


class FileNote(Wire, kw_only=True):
    """What a file is: the run's, and its full path there. It goes when the log has been answered for up to `after`."""

    number: int
    run_id: str
    artifact_path: str
    size: int
    after: Place


class FileHearer(Protocol):
    """Who is told of files."""

    def take_file_refusal(self, run_id: str, artifact_path: str, reason: str) -> None:
        """A file was refused for good."""

    def take_file(self) -> None:
        """A file has been dealt with."""


def list_files(folder: Path) -> list[FileNote]:
    """Return the files of a spool, the oldest first."""
    found = []
    for path in (folder / FILES).glob("*" + NOTE):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=FileNote))
        except (FileNotFoundError, msgspec.DecodeError):  # dealt with meanwhile, or never given completely
            continue
    return sorted(found, key=lambda note: note.number)


def is_for_good(error: HeadraceError) -> bool:
    """Tell whether an upload that failed so will always fail."""
    return isinstance(error, InvalidParameter | NotFound) and not isinstance(error, EndpointNotFound)


class Uploads:
    """The files of a spool that this process owns.

    Args:
        folder: the folder.
        hearer: is told what became of them.
    """

    def __init__(self, folder: Folder, hearer: FileHearer) -> None:
        self._folder, self._hearer = folder, hearer
        self._lock = threading.RLock()  # a signal's handler may give a file while another is taken
        self._place = folder.path / FILES
        self._waiting = list_files(folder.path)
        self._last = max((note.number for note in self._waiting), default=0)
        self._numbers = itertools.count(self._last + 1)
        self._later: dict[int, float] = {}
        self._hands = AT_ONCE if folder.note.is_remote else 1
        self._taking = threading.Lock()
        self._under_way: set[int] = set()

    @property
    def waiting(self) -> list[FileNote]:
        """What waits, the oldest first."""
        return list(self._waiting)

    def used_bytes(self) -> int:
        """Return the bytes of what waits."""
        return sum(note.size for note in list(self._waiting))

    def last_number(self) -> int:
        """Return the number of the last file that was given."""
        return self._last

    def is_done(self, number: int) -> bool:
        """Tell whether all files up to a number have been dealt with."""
        waiting = self._waiting
        return not waiting or waiting[0].number > number

    @property
    def is_troubled(self) -> bool:
        """Whether a file has failed and waits to be tried again."""
        return bool(self._later)

    def retry_now(self) -> None:
        """Let what has failed be tried again without waiting."""
        for number in list(self._later):
            self._later[number] = 0.0

    def add(
        self, run_id: str, source: Path | bytes, artifact_path: str, after: Place, room: Room, *, move: bool
    ) -> None:
        """Take a file.

        Args:
            run_id: the run.
            source: the file, or its bytes.
            artifact_path: its full path in the run.
            after: where the log ends now.
            room: where space comes from.
            move: the file may be taken away instead of copied.

        Raises:
            InvalidParameter: there is no such file.
            SpoolFull: there is no room; nothing of it was taken.
        """
        size = len(source) if isinstance(source, bytes) else _measure(source)
        with self._lock:
            number = next(self._numbers)
            note = FileNote(number=number, run_id=run_id, artifact_path=artifact_path, size=size, after=after)
            try:
                room.take(self._place, size, lambda: self._write(note, source, move=move))
            except OSError as error:
                raise ClientError(
                    f"{artifact_path!r} could not be put into the spool {str(self._place)!r}: {error}."
                ) from error
            self._last = max(self._last, number)
            self._waiting.append(note)

    def send_ready(
        self,
        destination: Destination,
        find_place: Callable[[], Place],
        pause_s: float,
        is_over: Callable[[], bool],
        tell: Callable[[], None],
    ) -> bool:
        """Upload the files that may go, over a network several at a time: each waits for the other side most of the time.

        Of those with one path, one goes after the other.

        Args:
            destination: where to.
            find_place: tells how far the log has been answered for.
            pause_s: a file that fails for a reason of its own is tried again after so long.
            is_over: whether to begin no further file.
            tell: is called after each file.

        Returns:
            whether there was one.

        Raises:
            HeadraceError: one failed for a reason that may pass; it is tried again.
        """

        def send_next() -> bool:
            note = None if is_over() else self._take(find_place(), time.monotonic())
            if note is not None:
                self._send(note, destination, pause_s)
                tell()
            return note is not None

        def count_hands() -> int:
            place = find_place()
            return min(self._hands, sum(note.after <= place for note in self.waiting))

        return Crew(send_next, count_hands, "headrace-uploads").work()

    def _send(self, note: FileNote, destination: Destination, pause_s: float) -> None:
        try:
            destination.upload(note.run_id, self._place / str(note.number), note.artifact_path)
        except HeadraceError as error:
            if not is_for_good(error):
                self._later[note.number] = time.monotonic() + pause_s
                raise
            self._refuse(note, error.message)
        else:
            self._forget(note)
        finally:
            self._under_way.discard(note.number)

    def _take(self, place: Place, now_s: float) -> FileNote | None:
        """Return the next file that may go, which is this thread's then."""
        with self._taking:
            blocked: set[tuple[str, str]] = set()
            for note in list(self._waiting):
                target = note.run_id, note.artifact_path
                if note.after > place:
                    return None
                is_later = self._later.get(note.number, 0) > now_s
                if target in blocked or is_later or note.number in self._under_way:
                    blocked.add(target)
                    continue
                self._under_way.add(note.number)
                return note
        return None

    def _write(self, note: FileNote, source: Path | bytes, *, move: bool) -> None:
        """Put a file into the folder, and then what it is."""
        target = self._place / str(note.number)
        scratch = target.with_name(target.name + ".new")
        try:
            if isinstance(source, bytes):
                target.write_bytes(source)
            elif not (move and _move(source, target)):
                _copy(source, target)
                note.size = target.stat().st_size  # it may have grown meanwhile
            scratch.write_bytes(msgspec.json.encode(note))
            scratch.replace(target.with_name(target.name + NOTE))
        except BaseException:
            scratch.unlink(missing_ok=True)
            if move and isinstance(source, Path) and not source.exists() and target.exists():
                _move(target, source)
            target.unlink(missing_ok=True)
            raise
        if move and isinstance(source, Path):
            source.unlink(missing_ok=True)

    def _forget(self, note: FileNote) -> None:
        """Remove a file that has been dealt with."""
        (self._place / f"{note.number}{NOTE}").unlink(missing_ok=True)
        (self._place / str(note.number)).unlink(missing_ok=True)
        with self._taking:
            self._later.pop(note.number, None)
            self._waiting.remove(note)
            self._hearer.take_file()

    def _refuse(self, note: FileNote, reason: str) -> None:
        """Put a file aside that the destination will never take."""
        kept = self._folder.path.parent / REFUSED / note.run_id
        name = PurePosixPath(note.artifact_path).name[:_MAX_NAME] or "file"
        target = kept / f"{self._folder.note.writer[:8]}-{note.number}-{name}"
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _move(self._place / str(note.number), target):
            reason = f"{reason} The file is kept as {str(target)!r}."
        LOGGER.error("The file %r of the run %s was refused: %s", note.artifact_path, note.run_id, reason)
        self._hearer.take_file_refusal(note.run_id, note.artifact_path, reason)
        self._forget(note)


def _measure(source: Path) -> int:
    """Return the bytes of a file.

    Raises:
        InvalidParameter: there is no such file.
    """
    try:
        if not source.is_file():
            raise InvalidParameter(f"There is no file {str(source)!r}.")
        return source.stat().st_size
    except OSError as error:
        raise InvalidParameter(f"The file {str(source)!r} cannot be read: {error.strerror}.") from None


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as original, target.open("wb") as copy:
        if not _clone(original.fileno(), copy.fileno()):
            load("shutil").copyfileobj(original, copy, 2**20)


def _move(source: Path, target: Path) -> bool:
    """Rename a file; tell whether that was possible."""
    try:
        source.replace(target)
    except OSError:
        return False
    return True
