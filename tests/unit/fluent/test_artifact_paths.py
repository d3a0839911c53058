"""Paths and addresses of files in a run."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from headrace.base.errors import InvalidParameter
from headrace.fluent.artifacts import join_uri, read_file_path


@pytest.mark.parametrize(
    ("root", "path", "joined"),
    [
        ("mlflow-artifacts:/1/r/artifacts", None, "mlflow-artifacts:/1/r/artifacts"),
        ("mlflow-artifacts:/1/r/artifacts", "a/b.txt", "mlflow-artifacts:/1/r/artifacts/a/b.txt"),
        ("s3://bucket/root?x=1", "a/b", "s3://bucket/root/a/b?x=1"),
        ("/local/root", "/a", "/local/root/a"),
        ("file:///local/root", "a b", "file:///local/root/a b"),
    ],
)
def test_a_path_is_joined_to_a_root(root: str, path: str | None, joined: str) -> None:
    assert join_uri(root, path) == joined


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("a.txt", "a.txt"),
        ("./a//b/../c.txt", "a/c.txt"),
        (PurePosixPath("a/b"), "a/b"),
        (PureWindowsPath("a\\b"), "a/b"),
        ("a b/ü.txt", "a b/ü.txt"),
    ],
)
def test_a_path_is_written_in_one_way(given: str | PurePosixPath, key: str) -> None:
    assert read_file_path(given) == key


@pytest.mark.parametrize("given", ["", ".", "..", "../a", "/a", "a/../../b", "~\\a", "runs:/a/b", "a\nb"])
def test_a_path_that_leads_elsewhere_is_refused(given: str) -> None:
    with pytest.raises(InvalidParameter, match="artifact path"):
        read_file_path(given)
