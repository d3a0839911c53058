"""An environment as a requirements file that ``pip install -r`` takes. The module does not know how packages are found."""

import re
from collections.abc import Sequence

from headrace.base.redaction import strip_credentials
from headrace.fluent.provenance.packages import Package

_SEPARATORS = re.compile(r"[-_.]+")


def write_requirements(packages: Sequence[Package], python: str) -> str:
    """Return a requirements file that brings the same packages in the same versions.

    What came from version control or from an address is named by commit or address and hash. What lies in a folder of this machine is named by its commit where it
    has one and a remote, and is a comment otherwise: no other machine could install it.

    Args:
        packages: what is installed.
        python: the interpreter's version.
    """
    lines = [f"# Python {python}"]
    for package in sorted(packages, key=lambda package: normalise(package.name)):
        lines += _write_package(package)
    return "\n".join(lines) + "\n"


def normalise(name: str) -> str:
    """Return a package's name in the spelling in which names are compared."""
    return _SEPARATORS.sub("-", name).lower()


def _write_package(package: Package) -> list[str]:
    pinned = f"{package.name}=={package.version}"
    source = package.source
    if source is None:
        note = ["# local version: not from the default index"] if "+" in package.version else []
        return [*note, pinned]
    url = strip_credentials(source.url)
    if source.vcs:
        return [f"{package.name} @ {source.vcs}+{url}@{source.commit}{_fragment(source.subdirectory)}"]
    if not source.is_folder:
        hashes = "".join(f"#{name}={value}" for name, value in sorted(source.hashes.items())[-1:])
        if url.startswith("file:"):
            return [f"# from the file {url}{hashes}", pinned]
        return [f"{package.name} @ {url}{hashes}"]
    kind = "editable" if source.is_editable else "a folder"
    changed = ", with uncommitted changes" if source.is_dirty else ""
    if source.remote and source.commit:
        return [
            f"# {kind}: {url}{changed}",
            f"{package.name} @ git+{source.remote}@{source.commit}{_fragment(source.subdirectory)}",
        ]
    return [f"# {kind}, in no git work tree with a remote: {pinned} from {url}"]


def _fragment(subdirectory: str) -> str:
    return f"#subdirectory={subdirectory}" if subdirectory else ""
