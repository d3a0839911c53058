"""Run tables, names of keys and their values, the difference of runs. What needs numpy is loaded at first use."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from headrace.api.experiments import ViewType
from headrace.api.page import decode_token, encode_token, question_digest
from headrace.api.tables import (
    CompareRuns,
    KeyCount,
    KeyKind,
    KeyOrder,
    KeysPage,
    ListKeys,
    ListValues,
    RunDifference,
    RunTable,
    SelectRuns,
    ValueCount,
    ValuesAnswer,
)
from headrace.base import plugins
from headrace.base.errors import InvalidParameter
from headrace.search.fields import RUNS, Attribute, Kind, complete_order
from headrace.search.parser import parse_field, parse_filter, parse_order_by
from headrace.search.tree import Entity, Field, Statistic
from headrace.services.context import Context
from headrace.services.validation import excerpt, get_experiments, get_run_id
from headrace.store import runs as run_store
from headrace.store.keys import find_key_ids, key_names
from headrace.store.run_changes import read_clock
from headrace.store.run_search import RunSearch

MAX_ROWS = 100_000
MAX_COLUMNS = 5000
MAX_KEYS = 50_000
MIN_COMPARED, MAX_COMPARED = 2, 500

_STAGES = {ViewType.ACTIVE_ONLY: (0,), ViewType.DELETED_ONLY: (1,), ViewType.ALL: (0, 1)}
_ATTRIBUTES = {
    **RUNS.keys[Entity.ATTRIBUTE],
    "experiment_id": Attribute("experiment_id", Kind.STRING),
    "lifecycle_stage": Attribute("lifecycle_stage", Kind.STRING),
    "duration": Attribute("duration", Kind.NUMBER),
    "number": Attribute("number", Kind.NUMBER),
}
# What a table can show: what runs can be searched by, and some attributes more.
SHOWN = replace(RUNS, keys=MappingProxyType({**RUNS.keys, Entity.ATTRIBUTE: _ATTRIBUTES}))
_STEP = re.compile(r"\s*step\s*\((.*)\)\s*", re.DOTALL | re.IGNORECASE)
_NAN = re.compile(r"\s*nan\s*\((.*)\)\s*", re.DOTALL | re.IGNORECASE)
_ALL_ATTRIBUTES = tuple(
    dict.fromkeys(attribute.name for attribute in _ATTRIBUTES.values() if attribute.name != "number")
)


def runs(context: Context, request: SelectRuns) -> RunTable:
    """Return a page of a run table."""
    answers = plugins.load("headrace.services.table_answers")
    limit = _check_limit(request.limit, MAX_ROWS)
    node = parse_filter(request.filter, RUNS)
    order = complete_order(parse_order_by(request.order_by, RUNS), RUNS)
    scopes = _read_scopes(request.experiment_ids, _STAGES[request.run_view_type])
    digest = question_digest(
        "tables.runs", request.experiment_ids, request.filter, request.order_by, request.run_view_type
    )
    search = RunSearch(scopes, node, order, limit, now=context.now(), own=True)
    place = decode_token(request.page_token, digest)
    question = answers.Question(request, search, place, _parse_select(request.select), digest)
    table: RunTable = answers.answer(context, question)
    return table


def _parse_select(select: list[str]) -> dict[str, Field]:
    """Return the fields of the columns, by the names under which they were selected."""
    if len(select) > MAX_COLUMNS:
        raise InvalidParameter(
            f"{len(select)} columns are selected; at most {MAX_COLUMNS} are allowed. Select the others in another call."
        )
    fields: dict[str, Field] = {}
    for name in select or _ALL_ATTRIBUTES:
        if name in fields:
            raise InvalidParameter(f"The column {excerpt(name)} is selected twice; name each column once.")
        field = _parse_column(name)
        if field.entity is Entity.DATASET:
            raise InvalidParameter(
                f"A table cannot show {excerpt(name)}: a run may have several datasets. Use runs/get, or tables/compare."
            )
        fields[name] = field
    return fields


def _parse_column(name: str) -> Field:
    """Return the field of a column: one of the search language, or the step of a metric's value."""
    step = _STEP.fullmatch(name)
    if step is None:
        return parse_field(name, SHOWN, "select")
    nan = _NAN.fullmatch(step[1])
    field = parse_field(nan[1] if nan else step[1], SHOWN, "select")
    if field.entity is not Entity.METRIC or field.statistic is Statistic.COUNT:
        raise InvalidParameter(
            f"{excerpt(name)} has no step: only values of metrics have. "
            "Write step(metrics.loss), step(min(metrics.loss)) or step(nan(metrics.loss))."
        )
    if nan and field.statistic is not Statistic.LATEST:
        raise InvalidParameter(
            f"{excerpt(name)} asks for the NaN of a statistic; write step(nan(metrics.loss))."
        )
    steps: Field = plugins.load("headrace.store.run_table").StepField(
        field.entity, field.key, field.statistic, of_nan=nan is not None
    )
    return steps


def keys(context: Context, request: ListKeys) -> KeysPage:
    """Return a page of the names that the active runs of experiments have."""
    counts = _key_counts(context)
    limit = _check_limit(request.limit, MAX_KEYS)
    question = question_digest(
        *("tables.keys", request.experiment_ids, request.kinds, request.prefix),
        *(request.contains, request.ignore_case, request.order),
    )
    place = decode_token(request.page_token, question)
    scopes, clock = (
        _read_scopes(request.experiment_ids, _STAGES[ViewType.ACTIVE_ONLY]),
        read_clock(context.conn),
    )
    found: list[tuple[int, str, int]] = []
    for kind in dict.fromkeys(request.kinds or KeyKind):
        number = kind.number
        by_id = counts.read(context.conn, clock, scopes, _store_kind(kind))
        names = key_names(context.conn, by_id)
        counted = {names[key]: count for key, count in by_id.items() if count}
        found += [(counted[name], name, number) for name in _choose(counted, request)]
    order = _by_count if request.order is KeyOrder.COUNT else _by_name
    found.sort(key=order)
    start = 0 if place is None else bisect_right(found, order(_read_place(place)), key=order)
    kinds = {kind.number: kind for kind in KeyKind}
    page = KeysPage(total=len(found))
    page.keys = [
        KeyCount(kind=kinds[number], key=name, runs=count)
        for count, name, number in found[start : start + limit]
    ]
    if start + limit < len(found):
        page.next_page_token = encode_token(question, list(found[start + limit - 1]))
    return page


def values(context: Context, request: ListValues) -> ValuesAnswer:
    """Return the texts that a param or a tag has in the active runs of experiments."""
    limit = _check_limit(request.limit, MAX_KEYS)
    if request.kind is KeyKind.METRIC:
        raise InvalidParameter(
            f"{excerpt(request.key)} is asked for as a metric; only params and tags have values to choose from."
        )
    scopes = _read_scopes(request.experiment_ids, _STAGES[ViewType.ACTIVE_ONLY])
    key = find_key_ids(context.conn, [request.key]).get(request.key)
    if key is None:
        return ValuesAnswer(total=0)
    rows = plugins.load("headrace.store.key_counts").count_values(
        context.conn, scopes, _store_kind(request.kind), key
    )
    counted = dict(rows)
    found = [(counted[value], value, 0) for value in _choose(counted, request)]
    found.sort(key=(_by_count if request.order is KeyOrder.COUNT else _by_name))
    kept = [ValueCount(value=value, runs=count) for count, value, _ in found[:limit]]
    return ValuesAnswer(values=kept, total=len(found))


def compare(context: Context, request: CompareRuns) -> RunDifference:
    """Return what runs have side by side, and what differs."""
    if not MIN_COMPARED <= len(request.run_ids) <= MAX_COMPARED:
        raise InvalidParameter(
            f"{len(request.run_ids)} runs are to be compared; it must be {MIN_COMPARED} to {MAX_COMPARED}."
        )
    twice = next((each for each in request.run_ids if request.run_ids.count(each) > 1), None)
    if twice is not None:
        raise InvalidParameter(f"The run {excerpt(twice)} is named twice; name each run once.")
    numbers = [run_store.get_run(context.conn, get_run_id(each)).id for each in request.run_ids]
    answer: RunDifference = plugins.load("headrace.services.difference_answers").answer(
        context, request, numbers
    )
    return answer


def _key_counts(context: Context) -> Any:
    return context.conn.caches.part(plugins.load("headrace.store.key_counts").KeyCounts)


def _store_kind(kind: KeyKind) -> Any:
    return plugins.load("headrace.store.run_columns").Kind[kind.name]


def _read_scopes(experiment_ids: list[str], stages: tuple[int, ...]) -> tuple[int, ...]:
    numbers = sorted(set(get_experiments(experiment_ids)))
    return tuple(2 * number + stage for number in numbers for stage in stages)


def _choose(texts: Iterable[str], request: ListKeys | ListValues) -> set[str]:
    """Return the texts that a request asks for."""
    prefix, contains = request.prefix, request.contains
    if not request.ignore_case:
        return {text for text in texts if text.startswith(prefix) and contains in text}
    prefix, contains = prefix.casefold(), contains.casefold()
    folded = ((text, text.casefold()) for text in texts)
    return {text for text, fold in folded if fold.startswith(prefix) and contains in fold}


def _read_place(place: list[Any]) -> tuple[int, str, int]:
    match place:
        case [int(count), str(name), int(number)]:
            return count, name, number
    raise InvalidParameter("The page_token does not fit this list; start again from the first page.")


def _by_count(found: tuple[int, str, int]) -> tuple[int, str, int]:
    return -found[0], found[1], found[2]


def _by_name(found: tuple[int, str, int]) -> tuple[str, int]:
    return found[1], found[2]


def _check_limit(limit: int, most: int) -> int:
    if not 1 <= limit <= most:
        raise InvalidParameter(f"Invalid limit {limit}: it must lie between 1 and {most}.")
    return limit
