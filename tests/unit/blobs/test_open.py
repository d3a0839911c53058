"""Addresses of stores: local folders are opened, everything else is refused by name."""

from pathlib import Path

import pytest

from headrace.base.errors import InvalidParameter
from headrace.blobs.local import LocalStore
from headrace.blobs.open import get_folder, open_store


def test_paths_and_file_uris_name_a_local_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for address in (
        str(tmp_path / "a b"),
        f"file://{tmp_path}/a%20b",
        f"file://localhost{tmp_path}/a b",
        "a b",
        "./a b",
    ):
        store = open_store(address)
        assert isinstance(store, LocalStore)
        assert store.root == tmp_path / "a b"


@pytest.mark.parametrize(
    "address", ["s3://bucket/x", "gs://b", "http://h/x", "file://host/x", "file:x", "hdfs:/x", ""]
)
def test_address_of_another_kind_is_refused_with_what_to_do(address: str) -> None:
    with pytest.raises(InvalidParameter, match=r"artifacts destination.*\./headrace-artifacts"):
        get_folder(address, what="artifacts destination")


def test_drive_letters_are_no_schemes_on_windows() -> None:
    assert get_folder("C:/x", what="root", windows=True).as_posix().endswith("C:/x")
    assert get_folder("file:///C:/x", what="root", windows=True).as_posix().endswith("C:/x")
    with pytest.raises(InvalidParameter):
        get_folder("C:/x", what="root", windows=False)
