"""Datasets that are files and folders, known by the SHA-256 of what is in them.

MLflow has none of these; their source is one that it can read. The digest has 32 hexadecimal digits, the profile the whole SHA-256 and, of up to 1,000 files, that
of each of them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headrace.base.cached import cached_property
from headrace.base.errors import InvalidParameter
from headrace.fluent.datasets.dataset import DescribedDataset
from headrace.fluent.datasets.source import DatasetSource
from headrace.fluent.datasets.tree_digest import FileDigest, digest_files, digest_listing

DIGEST_CHARS = 32
MAX_LISTED = 1000
"""So many files are told of one by one."""


class FileDataset(DescribedDataset):
    """Files.

    Args:
        root: the folder that the paths count from.
        paths: of the files, relative to it, with ``/``.
        source: where they came from.
        name: ``dataset`` unless given.
        digest: of the files' content and paths unless given; of one file alone, of its content.
        alone: whether the files are one that was named by itself.

    Raises:
        InvalidParameter: one is no file, or cannot be read.
    """

    def __init__(
        self,
        root: Path,
        paths: Sequence[str],
        source: DatasetSource,
        name: str | None = None,
        digest: str | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self._root = root
        self._paths = paths
        self._alone = alone
        super().__init__(source, name, digest)

    def _compute_digest(self) -> str:
        return self.sha256[:DIGEST_CHARS]

    @property
    def root(self) -> Path:
        """The folder that the paths count from."""
        return self._root

    @cached_property
    def files(self) -> list[FileDigest]:
        """The files with their sizes and digests, which are found out once."""
        return digest_files(self._root, self._paths)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of a file alone, or of the listing of all files, in hexadecimal."""
        return self.files[0].sha256 if self._alone else digest_listing(self.files)

    @property
    def profile(self) -> dict[str, Any]:
        """How many files and bytes there are, their SHA-256, and that of each of them unless they are more than 1,000."""
        told: dict[str, Any] = {
            "num_files": len(self.files),
            "num_bytes": sum(file.size for file in self.files),
            "sha256": self.sha256,
        }
        if len(self.files) <= MAX_LISTED:
            told["files"] = {file.path: {"size": file.size, "sha256": file.sha256} for file in self.files}
        return told


def find_root(paths: Sequence[Path]) -> Path:
    """Return the folder that all paths lie in.

    Raises:
        InvalidParameter: there are none, or they have no folder in common.
    """
    if not paths:
        raise InvalidParameter(
            "There are no files; name at least one, or use from_folder for a folder that may be empty."
        )
    parents = [path.absolute().parent for path in paths]
    common = next(
        (
            place
            for place in (parents[0], *parents[0].parents)
            if all(one.is_relative_to(place) for one in parents)
        ),
        None,
    )
    if common is None:
        raise InvalidParameter(
            f"{str(paths[0])!r} and the other files have no folder in common; make a dataset of each."
        )
    return common
