"""The difference of runs as an answer: texts by code, metrics as bytes. Loaded at first use: it needs numpy."""

from collections.abc import Sequence

import numpy as np

from headrace.api.tables import MISSING, CompareRuns, DifferenceRow, MetricDifference, RunDifference
from headrace.services.context import Context
from headrace.store.run_diff import MetricRow, TextRow, compare_metrics, compare_texts
from headrace.store.run_table import pack_bits


def answer(context: Context, request: CompareRuns, runs: Sequence[int]) -> RunDifference:
    """Return what runs have side by side.

    Args:
        context: the call.
        request: as it was sent.
        runs: the integer ids of its runs, in their order.
    """
    texts = compare_texts(context.conn, runs, context.now())
    metrics = compare_metrics(context.conn, runs)
    return RunDifference(
        run_ids=request.run_ids,
        rows=[_build_row(row) for row in texts if row.differs or not request.only_differences],
        metrics=[_build_metric(row) for row in metrics if row.differs or not request.only_differences],
    )


def _build_row(row: TextRow) -> DifferenceRow:
    distinct = dict.fromkeys(text for text in row.texts if text is not None)
    places: dict[str | None, int] = {text: place for place, text in enumerate(distinct)} | {None: MISSING}
    return DifferenceRow(
        section=row.section,
        key=row.key,
        differs=row.differs,
        respelled=row.respelled,
        texts=list(distinct),
        codes=np.array([places[text] for text in row.texts], "<u4").tobytes(),
    )


def _build_metric(row: MetricRow) -> MetricDifference:
    latest, least, most = (values.astype("<f8").tobytes() for values in (row.latest, row.min, row.max))
    return MetricDifference(
        key=row.key,
        differs=row.differs,
        present=b"" if row.present.all() else pack_bits(row.present),
        latest=latest,
        min=least,
        max=most,
    )
