"""Where headrace deliberately answers otherwise than MLflow 3.17.2, step by step, each with its reason.

What is not listed here must be equal. Wording of messages is never compared (see ``wire.golden``). The tables are
``differences_*.py`` by the kind of reason; this module joins them and answers what is expected.
"""

from collections.abc import Mapping
from typing import Any

import differences_search
import differences_store
import differences_wire
from wire.edits import see_models_right, spell_infinities
from wire.golden import MODEL_METRICS, Difference, Edit

Place = tuple[str, str]

_TABLES = (differences_wire.TABLE, differences_store.TABLE, differences_search.TABLE)
#: (scenario, step) -> what headrace answers there.
DIFFERENCES: Mapping[Place, Difference] = {place: each for table in _TABLES for place, each in table.items()}

_INFINITIES = '`"Infinity"` or `"-Infinity"`, which all clients read: what was logged comes back.'
#: Scenario -> a change of all its answers, with the reason: it comes after those of single steps.
EVERYWHERE: Mapping[str, tuple[Edit, str]] = {
    **dict.fromkeys(
        (
            "log_metric_special",
            "log_batch",
            "runs_search_views",
            "runs_search_pages",
            "runs_search_orders",
            "runs_filter_metrics",
            "runs_filter_strings",
            "runs_filter_attributes",
            "runs_filter_grammar",
        ),
        (spell_infinities, _INFINITIES),
    ),
    **dict.fromkeys(
        ("models_search_filters", "models_search_orders", "models_search_pages"),
        (see_models_right, MODEL_METRICS),
    ),
}


def expect(scenario: str, step: str, recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer expected of headrace where MLflow gave the recorded one."""
    difference = DIFFERENCES.get((scenario, step))
    expected = dict(recorded) if difference is None else difference.apply(recorded)
    if scenario in EVERYWHERE:
        edit, reason = EVERYWHERE[scenario]
        expected = Difference(reason=reason, edit=edit).apply(expected)
    return expected
