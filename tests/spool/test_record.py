"""The bytes of records: what is whole is read, what is not whole ends it, and the format stays readable."""

import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from headrace.api.ingest import AttemptRecord, EnvironmentRecord, ForkRecord, StartRecord, StatusRecord
from headrace.api.inputs import Dataset, DatasetInput, ModelInput, ModelOutput
from headrace.api.runs import RunStatus
from headrace.base.errors import InvalidParameter
from headrace.spool import record as rows
from headrace.spool.batches import NO_LIMITS, BatchBuilder
from headrace.spool.place import BEGINNING
from headrace.spool.record import (
    FORMAT,
    HEAD,
    SLOT,
    RunBody,
    SeriesBody,
    ShapeBody,
    count_records,
    decode_body,
    frame_row,
    pack_head,
    pack_point,
    pack_record,
    read_head,
    read_other,
    read_row,
    scan,
    shape_row,
)
from headrace.spool.recover import LeftLog

DATA = Path(__file__).parents[1] / "data"
_int64 = st.integers(-(2**63), 2**63 - 1)
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_points = st.builds(pack_point, st.integers(0, 2**24 - 1), _int64, _int64, st.floats())
_params = st.builds(
    lambda pairs: pack_record(rows.PARAMS, 3, pairs), st.lists(st.tuples(_text, _text), max_size=5)
)
_rows = st.builds(
    lambda shape, step, time, values: frame_row(shape_row(shape, len(values))(step, time, *values)),
    st.integers(0, 2**24 - 1),
    _int64,
    _int64,
    st.lists(st.floats(), min_size=2, max_size=9),
)
_records = st.lists(st.one_of(_points, _points, _rows, _params), min_size=1, max_size=8)


def _ends(records: list[bytes]) -> list[int]:
    ends = [0]
    for each in records:
        ends.append(ends[-1] + len(each))
    return ends


@given(_records)
def test_every_record_fills_whole_slots(records: list[bytes]) -> None:
    assert all(len(each) % SLOT == 0 for each in records)


@given(_records, st.data())
def test_a_log_that_is_cut_at_any_byte_ends_with_its_last_whole_record(
    records: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(records)
    cut = data.draw(st.integers(0, len(whole)))
    found = scan(whole[:cut] + bytes(len(whole) - cut + SLOT), 0)
    needed = [end for end in _ends(records) if _is_written(whole, end, cut)]
    assert found == max(needed)


def _is_written(whole: bytes, end: int, cut: int) -> bool:
    """Tell whether all up to `end` is there although zeros stand in for what follows `cut`: a record may end in zeros."""
    return whole[:end] == (whole[:cut] + bytes(len(whole)))[:end]


@given(_records, st.data())
def test_a_log_with_a_changed_byte_ends_before_it(records: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(b"".join(records))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    found = scan(bytes(whole), 0)
    begin = max(end for end in _ends(records) if end <= place)
    assert found == begin or _is_padding(records, place, begin)


def _is_padding(records: list[bytes], place: int, begin: int) -> bool:
    """Tell whether a byte lies behind the body of a record, where nothing is said."""
    hit = next(each for each, end in zip(records, _ends(records), strict=False) if end == begin)
    if hit[7] == rows.POINT:
        return False
    _, _, length = read_other(hit, 0)
    return place - begin >= 12 + length


def test_zeros_are_no_record() -> None:
    assert scan(bytes(1024), 0) == 0


@given(st.integers(0, 2**24 - 1), _int64, _int64, st.floats())
def test_a_point_comes_back_bit_for_bit(series: int, step: int, time: int, value: float) -> None:
    word, *rest = struct.unpack("<Iqqd", pack_point(series, step, time, value)[4:])
    assert word == series
    assert rest[:2] == [step, time]
    assert struct.pack("<d", rest[2]) == struct.pack("<d", value)


@given(st.integers(0, 2**24 - 1), _int64, _int64, st.lists(st.floats(), min_size=1, max_size=100))
def test_a_row_comes_back_bit_for_bit_and_is_counted_by_its_values(
    shape: int, step: int, time: int, values: list[float]
) -> None:
    packed = frame_row(shape_row(shape, len(values))(step, time, *values))
    assert read_row(packed, 0) == (shape, len(values), len(packed))
    assert struct.unpack_from("<qq", packed, 16) == (step, time)
    assert packed[32 : 32 + 8 * len(values)] == struct.pack(f"<{len(values)}d", *values)
    assert scan(packed + bytes(SLOT), 0) == len(packed)
    assert count_records(packed + pack_point(1, 1, 1, 1.0) + packed) == 2 * len(values) + 1


_BODIES: list[tuple[int, Any, int]] = [
    (rows.RUN, RunBody(run_id="r", opens=True, start=StartRecord(run_name="n"), attempt=AttemptRecord(name="a")), 2),
    (rows.RUN, RunBody(run_id="r", opens=True, start=StartRecord(fork=ForkRecord(run_id="q", step=3))), 2),
    (rows.RUN, RunBody(run_id="r", opens=False, start=StartRecord(run_name="n")), 0),
    (rows.SERIES, SeriesBody(number=3, key="k", model_id="m", dataset_name="d", dataset_digest="e"), 0),
    (rows.PARAMS, [("a", "1"), ("b", "2")], 2),
    (rows.TAGS, [("a", "1")], 1),
    (rows.DATASETS, [DatasetInput(dataset=Dataset(name="d", digest="e"))], 1),
    (rows.MODEL_INPUTS, [ModelInput(model_id="m")], 1),
    (rows.MODEL_OUTPUTS, [ModelOutput(model_id="m", step=-1)], 1),
    (rows.ENVIRONMENT, EnvironmentRecord(python="3.11", platform="p", packages={"x": "1"}), 1),
    (rows.STATUS, StatusRecord(status=RunStatus.FINISHED, end_time=5), 1),
    (rows.SHAPE, ShapeBody(number=4, series=[1, 0]), 0),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "count"), _BODIES)
def test_a_record_of_each_kind_comes_back_and_is_counted(kind: int, body: Any, count: int) -> None:
    packed = pack_record(kind, 7, body)
    found, run, length = read_other(packed, 0)
    assert (found, run) == (kind, 7)
    assert decode_body(found, packed[12 : 12 + length]) == body
    assert scan(packed + bytes(SLOT), 0) == len(packed)
    assert count_records(packed + pack_point(1, 1, 1, 1.0) * 3 + packed) == 2 * count + 3


def test_every_kind_is_tried_here() -> None:
    assert {kind for kind, _, _ in _BODIES} == set(rows.BODIES)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (rows.PARAMS, [("a", 1)]),
        (rows.PARAMS, [("a", "\ud800")]),
        (rows.PARAMS, [("a",)]),
        (rows.TAGS, [("a", object())]),
        (rows.STATUS, StatusRecord(status=RunStatus.FINISHED, end_time=2**63)),
        (rows.STATUS, StatusRecord(status=RunStatus.FINISHED, end_time=2**70)),
        (rows.RUN, RunBody(run_id="r", opens=True, start=StartRecord(run_name="\ud800"))),
    ],
)
def test_what_no_destination_could_take_is_refused_at_once(kind: int, body: Any) -> None:
    with pytest.raises(InvalidParameter, match="cannot be sent"):
        pack_record(kind, 0, body)


def test_a_head_comes_back_and_a_torn_one_does_not() -> None:
    head = pack_head(5, 1_700_000_000_000, "f" * 32)
    assert len(head) == HEAD
    assert read_head(head + b"x") == (FORMAT, 5, 1_700_000_000_000)
    for place in range(HEAD):
        torn = head[:place] + bytes(HEAD - place)
        assert read_head(torn) is None or torn == head
    assert read_head(b"") is None


def _write_example(folder: Path) -> None:
    """Write the segment of tests/data; run by hand when a format is added, never for one that exists."""
    body = pack_head(1, 1_700_000_000_000, "0" * 32)
    start = StartRecord(experiment_name="experiment", run_name="name", user_id="user", start_time=5)
    attempt = AttemptRecord(name="job-1", from_step=3)
    body += pack_record(rows.RUN, 0, RunBody(run_id="a" * 32, opens=True, start=start, attempt=attempt))
    body += pack_record(rows.SERIES, 0, SeriesBody(number=0, key="loss"))
    body += pack_record(
        rows.SERIES, 0, SeriesBody(number=1, key="acc", model_id="m-1", dataset_name="d", dataset_digest="e")
    )
    for step in range(5):
        body += pack_point(0, step, 1_700_000_000_000 + step, step / 4) + pack_point(1, step, 7, float("nan"))
    for kind, example, _ in _BODIES:
        if kind not in {rows.RUN, rows.SERIES}:
            body += pack_record(kind, 0, example)
    for step in range(5, 8):
        body += frame_row(shape_row(4, 2)(step, step, 0.5, 2.0))
    (folder / "0000000001.seg").write_bytes(body + bytes(256))


@pytest.mark.parametrize("format_", [1, 2])
def test_a_log_is_read_as_it_was_meant(tmp_path: Path, format_: int) -> None:
    (tmp_path / "0000000001.seg").write_bytes((DATA / f"spool-format-{format_}.seg").read_bytes())
    more = 3 if format_ > 1 else 0  # rows
    count = 5 + more
    log = LeftLog(tmp_path)
    batch = BatchBuilder(log).build(BEGINNING, log.tail(), NO_LIMITS)
    (block,) = batch.blocks
    assert block.run_id == "a" * 32
    assert block.start is not UNSET
    assert (block.start.experiment_name, block.start.run_name, block.start.start_time) == (
        "experiment",
        "name",
        5,
    )
    assert block.attempt == AttemptRecord(name="job-1", from_step=3)
    assert block.params == [("a", "1"), ("b", "2")]
    assert block.tags == [("a", "1")]
    assert block.datasets == [DatasetInput(dataset=Dataset(name="d", digest="e"))]
    assert block.model_inputs == [ModelInput(model_id="m")]
    assert block.model_outputs == [ModelOutput(model_id="m", step=-1)]
    assert block.environment == EnvironmentRecord(python="3.11", platform="p", packages={"x": "1"})
    assert block.status == StatusRecord(status=RunStatus.FINISHED, end_time=5)
    assert block.metrics is not UNSET
    assert [(each.key, each.count, each.model_id) for each in block.metrics.series] == [
        ("loss", count, ""),
        ("acc", count, "m-1"),
    ]
    assert struct.unpack(f"<{2 * count}q", block.metrics.step) == (*range(count), *range(count))
    times = struct.unpack(f"<{2 * count}q", block.metrics.time)
    assert times[: count + 1] == (*range(1_700_000_000_000, 1_700_000_000_005), *range(5, count), 7)
    values = struct.unpack(f"<{2 * count}d", block.metrics.value)
    assert values[:count] == (0.0, 0.25, 0.5, 0.75, 1.0, *[2.0] * more)
    assert values[count + 5 :] == (*[0.5] * more,)
    assert batch.records == 2 * count + 2 + 8


def test_this_version_writes_format_2_as_the_example_has_it(tmp_path: Path) -> None:
    _write_example(tmp_path)
    assert (tmp_path / "0000000001.seg").read_bytes() == (DATA / "spool-format-2.seg").read_bytes()
