"""Statements on a connection to PostgreSQL, sent together: nothing is waited for before an answer is asked for, so that what needs no answer costs no round trip.

It stands on psycopg's wrapper of libpq and on its adapters, beside psycopg's own cursors: those wait for each statement, and cost three times as much
of a processor. Statements that come again are prepared, answers come in binary. The module does not know what the statements mean.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Self

import psycopg
from psycopg import errors, generators
from psycopg.abc import PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Wait

from headrace.store.dialect import KEPT_TEXTS

MOST_QUEUED = 64
"""So many statements wait for their answers at most."""
AHEAD_BYTES = 1_500
"""When so much is queued in an open transaction it is sent: the database works on it while the next statements are made."""
MOST_PREPARED = 400
"""So many statements stay prepared on a connection."""

_Key = tuple[str, tuple[int, ...]]
"""A statement's text and the types of its parameters."""

_FAILED = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE})


class _Asked:
    """A statement on its way, and its answer once that is there.

    Attributes:
        key: what it is kept by if it is prepared.
        prepares: whether this only prepares it.
        result: the answer.
    """

    __slots__ = ("key", "name", "params", "prepares", "result")

    def __init__(self, key: _Key, name: bytes, params: tuple[Any, Any], *, prepares: bool = False) -> None:
        self.key = key
        self.name = name
        self.params = params
        self.prepares = prepares
        self.result: PGresult | None = None


class Pipeline:
    """What is on its way on one connection. For one thread at a time.

    Args:
        connection: in autocommit; while statements are on their way nobody else uses it.
        fence: a statement that fails outside a transaction and does nothing within one.
    """

    __slots__ = (
        "_connection",
        "_fence",
        "_is_open",
        "_number",
        "_pgconn",
        "_prepared",
        "_queue",
        "_queued_bytes",
        "_sent",
        "_synced",
        "_syncs",
        "_transformer",
    )

    def __init__(self, connection: "psycopg.Connection[Any]", fence: str) -> None:
        self._connection = connection
        self._fence = fence
        self._pgconn = connection.pgconn
        self._transformer = Transformer.from_context(connection)
        self._prepared: dict[_Key, bytes] = {}  # an empty name: seen once, not prepared yet
        self._number = 0
        self._queue: list[_Asked] = []
        self._queued_bytes = 0
        self._sent: list[_Asked] = []
        self._synced = True  # whether all that was sent is to be answered before more is sent
        self._is_open = False  # whether a transaction was known to be open when sending began
        self._syncs = 0  # with so many answers to synchronisations among those to what was sent

    def ask(self, text: str, params: Sequence[Any] = ()) -> _Asked:
        """Queue a statement, written with ``%s``, and return what its answer will be in."""
        packed: tuple[Any, Any] = None, None
        key: _Key = text, ()
        if params:
            values = self._transformer.dump_sequence(params, [PyFormat.AUTO] * len(params))
            key = text, tuple(self._transformer.types or ())
            packed = values, self._transformer.formats
            self._queued_bytes += sum(map(len, filter(None, values)))
        name = self._prepared.get(key)
        if name is None:
            name = self._prepared[key] = b""
            if len(self._prepared) > MOST_PREPARED:
                self._forget_oldest()
        elif not name:
            self._number += 1
            name = self._prepared[key] = f"{text.split(None, 1)[0]} {self._number}".encode()
            self._queue.append(_Asked(key, name, (None, None), prepares=True))
        asked = _Asked(key, name, packed)
        self._queue.append(asked)
        if len(self._queue) + len(self._sent) >= MOST_QUEUED:
            self.flush()
        elif self._queued_bytes >= AHEAD_BYTES and (not self._synced or self._may_go_ahead()):
            self._send_with_sync()
        return asked

    def _may_go_ahead(self) -> bool:
        """Tell whether what is queued is in a transaction: one that is open, or one that it begins with."""
        self.collect()
        self._is_open = self._pgconn.transaction_status == TransactionStatus.INTRANS
        return self._is_open or self._queue[0].key[0].startswith("BEGIN")

    def _forget_oldest(self) -> None:
        key = next(iter(self._prepared))
        name = self._prepared.pop(key)
        if name:
            self._queue.append(_Asked((f'DEALLOCATE "{name.decode()}"', ()), b"", (None, None)))

    def flush(self) -> None:
        """Send what is queued and wait for all answers.

        Raises:
            psycopg.Error: a statement failed; those behind it were not run.
        """
        if self._synced:
            self.collect()
        self.send()
        self.collect()

    def send(self) -> None:
        """Send what is queued; `collect` waits for the answers."""
        if not self._queue and self._synced:
            return
        self._send_with_sync()
        self._synced = True

    def _send_with_sync(self) -> None:
        """Send what is queued, behind what was sent and not answered yet.

        Without the synchronisation the database would not take the session for idle: it would wait for more, with all its locks, for ever. With it,
        what comes next is run even if the transaction could not begin, which the fence prevents.
        """
        pgconn = self._pgconn
        if self._synced:
            self.collect()
            pgconn.enter_pipeline_mode()
            self._synced = False
        queue, self._queue = self._queue, []
        if queue and self._syncs and not self._is_open:
            queue.insert(0, _Asked((self._fence, ()), b"", (None, None)))
        self._queued_bytes = 0
        self._sent += queue
        for asked in queue:
            values, formats = asked.params
            text, types = asked.key
            if asked.prepares:
                pgconn.send_prepare(asked.name, _number_marks(text), types)
            elif asked.name:
                pgconn.send_query_prepared(asked.name, values, formats, Format.BINARY)
            else:
                pgconn.send_query_params(_number_marks(text), values, types, formats, Format.BINARY)
        pgconn.pipeline_sync()
        self._syncs += 1
        self._connection.wait(generators.send(pgconn))

    def collect(self) -> None:
        """Wait for the answers to what was sent.

        Raises:
            psycopg.Error: see `flush`.
        """
        failed = self._take_answers()
        if failed is not None:
            raise errors.error_from_result(failed)

    def _take_answers(self) -> PGresult | None:
        """Wait for the answers to what was sent; return the one that tells of a failure, if there is one."""
        if not self._sent:
            return None
        sent, self._sent = self._sent, []
        try:
            failed = self._collect(sent)
        except BaseException as error:
            if not isinstance(error, psycopg.Error):
                self._connection.close()  # nobody knows what is still to come on it
            raise
        if failed is not None:
            for asked in sent:
                if asked.prepares:
                    self._prepared.pop(asked.key, None)
        return failed

    def _collect(self, sent: Sequence[_Asked]) -> PGresult | None:
        pgconn, syncs = self._pgconn, self._syncs
        self._syncs = 0
        failed: PGresult | None = None
        for asked, result in zip(sent, self._connection.wait(_receive(pgconn, syncs)), strict=False):
            asked.result = result
            if failed is None and result.status in _FAILED:
                failed = result
        if pgconn.status != ConnStatus.BAD:
            pgconn.exit_pipeline_mode()
        elif failed is None:
            raise psycopg.OperationalError("the connection is lost")
        return failed

    def read(self, asked: _Asked) -> PGresult:
        """Return the answer to a statement.

        Raises:
            psycopg.Error: see `flush`.
        """
        if asked.result is None:
            self.flush()
        if asked.result is None:
            raise psycopg.OperationalError("the connection is lost")
        return asked.result

    def load(self, asked: _Asked) -> list[tuple[Any, ...]]:
        """Return the rows of an answer."""
        result = self.read(asked)
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    def roll_back(self, *, wait: bool) -> None:
        """End the transaction, if there is one, and forget what was not sent.

        Args:
            wait: whether to wait for the answer; if not, `collect` finds it later.
        """
        for asked in self._queue:
            if asked.prepares:
                self._prepared.pop(asked.key, None)
        self._queue.clear()
        self._queued_bytes = 0
        if self._synced:
            self.collect()
        else:  # what was sent goes with the transaction, whatever became of it
            self.send()
            self._take_answers()
        if self._pgconn.transaction_status == TransactionStatus.IDLE:
            return
        self.ask("ROLLBACK")
        self.send()
        if wait:
            self.collect()

    def look(self) -> None:
        """Find out without waiting whether the other side has closed the connection.

        Raises:
            psycopg.Error: it has.
        """
        self.collect()
        self._pgconn.consume_input()
        self._pgconn.consume_input()  # behind the last words comes the end


def _receive(pgconn: PGconn, syncs: int) -> PQGen[list[PGresult]]:
    """Take the answers to all statements up to so many synchronisations, one for each statement; fewer if the connection is lost.

    psycopg has a generator for the answers to one statement; to wait anew for each of them costs more than to take it.
    """
    results: list[PGresult] = []
    while pgconn.status != ConnStatus.BAD:
        while pgconn.is_busy():
            while not (yield Wait.R):
                continue
            try:
                pgconn.consume_input()
            except psycopg.DatabaseError:
                if any(result.status == ExecStatus.FATAL_ERROR for result in results):
                    return results  # its last words say more than that it is gone
                raise
        result = pgconn.get_result()
        if result is None:  # the answers to a statement are complete
            continue
        if result.status != ExecStatus.PIPELINE_SYNC:
            results.append(result)
        elif syncs == 1:
            break
        else:
            syncs -= 1
    return results


class Cursor:
    """What the store uses of a driver's cursor. Statements are run when an answer is asked for, or with `flush`, in the order in which they came.

    Args:
        pipeline: of the connection.
    """

    __slots__ = ("_asked", "_rows", "pipeline")

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self._asked: list[_Asked] = []
        self._rows: list[tuple[Any, ...]] | None = None

    def execute(self, query: str, params: Sequence[Any] | None = None) -> Self:
        """Queue a statement. Texts with a NUL character are looked for as other databases do: PostgreSQL has no such texts, and so finds none."""
        self._rows = None
        try:
            self._asked = [self.pipeline.ask(query, params or ())]
        except psycopg.DataError:
            storable = [_find_storable(param) for param in params or ()]
            if storable == list(params or ()) or not query.lstrip().startswith(("SELECT", "WITH", "DELETE")):
                raise
            self._asked = [self.pipeline.ask(query, storable)]
        return self

    def executemany(self, query: str, rows: Sequence[Sequence[Any]]) -> Self:
        """Queue a statement for each row of parameters."""
        self._rows = None
        self._asked = [self.pipeline.ask(query, row) for row in rows]
        return self

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return sum(self.pipeline.read(asked).command_tuples or 0 for asked in self._asked)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows, those that were fetched left out."""
        rows = self.pipeline.load(self._asked[-1]) if self._rows is None else self._rows
        self._rows = []
        return rows

    def answer(self) -> Callable[[], list[tuple[Any, ...]]]:
        """Return what gives the rows of the last statement, whatever else is executed before it is called."""
        return partial(self.pipeline.load, self._asked[-1])

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, or None."""
        if self._rows is None:
            self._rows = self.pipeline.load(self._asked[-1])
        return self._rows.pop(0) if self._rows else None

    def close(self) -> None:
        """Nothing is to be done."""


def _find_storable(param: Any) -> Any:
    """Return a parameter, or what no row has in its place; of a list, what may be found."""
    if isinstance(param, list):
        return [each for each in param if not (isinstance(each, str) and "\0" in each)]
    return None if isinstance(param, str) and "\0" in param else param


@lru_cache(KEPT_TEXTS)
def _number_marks(text: str) -> bytes:
    """Return a statement with ``$1``, ``$2``, ... for ``%s``, as the database wants it."""
    first, *rest = text.split("%s")
    numbered = first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
    return numbered.replace("%%", "%").encode()
