"""What processes have left that are gone: finding it, sending it, dropping it.

A folder is taken by its lock, which is free only when its writer is gone. Then its segments are read up to the first byte that was not written whole; what lies behind it is not
passed over without a word. It is sent under the dead writer's name, so that nothing is applied twice.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from headrace.api.ingest import IngestAnswer, RunBlock
from headrace.base.errors import ClientError, NotFound
from headrace.spool.batches import Batch, Limits
from headrace.spool.contract import Counts, Destination
from headrace.spool.delivery import Delivery
from headrace.spool.folder import Folder, Note, is_free, is_near, list_folders, read_note
from headrace.spool.place import BEGINNING, Place, read_sent
from headrace.spool.record import FORMATS, HEAD, count_records, read_head
from headrace.spool.segment import SegmentReader, find_end, list_segments, segment_path
from headrace.spool.uploads import Uploads, list_files

LOGGER = logging.getLogger("headrace")
COUNTED_BYTES = 64 * 2**20
"""Records are counted in so many bytes; of what lies behind, the bytes give the bound."""


class LeftLog:
    """The log of a process that is gone.

    Args:
        folder: where it lies.

    Raises:
        ClientError: it was written by a later version.
        OSError: it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = list_segments(folder)
        self._ends: dict[int, int] = {}
        for number in self._numbers:
            self._check(number)

    def tail(self) -> Place:
        """Return where the records end."""
        if not self._numbers:
            return BEGINNING
        last = self._numbers[-1]
        return Place(last, self._find(last))

    def find_end(self, number: int) -> int | None:
        """Return where the records of a segment end; None if it is not there."""
        return self._find(number) if number in self._numbers else None

    def next_number(self, number: int) -> int:
        """Return the number of the segment behind another one; of the last one, one that is not there."""
        return next((each for each in self._numbers if each > number), number + 1)

    def path_of(self, number: int) -> Path:
        """Return where a segment lies."""
        return segment_path(self._folder, number)

    def drop_before(self, number: int) -> None:
        """Remove segments whose records have all been answered for."""
        for each in [held for held in self._numbers if held < number]:
            self.path_of(each).unlink(missing_ok=True)
            self._numbers.remove(each)

    def created_ms(self, number: int) -> int:
        """Return when a segment was made, in Unix milliseconds; 0 if that is not known."""
        head = read_head(_read(self.path_of(number), 0, HEAD)) if number in self._numbers else None
        return head[2] if head else 0

    def _find(self, number: int) -> int:
        known = self._ends.get(number)
        if known is None:
            known, strange = find_end(self.path_of(number))
            self._ends[number] = known
            if strange:
                LOGGER.warning(
                    "%s was not written whole: %d bytes from byte %d on cannot be read, as after a loss of power.",
                    self.path_of(number), strange, known,
                )  # fmt: skip
        return known

    def _check(self, number: int) -> None:
        """Refuse a segment of a format that is not known. One whose head was never written whole holds nothing."""
        head = read_head(_read(self.path_of(number), 0, HEAD))
        if head is None:
            self._ends[number] = HEAD
        elif head[0] not in FORMATS:
            raise ClientError(
                f"The spool {str(self._folder)!r} has format {head[0]}; this version of headrace reads {', '.join(map(str, FORMATS))}. Send it with the "
                "version that wrote it, or a later one."
            )


def _read(path: Path, place: int, count: int) -> bytes:
    reader = SegmentReader(path)
    try:
        return reader.read(place, count)
    finally:
        reader.close()


def measure(
    begin: Place,
    end: Place,
    find_end: Callable[[int], int | None],
    path_of: Callable[[int], Path],
) -> tuple[int, int]:
    """Return how many records, as the server counts, and how many bytes lie between two places of a log.

    Args:
        begin: at a record's start.
        end: at a record's end.
        find_end: of the log.
        path_of: of the log.
    """
    records = size = 0
    for number in range(begin.segment, end.segment + 1):
        start = begin.offset if number == begin.segment else HEAD
        known = end.offset if number == end.segment else find_end(number)
        if known is None or known <= max(start, HEAD):
            continue
        start = max(start, HEAD)
        size += known - start
        if size <= COUNTED_BYTES:
            try:
                records += count_records(_read(path_of(number), start, known - start))
            except FileNotFoundError:  # sent and removed meanwhile
                size -= known - start
        else:
            records += (known - start) // 32
    return records, size


class LeftSpool(Struct, frozen=True):
    """A spool on the disk.

    Args:
        path: its folder.
        note: whose it is.
        in_use: whether its writer lives, or somebody is just sending it.
        records: records that are not known to be stored.
        bytes: their bytes, with those of the files.
        files: files not uploaded.
    """

    path: Path
    note: Note
    in_use: bool
    records: int
    bytes: int
    files: int


class CountingHearer:
    """Counts what became of records, and keeps what was refused."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.refusals: list[tuple[str, str, str]] = []
        """Run, what, and why."""
        self.files = 0

    def take_answer(self, batch: Batch, answer: IngestAnswer) -> None:
        """See `headrace.spool.delivery.Hearer`."""
        counts = self.counts
        counts.sent += answer.records
        counts.stored += answer.stored
        counts.collapsed += answer.collapsed
        counts.repeated += answer.repeated
        counts.late += answer.late
        counts.rejected += answer.records - answer.stored - answer.collapsed - answer.repeated
        self.refusals += [(each.run_id, each.what, each.reason) for each in answer.rejected]
        del batch

    def take_refusal(self, runs: Sequence[str], records: int, reason: str) -> None:
        """See `headrace.spool.delivery.Hearer`."""
        self.counts.sent += records
        self.counts.rejected += records
        self.refusals += [(run_id, f"{records} records", reason) for run_id in runs]

    def take_file_refusal(self, run_id: str, artifact_path: str, reason: str) -> None:
        """See `headrace.spool.uploads.FileHearer`."""
        self.refusals.append((run_id, f"artifact {artifact_path!r}", reason))

    def take_file(self) -> None:
        """See `headrace.spool.uploads.FileHearer`."""
        self.files += 1


def find_spools(root: Path) -> list[LeftSpool]:
    """Return all spools under a root, of all machines and destinations, the oldest first."""
    found = [spool for path in list_folders(root) if (spool := find_spool(path)) is not None]
    return sorted(found, key=lambda spool: spool.note.created_at)


def find_spool(path: Path) -> LeftSpool | None:
    """Return what a folder holds, or None if it is no spool (any more).

    Raises:
        ClientError: it was written by a later version.
    """
    note = read_note(path)
    if note is None:
        return None
    try:
        log = LeftLog(path)
        sent = read_sent(path)
        begin = BEGINNING if sent is None else sent.end if sent.answered else sent.begin
        records, size = measure(begin, log.tail(), log.find_end, log.path_of)
        files = list_files(path)
        in_use = not is_free(path)
    except FileNotFoundError:  # sent and removed while it was looked at
        return None
    return LeftSpool(path, note, in_use, records, size + sum(each.size for each in files), len(files))


def get_spool(root: Path, name: str) -> LeftSpool:
    """Return the spool whose writer's name begins so.

    Raises:
        NotFound: there is none, or more than one.
    """
    found = [spool for spool in find_spools(root) if spool.note.writer.startswith(name)]
    if len(found) != 1:
        raise NotFound(
            f"{'No spool has' if not found else 'Several spools have'} a name that begins with {name!r}; 'headrace spool list' shows all."
        )
    return found[0]


def list_left(root: Path, uri_digest: str, *, own: Path | None) -> Iterator[Path]:
    """Yield the folders of one destination that were left on this machine, the oldest first, perhaps by processes that still live.

    Args:
        root: the folder of all spools.
        uri_digest: see `headrace.spool.folder.digest_of`.
        own: a folder to leave out.
    """
    found: list[tuple[int, Path]] = []
    for path in list_folders(root):
        if path.parent.name == uri_digest and path != own:
            note = read_note(path)
            if note is None or is_near(note):
                found.append((0 if note is None else note.created_at, path))
    yield from (path for _, path in sorted(found))


def send_spool(
    path: Path, destination: Destination, hearer: CountingHearer, is_over: Callable[[], bool]
) -> bool:
    """Send what a process has left, and remove its folder.

    Args:
        path: the folder.
        destination: where to.
        hearer: is told what became of it.
        is_over: whether to stop in the middle; what is left stays.

    Returns:
        whether the folder is gone: false if its writer lives, or if it was over before.

    Raises:
        HeadraceError: something was refused, or no answer came; what is left stays.
        OSError: the folder cannot be read.
    """
    folder = Folder.find(path)
    if folder is None:
        return False
    try:
        _send_folder(folder, destination, hearer, is_over)
        if is_over():
            return False
        folder.remove()
    finally:
        folder.release()
    return True


def _send_folder(
    folder: Folder, destination: Destination, hearer: CountingHearer, is_over: Callable[[], bool]
) -> None:
    log = LeftLog(folder.path)
    stop = log.tail()
    delivery = Delivery(folder, log, hearer, Limits())
    try:
        while (delivery.place < stop or delivery.is_under_way) and not is_over():
            delivery.send_next(destination, stop, _add_nothing)
        uploads = Uploads(folder, hearer)
        while uploads.waiting and not is_over():
            uploads.send_ready(destination, lambda: Place(2**62, 0), 0.0, is_over, lambda: None)
    finally:
        delivery.close()


def _add_nothing(_: list[RunBlock]) -> None:
    """A dead process has neither leases nor anything to acknowledge."""


def drop_spool(path: Path) -> None:
    """Remove a spool with all that was never sent.

    Raises:
        ClientError: its writer lives.
        OSError: it cannot be removed.
    """
    folder = Folder.find(path)
    if folder is None:
        raise ClientError(
            f"The spool {str(path)!r} is in use, or gone; end the process that writes it first."
        )
    try:
        folder.remove()
    finally:
        folder.release()
