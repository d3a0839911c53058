"""Identifiers: what they look like, and what is none."""

import re

import pytest

from headrace.base.errors import InvalidParameter
from headrace.base.ids import RUN_ID, new_model_id, new_run_id, parse_experiment_id


def test_new_ids_are_of_one_form_and_never_the_same() -> None:
    runs, models = {new_run_id() for _ in range(100)}, {new_model_id() for _ in range(100)}
    assert (len(runs), len(models)) == (100, 100)
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) and RUN_ID.fullmatch(each) for each in runs)
    assert all(re.fullmatch(r"m-[0-9a-f]{32}", each) for each in models)


@pytest.mark.parametrize("text", ["a", "0", "A-b_c", "a" * 256])
def test_a_run_id_may_be_of_other_makers(text: str) -> None:
    assert RUN_ID.fullmatch(text)


@pytest.mark.parametrize(
    "text", ["", "-a", "_a", ".", "..", "a/b", "a.b", "a b", "a\n", "\u00e9", "\u0661", "a" * 257, "%61"]
)
def test_what_could_lead_elsewhere_is_no_run_id(text: str) -> None:
    assert not RUN_ID.fullmatch(text)


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_an_experiment_id_is_a_decimal_number(text: str, number: int) -> None:
    assert parse_experiment_id(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", " 1", "1.0", "1e3", "0x1", "1_0", "\u0661", "\u00b2", "9" * 19, "a", "1" * 1_000_000],
)
def test_anything_else_is_refused_with_the_value(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_experiment_id(text)
    assert repr(text[:64])[1:-1] in caught.value.message
    assert "get-by-name" in caught.value.message
    assert len(caught.value.message) < 500
