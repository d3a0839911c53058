"""Whether a database holds just what was answered to a crowd (see `store.crowd`), and whether its rows say the same of each other."""

from collections import Counter, defaultdict
from typing import Any

from headrace.store import chunk_points, visible
from headrace.store.connection import Connection
from headrace.store.summaries import STATE, summarise
from store.crowd import Diary, Point


def check_answers(conn: Connection, diary: Diary) -> None:
    """All that was answered is there, and there once."""
    plain: defaultdict[tuple[str, str], set[Point]] = defaultdict(set)
    written: defaultdict[tuple[str, str], Counter[Point]] = defaultdict(Counter)
    for run, key, _, model, points in read_series(conn):
        place = (run, f"{key} {model}")
        for point, is_plain in points:
            if is_plain:
                plain[place].add(point)
            else:
                written[place][point] += 1
    _compare(plain, diary.plain)
    _compare(written, diary.written)
    for table, expected in (("hr_param", diary.params), ("hr_tag", diary.tags)):
        held = {
            (run, key): value
            for run, key, value in conn.rows(
                f"SELECT r.run_id, k.name, t.value FROM {table} t JOIN hr_run r ON r.id = t.run JOIN hr_key k ON k.id = t.key_id"
            )
        }
        wrong = [place for place, values in expected.items() if held.get(place) not in values]
        assert not wrong, (table, [(place, held.get(place), expected[place]) for place in wrong[:5]])
    assert all(len(values) == 1 for values in diary.params.values())
    assert {row[0] for row in conn.rows("SELECT run_id FROM hr_run")} >= diary.made
    assert dict(conn.rows("SELECT id, records FROM hr_writer")) == dict(diary.records)
    ledger = conn.rows(
        "SELECT w.id, SUM(l.stored + l.collapsed + l.repeated + l.rejected) FROM hr_ledger l JOIN hr_writer w ON w.number = l.writer GROUP BY w.id"
    )
    assert {row[0]: row[1] for row in ledger} == dict(diary.records)


def _compare(found: dict[Any, Any], expected: dict[Any, Any]) -> None:
    found = {place: points for place, points in found.items() if points}
    wrong = [place for place in found.keys() | expected.keys() if found.get(place) != expected.get(place)]
    assert not wrong, [
        (place, len(found.get(place, ())), len(expected.get(place, ()))) for place in wrong[:5]
    ]


def read_series(conn: Connection) -> list[tuple[str, str, int, str, list[tuple[Point, bool]]]]:
    """Return run, key, id, model and points, with whether each is of MLflow's wire, of all series but views."""
    points: defaultdict[int, list[tuple[Point, bool]]] = defaultdict(list)
    for series, at, step, code, n in conn.rows("SELECT series, time, step, code, n FROM hr_point"):
        points[series].append(((at, step, code), n == 0))
    for series, blob in conn.rows(
        "SELECT c.series, d.points FROM hr_chunk c JOIN hr_chunk_data d ON d.id = c.id"
    ):
        columns = chunk_points.decode(bytes(blob))
        rows = zip(*(column.tolist() for column in columns), strict=True)
        points[series] += [((at, step, code), is_plain) for at, step, code, is_plain in rows]
    return [
        (run, key, number, model or "", points[number])
        for run, key, number, model in conn.rows(
            "SELECT r.run_id, k.name, s.id, c.model_id FROM hr_series s JOIN hr_run r ON r.id = s.run JOIN hr_key k ON k.id = s.key_id "
            "LEFT JOIN hr_context c ON c.id = s.context WHERE s.attempt >= 0"
        )
    ]


def check_rows(conn: Connection) -> None:
    """What rows say of each other holds: counts, summaries, scopes, views, clock."""
    points = {number: found for _, _, number, _, found in read_series(conn)}
    whole: defaultdict[tuple[int, int, int], list[Point]] = defaultdict(list)
    rows = conn.rows(f"SELECT id, run, key_id, context, attempt, scope, sealed, {STATE} FROM hr_series")
    for number, run, key, _, attempt, *_ in rows:
        whole[run, key, attempt] += [point for point, _ in points.get(number, ())]
    in_tail: Counter[int] = Counter(dict(conn.rows("SELECT series, COUNT(*) FROM hr_point GROUP BY series")))
    shown: Counter[tuple[int, int]] = Counter()
    for number, run, key, context, attempt, scope, in_chunks, *state in rows:
        shown[run, key] += scope is not None
        if attempt < 0:
            computed = visible._compute_states(conn, run, [key])[key]
            assert tuple(state) == computed, (run, key)
            continue
        own = [point for point, _ in points[number]]
        assert in_chunks == len(own) - in_tail[number], number
        assert len({each for each in points[number] if each[1]}) == sum(
            is_plain for _, is_plain in points[number]
        ), number
        assert tuple(state) == summarise(whole[run, key, attempt] if context == 0 else own), number
    assert set(shown.values()) <= {0, 1}
    for run, key in [place for place, rows in shown.items() if rows == 0]:
        assert visible._compute_states(conn, run, [key]) == {key: None}, (run, key)
    scopes: dict[int, int] = dict(conn.rows("SELECT id, scope FROM hr_run"))
    assert not conn.rows(
        "SELECT id FROM hr_run WHERE scope <> 2 * experiment AND scope <> 2 * experiment + 1"
    )
    for table in ("hr_param", "hr_tag", "hr_series"):
        held = conn.rows(f"SELECT run, scope FROM {table} WHERE scope IS NOT NULL")
        assert [row for row in held if scopes[row[0]] != row[1]] == [], table
    strays = conn.rows(
        "SELECT (SELECT COUNT(*) FROM hr_chunk WHERE id NOT IN (SELECT id FROM hr_chunk_data)), "
        "(SELECT COUNT(*) FROM hr_chunk_data WHERE id NOT IN (SELECT id FROM hr_chunk))"
    )
    assert tuple(strays[0]) == (0, 0)
    clocks = [row[0] for row in conn.rows("SELECT DISTINCT clock FROM hr_change ORDER BY clock")]
    assert clocks == list(range(clocks[0], conn.rows("SELECT value FROM hr_clock")[0][0] + 1))
