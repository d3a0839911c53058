"""What a scenario is made of: requests as data, with placeholders and with values saved from their answers.

A placeholder is a name in braces inside any string of a step (``{run}``). It stands for a value saved by an
earlier step of the same scenario, or for ``{unique}``, a word that is new at each play, so that a scenario may
be played many times at one server. A path that begins without a slash lies below ``/api/2.0/mlflow/``.

The module knows nothing of HTTP or of the answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: What a step's path begins with if the path itself does not begin with a slash.
DEFAULT_BASE = "/api/2.0/mlflow/"

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request of a scenario.

    Args:
        name: unique in the scenario; what golden files and the table of differences call it.
        method: the HTTP method.
        path: absolute path, or one below DEFAULT_BASE.
        query: pairs of the query string, in order; a key may repeat.
        body: what is sent as JSON; None sends no body.
        raw: sent as the body as it stands, in place of ``body``. In text, placeholders are put in only
            where ``%name%`` stands, as JSON has braces of its own.
        headers: request headers beside Content-Type, which is application/json where a JSON body is sent.
        save: name of a placeholder -> where its value stands in the answer, as a dotted path (``run.info.run_id``).
        keep: names of the answer's headers that are compared to the letter.
        says: texts that the message of headrace's error must contain (MLflow's wording is not compared).
        both: whether the step is also played below ``/ajax-api``.
        pause_s: seconds to wait before sending, so that a server's clock moves on.
    """

    name: str
    method: str
    path: str
    query: Query = ()
    body: Any = None
    raw: str | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    save: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    both: bool = True
    pause_s: float = 0

    @property
    def target(self) -> str:
        """The absolute path, placeholders not yet put in."""
        return self.path if self.path.startswith("/") else DEFAULT_BASE + self.path


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Steps played in order against one server.

    Args:
        name: unique; the golden file's name.
        steps: what is sent.
        fresh: whether the scenario needs a server that has seen nothing else.
    """

    name: str
    steps: tuple[Step, ...]
    fresh: bool = False

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"scenario {self.name} has several steps named {twice}")


def get(name: str, path: str, query: Query | Mapping[str, str] = (), **more: Any) -> Step:
    """Build a GET step; ``query`` may be a mapping where no key repeats."""
    pairs = tuple(query.items()) if isinstance(query, Mapping) else tuple(query)
    return Step(name=name, method="GET", path=path, query=pairs, **more)


def post(name: str, path: str, body: Any = None, **more: Any) -> Step:
    """Build a POST step."""
    return Step(name=name, method="POST", path=path, body=body, **more)


def patch(name: str, path: str, body: Any = None, **more: Any) -> Step:
    """Build a PATCH step."""
    return Step(name=name, method="PATCH", path=path, body=body, **more)


def put(name: str, path: str, raw: str | bytes, **more: Any) -> Step:
    """Build a PUT step with a raw body."""
    return Step(name=name, method="PUT", path=path, raw=raw, **more)


def delete(name: str, path: str, body: Any = None, **more: Any) -> Step:
    """Build a DELETE step."""
    return Step(name=name, method="DELETE", path=path, body=body, **more)


def create_experiment(placeholder: str = "exp", suffix: str = "", **body: Any) -> Step:
    """Build the step that makes an experiment ``{unique}<suffix>`` and saves its id, a moment after the last."""
    request = {"name": "{unique}" + suffix, **body}
    return post(
        f"create experiment {placeholder}",
        "experiments/create",
        request,
        save={placeholder: "experiment_id"},
        pause_s=0.005,
    )


def create_run(placeholder: str = "run", experiment: str = "{exp}", **body: Any) -> Step:
    """Build the step that makes a run and saves its id; times default to 1,000 ms, names to the placeholder."""
    request = {"experiment_id": experiment, "start_time": 1000, "run_name": placeholder, **body}
    return post(f"create run {placeholder}", "runs/create", request, save={placeholder: "run.info.run_id"})


def see_run(name: str, placeholder: str = "run") -> Step:
    """Build the step that reads a run."""
    return get(name, "runs/get", {"run_id": "{" + placeholder + "}"})
