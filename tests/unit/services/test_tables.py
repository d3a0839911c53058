"""What the services of tables refuse, and bind page tokens to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from headrace.api import tables
from headrace.api.page import encode_token, question_digest
from headrace.api.runs import CREATE, CreateRun
from headrace.base.errors import InvalidParameter
from headrace.services import dispatch, table_answers
from headrace.services.context import Actor, Platform
from headrace.services.platform import PlatformSettings, open_platform

ACTOR = Actor("test")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    opened = open_platform(
        PlatformSettings(f"sqlite:///{tmp_path / 'store.db'}", destination=str(tmp_path / "artifacts"))
    )
    yield opened
    opened.store.close()


def test_a_table_of_too_many_cells_is_refused_with_a_limit_that_fits(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        dispatch.call(platform, ACTOR, CREATE, CreateRun(experiment_id="0"))
    monkeypatch.setattr(table_answers, "MAX_CELLS", 9)
    request = tables.SelectRuns(experiment_ids=["0"], select=["run_id", "status"])
    with pytest.raises(InvalidParameter, match="set limit to 4 or less"):
        dispatch.call(platform, ACTOR, tables.RUNS, request)
    request.limit = 4
    assert dispatch.call(platform, ACTOR, tables.RUNS, request).rows == 4
    request.select, request.limit, request.bounds_of_all = ["metrics.a", "metrics.b"], 1, True
    with pytest.raises(InvalidParameter, match=r"5 rows by 2 columns.*leave bounds_of_all out"):
        dispatch.call(platform, ACTOR, tables.RUNS, request)


@pytest.mark.parametrize("place", [[], [1], ["a", 1, 1], [1, "a"], [1, 2, 3], [1.5, "a", 1], [1, "a", 1, 1]])
def test_a_place_that_no_list_has_is_refused(platform: Platform, place: list[object]) -> None:
    request = tables.ListKeys(experiment_ids=["0"])
    question = question_digest(
        *("tables.keys", request.experiment_ids, request.kinds, request.prefix),
        *(request.contains, request.ignore_case, request.order),
    )
    request.page_token = encode_token(question, place)
    with pytest.raises(InvalidParameter, match="does not fit"):
        dispatch.call(platform, ACTOR, tables.KEYS, request)


def test_limits_are_checked(platform: Platform) -> None:
    for row, request in (
        (tables.KEYS, tables.ListKeys(experiment_ids=["0"], limit=0)),
        (tables.KEYS, tables.ListKeys(experiment_ids=["0"], limit=50_001)),
        (tables.VALUES, tables.ListValues(experiment_ids=["0"], kind=tables.KeyKind.TAG, key="a", limit=0)),
    ):
        with pytest.raises(InvalidParameter, match="must lie between 1 and 50000"):
            dispatch.call(platform, ACTOR, row, request)


def test_an_answer_names_the_clock_of_its_snapshot(platform: Platform) -> None:
    request = tables.SelectRuns(experiment_ids=["0"])
    before = dispatch.call(platform, ACTOR, tables.RUNS, request)
    assert dispatch.call(platform, ACTOR, tables.RUNS, request).clock == before.clock
    dispatch.call(platform, ACTOR, CREATE, CreateRun(experiment_id="0"))
    assert dispatch.call(platform, ACTOR, tables.RUNS, request).clock == before.clock + 1
