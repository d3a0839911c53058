"""The demo's figure of a model: how it has learned, and what it takes for what. Loaded only by ``headrace demo``, because matplotlib is optional."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

_INCHES = (9.0, 3.6)


def draw(
    title: str,
    steps: Sequence[Mapping[str, float]],
    labels: Sequence[str],
    confusions: Sequence[Sequence[int]],
) -> Figure:
    """Return a figure of two parts: losses and accuracy by step, and the confusion matrix.

    Args:
        title: above it.
        steps: metrics of each step, from 1.
        labels: names of rows and columns.
        confusions: counts; a row is what an example is, a column what it was taken for.
    """
    figure = Figure(figsize=_INCHES, layout="constrained")
    figure.suptitle(title)
    curves, matrix = figure.subplots(1, 2)
    numbers = range(1, len(steps) + 1)
    for key, style in (("train_loss", "--"), ("test_loss", "-"), ("test_accuracy", ":")):
        curves.plot(numbers, [step[key] for step in steps], style, label=key)
    curves.set_xlabel("step")
    curves.legend()
    matrix.imshow(confusions, cmap="Blues")
    places = range(len(labels))
    matrix.set_xticks(places, labels)
    matrix.set_yticks(places, labels)
    matrix.set_xlabel("taken for")
    matrix.set_ylabel("is")
    for row, counts in enumerate(confusions):
        for column, count in enumerate(counts):
            color = "white" if count > max(counts) / 2 else "black"
            matrix.text(column, row, str(count), ha="center", va="center", color=color, fontsize=8)
    return figure
