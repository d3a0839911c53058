"""Settings of the environment."""

import pytest

from headrace.base.errors import InvalidParameter
from headrace.base.settings import CLIENT_SETTINGS, SERVER_SETTINGS, Setting

BOTH = Setting(("HEADRACE_X", "MLFLOW_X"), "a setting")


@pytest.mark.parametrize(
    ("environ", "value"),
    [
        ({}, None),
        ({"MLFLOW_X": "theirs"}, "theirs"),
        ({"MLFLOW_X": "theirs", "HEADRACE_X": "ours"}, "ours"),
        ({"MLFLOW_X": "theirs", "HEADRACE_X": ""}, "theirs"),
        ({"HEADRACE_Y": "other"}, None),
    ],
)
def test_our_name_wins_and_an_empty_value_is_none(environ: dict[str, str], value: str | None) -> None:
    assert BOTH.find(environ) == value


def test_the_environment_of_the_process_is_read_unless_another_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEADRACE_X", "here")
    assert BOTH.find() == "here"
    assert BOTH.find({}) is None


@pytest.mark.parametrize(
    ("text", "is_on"),
    [
        ("1", True),
        ("TRUE", True),
        (" yes ", True),
        ("on", True),
        ("0", False),
        ("False", False),
        ("no", False),
    ],
)
def test_a_switch_is_read_in_all_usual_spellings(text: str, is_on: bool) -> None:
    assert BOTH.is_on(default=not is_on, environ={"MLFLOW_X": text}) is is_on


def test_a_switch_that_is_not_set_has_its_default() -> None:
    assert BOTH.is_on(default=True, environ={}) is True
    assert BOTH.is_on(default=False, environ={}) is False


def test_a_switch_that_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="HEADRACE_X or MLFLOW_X is 'perhaps'"):
        BOTH.is_on(default=True, environ={"HEADRACE_X": "perhaps"})


def test_each_setting_has_our_name_first_and_none_is_taken_twice() -> None:
    settings = [*CLIENT_SETTINGS.values(), *SERVER_SETTINGS.values()]
    names = [name for setting in settings for name in setting.names]
    assert len(names) == len(set(names))
    for setting in settings:
        assert setting.names[0].startswith("HEADRACE_")
        assert all(name.startswith("MLFLOW_") for name in setting.names[1:])
        assert setting.meaning
