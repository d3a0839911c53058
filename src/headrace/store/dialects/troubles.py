"""What is said of the troubles that all database servers have: a full disk, no writes, no rights, no answer."""

from enum import Enum

from headrace.base.errors import HeadraceError, StorageFull, StoreError, Unavailable


class Trouble(Enum):
    """A trouble of a whole database."""

    DISK_FULL = 1
    READ_ONLY = 2
    REFUSED = 3
    NO_ANSWER = 4


_SHOWN: dict[Trouble, tuple[type[HeadraceError], str]] = {
    Trouble.DISK_FULL: (
        StorageFull,
        "The disk of the database is full ({text}). Nothing of this call was stored. Free some space, then send it again.",
    ),
    Trouble.READ_ONLY: (
        Unavailable,
        "The database takes no writes ({text}): it is a replica, or was made read-only. Nothing of this call was stored. Name the primary server.",
    ),
    Trouble.REFUSED: (
        StoreError,
        "The database refuses headrace's user ({text}). Grant it the right, then try again.",
    ),
    Trouble.NO_ANSWER: (
        Unavailable,
        "The database cannot be reached or does not answer ({text}); nothing of this call was stored. Check that it runs, then send the call again.",
    ),
}


def explain(trouble: Trouble | None, text: str) -> HeadraceError | None:
    """Return the error to show for a trouble, with what the database says; None for none."""
    if trouble is None:
        return None
    kind, message = _SHOWN[trouble]
    return kind(message.replace("{text}", text))
