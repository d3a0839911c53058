"""One batch after the other, each of them applied once, whatever happens between.

What a batch covers is written down before it is sent. After a crash the same stretch is sent under the same number, and the destination tells whether it had it. A destination
that has forgotten batches (it was restored from a backup) is told everything that is left under another writer's name. Nothing is passed over silently: a record that the
destination can never take is told of.

The module knows no thread and no pause: what fails is raised, and is tried again by who calls.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from headrace.api.ingest import Application, IngestAnswer, RunBlock
from headrace.base.errors import Conflict, PayloadTooLarge
from headrace.spool.batches import NO_LIMITS, Batch, BatchBuilder, Limits, Log
from headrace.spool.contract import Destination
from headrace.spool.folder import Folder
from headrace.spool.place import BEGINNING, Place, Sent, SentFile

LOGGER = logging.getLogger("headrace")


class SendLog(Log, Protocol):
    """A log whose segments are removed once they have been answered for."""

    def drop_before(self, number: int) -> None:
        """Remove the segments before one."""


class Hearer(Protocol):
    """Who is told of what became of records."""

    def take_answer(self, batch: Batch, answer: IngestAnswer) -> None:
        """A batch was answered."""

    def take_refusal(self, runs: Sequence[str], records: int, reason: str) -> None:
        """Records were passed over, since the destination can never take them."""


class _Flight(Struct):
    """A batch that was or is being sent.

    Args:
        seq: its number.
        batch: what it says.
        bound: where the log ended for it, if it was prepared before a crash.
    """

    seq: int
    batch: Batch
    bound: Place | None


class Delivery:
    """The sending of a folder. For one thread at a time.

    Args:
        folder: the folder; this process owns it.
        log: its records.
        hearer: is told of answers.
        limits: of a batch.
        polite: whether to let other threads run now and then.

    Raises:
        OSError: the folder cannot be used.
    """

    def __init__(
        self, folder: Folder, log: SendLog, hearer: Hearer, limits: Limits, *, polite: bool = True
    ) -> None:
        self._folder, self._log, self._hearer, self._limits = folder, log, hearer, limits
        self._builder = BatchBuilder(log, polite=polite)
        self._file = SentFile(folder.path)
        self._flight: _Flight | None = None
        self._bound: Place | None = None
        state = self._file.read()
        self._left: tuple[Place, Place] | None = None
        if state is None:
            state = Sent(writer=folder.note.writer, seq=0, begin=BEGINNING, end=BEGINNING, answered=True)
        elif not state.answered:
            self._left = state.begin, state.end
        self._writer, self._renamed = state.writer, state.renamed
        self._seq = state.seq if state.answered else state.seq - 1
        self.place = state.end if state.answered else state.begin
        """Everything before this place has been answered for."""
        if self._renamed:
            self._builder.restated = set()

    @property
    def is_under_way(self) -> bool:
        """Whether there is a batch that was prepared and not answered."""
        return self._flight is not None or self._left is not None

    def send_next(self, destination: Destination, stop: Place, add: Callable[[list[RunBlock]], None]) -> bool:
        """Send the next batch, or again the one that was not answered.

        Args:
            destination: where to.
            stop: how far the log reaches.
            add: puts what is no record into the blocks of a new batch, and may append blocks.

        Returns:
            whether an answer came; without one there was nothing to say.

        Raises:
            HeadraceError: it was refused, or no answer came.
            OSError: the log cannot be read, or `sent` not be written.
        """
        if self._flight is None:
            self._flight = self._prepare(stop, add)
        flight = self._flight
        if flight is None:
            return False
        try:
            answer = destination.send(self._writer, flight.seq, flight.batch.blocks)
        except PayloadTooLarge as error:
            self._make_smaller(flight, error)
            return True
        except Conflict as error:
            if flight.seq == 1:
                raise
            self._rename(error.message)
            return True
        self._settle(flight, answer, stop)
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _prepare(self, stop: Place, add: Callable[[list[RunBlock]], None]) -> _Flight | None:
        """Cut the next batch off the log, and write down what it covers; None if there is nothing to say."""
        if self._left is not None:
            return self._prepare_again(stop)
        batch = self._builder.build(self.place, min(stop, self._bound or stop), self._limits)
        add(batch.blocks)
        if not batch.blocks:
            if batch.end > self.place:
                self._pass(batch.end)
            return None
        self._write(self._seq + 1, batch.begin, batch.end, answered=False)
        return _Flight(self._seq + 1, batch, self._bound)

    def _prepare_again(self, stop: Place) -> _Flight | None:
        """Build the batch that another process has prepared, and may have sent."""
        assert self._left is not None
        begin, end = self._left
        batch = self._builder.build(begin, min(end, stop), NO_LIMITS)
        self._left = None
        if batch.blocks:
            return _Flight(self._seq + 1, batch, end)
        # What it held is gone: nobody can tell any more whether its number has been used.
        self._take_name()
        self._pass(end)
        return None

    def _settle(self, flight: _Flight, answer: IngestAnswer, stop: Place) -> None:
        """Take notice of an answer."""
        batch, end, seq = flight.batch, flight.bound or flight.batch.end, flight.seq
        if answer.applied is Application.LONG_BEFORE:
            seq = answer.last_seq
            LOGGER.warning(
                "%s has batches %d to %d of the writer %s already, which this copy of its spool %s knows nothing of: was the folder restored from a copy? "
                "What is sent from here on may be there twice.",
                self._folder.note.uri, flight.seq + 1, answer.last_seq, self._writer, self._folder.path,
            )  # fmt: skip
        elif answer.applied is Application.BEFORE and answer.records != batch.records:
            limits = replace(NO_LIMITS, records=answer.records)
            end = self._builder.build(batch.begin, min(stop, flight.bound or stop), limits).end
        if flight.bound is not None and batch.end < end and answer.applied is Application.NOW:
            end = batch.end
        self._hearer.take_answer(batch, answer)
        if self._builder.restated is not None:
            self._builder.restated.update(block.run_id for block in batch.blocks)
        self._seq, self._flight, self._bound = seq, None, None
        self._pass(end)

    def _make_smaller(self, flight: _Flight, error: PayloadTooLarge) -> None:
        """Cut a batch that is too large into smaller ones; tell of a record that is too large by itself."""
        batch = flight.batch
        self._flight, self._bound = None, flight.bound
        if batch.units > 1:
            self._limits = replace(self._limits, units=batch.units // 2)
            return
        self._hearer.take_refusal([block.run_id for block in batch.blocks], batch.records, error.message)
        self._pass(batch.end)

    def _rename(self, message: str) -> None:
        """Go on under another name: the destination has forgotten batches that it had confirmed."""
        LOGGER.warning(
            "%s has forgotten what it had confirmed (%s) Was it restored from a backup? What was sent since then is not there any more; what waits "
            "here is sent under another writer's name.",
            self._folder.note.uri, message,
        )  # fmt: skip
        self._take_name()
        self._flight = self._bound = None

    def _take_name(self) -> None:
        self._renamed += 1
        self._writer, self._seq = f"{self._folder.note.writer}.{self._renamed}", 0
        self._builder.restated = set()

    def _pass(self, end: Place) -> None:
        """Everything before a place has been dealt with."""
        self.place = end
        if self._bound is not None and end >= self._bound:
            self._bound = None
        self._write(self._seq, end, end, answered=True)
        self._log.drop_before(end.segment)

    def _write(self, seq: int, begin: Place, end: Place, *, answered: bool) -> None:
        state = Sent(
            writer=self._writer, seq=seq, begin=begin, end=end, answered=answered, renamed=self._renamed
        )
        self._file.write(state, sync=not answered)
