"""Writes the figures of a run as Markdown, with the ratios headrace to rival against the aims.

It knows samples and cases; it measures nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from cases import BARE, COMMITS, Case
from databases import SQLITE, Database
from fill import Filled
from processes import Memory
from reads import QUERIES
from reference import combine
from rounds import Results
from servers import HEADRACE, Product
from target import Sample, find_median

_REFERENCE_SHARE = 0.7
_START_AIM_S = 1.0
_MEMORY_AIMS_MIB = (100.0, 250.0)
_NO_FIGURE = "-"
_QUIET_CPUS = 0.2


@dataclass
class Course:
    """What was seen of a server besides the cases: starts, memory, fills, and the size of its store."""

    first_start_s: float = 0.0
    starts_s: list[float] = field(default_factory=list)
    settle_s: float = 0.0
    memory_after_start: Memory | None = None
    memory_after_ingest: Memory | None = None
    memory_at_end: Memory | None = None
    fills: dict[str, Filled] = field(default_factory=dict)
    store_mib: float = 0.0
    failure: str = ""


@dataclass
class Run:
    """One run of the benchmark, all that the report needs."""

    plan: str
    when: str
    machine: dict[str, str]
    database: Database
    products: Sequence[Product]
    courses: dict[str, Course]
    cases: list[Case] = field(default_factory=list)
    results: Results = field(default_factory=dict)


def write_report(run: Run) -> str:
    """Write the whole report."""
    parts = [
        f"Measured {run.when}, plan `{run.plan}`. "
        + "; ".join(f"{k}: {v}" for k, v in run.machine.items())
        + ".",
        _write_cases(run),
        _write_processor_times(run),
        _write_footprint(run),
        _write_artifacts(run),
        _write_notes(run),
    ]
    return "\n\n".join(part for part in parts if part)


def write_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; all columns but the first are aligned to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def format_figure(value: float | None) -> str:
    """Format a figure with three digits or, from a thousand on, without decimals."""
    if value is None:
        return _NO_FIGURE
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _write_cases(run: Run) -> str:
    rivals = [product for product in run.products if product.key != HEADRACE.key]
    head = [run.database.title, "unit"]
    for product in run.products:
        head.append(product.title)
        if product in rivals:
            head.append("ratio (aim)")
    rows = []
    for case in run.cases:
        if case.key == "artifacts" or case.key not in run.results:
            continue
        columns = run.results[case.key]
        row = [case.title, case.unit]
        for product in run.products:
            samples = columns.get(product.key, [])
            row.append(_format_cell(samples))
            if product in rivals:
                row.append(
                    _format_ratio(case, columns.get(HEADRACE.key, []), samples, case.aims.get(product.key))
                )
        rows.append(row)
    return write_table(head, rows)


def _format_cell(samples: Sequence[Sample]) -> str:
    figure = find_median(list(samples))
    if figure is None:
        return "failed" if samples else _NO_FIGURE
    cut = [sample for sample in samples if sample.done < sample.planned]
    mark = f" ({median(s.done for s in cut):,.0f} of {cut[0].planned:,})" if cut else ""
    errors = sum(sample.errors for sample in samples)
    return format_figure(figure) + mark + (f", {errors} errors" if errors else "")


def _format_ratio(case: Case, ours: list[Sample], theirs: list[Sample], aim: float | None) -> str:
    """Format how many times better ours is; over 1 is better for either sense of the figure."""
    a, b = find_median(ours), find_median(theirs)
    if not a or not b:
        return _NO_FIGURE
    ratio = a / b if case.more_is_better else b / a
    if aim is None:
        return f"{ratio:.1f}x"
    return f"{ratio:.1f}x ({aim:g}x{', missed' if ratio < aim else ''})"


def _write_processor_times(run: Run) -> str:
    """Write what each server and the database used for a request of the cases; nothing where the database is a file."""
    if run.database.kind == SQLITE:
        return ""
    head = ["milliseconds of processor time a request: server + database", *[p.title for p in run.products]]
    rows = [
        [case.title, *[_format_times(run.results[case.key].get(p.key, [])) for p in run.products]]
        for case in run.cases
        if case.key in run.results and case.key not in {"artifacts", "history"}
    ]
    return write_table(head, rows)


def _format_times(samples: Sequence[Sample]) -> str:
    """Format the processor time of all samples together, for each answered request."""
    timed = [sample for sample in samples if sample.done and "server_cpu_s" in sample.details]
    done = sum(sample.done for sample in timed)
    if not done:
        return _NO_FIGURE
    server_s, database_s = (
        sum(float(sample.details[name]) for sample in timed) for name in ("server_cpu_s", "database_cpu_s")
    )
    return f"{format_figure(server_s / done * 1e3)} + {format_figure(database_s / done * 1e3)}"


def _write_footprint(run: Run) -> str:
    rows = []
    for product in run.products:
        course = run.courses[product.key]
        starts = course.starts_s or [course.first_start_s]
        rows.append(
            [
                product.title,
                format_figure(course.first_start_s),
                format_figure(median(starts)),
                *[
                    f"{memory.rss_mib:,.0f} / {memory.pss_mib:,.0f}" if memory else _NO_FIGURE
                    for memory in (
                        course.memory_after_start,
                        course.memory_after_ingest,
                        course.memory_at_end,
                    )
                ],
                str(course.memory_after_start.processes) if course.memory_after_start else _NO_FIGURE,
                format_figure(course.store_mib),
            ]
        )
    head = [
        "",
        "start on no store, s",
        "start, s",
        "RSS / PSS after start, MiB",
        "after ingest",
        "at end",
        "processes",
        "store at end, MiB",
    ]
    return write_table(head, rows)


def _write_artifacts(run: Run) -> str:
    columns = run.results.get("artifacts", {})
    names = ("down_mb_per_s", "small_up_per_s", "small_down_per_s", "rss_growth_mib")
    rows = []
    for product in run.products:
        samples = columns.get(product.key, [])
        figure = find_median(samples)
        if figure is None:
            rows.append([product.title, samples[0].note if samples else _NO_FIGURE, *[""] * len(names)])
            continue
        good = [sample for sample in samples if sample.figure is not None]
        details = [format_figure(median(float(sample.details[name]) for sample in good)) for name in names]
        rows.append([product.title, format_figure(figure), *details])
    title = next((case.title for case in run.cases if case.key == "artifacts"), "")
    head = [f"{title}, MB/s", "down, MB/s", "1 KiB files up/s", "down/s", "RSS growth, MiB"]
    return write_table(["", *head], rows) if columns else ""


def _write_notes(run: Run) -> str:
    notes = [
        *_write_aims(run),
        *_write_references(run),
        *_write_answers(run),
        *_write_fills(run),
        *_write_load(run),
    ]
    for product in run.products:
        remarks = (product.remarks.get(kind) for kind in ("", run.database.kind))
        notes.extend(f"{product.title}: {remark}" for remark in remarks if remark)
    notes.extend(
        f"{product.title}: {run.courses[product.key].failure}"
        for product in run.products
        if run.courses[product.key].failure
    )
    for case, columns in run.results.items():
        for column, samples in columns.items():
            note = next((sample.note for sample in samples if sample.note), "")
            if note and case != "artifacts":
                notes.append(f"`{case}`, {column}: {note}")
    return "\n".join(f"- {note}" for note in notes)


def _judge(met: bool) -> str:
    return "met" if met else "missed"


def _write_aims(run: Run) -> list[str]:
    """Write the aims of headrace that are no ratio to a rival."""
    notes = []
    one, eight = (
        find_median(run.results.get(key, {}).get(HEADRACE.key, [])) for key in ("batch-1", "batch-8")
    )
    if one and eight:
        notes.append(
            f"log-batch, 8 clients to 1: {eight / one:.2f} (aim: not below 1, {_judge(eight >= one)})"
        )
    course = run.courses.get(HEADRACE.key)
    if not course:
        return notes
    start_s = max(course.first_start_s, *course.starts_s, 0.0)
    verdict = _judge(start_s < _START_AIM_S)
    notes.append(f"slowest start to first answer: {start_s:.2f} s (aim: under {_START_AIM_S:g} s, {verdict})")
    seen = (course.memory_after_start, course.memory_after_ingest)
    for name, memory, aim in zip(("start", "the ingest cases"), seen, _MEMORY_AIMS_MIB, strict=True):
        if memory:
            verdict = _judge(memory.rss_mib < aim)
            notes.append(f"RSS after {name}: {memory.rss_mib:.0f} MiB (aim: under {aim:g} MiB, {verdict})")
    return notes


def _write_references(run: Run) -> list[str]:
    """Write what the machine itself gives, and headrace's share of it."""
    columns = run.results.get("metric-1", {})
    bare, commits = columns.get(BARE, []), columns.get(COMMITS, [])
    both = combine(bare, commits)
    notes = []
    if both:
        notes.append(
            f"reference: a bare uvicorn answer {format_figure(find_median(bare))}/s, a full {run.database.title} commit of one row "
            f"{format_figure(find_median(commits))}/s, both one after the other {format_figure(median(both))}/s"
        )
    ours = [sample.figure for sample in columns.get(HEADRACE.key, []) if sample.figure]
    if both and len(ours) == len(both):
        share = median(figure / reference for figure, reference in zip(ours, both, strict=True))
        met = _judge(share >= _REFERENCE_SHARE)
        notes.append(
            f"log-metric, 1 client: {share:.0%} of that, the median of what was measured side by side "
            f"(aim: {_REFERENCE_SHARE:.0%}, {met})"
        )
    many = find_median(run.results.get("metric-16", {}).get(BARE, []))
    if many:
        notes.append(
            f"bare uvicorn with 16 clients, the most this client gets: {format_figure(many)} requests/s"
        )
    return notes


def _write_answers(run: Run) -> list[str]:
    """Say whether the servers found the same runs in the same order."""
    notes = []
    for query in QUERIES:
        found = {
            key: (sample.details["runs"], sample.details["rows"], sample.details["answer"])
            for key, samples in run.results.get(query.key, {}).items()
            for sample in samples[-1:]
            if "answer" in sample.details
        }
        if len(set(found.values())) > 1:
            parts = "; ".join(
                f"{key}: {rows} of {runs} ({answer})" for key, (runs, rows, answer) in found.items()
            )
            notes.append(f"search, {query.title}: the servers' answers differ: {parts}")
        elif len(found) > 1:
            notes.append(f"search, {query.title}: all servers answered with the same runs in the same order")
    return notes


def _write_fills(run: Run) -> list[str]:
    notes = []
    for product in run.products:
        for name, filled in run.courses[product.key].fills.items():
            cut = f", {filled.first_error}" if filled.first_error else ""
            notes.append(
                f"filled {product.title} with {filled.done:,} of {filled.planned:,} {name} in {filled.seconds:g} s "
                f"(all servers at once, 4 clients each){cut}"
            )
    return notes


def _write_load(run: Run) -> list[str]:
    """Say what else kept the machine busy; without that no figure can be trusted."""
    notes = []
    for name, what in (
        ("waiting_cpus", "the servers that waited for their turn"),
        ("other_cpus", "other programs"),
    ):
        seen = [
            float(sample.details[name])
            for columns in run.results.values()
            for samples in columns.values()
            for sample in samples
            if name in sample.details
        ]
        if seen:
            busy = f"median {median(seen):.2f}, most {max(seen):.2f}"
            warning = ": not a quiet machine, measure again" if median(seen) > _QUIET_CPUS else ""
            notes.append(f"CPUs kept busy by {what} during a sample: {busy}{warning}")
    return notes
