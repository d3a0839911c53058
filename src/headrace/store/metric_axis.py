"""One metric over another: points of lines get as x the value that another metric of their run has at their step.

The module knows no database.
"""

import numpy as np

from headrace.store.chunks import values_of
from headrace.store.stretches import PointsOf

GREATEST_X = 1e300
"""The greatest distance from zero: near the end of the doubles buckets would have no edges."""


def match_metric(points: PointsOf, count: int, width: int, within: tuple[float, float] | None) -> PointsOf:
    """Return the points of lines over another metric.

    Those without an x are left out, and those with one that is no number, beyond `GREATEST_X` or out of the range.

    Args:
        points: of `count` lines, `width` for each run, and behind them of one line for each run, the metric to be x. Where that has several points
            at a step, the last by time and value counts.
        count: how many lines there are.
        width: how many of them belong to a run.
        within: the range of x, both ends included; None for all.
    """
    begin = int(np.searchsorted(points.line, count))
    over, points = points.pick(slice(begin, None)), points.pick(slice(begin))
    over = over.pick(np.lexsort((over.code, over.time, over.step, over.line)))
    is_last = np.ones(len(over.line), bool)
    is_last[:-1] = (over.line[1:] != over.line[:-1]) | (over.step[1:] != over.step[:-1])
    over = over.pick(is_last)
    if not len(over.line):
        return points.pick(slice(0))._replace(x=np.zeros(0))
    steps = np.unique(over.step)
    keys = (over.line - count) * len(steps) + np.searchsorted(steps, over.step)
    rank = np.minimum(np.searchsorted(steps, points.step), len(steps) - 1)
    wanted = points.line // width * len(steps) + rank
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    x = values_of(over.code)[place]
    with np.errstate(invalid="ignore"):
        kept = (keys[place] == wanted) & (steps[rank] == points.step) & (np.abs(x) <= GREATEST_X)
    if within is not None:
        kept &= (x >= within[0]) & (x <= within[1])
    return points.pick(kept)._replace(x=x[kept])
