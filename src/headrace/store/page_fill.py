"""How long a chunk is best made, so that its row fills the pages of the database file. Knows SQLite's file format, and nothing of points."""

from headrace.store.chunks import MAX_POINTS

# SQLite keeps 489 to 4,061 bytes of a long row in a page that rows may share, and the rest in whole pages of 4,092 bytes. A chunk that is a little
# shorter, so that its row fills pages, saves up to a quarter of a byte per point. Other databases do not mind.
_ROW_HEAD = 12
_LEAST_SHARED, _MOST_SHARED, _LEAF, _PAGE = 489, 4061, 4088, 4092
_AIMS = (3980, 1960, 1290)  # one, two or three rows to a page
_LEAST_FULL = MAX_POINTS * 3 // 4
_WORTH = 0.99


def fit_pages(size: int, count: int) -> int:
    """Return how many points full chunks shall have so that their rows fill pages.

    Args:
        size: bytes of blocks and points of a full chunk that was made.
        count: its points; returned if fewer are not worth it.
    """
    whole = size * MAX_POINTS // count
    shared = _share(whole)
    found = [(_count_bytes(whole) / MAX_POINTS, MAX_POINTS)]
    for aim in _AIMS:
        less = shared - aim if aim < shared else shared - aim + _PAGE
        fewer = MAX_POINTS - -(-less * count // size)
        if less < whole and fewer >= _LEAST_FULL:
            found.append((_count_bytes(whole - less) / fewer, fewer))
    least, best = min(found)
    return count if best < count and least > _WORTH * _count_bytes(size) / count else best


def _share(size: int) -> int:
    """Return how many bytes of a row lie in a page that it may share."""
    size += _ROW_HEAD
    if size <= _MOST_SHARED:
        return size
    shared = _LEAST_SHARED + (size - _LEAST_SHARED) % _PAGE
    return shared if shared <= _MOST_SHARED else _LEAST_SHARED


def _count_bytes(size: int) -> float:
    """Return how much of the file a row takes up beside others of its kind."""
    shared = _share(size)
    return size + _ROW_HEAD - shared + _LEAF / (_LEAF // (shared + _ROW_HEAD))
