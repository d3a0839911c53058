"""The packages of this interpreter, from their metadata on disk: version, origin, and a hash of what was installed.

No package is imported. Where a package came from an index, neither pip nor uv notes which archive it was; what is noted are the hashes of its files
(RECORD), from which `digest_record` makes one value that a wheel's own RECORD gives, too.
"""

import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from headrace.base.installed import Metadata, MetadataFolder, find_metadata
from headrace.base.redaction import strip_credentials
from headrace.base.uris import find_path
from headrace.fluent.provenance.git import find_work_tree, is_clean

_HEADER = re.compile(r"^(Name|Version):[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_OF_THE_INSTALLER = re.compile(
    r"\.dist-info/(?:RECORD(?:\.jws|\.p7s)?|INSTALLER|REQUESTED|direct_url\.json|uv_[a-z_]+\.json)$"
)
_OUTSIDE = ("../", "..\\", "/", '"/')
_MAY_LIE_OUTSIDE = frozenset(first[0] for first in _OUTSIDE)


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
        files_sha256: see `digest_record`; empty if it has no RECORD.
        source: where it came from if not from an index.
    """

    name: str
    version: str
    installer: str = ""
    requested: bool = False
    files_sha256: str = ""
    source: Source | None = None


def read_packages(path: Sequence[str] | None = None) -> list[Package]:
    """Return the packages that can be imported, by name; of two of one name the one that is found first.

    Args:
        path: the folders to search; those of this interpreter unless given.
    """
    found: dict[str, Package] = {}
    for metadata in find_metadata(sys.path if path is None else path):
        package = _read_package(metadata)
        if package is not None:
            found.setdefault(re.sub(r"[-_.]+", "-", package.name).lower(), package)
    return [found[name] for name in sorted(found)]


def digest_record(record: str) -> str:
    """Return the SHA-256 of a package's files, in hexadecimal.

    It is that of the sorted lines ``path,hash,size`` of RECORD, each ended by a newline, less the lines without a hash, what the installer adds to
    ``.dist-info``, and what lies outside of the folder (scripts name the interpreter). The RECORD in the wheel gives the same, less its ``.data`` folder.

    Args:
        record: the text of RECORD.
    """
    # Tens of thousands of lines in a usual environment: hence the tests in place.
    lines = [
        line
        for line in record.splitlines()
        if line[-2:] != ",,"
        and not (line[:1] in _MAY_LIE_OUTSIDE and line.startswith(_OUTSIDE))
        and not (".dist-info/" in line and _OF_THE_INSTALLER.search(line.rsplit(",", 2)[0]))
    ]
    lines.sort()
    return hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest() if lines else ""


def read_conda(prefix: str = sys.prefix) -> list[str]:
    """Return what conda has installed, as ``name-version-build``; empty if this is no conda environment.

    Args:
        prefix: the environment's folder.
    """
    return sorted(path.stem for path in (Path(prefix) / "conda-meta").glob("*-*-*.json"))


def _read_package(metadata: Metadata) -> Package | None:
    text = (metadata.read_text("METADATA") or metadata.read_text("PKG-INFO") or "").replace("\r\n", "\n")
    header = dict(_HEADER.findall(text.partition("\n\n")[0]))
    if "Name" not in header:  # what is left of a package that was removed by hand
        return None
    direct_url = metadata.read_text("direct_url.json")
    return Package(
        name=header["Name"],
        version=header.get("Version", ""),
        installer=(metadata.read_text("INSTALLER") or "").strip(),
        requested=metadata.read_text("REQUESTED") is not None,
        files_sha256=digest_record(metadata.read_text("RECORD") or ""),
        source=_read_source(direct_url) if direct_url else _find_old_source(metadata),
    )


def _read_source(direct_url: str) -> Source | None:
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
        return _describe_folder(url, is_editable=bool(folder.get("editable")))
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


def _find_old_source(metadata: Metadata) -> Source | None:
    """Return the folder of a package that setuptools' older ``develop`` has made editable."""
    place = Path(metadata.path) if isinstance(metadata, MetadataFolder) else Path()
    if place.suffix != ".egg-info":
        return None
    folder = place.parent
    if folder.name in {"site-packages", "dist-packages"}:
        return None
    return _describe_folder(folder.absolute().as_uri(), is_editable=True)


def _describe_folder(url: str, *, is_editable: bool) -> Source:
    folder = find_path(url)
    tree = find_work_tree(folder) if folder.is_dir() else None
    if tree is None:
        return Source(url, is_folder=True, is_editable=is_editable)
    inside = folder.resolve().relative_to(Path(tree.root).resolve()).as_posix()
    return Source(
        url=url,
        commit=tree.commit,
        subdirectory="" if inside == "." else inside,
        is_folder=True,
        is_editable=is_editable,
        remote=tree.remote,
        is_dirty=not is_clean(tree),
    )
