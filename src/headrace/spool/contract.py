"""What the spool is given and what it answers: the destination, the settings, what a point was measured on, what is left.

The module knows neither files nor threads.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from msgspec import Struct

from headrace.api.ingest import IngestAnswer, RunBlock
from headrace.base.settings import Setting

SPOOL_DIR = Setting(("HEADRACE_SPOOL_DIR",), "the folder in which records wait until they are sent")
GIBIBYTE = 2**30
MEBIBYTE = 2**20


class PointContext(NamedTuple):
    """What a point was measured on; all empty for nothing in particular."""

    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


NO_CONTEXT = PointContext()


class Destination(Protocol):
    """Where records go. Used by several threads of the process at once; a forked child opens one of its own.

    It should neither retry nor wait long by itself: the spool sends again, with growing pauses, for as long as it takes.
    """

    @property
    def uri(self) -> str:
        """The address, without credentials."""

    def send(self, writer: str, seq: int, runs: Sequence[RunBlock]) -> IngestAnswer:
        """Send a batch (`ingest.send`).

        Raises:
            HeadraceError: it was refused, or no answer came.
        """

    def upload(self, run_id: str, local: Path, artifact_path: str) -> None:
        """Store a file of a run; what lies there already is replaced.

        Args:
            run_id: the run.
            local: the file; its name means nothing.
            artifact_path: the full path of the file in the run.

        Raises:
            HeadraceError: it was refused, or no answer came.
        """

    def close(self) -> None:
        """Give connections back."""


class SpoolSettings(Struct, frozen=True):
    """How a spool behaves.

    Args:
        root: the folder of all spools; by default what HEADRACE_SPOOL_DIR says, else the platform's place for the state of programs.
        max_bytes: so much may wait on the disk, records and files together.
        reserve_bytes: so much of the disk is left free.
        wait_s: so long a full spool lets its caller wait while nothing is sent, before it refuses.
        segment_bytes: size of a segment file.
        pace_s: least pause between batches while little waits, for a database in this process always; up to ten times as long where sending takes time.
        batch_points: most points of a batch.
        first_pause_s: pause after a failed attempt to send; it doubles with each further one.
        max_pause_s: the longest such pause.
        adopt: whether records that processes of this machine have left for the same destination are sent too.
    """

    root: Path | None = None
    max_bytes: int = 10 * GIBIBYTE
    reserve_bytes: int = 256 * MEBIBYTE
    wait_s: float = 60.0
    segment_bytes: int = MEBIBYTE
    pace_s: float = 0.2
    batch_points: int = 100_000
    first_pause_s: float = 0.5
    max_pause_s: float = 30.0
    adopt: bool = True


class Backlog(Struct, frozen=True):
    """What waits.

    Args:
        records: records that are not known to be stored. Of very long backlogs the bound that their bytes give.
        bytes: their bytes on the disk, with those of the files.
        files: files not uploaded.
        oldest_ms: when the oldest of them was written, to the accuracy of a segment, in Unix milliseconds; 0 if nothing waits.
        reachable: whether the last attempt to send succeeded; true before the first one.
        last_error: why it did not; empty otherwise.
        folder: where it lies; None if nothing was ever written.
    """

    records: int = 0
    bytes: int = 0
    files: int = 0
    oldest_ms: int = 0
    reachable: bool = True
    last_error: str = ""
    folder: Path | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self.records and not self.files


class Counts(Struct):
    """What became of the records that this process has sent, over all its runs; `late` ones are part of those stored.

    `sent` are those that the destination has answered for: stored + collapsed + repeated + rejected.
    """

    sent: int = 0
    stored: int = 0
    collapsed: int = 0
    repeated: int = 0
    rejected: int = 0
    late: int = 0
