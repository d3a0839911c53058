"""Packages in the states in which installers, and people, leave them."""

import json
from pathlib import Path

import pytest

from headrace.fluent.provenance.facts import digest_record
from headrace.fluent.provenance.packages import Source, read_conda, read_packages
from headrace.fluent.provenance.requirements import write_requirements

RECORD = "alpha.py,sha256=abc,3\nalpha-1.0.dist-info/METADATA,sha256=def,9\n"
ADDED = "alpha-1.0.dist-info/INSTALLER,sha256=ghi,4\nalpha-1.0.dist-info/RECORD,,\nalpha-1.0.dist-info/direct_url.json,sha256=x,1\n../../bin/alpha,sha256=y,1\n__pycache__/alpha.cpython-311.pyc,,\n"


def install(folder: Path, name: str = "alpha", **files: str) -> Path:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\nText.\n")
    for file, text in files.items():
        (info / file.replace("__", ".")).write_text(text)
    return info


def test_what_an_installer_adds_does_not_change_the_hash() -> None:
    lines = (RECORD + ADDED).splitlines()
    assert (
        digest_record("\n".join(reversed(lines)))
        == digest_record(RECORD)
        == digest_record(RECORD.replace("\n", "\r\n"))
    )
    assert digest_record(RECORD.replace("abc", "abd")) != digest_record(RECORD)
    assert digest_record("") == ""


def test_of_two_of_one_name_the_first_counts(tmp_path: Path) -> None:
    install(tmp_path / "first", INSTALLER="pip\n")
    install(tmp_path / "second", "Alpha", INSTALLER="uv\n")
    (found,) = read_packages([str(tmp_path / "first"), str(tmp_path / "second")])
    assert (found.name, found.installer, found.requested, found.files_sha256) == ("alpha", "pip", False, "")


def test_what_is_left_of_a_removed_package_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "~lpha-1.0.dist-info").mkdir()
    (install(tmp_path, "beta") / "METADATA").write_text("nothing\n")
    assert read_packages([str(tmp_path)]) == []


@pytest.mark.parametrize(
    ("told", "source"),
    [
        ("{", None),
        (json.dumps({"url": "https://me:pw@example.com/a.whl", "archive_info": {"hash": "sha256=ab"}}), Source("https://example.com/a.whl", hashes={"sha256": "ab"})),
        (json.dumps({"url": "https://example.com/a.whl", "archive_info": None}), Source("https://example.com/a.whl")),
        (json.dumps({"url": "https://example.com/a.git", "vcs_info": {"vcs": "hg", "commit_id": "1f"}}), Source("https://example.com/a.git", vcs="hg", commit="1f")),
        (json.dumps({"url": "file:///nowhere/at/all", "dir_info": {"editable": True}}), Source("file:///nowhere/at/all", is_folder=True, is_editable=True)),
    ],
)  # fmt: skip
def test_the_origin_is_read_as_installers_write_it(tmp_path: Path, told: str, source: Source | None) -> None:
    install(tmp_path, direct_url__json=told)
    (found,) = read_packages([str(tmp_path)])
    assert found.source == source


def test_an_older_editable_package_is_its_folder(tmp_path: Path) -> None:
    info = tmp_path / "work" / "alpha.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: alpha\nVersion: 1.0\n")
    (found,) = read_packages([str(tmp_path / "work")])
    assert found.source == Source((tmp_path / "work").as_uri(), is_folder=True, is_editable=True)
    assert write_requirements([found], "3.11").endswith(f"alpha==1.0 from {(tmp_path / 'work').as_uri()}\n")


def test_an_older_installed_package_has_no_folder(tmp_path: Path) -> None:
    info = tmp_path / "site-packages" / "alpha-1.0.egg-info"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: alpha\nVersion: 1.0\n")
    (found,) = read_packages([str(info.parent)])
    assert found.source is None


def test_packages_of_conda_are_told_with_their_builds(tmp_path: Path) -> None:
    folder = tmp_path / "conda-meta"
    folder.mkdir()
    for name in ("numpy-2.4.6-py311h1_0.json", "history", "openssl-3.5-h2_1.json"):
        (folder / name).write_text("")
    assert read_conda(str(tmp_path)) == ["numpy-2.4.6-py311h1_0", "openssl-3.5-h2_1"]
    assert read_conda(str(tmp_path / "missing")) == []
