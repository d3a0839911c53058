"""Turns an answer into a form in which two servers can be compared.

What is chosen by the server is replaced by a word: ids, times of now, generated names, page tokens, the word
that makes a play unique. Empty lists and objects are dropped: protobuf's JSON leaves them out, and no client
can tell. The order of ``params``, ``tags``, ``metrics``, inputs and outputs of one thing is nobody's promise, nor is
the order in which the histories of several runs follow each other: they are sorted.
Everything else stays to the letter: which keys are there, numbers or strings, the order of all other lists.

It does not know which differences are meant; that is ``differences.py``.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from wire.player import Answer
from wire.step import Step

#: A server's clock value is one that lies this close to the test's own clock.
NOW_MS = 3_600_000
#: Below it a whole double and an integer are the same number on the wire.
EXACT = 2**53
_TIME_KEYS = {
    "creation_time",
    "creation_timestamp_ms",
    "end_time",
    "last_update_time",
    "last_updated_timestamp_ms",
    "start_time",
    "timestamp",
}
_SORTED_KEYS = {"dataset_inputs", "dataset_summaries", "model_inputs", "model_outputs", "params", "tags"}
_NAME = re.compile(r"^[a-z]+-[a-z]+-\d{1,4}$")
_NEEDLESS_QUOTES = re.compile(r'="([\w.+-]+)"')
_MODEL_ID = re.compile(r"\bm-[0-9a-f]{32}\b")
_ID = re.compile(r"\b[0-9a-f]{32}\b")
_LOCATION = re.compile(r"^(mlflow-artifacts:/)(\d+)(?=/|$)")
#: The longest message that a golden file keeps; it is there for the reader and never compared.
MESSAGE_CHARS = 160


def normalise(step: Step, answer: Answer, names: Mapping[str, str]) -> dict[str, Any]:
    """Return status, class of content, body and kept headers of an answer, comparable between servers.

    Args:
        step: what was asked.
        answer: what came back.
        names: placeholder -> value of the play, as far as known after the step.
    """
    kind = _kind(answer)
    seen: dict[str, Any] = {"status": answer.status, "type": kind}
    if kind == "json":
        seen["body"] = _Words(names).tidy(answer.decode())
    elif kind == "html":
        seen["body"] = "<a page>"
    else:
        seen["body"] = _Words(names).tidy_text(answer.body.decode("utf-8", "backslashreplace"))
    if step.keep:
        seen["headers"] = {name: _tidy_header(answer.headers.get(name)) for name in sorted(step.keep)}
    return seen


def _tidy_header(value: str | None) -> str | None:
    """Unquote what needs no quotes: ``filename="a.txt"`` and ``filename=a.txt`` are the same header."""
    return None if value is None else _NEEDLESS_QUOTES.sub(r"=\1", value)


def _kind(answer: Answer) -> str:
    """Name what a client takes the body for: ``json``, ``html``, ``text``, ``bytes`` or ``none``."""
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not answer.body:
        return "none"
    if content_type == "application/json":
        return "json"
    if answer.body.lstrip()[:9].lower() in {b"<!doctype", b"<html>"}:
        return "html"
    return "text" if content_type.startswith("text/") else "bytes"


class _Words:
    """Replaces what one play's server chose."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._unique = names["unique"]
        long = {value: name for name, value in names.items() if len(value) > 24 and name != "unique"}
        self._long = sorted(long.items(), key=lambda item: -len(item[0]))
        self._experiments = {value: name for name, value in names.items() if value.isdecimal()}

    def tidy(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            pairs = {self.tidy_text(k): self.tidy(v, k) for k, v in value.items()}
            kept = {k: v for k, v in pairs.items() if v not in ({}, [])}
            if kept.get("key") == "mlflow.runName":
                kept["value"] = _NAME.sub("<generated name>", kept["value"])
            if "metrics" in kept:
                # of a run or model any order will do; of several runs' histories, the order of the runs
                kept["metrics"].sort(key=spell if key == "data" else _run_of)
            return kept
        if isinstance(value, list):
            items = [self.tidy(item, key) for item in value]
            return sorted(items, key=spell) if key in _SORTED_KEYS else items
        if isinstance(value, str):
            return self._tidy_string(value, key)
        return _tidy_number(value, key)

    def tidy_text(self, text: str) -> str:
        text = text.replace(self._unique, "{unique}")
        for value, name in self._long:
            text = text.replace(value, "{" + name + "}")
        return _ID.sub("<id>", _MODEL_ID.sub("<model id>", text))

    def _experiment(self, number: str) -> str:
        if number == "0":  # the store's first experiment has a fixed id
            return number
        return "{" + self._experiments[number] + "}" if number in self._experiments else "<experiment id>"

    def _tidy_string(self, text: str, key: str) -> str:
        if key == "next_page_token":
            return "<token>"
        if key in {"run_name", "name"} and _NAME.match(text):
            return "<generated name>"
        if key == "message":
            return self.tidy_text(" ".join(text.split()))[:MESSAGE_CHARS]
        if key == "experiment_id" and text.isdecimal():
            return self._experiment(text)
        match = _LOCATION.match(text)
        if match:
            text = match[1] + self._experiment(match[2]) + text[match.end() :]
        return self.tidy_text(text)


def spell(value: Any) -> str:
    """Return a text by which values are put in a fixed order."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _run_of(metric: Any) -> str:
    return str(metric.get("run_id", "")) if isinstance(metric, dict) else ""


def _tidy_number(value: Any, key: str) -> Any:
    if isinstance(value, float) and not value == value:  # noqa: PLR0124, SIM201 - NaN
        return "<bare NaN>"
    if isinstance(value, float) and value in {float("inf"), float("-inf")}:
        return "<bare Infinity>" if value > 0 else "<bare -Infinity>"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    if key in _TIME_KEYS and isinstance(value, int) and abs(value - time.time() * 1000) < NOW_MS:
        return "<now>"
    return value
