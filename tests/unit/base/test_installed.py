"""What is installed is what `importlib.metadata` tells."""

import importlib.metadata
import sys
import zipfile
from pathlib import Path

import pytest

from headrace.base.installed import find_metadata, read_version


def read_names(path: list[str]) -> list[str]:
    texts = [metadata.read_text("METADATA") or "" for metadata in find_metadata(path)]
    return sorted(
        line.partition(":")[2].strip()
        for text in texts
        for line in text.splitlines()[:5]
        if line[:5] == "Name:"
    )


def test_the_packages_of_this_interpreter_are_those_that_the_standard_library_finds() -> None:
    known = [each.metadata["Name"] for each in importlib.metadata.distributions(path=sys.path)]
    found = read_names(sys.path)
    assert found
    assert found == sorted(name for name in known if name)


def test_packages_in_archives_are_found_and_places_that_are_none_are_passed_over(tmp_path: Path) -> None:
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("alpha-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n")
    (tmp_path / "folder" / "beta-2.0.dist-info").mkdir(parents=True)
    (tmp_path / "folder" / "beta-2.0.dist-info" / "METADATA").write_text("Name: beta\nVersion: 2.0\n")
    places = [str(archive), str(tmp_path / "nowhere"), str(tmp_path / "folder"), str(tmp_path / "folder")]
    assert read_names(places) == ["alpha", "beta"]


def test_a_file_that_is_not_there_has_no_text(tmp_path: Path) -> None:
    (tmp_path / "beta-2.0.dist-info").mkdir()
    (tmp_path / "gamma-1.egg-info").write_text("Name: gamma\n")
    assert [each.read_text("METADATA") for each in find_metadata([str(tmp_path)])] == [None, None]


def test_the_version_is_that_of_the_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_version("headrace") == importlib.metadata.version("headrace")
    for version in ("1.0", "1.0.dev1"):
        folder = tmp_path / f"headrace-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: headrace\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert read_version("headrace") == importlib.metadata.version("headrace")
