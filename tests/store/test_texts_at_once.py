"""Params and tags as columns: the same whether they are read run by run or key by key."""

from collections.abc import Callable

import numpy as np
import pytest

from headrace.api.endpoint import Tag
from headrace.store import annotations, run_columns
from headrace.store.dialect import Dialect
from headrace.store.engine import Store
from headrace.store.keys import find_key_ids
from headrace.store.run_columns import Coded, Kind, Source
from headrace.store.transaction import RunRef, Transaction

KEYS = [f"key {number}" for number in range(8)]
TEXTS = (
    "",
    "0.1",
    'quo"te',
    "back\\slash",
    "line\nbreak",
    "tab\t",
    "日本",
    "🦉",
    "[1, 2]",
    "a;b",
    "x" * 5000,
    "null",
)


def fill(store: Store, make_run: Callable[..., RunRef]) -> list[int]:
    """Make runs in two experiments, each with other keys and texts."""
    refs = [make_run(store, f"r{number}", 1 + number % 2) for number in range(40)]

    def annotate(tx: Transaction) -> None:
        for number, run in enumerate(refs):
            texts = {
                key: TEXTS[(number + place) % len(TEXTS)] for place, key in enumerate(KEYS[number % 3 :])
            }
            if number % 5:
                annotations.insert_params(tx, run, texts)
                annotations.set_tags(tx, run, [Tag(key=key, value=text) for key, text in texts.items()])

    store.writer.call(annotate)
    return [run.id for run in refs]


def read(store: Store, kind: Kind, runs: list[int], scopes: tuple[int, ...]) -> dict[str, dict[int, str]]:
    with store.read() as conn:
        ids = find_key_ids(conn, KEYS)
        sources = {Source(kind, ids[key], "value"): key for key in KEYS}
        columns = run_columns.read_columns(conn, scopes, np.array(runs, np.int64), sources)
    found: dict[str, dict[int, str]] = {}
    for source, column in columns.items():
        values = column.values
        texts = [values.texts[code] for code in values.codes] if isinstance(values, Coded) else [*values]
        assert len(set(column.runs.tolist())) == len(column.runs), "each run once"
        found[sources[source]] = {
            run: str(text) for run, text in zip(column.runs.tolist(), texts, strict=True) if run in set(runs)
        }
    return found


@pytest.mark.parametrize("kind", [Kind.PARAM, Kind.TAG])
def test_texts_are_the_same_in_each_way_of_reading_them(
    store: Store, make_run: Callable[..., RunRef], monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    runs = fill(store, make_run)
    by_ids = read(store, kind, runs, (2, 4))
    assert sum(map(len, by_ids.values())) > 200
    monkeypatch.setattr(run_columns, "FEW", 0)
    assert read(store, kind, runs, (2, 4)) == by_ids
    some = runs[1::2]
    assert read(store, kind, some, (4,)) == {
        key: {run: text for run, text in texts.items() if run in set(some)} for key, texts in by_ids.items()
    }
    monkeypatch.setattr(type(store.dialect), "read_texts", Dialect.read_texts)
    assert read(store, kind, runs, (2, 4)) == by_ids
