"""Text is the same text on every database: what is written is read, found, told apart and sorted as Python does it, byte by byte, whatever it holds."""

import random
import sys
import tempfile
import unicodedata
import uuid
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from databases import Databases
from headrace.api.endpoint import Endpoint, Tag
from headrace.api.endpoints import ENDPOINTS
from headrace.base.errors import HeadraceError
from headrace.search.fields import EXPERIMENTS, RUNS, complete_order
from headrace.search.parser import parse_filter, parse_order_by
from headrace.search.tree import Compare, Entity, Field, Node, Op
from headrace.services.context import Actor, Platform
from headrace.services.dispatch import call
from headrace.services.platform import PlatformSettings, open_platform
from headrace.store import annotations, experiments, key_counts, runs
from headrace.store.engine import Store, open_store
from headrace.store.experiment_search import ExperimentSearch, search_experiments
from headrace.store.folding import find_letters, fold
from headrace.store.keys import find_key_ids, intern_keys, key_names
from headrace.store.run_columns import Kind
from headrace.store.run_search import RunSearch, search_runs
from headrace.store.transaction import RunRef, Transaction

SCOPES = (2,)
ALIKE = (
    "a", "A", "a ", " a", "a  ", "a\t", "\u00e4", "A\u0308", "a\u0308", "\u00c4", "\uff41", "\u0430", "\u00aa", "\u1d43",
    "stra\u00dfe", "strasse", "STRASSE", "STRA\u1e9eE", "\u0130", "I", "i", "\u0131", "i\u0307", "\u03a3\u03a3", "\u03c3\u03c2", "\u03c3\u03c3",
    "k", "K", "\u212a", "\u00e5", "\u212b", "\u01c4", "\u01c5", "\u01c6", "\U00010400", "\U00010428", "\u10a0", "\u2d00", "\u13a0", "\uab70", "\u1c90",
    "\U0001f600", "\U0001f600 ", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f44d\U0001f3fd", "\U0001f44d", "\ufb01", "fi", "\u0e01\u0e33", "\uac00", "\u1100\u1161",
    "\u200b", "a\u200b", "\u00ad", "a\u00ad", "\ufeff", "\uffff", "\U0010ffff", "\ue000", "\ud7ff", "\x01", "\x7f", "a\nb", "a\rb", "\u2028",
    "", " ", "0", "-0", "%", "_", "a%", "a_", "\\", "a\\", "\\%", "'", '"', "`", "?", "%s", ":x", "{}", "NULL", "null", "\\N", "e\u0301", "\u00e9",
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
CASED = st.text(
    st.sampled_from(
        "aAkKiI\u0130\u0131\u212a\u03a3\u03c3\u03c2\u00e4\u00c4\u1e9e\u00df \u1c90\u10d0\U00010400\U00010428\u2c60\u0220%_\\"
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def stored(databases: Databases, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with databases.lend(database, tmp_path_factory.mktemp("text")) as url:
        opened = open_store(url)
        yield opened
        opened.close()


@pytest.fixture
def platform(make_database: Callable[..., str], tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(PlatformSettings(make_database(), str(tmp_path / "artifacts")))
    yield opened
    opened.store.close()


def write(store: Store, texts: Sequence[str], key: str) -> dict[str, str]:
    """Make a run for each text, with that as a param and as a tag; return the texts by run id."""
    ids = {uuid.uuid4().hex: text for text in texts}

    def work(tx: Transaction) -> None:
        for run_id, text in ids.items():
            run = runs.insert_run(tx, (run_id, 1, text, "ann", 5, "x"))
            annotations.insert_params(tx, run, {key: text})
            annotations.set_tags(tx, run, [Tag(key=key, value=text)])

    store.writer.call(work)
    return ids


def find(store: Store, node: Node | None, order: Sequence[str] = ()) -> list[str]:
    """Return the ids of the runs that a search finds, page by page."""
    search = RunSearch(SCOPES, node, complete_order(parse_order_by(order, RUNS), RUNS), limit=7)
    found: list[int] = []
    place: Any = None
    while True:
        with store.read() as conn:
            ids, place = search_runs(conn, search, place)
            found += ids
            if place is None:
                names = dict(conn.rows_in("SELECT id, run_id FROM hr_run WHERE id IN ({ids})", found))
                return [names[number] for number in found]


def holds(op: Op, pattern: str, text: str) -> bool:
    """Tell what a comparison of two texts means."""
    if op is Op.ILIKE:
        pattern, text = lower(pattern), lower(text)
    if op is Op.EQ:
        return pattern == text
    reached = {0}
    for char in pattern:
        if char == "%":
            reached = set(range(min(reached), len(text) + 1)) if reached else reached
        else:
            reached = {at + 1 for at in reached if at < len(text) and char in {"_", text[at]}}
    return len(text) in reached


def lower(text: str) -> str:
    return "".join(char.lower()[0] for char in text)


@pytest.mark.parametrize("entity", [Entity.PARAM, Entity.TAG, Entity.ATTRIBUTE], ids=lambda each: each.value)
@pytest.mark.parametrize("op", [Op.EQ, Op.LIKE, Op.ILIKE], ids=lambda each: each.value)
def test_texts_that_look_alike_are_found_each_by_itself(stored: Store, entity: Entity, op: Op) -> None:
    key = f"alike-{entity.value}-{op.value}"
    ids = write(stored, ALIKE, key)
    field = Field(entity, "run_name" if entity is Entity.ATTRIBUTE else key)
    for pattern in ALIKE:
        found = [ids[each] for each in find(stored, Compare(field, op, pattern)) if each in ids]
        assert sorted(found) == sorted(text for text in ALIKE if holds(op, pattern, text)), ascii(pattern)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_texts_are_kept_found_and_sorted(stored: Store, data: st.DataObject) -> None:
    texts = data.draw(st.lists(st.one_of(TEXTS, CASED), min_size=1, max_size=8))
    key = f"any-{uuid.uuid4().hex}"
    ids = write(stored, texts, key)
    has_key = parse_filter(f"params.`{key}` IS NOT NULL", RUNS)
    found = [ids[each] for each in find(stored, has_key, [f"params.`{key}`"])]
    assert found == sorted(texts)
    op = data.draw(st.sampled_from([Op.EQ, Op.LIKE, Op.ILIKE]))
    pattern = data.draw(st.one_of(CASED, st.sampled_from(texts), st.sampled_from(texts).map(str.swapcase)))
    for entity in (Entity.PARAM, Entity.TAG):
        got = [ids[each] for each in find(stored, Compare(Field(entity, key), op, pattern))]
        assert sorted(got) == sorted(text for text in texts if holds(op, pattern, text))


def pieces() -> Iterator[str]:
    """Give all code points that can be stored, in texts of at most 4,000 with at most 100 letters that have case."""
    piece, letters = "", 0
    for number in range(1, sys.maxunicode + 1):
        char = chr(number)
        if unicodedata.category(char) == "Cs":
            continue
        piece += char
        letters += len(find_letters(fold(char)))
        if len(piece) == 4000 or letters >= 100:
            yield piece
            piece, letters = "", 0
    yield piece


def test_every_code_point_is_kept_and_has_the_same_lower_case_everywhere(stored: Store) -> None:
    texts = dict(enumerate(pieces()))

    def work(tx: Transaction) -> RunRef:
        run = runs.insert_run(tx, ("code-points", 2, "", "ann", 5, "x"))
        annotations.set_tags(
            tx, run, [Tag(key=f"piece-{number}", value=text) for number, text in texts.items()]
        )
        return run

    run = stored.writer.call(work)
    with stored.read() as conn:
        rows = conn.rows(
            "SELECT k.name, t.value, t.key_id FROM hr_tag t JOIN hr_key k ON k.id = t.key_id WHERE t.run = ?",
            (run.id,),
        )
        assert {name: value for name, value, _ in rows} == {
            f"piece-{number}": text for number, text in texts.items()
        }
        for name, value, key in rows:
            folded = fold(value)
            assert folded == lower(value)
            sql, params = stored.dialect.fold("e.value", find_letters(folded))
            query = f"SELECT COUNT(*) FROM hr_tag e WHERE e.run = ? AND e.key_id = ? AND {sql} LIKE ?"
            assert conn.row(query, [run.id, key, *params, folded]) == (1,), name


def test_names_that_look_alike_are_different_keys(stored: Store) -> None:
    names = [text for text in ALIKE if text]
    ids = stored.writer.call(lambda tx: intern_keys(tx, names))
    assert len(set(ids.values())) == len(names)
    with stored.read() as conn:
        conn.caches.key_ids.clear()
        assert find_key_ids(conn, names) == ids
        assert {key_names(conn, ids.values())[number] for number in ids.values()} == set(names)


def test_experiments_whose_names_look_alike_live_side_by_side(stored: Store) -> None:
    names = [f"{text}!" for text in ALIKE]
    for name in names:
        stored.writer.call(lambda tx, name=name: experiments.insert_experiment(tx, name, "x", 5))
    with stored.read() as conn:
        rows = conn.rows("SELECT name FROM hr_experiment WHERE artifact_location = 'x' ORDER BY name")
        assert [row[0] for row in rows] == sorted(names)
        for name in names:
            order = complete_order((), EXPERIMENTS)
            node = Compare(Field(Entity.ATTRIBUTE, "name"), Op.ILIKE, name)
            found, _ = search_experiments(conn, ExperimentSearch((0,), node, order, 1000), None)
            wanted = sorted(each for each in names if holds(Op.ILIKE, name, each))
            assert sorted(row[1] for row in found if row[2] == "x") == wanted


def test_long_texts_are_told_apart_and_sorted_to_their_last_character(stored: Store) -> None:
    source = random.Random(4)
    noise = "".join(chr(source.randrange(0x10000, 0x1F000)) for _ in range(5_999))
    texts = [noise + last for last in ("c", "a", "b", "\U0001f600", "B")]
    ids = write(stored, texts, "long")
    condition = "params.long IS NOT NULL"
    for order in ("params.long", "tags.long", "attributes.run_name"):
        for word, wanted in (("ASC", sorted(texts)), ("DESC", sorted(texts, reverse=True))):
            assert [
                ids[each] for each in find(stored, parse_filter(condition, RUNS), [f"{order} {word}"])
            ] == wanted
    for text in texts:
        assert [ids[each] for each in find(stored, Compare(Field(Entity.PARAM, "long"), Op.EQ, text))] == [
            text
        ]
        found = find(stored, Compare(Field(Entity.TAG, "long"), Op.ILIKE, text))
        assert sorted(ids[each] for each in found) == sorted(
            each for each in texts if fold(each) == fold(text)
        )
    with stored.read() as conn:
        key = find_key_ids(conn, ["long"])["long"]
        assert sorted(key_counts.count_values(conn, SCOPES, Kind.PARAM, key)) == sorted(
            (text, 1) for text in texts
        )


def outcome(platform: Platform, endpoint: Endpoint[Any, Any], request: dict[str, Any]) -> str:
    """Return how a call ended: with an answer, or by which refusal."""
    try:
        answer = call(platform, Actor(), endpoint, msgspec.convert(request, endpoint.request, strict=False))
    except HeadraceError as error:
        if error.status >= 500:
            raise
        return error.code
    return f"OK, {len(answer.rejected)} rejected" if hasattr(answer, "rejected") else "OK"


def outcomes(platform: Platform, text: str) -> dict[tuple[str, str], str]:
    """Return how every call of the API ends that gets a text in one of its fields."""
    rows = {row.name: row for row in ENDPOINTS}
    make = rows["experiments.create"]
    experiment = call(platform, Actor(), make, make.request(name="e")).experiment_id
    start = rows["runs.create"].request(experiment_id=experiment, start_time=1)
    run = call(platform, Actor(), rows["runs.create"], start).run.info.run_id
    known: dict[str, Any] = {"run_id": run, "experiment_id": experiment}
    found = {}
    for row in ENDPOINTS:
        if row.stream or row.waits:
            continue
        fields = msgspec.structs.fields(row.request)
        request = {
            each.name: known[each.name]
            if each.name in known and sample(each.type) != []
            else sample(each.type)
            for each in fields
            if each.required
        }
        request |= (
            {"experiment_ids": [experiment]} if any(each.name == "experiment_ids" for each in fields) else {}
        )
        for each in fields:
            if each.type is str:
                found[row.name, each.name] = outcome(platform, row, {**request, each.name: text})
    for number, (name, request) in enumerate(nested(run, experiment, text)):
        found[name, str(number)] = outcome(platform, rows[name], request)
    return found


def sample(kind: Any) -> Any:
    """Return something of a type."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind)).value
    made: dict[Any, Any] = {str: "x", list: [], dict: {}, bytes: b""}
    return made.get(getattr(kind, "__origin__", kind), 1)


def nested(run: str, experiment: str, text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return calls that have a text further inside."""
    plain = {"name": "n", "digest": "d", "source_type": "s", "source": "x"}
    dataset = [
        plain | {part: text} for part in ("name", "digest", "source_type", "source", "schema", "profile")
    ]
    block = {"run_id": uuid.uuid4().hex}
    start = {"experiment_id": experiment, "start_time": 1}
    return [
        *(
            ("runs.log_batch", {"run_id": run, part: [each]})
            for part in ("params", "tags")
            for each in _pairs(text)
        ),
        ("runs.log_batch", {"run_id": run, "metrics": [{"key": text, "value": 1.0, "timestamp": 1}]}),
        *(("inputs.log_inputs", {"run_id": run, "datasets": [{"dataset": each}]}) for each in dataset),
        *(
            ("inputs.log_inputs", {"run_id": run, "datasets": [{"dataset": plain, "tags": [each]}]})
            for each in _pairs(text)
        ),
        ("inputs.log_inputs", {"run_id": run, "models": [{"model_id": text}]}),
        ("inputs.log_outputs", {"run_id": run, "models": [{"model_id": text, "step": 1}]}),
        ("metrics.log", {"run_id": run, "key": "m", "value": 1.0, "timestamp": 1, "model_id": text}),
        *(("runs.create", {**start, "tags": [each]}) for each in _pairs(text)),
        *(("experiments.create", {"name": f"n{text[0]}", "tags": [each]}) for each in _pairs(text)),
        *(
            ("ingest.send", _batch({**block, "start": {**start, part: text}}))
            for part in ("experiment_name", "run_name", "user_id")
        ),
        *(
            ("ingest.send", _batch({**block, "start": start, part: [each]}))
            for part in ("params", "tags")
            for each in ((text, "v"), ("k", text))
        ),
        ("ingest.send", _batch({"run_id": text, "start": start})),
        ("ingest.send", _batch({**block, "start": start, "attempt": {"name": text}})),
        ("ingest.send", _batch({**block, "start": start, "environment": {"python": text}})),
        ("ingest.send", _batch({**block, "start": {**start, "fork": {"run_id": text, "step": 1}}})),
        ("ingest.send", _batch({**block, "start": start, "points": [(text, 1.0, 1, 1)]})),
    ]


def _pairs(text: str) -> list[dict[str, str]]:
    return [{"key": text, "value": "v"}, {"key": "k", "value": text}]


def _batch(block: dict[str, Any]) -> dict[str, Any]:
    return {"format": 1, "writer": uuid.uuid4().hex, "seq": 1, "runs": [block]}


@pytest.mark.parametrize("text", ["a\0b", "é" * 300, "é" * 70_000], ids=["NUL", "long", "very long"])
def test_a_text_that_a_database_cannot_hold_is_answered_alike(
    platform: Platform, text: str, tmp_path: Path
) -> None:
    reference = open_platform(
        PlatformSettings(f"sqlite:///{tmp_path / 'reference.db'}", tempfile.mkdtemp(dir=tmp_path))
    )
    try:
        assert outcomes(platform, text) == outcomes(reference, text)
    finally:
        reference.store.close()
