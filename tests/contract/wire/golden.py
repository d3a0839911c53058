"""Golden files: one JSON file per scenario with each request as sent and the real MLflow's normalised answer.

It reads and writes them and says where an answer departs from one. Which departures are right is not its
business; that is ``differences``.
"""

import base64
import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wire.step import Scenario, Step

Edit = Callable[[Any], Any]
#: The reason of a difference that only shows what others in the scenario have done.
FOLLOWS = "It follows from other differences of the scenario."
#: Reasons that several tables give.
MISTAKE = (
    "400 with the same `error_code`, or `INVALID_PARAMETER_VALUE`: clients do not send a mistake seven times."
)
MISSING_RUN = "400: the id is said to be missing."
MODEL_METRICS = (
    'The latest point of each metric, run and dataset, NaN as `"NaN"`: the answer does not grow with the history, which '
    "`metrics/get-history` has."
)
FOLDER = Path(__file__).parents[1] / "golden"
#: Parts of an error's body that are not compared: wording, and two keys that only the newest MLflow has.
LOOSE_KEYS = ("message", "sqlstate", "error_class")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What headrace deliberately answers in place of MLflow's recorded answer; None keeps the recorded part.

    Args:
        reason: one sentence: why this is better.
        status: the HTTP status.
        kind: the class of the content.
        body: the normalised body; of an error only ``error_code``.
        headers: kept headers that differ.
        edit: in place of ``body``: makes the expected body of the recorded one (it gets a copy of its own).
    """

    reason: str
    status: int | None = None
    kind: str | None = None
    body: Any = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    edit: Edit | None = None

    def apply(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer expected of headrace."""
        expected = dict(recorded)
        if self.status is not None:
            expected["status"] = self.status
        if self.kind is not None:
            expected["type"] = self.kind
        if self.body is not None:
            expected["body"] = self.body
        if self.edit is not None:
            expected["body"] = self.edit(copy.deepcopy(recorded["body"]))
        if self.headers:
            expected["headers"] = {**recorded.get("headers", {}), **self.headers}
        return expected


class Table(dict[tuple[str, str], Difference]):
    """(scenario, step) -> a difference."""

    def add(self, scenario: str, difference: Difference, *steps: str) -> None:
        """List a difference for some steps of a scenario, none of them listed before."""
        for step in steps:
            if (scenario, step) in self:
                raise ValueError(f"{scenario}: {step} is listed twice")
            self[scenario, step] = difference


def refused(reason: str, status: int = 400, code: str = "INVALID_PARAMETER_VALUE") -> Difference:
    """Build the difference that headrace refuses what MLflow takes, or refuses it otherwise."""
    return Difference(reason=reason, status=status, kind="json", body={"error_code": code})


def ranged(reason: str, body: str, content_range: str | None, total: int) -> Difference:
    """Build the difference of an answer to a range: with ``body`` the bytes, without 416 for a file of ``total`` bytes."""
    headers = {
        "accept-ranges": "bytes",
        "content-length": str(len(body)),
        "content-range": content_range if body else f"bytes */{total}",
        "content-type": "application/octet-stream",
    }
    status = (206 if content_range else 200) if body else 416
    return Difference(
        reason=reason, status=status, kind="bytes" if body else "none", body=body, headers=headers
    )


def describe(step: Step) -> dict[str, Any]:
    """Return a step's request as a golden file shows it."""
    shown: dict[str, Any] = {"method": step.method, "path": step.target}
    if step.query:
        shown["query"] = [list(pair) for pair in step.query]
    if step.body is not None:
        shown["body"] = step.body
    if isinstance(step.raw, bytes):
        shown["raw_base64"] = base64.b64encode(step.raw).decode()
    elif step.raw is not None:
        shown["raw"] = step.raw
    if step.headers:
        shown["headers"] = dict(step.headers)
    # very long values are shown by their two ends; the scenario's source has them in full
    return json.loads(json.dumps(shown), object_hook=_shorten)  # type: ignore[no-any-return]


def _shorten(value: dict[str, Any]) -> dict[str, Any]:
    return {key: _shorten_one(item) for key, item in value.items()}


def _shorten_one(item: Any) -> Any:
    if isinstance(item, str) and len(item) > 400:
        return f"{item[:40]}...{len(item)} characters...{item[-40:]}"
    if isinstance(item, list) and len(item) > 120:
        return [*item[:2], f"...{len(item)} items...", item[-1]]
    return item


def path_of(scenario: Scenario) -> Path:
    """Return where the scenario's golden file lies."""
    return FOLDER / f"{scenario.name}.json"


def write(scenario: Scenario, entries: list[dict[str, Any]], version: str) -> None:
    """Write a scenario's golden file: ``entries`` are {step, request, answer}."""
    content = {
        "scenario": scenario.name,
        "recorded_from": f"mlflow {version}",
        "steps": [_shorten_answer(entry) for entry in entries],
    }
    path_of(scenario).write_text(
        json.dumps(content, indent=1, ensure_ascii=False, sort_keys=False) + "\n", "utf-8"
    )


def _shorten_answer(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "answer": shorten(entry["answer"])}


def shorten(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with long strings shown by their ends and length, as golden files keep them."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(item) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item) for item in value]
        return _shorten_one(value) if isinstance(value, str) else value

    return walk(answer)  # type: ignore[no-any-return]


def read(scenario: Scenario) -> dict[str, dict[str, Any]]:
    """Return step name -> {request, answer} of a golden file.

    Raises:
        LookupError: if the file is missing or its requests are not the scenario's: it must be recorded again.
    """
    again = f"; record it again: python tests/contract/record.py --mlflow MLFLOW {scenario.name}"
    try:
        content = json.loads(path_of(scenario).read_text("utf-8"))
    except FileNotFoundError as error:
        raise LookupError(f"no golden file of scenario {scenario.name}{again}") from error
    entries = {entry["step"]: entry for entry in content["steps"]}
    for step in scenario.steps:
        if step.name not in entries or entries[step.name]["request"] != describe(step):
            raise LookupError(
                f"the golden file of {scenario.name} has another request at {step.name!r}{again}"
            )
    stale = entries.keys() - {step.name for step in scenario.steps}
    if stale:
        raise LookupError(
            f"the golden file of {scenario.name} has steps {sorted(stale)} that are gone{again}"
        )
    return entries


def compare(expected: Mapping[str, Any], seen: Mapping[str, Any]) -> str | None:
    """Return how an answer departs from what is expected, or None if it does not."""
    left, right = (spell(answer) for answer in (expected, seen))
    if left == right:
        return None
    return f"expected {left}\n     got {spell(seen, loose=False)}"


def spell(answer: Mapping[str, Any], *, loose: bool = True) -> str:
    """Spell a body or an answer so that 1 and true, or 1 and "1", are never equal; ``loose`` leaves the wording of errors out."""
    answer = dict(answer)
    body = answer.get("body")
    if loose and isinstance(body, dict) and "error_code" in body:
        answer["body"] = {key: value for key, value in body.items() if key not in LOOSE_KEYS}
    return json.dumps(answer, sort_keys=True, ensure_ascii=False)
