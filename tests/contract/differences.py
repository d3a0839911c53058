"""Where headrace deliberately answers otherwise than MLflow 3.17.2, step by step, each with its reason.

What is not listed here must be equal. Wording of messages is never compared (see ``wire.golden``).
"""

from typing import Any

from wire.golden import Difference

Place = tuple[str, str]
DIFFERENCES: dict[Place, Difference] = {}

_LARGEST = 1.7976931348623157e308
_TYPE = "A wrong type, wherever it stands, is refused, and nothing of the request is stored."
_PARSE = "A body that is no JSON object is refused as such, not with a 500 page."
_MISTAKE = "A user's mistake is a 400 that keeps its code, not a 500."
_JSON = "An error is JSON on every path, so that every client can read it."
_INFINITY = "Infinities come back as they were sent."


def _differ(scenario: str, difference: Difference, *steps: str) -> None:
    for step in steps:
        assert (scenario, step) not in DIFFERENCES, (scenario, step)
        DIFFERENCES[scenario, step] = difference


def _error(reason: str, status: int = 400, code: str = "INVALID_PARAMETER_VALUE") -> Difference:
    return Difference(reason=reason, status=status, kind="json", body={"error_code": code})


def _spell_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spell_infinities(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spell_infinities(item) for item in value]
    if value == "<bare NaN>":
        return "NaN"
    return ("Infinity" if value > 0 else "-Infinity") if value in {_LARGEST, -_LARGEST} else value
