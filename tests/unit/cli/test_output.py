"""Tables, JSON and cleaned text."""

import json
import math

import pytest
from msgspec import UNSET

from headrace.api.metrics import Metric
from headrace.cli.output import (
    clean,
    fit_widths,
    print_json,
    print_table,
    show_number,
    show_size,
    show_time,
)


def test_json_keeps_nan_and_infinities_in_the_spelling_of_the_wire(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"a": [math.nan, math.inf, -math.inf, -0.0, 5e-324]})
    out = capsys.readouterr().out
    assert out == '{"a":["NaN","Infinity","-Infinity",-0.0,5e-324]}\n'


def test_json_of_a_struct_leaves_out_what_is_unset(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(Metric(key="m", value=math.nan, timestamp=1, step=2, model_id=UNSET))
    assert json.loads(capsys.readouterr().out) == {"key": "m", "value": "NaN", "timestamp": 1, "step": 2}


def test_a_table_of_nothing_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["A"], [], empty="No runs found.")
    assert capsys.readouterr().out == "No runs found.\n"


def test_columns_that_must_stay_whole_make_the_others_narrow(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_table(["Id", "Name", ">Value"], [["x" * 32, "n" * 50, "1.5"]], whole=["Id"])
    head, row = capsys.readouterr().out.splitlines()
    assert len(row.rstrip()) <= 60
    assert row.startswith("x" * 32 + "  n")
    assert row.rstrip().endswith("…    1.5")
    assert head.split() == ["Id", "Name", "Value"]


def test_a_table_that_cannot_fit_stays_readable_on_one_line_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    print_table(["Id", "Name"], [["x" * 32, "n" * 50]], whole=["Id"])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["Id", "Name"],
        ["x" * 32, "n" * 7 + "…"],
    ]


@pytest.mark.parametrize(
    ("widths", "flexible", "room", "after"),
    [
        ([10, 20], [1], 40, [10, 20]),
        ([10, 20], [1], 25, [10, 15]),
        ([10, 20, 30], [1, 2], 40, [10, 15, 15]),
        ([40, 20], [1], 30, [40, 8]),
        ([40, 20], [], 30, [40, 20]),
    ],
)
def test_the_widest_flexible_column_gives_first(
    widths: list[int], flexible: list[int], room: int, after: list[int]
) -> None:
    fit_widths(widths, flexible, room)
    assert widths == after


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain ä 日本", "plain ä 日本"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31m", "\ufffd[31m"),
        ("\u202e\x00", "\ufffd\ufffd"),
    ],
)
def test_control_characters_do_not_reach_the_terminal(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (1 / 3, "0.333333"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (1e300, "1e+300"),
        (3.0, "3"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert show_number(value) == text


@pytest.mark.parametrize("value", [UNSET, 0, -1])
def test_a_time_that_is_not_set_is_a_dash(value: object) -> None:
    assert show_time(value) == "-"


def test_a_time_beyond_the_calendar_is_shown_as_it_is() -> None:
    assert show_time(2**63 - 1) == str(2**63 - 1)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**30, "5.0 GiB"), (2**50, "1024.0 TiB")],
)
def test_sizes_have_the_unit_that_fits(size: int, text: str) -> None:
    assert show_size(size) == text
