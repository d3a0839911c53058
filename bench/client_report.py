"""Writes what `clients.py` has seen as Markdown, with headrace's aims. It knows samples; it measures nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Any

from client_training import Round
from report import write_table

_CALL_AIM_US = (3.0, 6.0)
_SLOWER_AIM = 0.01
_PEAK_AIM_MIB = 200.0
_START_SHARE_AIM = 0.1
_NONE = "-"

Seen = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """A library's key and title."""

    key: str
    title: str


def write_report(kinds: Sequence[Kind], seen: Seen, machine: dict[str, str], when: str) -> str:
    """Write the whole report."""
    timed, started = [[kind for kind in kinds if what in seen.get(kind.key, {})] for what in ("log", "start")]
    return "\n\n".join(
        part
        for part in (
            f"Measured {when}. " + "; ".join(f"{name}: {value}" for name, value in machine.items()) + ".",
            *([write(timed, seen) for write in (_write_calls, _write_ends)] if timed else []),
            _write_starts(started, seen) if started else "",
            _write_trainings(kinds, seen),
            _write_million(kinds, seen),
        )
        if part
    )


def _take(samples: Sequence[dict[str, Any]], name: str) -> float | None:
    values = [sample[name] for sample in samples if sample.get(name) is not None]
    return median(values) if values else None


def _show(value: float | None, digits: int = 1) -> str:
    return _NONE if value is None else f"{value:,.{digits}f}"


def _judge(met: bool) -> str:
    return "met" if met else "**missed**"


def _write_calls(kinds: Sequence[Kind], seen: Seen) -> str:
    rows = []
    for kind in kinds:
        samples = seen[kind.key]["log"]
        figures = [_take(samples, name) for name in ("p50_us", "mean_us", "p99_us", "p9999_us", "longest_us")]
        verdict = ""
        if kind.key.startswith("headrace") and figures[0] is not None and figures[1] is not None:
            verdict = _judge(figures[0] < _CALL_AIM_US[0] and figures[1] < _CALL_AIM_US[1])
        rows.append([kind.title, f"{samples[0]['count']:,}", *map(_show, figures), verdict])
    head = [
        "`log_metric` in a loop, µs a call",
        "calls",
        "median",
        "mean",
        "p99",
        "p99.99",
        "longest",
        "aim 3 / 6",
    ]
    return write_table(head, rows)


def _write_ends(kinds: Sequence[Kind], seen: Seen) -> str:
    rows = []
    for kind in kinds:
        samples, kill = seen[kind.key]["log"], seen[kind.key].get("kill", {})
        kept = f"{kill.get('found', _NONE)} of {kill.get('count', _NONE)}"
        if "found_after_sync" in kill:
            kept += f"; after `headrace sync` {kill['found_after_sync']}"
        rows.append(
            [
                kind.title,
                _show(_take(samples, "finish_s"), 2),
                _show(_take(samples, "all_us")),
                f"{samples[-1].get('found')} of {samples[-1]['count']}",
                kept,
            ]
        )
    head = [
        "The end",
        "finish, s",
        "loop and finish, µs a call",
        "found",
        "found after SIGKILL behind the last call",
    ]
    return write_table(head, rows)


def _write_starts(kinds: Sequence[Kind], seen: Seen) -> str:
    names = ("import_s", "first_log_s", "wall_s")
    figures = {kind.key: [_take(seen[kind.key]["start"], name) for name in names] for kind in kinds}
    rows = []
    for kind in kinds:
        verdict = ""
        other = {"headrace": "mlflow", "headrace-local": "mlflow-local"}.get(kind.key)
        if other in figures:
            shares = [
                ours / theirs
                for ours, theirs in zip(figures[kind.key][1:], figures[other][1:], strict=True)
                if ours is not None and theirs
            ]
            verdict = ", ".join(f"1/{1 / share:.1f} of MLflow's" for share in shares)
            verdict += " " + _judge(all(share <= _START_SHARE_AIM for share in shares))
        rows.append([kind.title, *[_show(value, 3) for value in figures[kind.key]], verdict])
    head = ["A fresh process, s", "import", "to its first metric", "to its end", "aim: a tenth"]
    return write_table(head, rows)


def _write_trainings(kinds: Sequence[Kind], seen: Seen) -> str:
    rows = []
    for kind in kinds:
        for what in ("numpy", "torch"):
            rounds = [Round(*each) for each in seen[kind.key].get(f"train-{what}", {}).get("rounds", ())]
            if rounds:
                parts = [
                    [each.call for each in rounds],
                    [each.after for each in rounds],
                    [each.stalls - each.stalls_alone for each in rounds],
                    [each.slower for each in rounds],
                ]
                rows.append(
                    [
                        f"{kind.title}, {what}",
                        _show(median(each.step_s for each in rounds) * 1000, 2),
                        *map(_write_share, parts),
                        _judge(fmean(parts[-1]) < _SLOWER_AIM),
                    ]
                )
    head = [
        "A training that logs 20 metrics a step, slower by",
        "a step, ms",
        "the call",
        "the step behind it",
        "the background",
        "in all",
        "aim 1 %",
    ]
    return write_table(head, rows) if rows else ""


def _write_share(values: Sequence[float]) -> str:
    """Return a mean as per cent, with its standard error."""
    error = stdev(values) / len(values) ** 0.5
    return f"{fmean(values) * 100:.2f} ± {error * 100:.2f} %"


def _write_million(kinds: Sequence[Kind], seen: Seen) -> str:
    rows = []
    for kind in kinds:
        many = seen[kind.key].get("many")
        if many:
            found: Callable[[str], Any] = many.get
            complete = found("found") == found("count")
            small = (found("peak_mib") or _PEAK_AIM_MIB) < _PEAK_AIM_MIB
            rows.append(
                [
                    kind.title,
                    f"{many['count']:,}",
                    _show(found("loop_s"), 2),
                    _show(found("all_s"), 2),
                    _show(found("peak_mib"), 0),
                    f"{found('found')}",
                    _judge(complete and small),
                ]
            )
    head = [
        "Equal values without a step",
        "calls",
        "loop, s",
        "with finish, s",
        "peak MiB",
        "found",
        "aim: all, 200 MiB",
    ]
    return write_table(head, rows) if rows else ""
