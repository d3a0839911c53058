"""From a log to blocks: nothing missing, nothing twice, in order, the same for the same stretch, and within limits."""

import struct
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET
from msgspec.structs import replace

from headrace.api.ingest import AttemptRecord, EnvironmentRecord, RunBlock, StartRecord, StatusRecord
from headrace.api.runs import RunStatus
from headrace.spool import record as rows
from headrace.spool.batches import NO_LIMITS, PIECE, Batch, BatchBuilder, Limits
from headrace.spool.columns import group_points
from headrace.spool.place import BEGINNING, Place
from headrace.spool.record import (
    HEAD,
    SLOT,
    RunBody,
    SeriesBody,
    ShapeBody,
    frame_row,
    pack_head,
    pack_point,
    pack_record,
    shape_row,
)
from headrace.spool.recover import LeftLog
from spool.model_server import count_records

Points = list[tuple[int, int, int, bytes]]
_point = st.tuples(st.integers(0, 5), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**62), st.floats())
_SLOW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _group_plainly(points: Sequence[tuple[int, int, int, float]]) -> dict[int, list[tuple[int, int, bytes]]]:
    groups: dict[int, list[tuple[int, int, bytes]]] = {}
    for series, step, time, value in points:
        groups.setdefault(series, []).append((step, time, struct.pack("<d", value)))
    return groups


def _check_groups(points: Sequence[tuple[int, int, int, float]]) -> None:
    found: dict[int, list[tuple[int, int, bytes]]] = {}
    for series, count, times, steps, values in group_points(b"".join(pack_point(*each) for each in points)):
        assert series not in found
        rows_ = zip(
            struct.unpack(f"<{count}q", steps),
            struct.unpack(f"<{count}q", times),
            [values[place : place + 8] for place in range(0, len(values), 8)],
            strict=True,
        )
        found[series] = list(rows_)
    assert found == _group_plainly(points)


@given(st.lists(_point, min_size=1, max_size=60))
def test_points_are_grouped_by_series_in_the_order_of_the_log(
    points: list[tuple[int, int, int, float]],
) -> None:
    _check_groups(points)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True), st.integers(1, 40), st.integers(0, 5)
)
def test_a_loop_that_logs_the_same_metrics_is_grouped_as_well(
    order: list[int], steps: int, more: int
) -> None:
    points = [(series, step, step, float(step)) for step in range(steps) for series in order]
    _check_groups(points + [(each, 0, 0, 0.0) for each in order][:more])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.integers(1, 10))
def test_a_metric_that_is_logged_twice_a_step_is_grouped_as_well(order: list[int], steps: int) -> None:
    _check_groups([(series, step, step, float(step)) for step in range(steps) for series in order])


def _write(folder: Path, segments: Sequence[Sequence[bytes]]) -> LeftLog:
    folder.mkdir(parents=True, exist_ok=True)
    for number, records in enumerate(segments, 1):
        body = pack_head(number, 1, "w" * 32) + b"".join(records)
        (folder / f"{number:010d}.seg").write_bytes(body + bytes(SLOT * 4))
    return LeftLog(folder)


def _open(number: int, run_id: str, *, opens: bool = True, **more: Any) -> bytes:
    return pack_record(rows.RUN, number, RunBody(run_id=run_id, opens=opens, **more))


def _name(run: int, number: int, key: str) -> bytes:
    return pack_record(rows.SERIES, run, SeriesBody(number=number, key=key))


def _shape(run: int, number: int, series: list[int]) -> bytes:
    return pack_record(rows.SHAPE, run, ShapeBody(number=number, series=series))


def _row(shape: int, step: int, values: Sequence[float]) -> bytes:
    return frame_row(shape_row(shape, len(values))(step, step, *values))


def _number(run: int, key: str) -> int:
    return 5 * run + "abcde".index(key)


def _name_once(named: set[tuple[int, str]], run: int, keys: str) -> list[bytes]:
    """The names of series that have none in this segment."""
    new = [key for key in keys if (run, key) not in named]
    named.update((run, key) for key in new)
    return [_name(run, _number(run, key), key) for key in new]


def _shape_once(shapes: dict[tuple[int, str], int], run: int, keys: str) -> list[bytes]:
    """The shape of rows, if it has no number in this segment."""
    if (run, keys) in shapes:
        return []
    number = shapes[run, keys] = len(shapes)
    return [_shape(run, number, [_number(run, key) for key in keys])]


def _all(log: LeftLog, limits: Limits = NO_LIMITS, begin: Place = BEGINNING) -> list[Batch]:
    builder, batches, place = BatchBuilder(log, polite=False), [], begin
    while place < log.tail():
        batch = builder.build(place, log.tail(), limits)
        assert batch.end > place
        place = batch.end
        batches.append(batch)
    return batches


def _points_of(blocks: Sequence[RunBlock]) -> list[tuple[str, str, int]]:
    found = []
    for block in blocks:
        if block.metrics is not UNSET:
            start = 0
            for series in block.metrics.series:
                end = start + series.count
                steps = struct.unpack(f"<{series.count}q", block.metrics.step[8 * start : 8 * end])
                found += [(block.run_id, series.key, step) for step in steps]
                start = end
    return found


@st.composite
def _logs(draw: st.DrawFn) -> list[list[bytes]]:
    """Segments in which two runs log points, params, tags and statuses; each names what it uses."""
    step, segments = 0, []
    for _ in range(draw(st.integers(1, 3))):
        records: list[bytes] = []
        named: set[tuple[int, str]] = set()
        shapes: dict[tuple[int, str], int] = {}
        opened: set[int] = set()
        for _ in range(draw(st.integers(0, 12))):
            run = draw(st.integers(0, 1))
            if run not in opened:
                opened.add(run)
                attempt = AttemptRecord(name="1") if run else UNSET
                records.append(
                    _open(
                        run,
                        f"run-{run}",
                        opens=not segments,
                        start=StartRecord(run_name="n"),
                        attempt=attempt,
                    )
                )
            kind = draw(
                st.sampled_from(["points", "rows", "rows", "params", "tags", "status", "environment"])
            )
            if kind == "points":
                key = draw(st.sampled_from("abc"))
                records += _name_once(named, run, key)
                for _ in range(draw(st.integers(1, 9))):
                    step += 1
                    records.append(pack_point(_number(run, key), step, step, float(step)))
            elif kind == "rows":
                keys, count = draw(st.sampled_from(["ab", "ba", "bc", "cab", "de"])), draw(st.integers(1, 5))
                records += _name_once(named, run, keys) + _shape_once(shapes, run, keys)
                steps = range(step + 1, step + 1 + count)
                records += [_row(shapes[run, keys], each, [float(each)] * len(keys)) for each in steps]
                step += count
            elif kind in {"params", "tags"}:
                step += 1
                pairs = [
                    (f"{kind}-{step}-{each}", "x" * draw(st.integers(0, 90)))
                    for each in range(draw(st.integers(1, 3)))
                ]
                records.append(pack_record(rows.PARAMS if kind == "params" else rows.TAGS, run, pairs))
            elif kind == "status":
                records.append(pack_record(rows.STATUS, run, StatusRecord(status=RunStatus.RUNNING)))
            else:
                step += 1
                records.append(pack_record(rows.ENVIRONMENT, run, EnvironmentRecord(python=str(step))))
        segments.append(records)
    return segments


def _content(batches: Sequence[Batch]) -> dict[str, Any]:
    """All that batches say, in order where order counts."""
    blocks = [block for batch in batches for block in batch.blocks]
    points = _points_of(blocks)
    return {
        "points": {
            key: [each for each in points if each[:2] == key] for key in {each[:2] for each in points}
        },
        "params": [(block.run_id, *pair) for block in blocks for pair in block.params],
        "tags": {
            run: [pair for block in blocks if block.run_id == run for pair in block.tags]
            for run in ("run-0", "run-1")
        },
        "starts": Counter(block.run_id for block in blocks if block.start is not UNSET),
        "statuses": Counter(block.run_id for block in blocks if block.status is not UNSET),
        "environments": [block.environment.python for block in blocks if block.environment is not UNSET],
    }


@_SLOW
@given(
    segments=_logs(),
    limits=st.builds(Limits, points=st.integers(1, 7), others=st.integers(1, 4), units=st.integers(1, 9)),
)
def test_small_batches_say_together_what_one_large_batch_says(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]], limits: Limits
) -> None:
    log = _write(tmp_path_factory.mktemp("log"), segments)
    small, large = _content(_all(log, limits)), _content(_all(log))
    for each in (small, large):
        each["params"].sort()
        each["environments"].sort(key=int)
    assert small == large


@_SLOW
@given(segments=_logs(), limits=st.builds(Limits, points=st.integers(1, 7), others=st.integers(1, 4)))
def test_the_same_stretch_is_the_same_batch_whoever_builds_it(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]], limits: Limits
) -> None:
    log = _write(tmp_path_factory.mktemp("log"), segments)
    for batch in _all(log, limits):
        again = BatchBuilder(log).build(batch.begin, batch.end, NO_LIMITS)
        assert again == batch
        assert batch.records == sum(map(count_records, batch.blocks))


@_SLOW
@given(segments=_logs(), data=st.data())
def test_a_batch_can_be_cut_after_so_many_records_as_the_server_counts(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]], data: st.DataObject
) -> None:
    log = _write(tmp_path_factory.mktemp("log"), segments)
    for batch in _all(log, Limits(units=data.draw(st.integers(1, 20)))):
        found = BatchBuilder(log).build(batch.begin, log.tail(), replace(NO_LIMITS, records=batch.records))
        assert found.records == batch.records
        assert found.blocks == batch.blocks


@_SLOW
@given(segments=_logs(), units=st.integers(1, 9))
def test_limits_are_kept(
    tmp_path_factory: pytest.TempPathFactory, segments: list[list[bytes]], units: int
) -> None:
    log = _write(tmp_path_factory.mktemp("log"), segments)
    for batch in _all(log, Limits(points=3, units=units)):
        assert batch.units <= units
        assert len(_points_of(batch.blocks)) <= 3
    for batch in _all(log, Limits(points=2, units=units)):
        assert len(_points_of(batch.blocks)) <= 2 or batch.units == 1, "a row is taken whole"


def test_points_of_many_pieces_are_all_there(tmp_path: Path) -> None:
    count = 2 * PIECE // SLOT + 1234
    records = [_open(0, "r"), *[_name(0, each, f"m{each}") for each in range(7)]]
    records += [pack_point(step % 7, step, step, 1.0) for step in range(count)]
    (batch,) = _all(_write(tmp_path, [records]))
    assert batch.records == count
    assert sorted(step for _, _, step in _points_of(batch.blocks)) == list(range(count))
    assert [key for _, key, _ in _points_of(batch.blocks)][:1] == ["m0"]


@pytest.mark.parametrize("other", ["z", "a"])
def test_rows_and_points_of_a_loop_are_all_there_in_their_order(tmp_path: Path, other: str) -> None:
    count = PIECE // SLOT // 2
    records = [_open(0, "r"), *[_name(0, each, key) for each, key in enumerate("abcdez")]]
    records.append(_shape(0, 7, list(range(5))))
    for step in range(count):
        records.append(_row(7, 2 * step, [float(each) for each in range(5)]))
        records.append(pack_point("abcdez".index(other), 2 * step + 1, 0, -1.0))
    log = _write(tmp_path, [records])
    (batch,) = _all(log)
    assert batch.records == 6 * count
    assert batch.units == 2 * count + 1, "and the opening"
    found = _points_of(batch.blocks)
    for key in "bcde":
        assert [step for _, name, step in found if name == key] == list(range(0, 2 * count, 2))
    assert [step for _, name, step in found if name == other] == list(
        range(other != "a", 2 * count, 1 + (other != "a"))
    )
    assert _content(_all(log, Limits(points=1000))) == _content([batch])
    values = batch.blocks[0].metrics
    assert values is not UNSET
    second = values.series[0].count
    assert values.series[1].key == "b"
    assert set(struct.unpack(f"<{count}d", values.value[8 * second : 8 * (second + count)])) == {1.0}


def test_a_row_that_a_piece_ends_within_is_read(tmp_path: Path) -> None:
    records = [
        _open(0, "r"),
        *[_name(0, each, f"m{each}") for each in range(100)],
        _shape(0, 0, list(range(100))),
    ]
    records += [_row(0, step, [1.0] * 100) for step in range(3 * PIECE // 832)]
    (batch,) = _all(_write(tmp_path, [records]))
    assert batch.records == 100 * (3 * PIECE // 832)
    _, small = _all(_write(tmp_path / "small", [records[:103]]), Limits(units=1, points=7))
    assert (small.units, small.records) == (1, 100), "a row is never cut"


def test_a_record_longer_than_a_piece_is_read(tmp_path: Path) -> None:
    pairs = [("key", "v" * (2 * PIECE))]
    (batch,) = _all(_write(tmp_path, [[_open(0, "r"), pack_record(rows.TAGS, 0, pairs)]]))
    assert batch.blocks[0].tags == pairs


def test_an_end_and_a_new_start_do_not_fall_into_one_block(tmp_path: Path) -> None:
    end = pack_record(rows.STATUS, 0, StatusRecord(status=RunStatus.FINISHED))
    start = StartRecord(run_name="n")
    (batch,) = _all(_write(tmp_path, [[_open(0, "r", start=start), end, _open(1, "r", start=start), end]]))
    assert [(block.start is not UNSET, block.status is not UNSET) for block in batch.blocks] == [
        (True, True)
    ] * 2


def test_two_statuses_are_told_one_after_the_other(tmp_path: Path) -> None:
    statuses = [
        pack_record(rows.STATUS, 0, StatusRecord(status=each))
        for each in (RunStatus.FAILED, RunStatus.RUNNING)
    ]
    (batch,) = _all(_write(tmp_path, [[_open(0, "r"), *statuses]]))
    assert [block.status and block.status.status for block in batch.blocks] == [
        RunStatus.FAILED,
        RunStatus.RUNNING,
    ]


def test_a_named_attempt_is_told_in_every_block_and_a_quiet_one_with_the_start_only(tmp_path: Path) -> None:
    start, tag = StartRecord(run_name="n"), [("a", "b")]
    loud = _open(0, "loud", start=start, attempt=AttemptRecord(name="job"))
    quiet = _open(1, "quiet", start=start, attempt=AttemptRecord(name="1"), is_quiet=True)
    log = _write(tmp_path, [[loud, quiet], [
        _open(0, "loud", opens=False, start=start, attempt=AttemptRecord(name="job")), pack_record(rows.TAGS, 0, tag),
        _open(1, "quiet", opens=False, start=start, attempt=AttemptRecord(name="1"), is_quiet=True), pack_record(rows.TAGS, 1, tag),
    ]])  # fmt: skip
    first = BatchBuilder(log).build(BEGINNING, Place(1, 10**6), NO_LIMITS)
    second = BatchBuilder(log).build(first.end, log.tail(), NO_LIMITS)
    assert [block.attempt is not UNSET for block in first.blocks] == [True, True]
    assert [block.attempt is not UNSET for block in second.blocks] == [True, False]
    assert [block.start is not UNSET for block in second.blocks] == [False, False]


def test_under_a_new_name_every_run_is_told_again_once(tmp_path: Path) -> None:
    start, tag = StartRecord(run_name="n"), pack_record(rows.TAGS, 0, [("a", "b")])
    log = _write(
        tmp_path,
        [[_open(0, "r", opens=False, start=start, attempt=AttemptRecord(name="1"), is_quiet=True), tag, tag]],
    )
    builder = BatchBuilder(log)
    builder.restated = set()
    batch = builder.build(BEGINNING, log.tail(), NO_LIMITS)
    assert batch.blocks[0].start == start
    assert batch.blocks[0].attempt == AttemptRecord(name="1")
    assert batch.records == 4
    builder.restated.add("r")
    assert builder.build(BEGINNING, log.tail(), NO_LIMITS).blocks[0].start is UNSET


def test_a_stretch_that_only_names_things_has_no_blocks(tmp_path: Path) -> None:
    log = _write(tmp_path, [[_open(0, "r", opens=False), _name(0, 0, "a")]])
    batch = BatchBuilder(log).build(BEGINNING, log.tail(), NO_LIMITS)
    assert (batch.blocks, batch.end) == ([], log.tail())


def test_what_lies_behind_a_torn_record_is_never_read(tmp_path: Path) -> None:
    whole = pack_head(1, 1, "w") + _open(0, "r") + _name(0, 0, "a") + pack_point(0, 1, 1, 1.0)
    (tmp_path / "0000000001.seg").write_bytes(whole + b"\x01" * SLOT + pack_point(0, 2, 2, 2.0))
    log = LeftLog(tmp_path)
    batch = BatchBuilder(log).build(BEGINNING, Place(1, len(whole) + 2 * SLOT), NO_LIMITS)
    assert [step for _, _, step in _points_of(batch.blocks)] == [1]
    assert batch.end == Place(1, len(whole))
    assert batch.begin == BEGINNING
    assert len(whole) > HEAD
