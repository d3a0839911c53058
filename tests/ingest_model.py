"""Ingest as plain Python: what batches of records must do to a store, one record after the other; and bodies to send.

Written from the promises of `headrace.api.ingest`, not from the code that keeps them. Runs have one attempt here.
"""

import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from headrace.api.ingest import MetricColumns, MetricSeries, RunBlock, StartRecord

Bits = bytes
Point = tuple[int, int, Bits]
"""Time, step, and the eight bytes of the value."""


def pack_columns(series: Sequence[tuple[str, Sequence[Point]]]) -> MetricColumns:
    """Points by series, as columns."""
    points = [point for _, members in series for point in members]
    return MetricColumns(
        series=[MetricSeries(key=key, count=len(members)) for key, members in series],
        time=struct.pack(f"<{len(points)}q", *(time for time, _, _ in points)),
        step=struct.pack(f"<{len(points)}q", *(step for _, step, _ in points)),
        value=b"".join(bits for _, _, bits in points),
    )


@dataclass(frozen=True)
class Block:
    """What a batch says of a run, before it is packed."""

    run_id: str
    start: bool
    params: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]
    series: tuple[tuple[str, tuple[Point, ...]], ...]

    @property
    def records(self) -> int:
        return self.start + len(self.params) + len(self.tags) + sum(len(points) for _, points in self.series)

    def pack(self, experiment: str) -> RunBlock:
        block = RunBlock(run_id=self.run_id, params=list(self.params), tags=list(self.tags))
        if self.start:
            block.start = StartRecord(experiment_name=experiment, run_name="name")
        if self.series:
            block.metrics = pack_columns(self.series)
        return block


COUNTS = ("stored", "collapsed", "repeated", "late", "rejected")


@dataclass
class RunModel:
    """What a run holds. A name is set when it starts."""

    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=lambda: {"mlflow.runName": "name"})
    points: Counter[tuple[str, Point]] = field(default_factory=Counter)
    deleted: bool = False


@dataclass
class StoreModel:
    """Runs, and counts by run and writer; those of runs that are not there have the run None."""

    runs: dict[str, RunModel] = field(default_factory=dict)
    ledger: dict[tuple[str | None, str], Counter[str]] = field(default_factory=dict)

    def apply(self, writer: str, blocks: Sequence[Block]) -> Counter[str]:
        """Apply a batch and return its counts."""
        total: Counter[str] = Counter()
        for block in blocks:
            counts = self._apply_block(block)
            place = block.run_id if block.run_id in self.runs else None
            if block.records:
                self.ledger.setdefault((place, writer), Counter()).update(counts)
            total.update(counts)
        return total

    def _apply_block(self, block: Block) -> Counter[str]:
        counts: Counter[str] = Counter()
        run = self.runs.get(block.run_id)
        if run is None and not block.start:
            counts["rejected"] = block.records
            return counts
        if run is None:
            run = self.runs[block.run_id] = RunModel()
            counts["stored"] += 1
        elif block.start:
            counts["repeated"] += 1
        for key, value in block.params:
            counts[_log_param(run, key, value)] += 1
        for place, (key, value) in enumerate(block.tags):
            counts[_set_tag(run, block, place, key, value)] += 1
        for key, points in block.series:
            for point in points:
                if not _is_legal(key) or point[0] < 0:
                    counts["rejected"] += 1
                else:
                    run.points[key, point] += 1
                    counts["stored"] += 1
        if run.deleted:
            counts["late"] = counts["stored"]
        return counts


def _is_legal(key: str) -> bool:
    return "\0" not in key and "#" not in key


def _log_param(run: RunModel, key: str, value: str) -> str:
    if not _is_legal(key):
        return "rejected"
    if key not in run.params:
        run.params[key] = value
        return "stored"
    return "repeated" if run.params[key] == value else "rejected"


def _set_tag(run: RunModel, block: Block, place: int, key: str, value: str) -> str:
    def legal(key: str, value: str) -> bool:
        return "\0" not in value and (
            block.start or _is_legal(key)
        )  # tags that come with the start may have any key

    if not legal(key, value):
        return "rejected"
    if any(other == key and legal(other, text) for other, text in block.tags[place + 1 :]):
        return "collapsed"
    if run.tags.get(key) == value:
        return "repeated"
    run.tags[key] = value
    return "stored"
