"""What the store needs to know of a database that is a file of this machine; as it stands here, of one that is none.

The module knows no statement of the store.
"""

from pathlib import Path
from typing import Any

from headrace.store.address import Address
from headrace.store.driver import Cursor


class DatabaseFile:
    """The file of a database. The base class holds what is true where a server has it."""

    def lock_path(self, address: Address) -> Path | None:  # noqa: ARG002 - others look at it
        """Return the file whose lock serialises the writers of a database, or None if the database does that itself."""
        return None

    def make_private(self, address: Address) -> None:
        """Make an empty database that only its owner may read, where that is for the store to decide."""

    def exists(self, address: Address) -> bool:  # noqa: ARG002 - others look at it
        """Tell whether there is a database to look into; asking makes none."""
        return True

    def back_up(self, connection: Any, copy: Path) -> None:
        """Copy a whole database into a new file, or fail and leave none.

        Args:
            connection: the driver's.
            copy: the file.
        """
        raise NotImplementedError

    def count_free_pages(self, cursor: Cursor) -> int:  # noqa: ARG002 - others look at it
        """Return how many pages of the file hold nothing and could be given back; 0 where the database sees to that itself."""
        return 0

    def give_back_pages(self, cursor: Cursor, pages: int) -> None:
        """Make the file shorter by at most so many pages, in a writing transaction."""
