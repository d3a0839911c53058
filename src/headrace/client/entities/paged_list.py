"""What a search has found: a list that a notebook shows as a table; and a page of one, with the token of the next."""

from collections.abc import Iterable
from typing import TypeVar

from headrace.base.plugins import load
from headrace.client.entities.experiment import Experiment
from headrace.client.entities.run import Run

T = TypeVar("T")

_CARDS = "headrace.client.entities.cards"


class FoundList(list[T]):
    """A list like any other, but for what notebooks show of it."""

    def _repr_html_(self) -> str | None:
        """Return what a notebook shows; None for what has no table."""
        runs = [each for each in self if isinstance(each, Run)]
        experiments = [each for each in self if isinstance(each, Experiment)]
        if runs and len(runs) == len(self):
            return str(load(_CARDS).show_runs(runs))
        if experiments and len(experiments) == len(self):
            return str(load(_CARDS).show_experiments(experiments))
        return None


class PagedList(FoundList[T]):
    """A list that knows where the next page begins.

    Args:
        items: what is on this page.
        token: asks for the next page; None on the last one.
    """

    def __init__(self, items: Iterable[T], token: str | None) -> None:
        super().__init__(items)
        self.token = token

    def to_list(self) -> list[T]:
        """Return the items as a plain list."""
        return list(self)
