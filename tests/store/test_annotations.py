"""Params and tags: what may change, what may not, and what is found again."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.api.endpoint import Tag
from headrace.base.errors import InvalidParameter, NotFound
from headrace.store import annotations
from headrace.store.codes import encode
from headrace.store.engine import Store
from headrace.store.transaction import RunRef, Transaction


def _log_params(store: Store, run: RunRef, **params: str) -> None:
    def work(tx: Transaction) -> None:
        annotations.insert_params(tx, run, annotations.check_params(tx, run, params))

    store.writer.call(work)


def _params(store: Store, run: RunRef) -> dict[str, str]:
    with store.read() as conn:
        return {name: value for _, name, value in annotations.params_by_run(conn, [run.id])}


def _set_tags(store: Store, run: RunRef, *tags: tuple[str, str]) -> None:
    store.writer.call(
        lambda tx: annotations.set_tags(tx, run, [Tag(key=key, value=value) for key, value in tags])
    )


def _find_tag(store: Store, run: RunRef, name: str) -> str | None:
    with store.read() as conn:
        return annotations.find_tag(conn, run, name)


@pytest.fixture
def run(store: Store, make_run: Callable[..., RunRef]) -> RunRef:
    return make_run(store)


def test_a_param_may_be_logged_again_with_the_same_value(store: Store, run: RunRef) -> None:
    _log_params(store, run, lr="0.1")
    _log_params(store, run, lr="0.1", depth="3")
    assert _params(store, run) == {"lr": "0.1", "depth": "3"}


def test_another_value_is_refused_with_both_and_nothing_is_stored(store: Store, run: RunRef) -> None:
    _log_params(store, run, lr="0.1")
    with pytest.raises(
        InvalidParameter, match=r"'r1' has the param 'lr' with the value '0\.1' already.*'0\.2'"
    ):
        _log_params(store, run, lr="0.2", depth="3")
    assert _params(store, run) == {"lr": "0.1"}


def test_a_long_value_is_shortened_in_the_message(store: Store, run: RunRef) -> None:
    _log_params(store, run, text="a" * 6_000)
    with pytest.raises(InvalidParameter) as caught:
        _log_params(store, run, text="b" * 6_000)
    assert len(caught.value.message) < 400


def test_the_same_param_of_two_runs_is_independent(store: Store, make_run: Callable[..., RunRef]) -> None:
    runs = [make_run(store, "one"), make_run(store, "two")]
    for run, value in zip(runs, "ab", strict=True):
        _log_params(store, run, lr=value)
    assert [_params(store, run) for run in runs] == [{"lr": "a"}, {"lr": "b"}]


def test_a_tag_is_replaced_and_of_two_the_last_counts(store: Store, run: RunRef) -> None:
    _set_tags(store, run, ("team", "red"))
    _set_tags(store, run, ("team", "green"), ("team", "blue"))
    assert _find_tag(store, run, "team") == "blue"
    with store.read() as conn:
        assert conn.rows("SELECT value, digest FROM hr_tag") == [("blue", annotations.digest("blue"))]


def test_a_deleted_tag_is_gone_and_cannot_be_deleted_twice(store: Store, run: RunRef) -> None:
    _set_tags(store, run, ("team", "red"), ("other", "x"))
    store.writer.call(lambda tx: annotations.delete_tag(tx, run, "team"))
    assert (_find_tag(store, run, "team"), _find_tag(store, run, "other")) == (None, "x")
    with pytest.raises(NotFound, match="'r1' has no tag 'team'"):
        store.writer.call(lambda tx: annotations.delete_tag(tx, run, "team"))


def test_no_params_and_no_tags_are_no_change(store: Store, run: RunRef) -> None:
    _log_params(store, run)
    _set_tags(store, run)
    with store.read() as conn:
        assert conn.row("SELECT value FROM hr_clock") == (1,)  # the run's own


def test_digests_stay_what_they_are() -> None:
    # They are stored: another hash would lose every value that was logged before.
    assert annotations.digest("") == -5_426_141_060_434_712_860
    assert annotations.digest("adam") == -211_913_991_458_867_937
    assert annotations.digest("ünï 🦉") == -2_273_999_117_102_273_988


@given(st.floats(allow_nan=False))
def test_a_param_that_is_a_number_is_filed_under_its_code(value: float) -> None:
    assert annotations.number_code(repr(value)) == encode(value)


@pytest.mark.parametrize(("text", "value"), [("1e-3", 0.001), ("-inf", -math.inf), (".5", 0.5), ("-0", -0.0)])
def test_texts_that_hold_a_number(text: str, value: float) -> None:
    assert annotations.number_code(text) == encode(value)


@pytest.mark.parametrize("text", ["", " ", "adam", "0x10", "1_000", "nan", "-NaN", "1,5", "1e", "1 2", "[1]"])
def test_texts_that_hold_none(text: str) -> None:
    assert annotations.number_code(text) is None
