"""The packages of this interpreter: version, origin, and a hash of what was installed."""

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from headrace.base.installed import Metadata, MetadataFolder, find_metadata
from headrace.base.redaction import strip_credentials
from headrace.base.uris import find_path
from headrace.fluent.provenance.facts import Facts, read_facts
from headrace.fluent.provenance.git import Standing, look_at

Look = Callable[[Path], Standing | None]
"""Tells how a folder stands in git."""


class Source(Struct, frozen=True):
    """Where a package came from if not from an index (PEP 610).

    Args:
        url: the address, without credentials.
        vcs: such as git; empty unless it came from version control.
        commit: the commit; for a folder, that of its work tree.
        subdirectory: where in the repository it lies.
        hashes: of the archive, by algorithm.
        is_folder: whether it is a folder of this machine.
        is_editable: whether that folder is what is imported.
        remote: for a folder, the remote of its work tree.
        is_dirty: for a folder, whether its work tree has uncommitted changes.
    """

    url: str
    vcs: str = ""
    commit: str = ""
    subdirectory: str = ""
    hashes: dict[str, str] = field(default_factory=dict)
    is_folder: bool = False
    is_editable: bool = False
    remote: str = ""
    is_dirty: bool = False


class Package(Struct, frozen=True):
    """An installed package.

    Args:
        name: as the package spells it.
        version: its version.
        installer: such as pip or uv; empty if not noted.
        requested: whether it was asked for by name, and did not come as a dependency.
        files_sha256: see `headrace.fluent.provenance.facts.digest_record`; empty if it has no RECORD.
        source: where it came from if not from an index.
    """

    name: str
    version: str
    installer: str = ""
    requested: bool = False
    files_sha256: str = ""
    source: Source | None = None


def read_packages(
    path: Sequence[str] | None = None,
    read: Callable[[Metadata], Facts | None] = read_facts,
    look: Look = look_at,
) -> list[Package]:
    """Return the packages that can be imported, by name; of two of one name the one that is found first.

    Args:
        path: the folders to search; those of this interpreter unless given.
        read: gives what a package says of itself.
        look: tells how a folder stands in git.
    """
    found: dict[str, Package] = {}
    for metadata in find_metadata(sys.path if path is None else path):
        facts = read(metadata)
        if facts is not None:
            found.setdefault(re.sub(r"[-_.]+", "-", facts.name).lower(), _describe(facts, metadata, look))
    return [found[name] for name in sorted(found)]


def read_conda(prefix: str = sys.prefix) -> list[str]:
    """Return what conda has installed, as ``name-version-build``; empty if this is no conda environment.

    Args:
        prefix: the environment's folder.
    """
    return sorted(path.stem for path in (Path(prefix) / "conda-meta").glob("*-*-*.json"))


def _describe(facts: Facts, metadata: Metadata, look: Look) -> Package:
    return Package(
        name=facts.name,
        version=facts.version,
        installer=facts.installer,
        requested=facts.requested,
        files_sha256=facts.files_sha256,
        source=_read_source(facts.direct_url, look) if facts.direct_url else _find_old_source(metadata, look),
    )


def _read_source(direct_url: str, look: Look) -> Source | None:
    try:
        told = msgspec.json.decode(direct_url, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    url, subdirectory = strip_credentials(str(told.get("url", ""))), str(told.get("subdirectory", ""))
    if isinstance(vcs := told.get("vcs_info"), dict):
        return Source(
            url=url,
            vcs=str(vcs.get("vcs", "")),
            commit=str(vcs.get("commit_id", "")),
            subdirectory=subdirectory,
        )
    if isinstance(folder := told.get("dir_info"), dict):
        return _describe_folder(url, look, is_editable=bool(folder.get("editable")))
    archive = told.get("archive_info")
    return Source(
        url=url, subdirectory=subdirectory, hashes=_read_hashes(archive if isinstance(archive, dict) else {})
    )


def _read_hashes(archive: dict[str, Any]) -> dict[str, str]:
    hashes = archive.get("hashes")
    if isinstance(hashes, dict):
        return {str(name): str(value) for name, value in hashes.items()}
    name, _, value = str(archive.get("hash", "")).partition("=")
    return {name: value} if value else {}


def _find_old_source(metadata: Metadata, look: Look) -> Source | None:
    """Return the folder of a package that setuptools' older ``develop`` has made editable."""
    place = Path(metadata.path) if isinstance(metadata, MetadataFolder) else Path()
    if place.suffix != ".egg-info":
        return None
    folder = place.parent
    if folder.name in {"site-packages", "dist-packages"}:
        return None
    return _describe_folder(folder.absolute().as_uri(), look, is_editable=True)


def _describe_folder(url: str, look: Look, *, is_editable: bool) -> Source:
    folder = find_path(url)
    standing = look(folder) if folder.is_dir() else None
    if standing is None:
        return Source(url, is_folder=True, is_editable=is_editable)
    tree = standing.tree
    inside = folder.resolve().relative_to(Path(tree.root).resolve()).as_posix()
    return Source(
        url=url,
        commit=tree.commit,
        subdirectory="" if inside == "." else inside,
        is_folder=True,
        is_editable=is_editable,
        remote=tree.remote,
        is_dirty=not standing.is_clean,
    )
