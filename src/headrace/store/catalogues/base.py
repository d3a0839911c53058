"""What the store asks of a database about its own tables, and how tables, columns and indexes are put in words to be compared."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from headrace.store.driver import SchemaConnection

if TYPE_CHECKING:
    from sqlalchemy import MetaData

PREFIX = "hr_"


class Part(NamedTuple):
    """A table, a column or an index that is not made as it should be.

    Args:
        name: of the table (what concerns a column too) or the index.
        what: the part, for a sentence to begin with.
        found: how it is made.
        wanted: how it should be.
        remedy: a statement that mends it, or None where none does without risk.
    """

    name: str
    what: str
    found: str
    wanted: str
    remedy: str | None


class Size(NamedTuple):
    """About how much a table holds.

    Args:
        rows: how many rows, as the database guesses.
        bytes: with its indexes.
    """

    rows: int
    bytes: int


class Catalogue(ABC):
    """The catalogue of the database at the end of a connection.

    Attributes:
        transactional: whether a transaction that makes and changes tables can be taken back.
        errors: what statements raise that may have failed because somebody held a lock; none where that cannot be.
        dump: the program that copies such a database; empty where headrace does that.
        done_already: the numbers of errors that say that a statement had been carried out before.
    """

    transactional: ClassVar[bool] = True
    errors: ClassVar[tuple[type[Exception], ...]] = ()
    dump: ClassVar[str] = ""
    done_already: ClassVar[frozenset[int]] = frozenset()

    def __init__(self, connection: SchemaConnection) -> None:
        self.connection = connection

    @abstractmethod
    def list_tables(self) -> set[str]:
        """Return the tables that are there, whoever made them. One query."""

    @abstractmethod
    def list_columns(self) -> dict[tuple[str, str], str]:
        """Return the collation of each column by table and name, empty where it has none. One query."""

    @abstractmethod
    def list_indexes(self) -> dict[str, bool]:
        """Return for each index whether queries may use it. One query."""

    def list_partitioned(self) -> set[str]:
        """Return the tables that somebody has cut into partitions."""
        return set()

    @abstractmethod
    def wanted_collation(self) -> str:
        """Return the collation that all text should have; empty where that cannot be wrong."""

    @abstractmethod
    def compare(self, metadata: "MetaData") -> list[Part]:
        """Return the parts that are there and are made otherwise than they should be, in what Alembic does not see."""

    @abstractmethod
    def measure(self) -> dict[str, Size]:
        """Return the size of each table."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until nobody else changes the schema of this database, and keep others from it. The connection is in no transaction."""
        yield

    def waiting_briefly(self) -> AbstractContextManager[None]:
        """Let statements of the connection give up after some seconds where they wait for others' locks, so that servers do not pile up behind them."""
        return _nothing()

    def is_blocked(self, error: BaseException) -> bool:  # noqa: ARG002 - others look at it
        """Tell whether a statement failed because somebody held a lock for too long."""
        return False

    def runs_alone(self, statement: str) -> bool:  # noqa: ARG002 - others look at it
        """Tell whether a statement cannot be part of a transaction."""
        return False

    def before(self, statement: str) -> list[str]:  # noqa: ARG002 - others look at it
        """Return what has to be run before a statement that was broken off half-way can be run again."""
        return []

    def rows(self, query: str) -> list[Any]:
        """Run a query of the catalogue."""
        return list(self.connection.exec_driver_sql(query).fetchall())


@contextmanager
def _nothing() -> Iterator[None]:
    yield
