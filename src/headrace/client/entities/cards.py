"""Runs, experiments and lists of them as small HTML tables, for notebooks. What a user typed is text here, never HTML.

A card says what its entity holds and asks no server; it links to the page of what it shows where that is known. Colours are those of the notebook.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Protocol

MAX_VALUES = 20
MAX_ROWS = 20
MAX_METRICS = 6
MAX_PARAMS = 4
MAX_TEXT = 80
_DIGITS = 4
_EXACT = 1e15
_CARD = "font:13px/1.45 system-ui,sans-serif;max-width:72em;overflow-x:auto"
_TABLE = "border-collapse:collapse;margin:.3em 1.5em .3em 0;font-variant-numeric:tabular-nums"
_CELL = "padding:.15em .9em .15em 0;border-top:1px solid rgba(128,128,128,.3);text-align:left;vertical-align:top;white-space:nowrap"
_NUMBER = _CELL.replace("text-align:left", "text-align:right")
_DIM = "opacity:.65"
_OWN_TAGS = ("mlflow.", "headrace.")


class _Info(Protocol):
    @property
    def run_id(self) -> str: ...
    @property
    def run_name(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def start_time(self) -> int: ...
    @property
    def end_time(self) -> int | None: ...


class _Data(Protocol):
    @property
    def metrics(self) -> dict[str, float]: ...
    @property
    def params(self) -> dict[str, str]: ...
    @property
    def tags(self) -> dict[str, str]: ...


class RunLike(Protocol):
    """What a card needs of a run."""

    @property
    def info(self) -> _Info:
        """What is known besides its data."""

    @property
    def data(self) -> _Data:
        """Metrics, params and tags."""

    @property
    def page_url(self) -> str:
        """Where its page is; empty if that is not known."""


class ExperimentLike(Protocol):
    """What a card needs of an experiment."""

    experiment_id: str
    name: str
    lifecycle_stage: str
    tags: dict[str, str]
    creation_time: int | None

    @property
    def page_url(self) -> str:
        """Where its page is; empty if that is not known."""


def show_run(run: RunLike) -> str:
    """Return a run as HTML: its name and state, its metrics, params, and the tags that people gave it."""
    info, data = run.info, run.data
    tags = {key: value for key, value in data.tags.items() if not key.startswith(_OWN_TAGS)}
    parts = [
        _pairs("Metrics", {key: _number(value) for key, value in data.metrics.items()}, _NUMBER),
        _pairs("Params", {key: _text(value) for key, value in data.params.items()}),
        _pairs("Tags", {key: _text(value) for key, value in tags.items()}),
    ]
    facts = " · ".join(filter(None, [escape(info.status), _time(info.start_time), _length(info)]))
    return _card(
        f"{_title(info.run_name or info.run_id, run.page_url)} <span style='{_DIM}'>{facts} · <code>{escape(info.run_id)}</code></span>"
        f"<div style='display:flex;flex-wrap:wrap'>{''.join(parts)}</div>"
    )


def show_experiment(experiment: ExperimentLike) -> str:
    """Return an experiment as HTML: its name, its id, its tags."""
    facts = " · ".join(
        filter(
            None,
            [
                f"experiment {escape(experiment.experiment_id)}",
                escape(experiment.lifecycle_stage),
                _time(experiment.creation_time),
            ],
        )
    )
    tags = {key: value for key, value in experiment.tags.items() if not key.startswith(_OWN_TAGS)}
    return _card(
        f"{_title(experiment.name, experiment.page_url)} <span style='{_DIM}'>{facts}</span>"
        f"{_pairs('Tags', {key: _text(value) for key, value in tags.items()})}"
    )


def show_runs(runs: Sequence[RunLike]) -> str:
    """Return runs as an HTML table: the metrics that most of them have, and the params that differ."""
    metrics = _most_common(run.data.metrics for run in runs)[:MAX_METRICS]
    params = [
        key
        for key in _most_common(run.data.params for run in runs)
        if len({run.data.params.get(key) for run in runs}) > 1
    ][:MAX_PARAMS]
    head = ["Run", "Status", "Started", *metrics, *params]
    rows = []
    for run in runs[:MAX_ROWS]:
        info = run.info
        cells = [
            _title(info.run_name or info.run_id, run.page_url),
            escape(info.status),
            _time(info.start_time),
        ]
        cells += [_number(run.data.metrics[key]) if key in run.data.metrics else "" for key in metrics]
        cells += [_text(run.data.params.get(key, "")) for key in params]
        rows.append(cells)
    return _card(_count(len(runs), "run") + _table(head, rows, range(3, 3 + len(metrics))))


def show_experiments(experiments: Sequence[ExperimentLike]) -> str:
    """Return experiments as an HTML table."""
    rows = [
        [
            _title(each.name, each.page_url),
            escape(each.experiment_id),
            escape(each.lifecycle_stage),
            _time(each.creation_time),
        ]
        for each in experiments[:MAX_ROWS]
    ]
    return _card(
        _count(len(experiments), "experiment")
        + _table(["Experiment", "Id", "Stage", "Created"], rows, range(0))
    )


def _card(content: str) -> str:
    return f"<div style='{_CARD}'>{content}</div>"


def _title(name: str, url: str) -> str:
    text = f"<b>{_text(name)}</b>"
    return f"<a href='{escape(url)}' target='_blank' rel='noopener'>{text}</a>" if url else text


def _pairs(title: str, values: dict[str, str], style: str = _CELL) -> str:
    """Return a table of two columns; the values are HTML already."""
    if not values:
        return ""
    shown = list(values.items())[:MAX_VALUES]
    rows = "".join(
        f"<tr><td style='{_CELL}'>{_text(key)}</td><td style='{style}'>{value}</td></tr>"
        for key, value in shown
    )
    more = len(values) - len(shown)
    rest = f"<tr><td colspan='2' style='{_CELL};{_DIM}'>and {more} more</td></tr>" if more else ""
    return f"<table style='{_TABLE}'><thead><tr><th colspan='2' style='text-align:left'>{title}</th></tr></thead><tbody>{rows}{rest}</tbody></table>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: range) -> str:
    """Return a table; the cells are HTML already, the head is text."""
    styles = [_NUMBER if place in numbers else _CELL for place in range(len(head))]
    top = "".join(
        f"<th style='{style};border-top:0'>{_text(name)}</th>"
        for name, style in zip(head, styles, strict=True)
    )
    body = "".join(f"<tr>{_cells(row, styles)}</tr>" for row in rows)
    return f"<table style='{_TABLE}'><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def _cells(row: Sequence[str], styles: Sequence[str]) -> str:
    return "".join(f"<td style='{style}'>{cell}</td>" for cell, style in zip(row, styles, strict=True))


def _count(count: int, word: str) -> str:
    more = f", the first {MAX_ROWS} shown" if count > MAX_ROWS else ""
    return f"<span style='{_DIM}'>{count} {word}{'' if count == 1 else 's'}{more}</span>"


def _most_common(names: Iterable[Iterable[str]]) -> list[str]:
    counted = Counter(name for each in names for name in each)
    return sorted(counted, key=lambda name: (-counted[name], name))


def _number(value: float) -> str:
    """Return a number with few digits, and all of them in its title."""
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if number.is_integer() and abs(number) < _EXACT:
        return str(int(number))
    short = f"{number:.{_DIGITS}g}"
    return short if float(short) == number else f"<span title='{number!r}'>{short}</span>"


def _text(value: Any) -> str:
    text = str(value)
    if len(text) <= MAX_TEXT:
        return escape(text)
    return f"<span title='{escape(text[: 10 * MAX_TEXT])}'>{escape(text[: MAX_TEXT - 1])}…</span>"


def _time(moment: int | None) -> str:
    if moment is None:
        return ""
    try:
        return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, OSError, ValueError):  # a time that no calendar has
        return ""


def _length(info: _Info) -> str:
    if info.end_time is None:
        return ""
    seconds = (info.end_time - info.start_time) / 1000
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
