"""What a user may switch."""

import pytest

from headrace.base.errors import InvalidParameter
from headrace.fluent.provenance.parts import DIFF_BYTES, Choice, Part, read_diff_bytes, read_parts

ALL = frozenset(Part)


@pytest.fixture(autouse=True)
def _no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADRACE_PROVENANCE", raising=False)


@pytest.mark.parametrize(
    ("choice", "parts"),
    [
        (None, ALL),
        (True, ALL),
        ("true", ALL),
        (False, frozenset()),
        ("off", frozenset()),
        ("git, Packages", {Part.GIT, Part.PACKAGES}),
        (["seeds"], {Part.SEEDS}),
        ([], frozenset()),
    ],
)
def test_a_choice_names_parts(choice: Choice, parts: frozenset[Part]) -> None:
    assert read_parts(choice) == parts


@pytest.mark.parametrize(("value", "parts"), [("false", frozenset()), ("1", ALL), ("git", {Part.GIT})])
def test_the_environment_decides_where_the_call_does_not(
    monkeypatch: pytest.MonkeyPatch, value: str, parts: frozenset[Part]
) -> None:
    monkeypatch.setenv("HEADRACE_PROVENANCE", value)
    assert read_parts() == parts
    assert read_parts(choice=True) == ALL


def test_an_unknown_part_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidParameter, match=r"'weather' is no part of a run's provenance.*packages"):
        read_parts("git,weather")


def test_the_size_of_the_diff_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_diff_bytes() == DIFF_BYTES
    monkeypatch.setenv("HEADRACE_PROVENANCE_DIFF_BYTES", "1000")
    assert read_diff_bytes() == 1000
    monkeypatch.setenv("HEADRACE_PROVENANCE_DIFF_BYTES", "1 MB")
    with pytest.raises(InvalidParameter, match="'1 MB'"):
        read_diff_bytes()
