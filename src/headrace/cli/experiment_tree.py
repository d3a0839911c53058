"""Experiments as the tree that the slashes in their names make. Knows names and ids, not where they come from."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from headrace.api.experiments import Experiment
from headrace.cli.output import clean


class Folder(Struct):
    """One level of the tree: folders by name, and the experiments whose names end here."""

    folders: dict[str, "Folder"] = field(default_factory=dict)
    experiments: dict[str, Experiment] = field(default_factory=dict)

    def count(self) -> int:
        """Return how many experiments lie in this folder and below."""
        return len(self.experiments) + sum(folder.count() for folder in self.folders.values())


def build_tree(experiments: Iterable[Experiment]) -> Folder:
    """Return the tree of experiments."""
    root = Folder()
    for experiment in experiments:
        *path, name = experiment.name.split("/")
        folder = root
        for step in path:
            folder = folder.folders.setdefault(step, Folder())
        folder.experiments[name] = experiment
    return root


def draw(folder: Folder, indent: str = "") -> Iterator[str]:
    """Yield the lines of a tree: folders with a slash and a count, experiments with their id, both by name."""
    entries: list[tuple[str, Folder | Experiment]] = [*folder.folders.items(), *folder.experiments.items()]
    entries.sort(key=lambda entry: entry[0])
    for place, (name, entry) in enumerate(entries):
        last = place == len(entries) - 1
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(entry, Folder):
            yield f"{indent}{branch}{clean(name)}/ ({entry.count()})"
            yield from draw(entry, indent + below)
        else:
            deleted = "" if entry.lifecycle_stage == "active" else ", deleted"
            yield f"{indent}{branch}{clean(name)} (id {entry.experiment_id}{deleted})"
