"""A cursor tells what of a line must be sent again, and is refused when it does not fit."""

import base64

import numpy as np
import pytest

from headrace.base.errors import InvalidParameter
from headrace.store.buckets import Ladder, Values
from headrace.store.chart_cursor import (
    Lines,
    News,
    digest,
    find_news,
    hash_entries,
    keeps_grid,
    make_cursor,
    read_cursor,
)

ASKED, STATE = digest(b"question"), digest(b"state")
LADDER = Ladder(4, 10, 8)


def _lines(*entries: tuple[int, int, int]) -> Lines:
    """Lines of entries of (line, place, count)."""
    table = np.array(entries, np.int64).reshape(-1, 3)
    return Lines(table[:, 0], table[:, 1], hash_entries(table[:, 1], table[:, 2]))


def _news(before: Lines, after: Lines, count: int = 2) -> list[News]:
    seen = read_cursor(make_cursor(ASKED, STATE, LADDER, before, count), ASKED, count)
    return find_news(seen, after, 12, count)


def test_a_line_without_news_is_not_sent() -> None:
    lines = _lines((0, 0, 5), (0, 3, 1), (1, 2, 2))
    assert [each.known for each in _news(lines, lines)] == [0, 0]


def test_a_line_that_grew_is_sent_from_its_last_bucket_on() -> None:
    after = _lines((0, 0, 5), (0, 3, 2), (0, 9, 1), (1, 2, 2))
    news = _news(_lines((0, 0, 5), (0, 3, 1), (1, 2, 2)), after)
    assert news[0] == News(begin=1, end=3, since=3, known=1)
    assert news[1].known == 0


@pytest.mark.parametrize(
    "after", [[(0, 0, 6), (0, 3, 1)], [(0, 0, 5), (0, 1, 1), (0, 3, 1)], [(0, 3, 1)], [(0, 1, 5), (0, 3, 1)]]
)
def test_a_line_that_changed_before_its_last_bucket_is_sent_whole(after: list[tuple[int, int, int]]) -> None:
    news = _news(_lines((0, 0, 5), (0, 3, 1)), _lines(*after), 1)
    assert news == [News(0, len(after), 0, -1)]


def test_a_line_that_lost_its_last_bucket_is_told_so() -> None:
    news = _news(_lines((0, 0, 5), (0, 3, 1)), _lines((0, 0, 5)), 1)
    assert news == [News(1, 1, 3, 1)]


def test_a_new_line_is_sent_whole() -> None:
    assert _news(_lines((0, 0, 5)), _lines((0, 0, 5), (1, 7, 1)))[1] == News(1, 2, 0, -1)


def test_without_a_cursor_all_is_sent() -> None:
    assert find_news(None, _lines((0, 0, 5), (1, 7, 1)), 12, 2) == [News(0, 1, 0, -1), News(1, 2, 0, -1)]


def test_a_grid_is_kept_while_it_only_grows_at_its_end() -> None:
    lines = _lines((0, 0, 1))
    seen = read_cursor(make_cursor(ASKED, STATE, LADDER, lines, 1), ASKED, 1)
    assert keeps_grid(seen, LADDER)
    assert keeps_grid(seen, LADDER._replace(size=9))
    assert not keeps_grid(seen, LADDER._replace(size=7))
    assert not keeps_grid(seen, LADDER._replace(exponent=5))
    assert not keeps_grid(seen, LADDER._replace(origin=9))
    values = Values(np.array([1, 5, 9]))
    seen = read_cursor(make_cursor(ASKED, STATE, values, lines, 1), ASKED, 1)
    assert keeps_grid(seen, Values(np.array([1, 5, 9, 10])))
    assert not keeps_grid(seen, Values(np.array([1, 4, 5, 9])))
    assert not keeps_grid(seen, LADDER)


def test_a_cursor_keeps_what_it_was_made_of() -> None:
    seen = read_cursor(make_cursor(ASKED, STATE, LADDER, _lines((1, 3, 1)), 2), ASKED, 2)
    assert (seen.state, seen.size, seen.lines["place"].tolist()) == (STATE, 8, [-1, 3])


@pytest.mark.parametrize(
    "text", ["x", "hc1.", "hc1.!!", "hc1.AAAA", "hr1.AAAA", "hc1.é", "hc1." + "A" * 1000]
)
def test_a_damaged_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="since"):
        read_cursor(text, ASKED, 1)


def test_a_cursor_of_another_question_is_refused() -> None:
    cursor = make_cursor(ASKED, STATE, LADDER, _lines((0, 0, 1)), 1)
    for asked, count in [(digest(b"other"), 1), (ASKED, 2)]:
        with pytest.raises(InvalidParameter, match="another chart"):
            read_cursor(cursor, asked, count)


def test_a_forged_place_does_no_harm() -> None:
    cursor = make_cursor(ASKED, STATE, LADDER, _lines((0, 0, 1)), 1)
    data = bytearray(base64.urlsafe_b64decode(cursor[4:] + "=" * (-len(cursor[4:]) % 4)))
    data[28:32] = (2**31 - 1).to_bytes(4, "little")
    forged = "hc1." + base64.urlsafe_b64encode(data).decode().rstrip("=")
    news = find_news(read_cursor(forged, ASKED, 1), _lines((0, 0, 1)), 8, 1)
    assert news[0].known == -1 or (news[0].begin, news[0].end) == (1, 1)
