"""Loading by name."""

from pathlib import Path

import pytest

from headrace.base import ids, plugins
from headrace.base.errors import NotImplementedByServer


def test_a_module_and_what_is_in_it_are_found() -> None:
    assert plugins.load("headrace.base.ids") is ids
    assert plugins.load_attribute("headrace.base.plugins:load") is plugins.load


def _write_module(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "needy_module.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))


def test_a_missing_optional_package_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_module(tmp_path, monkeypatch, "import no_such_package_anywhere.part\n")
    with pytest.raises(NotImplementedByServer) as caught:
        plugins.load("needy_module", extra="demo", purpose="headrace demo")
    assert caught.value.message == (
        "headrace demo needs the package 'no_such_package_anywhere', which is not installed. "
        "Get it with: pip install 'headrace[demo]'"
    )


@pytest.mark.parametrize(
    ("text", "extra"), [("import no_such_package_anywhere\n", ""), ("import headrace.no_such_part\n", "demo")]
)
def test_a_mistake_of_ours_is_not_taken_for_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, extra: str
) -> None:
    _write_module(tmp_path, monkeypatch, text)
    with pytest.raises(ModuleNotFoundError):
        plugins.load("needy_module", extra=extra)
