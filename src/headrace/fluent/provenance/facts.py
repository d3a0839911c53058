"""What a package says of itself in its metadata on disk: name, version, who asked for it, and a hash of what was installed. No package is imported.

Where a package came from an index, neither pip nor uv notes which archive it was; what is noted are the hashes of its files (RECORD), from which `digest_record`
makes one value that a wheel's own RECORD gives, too.
"""

import hashlib
import re

from msgspec import Struct

from headrace.base.installed import Metadata

# Compiled when they are first needed: mostly, what they find is known from an earlier process.
_HEADER = r"(?m)^(Name|Version):[ \t]*(.+?)[ \t]*$"
_OF_THE_INSTALLER = (
    r"\.dist-info/(?:RECORD(?:\.jws|\.p7s)?|INSTALLER|REQUESTED|direct_url\.json|uv_[a-z_]+\.json)$"
)
_OUTSIDE = ("../", "..\\", "/", '"/')
_MAY_LIE_OUTSIDE = frozenset(first[0] for first in _OUTSIDE)


class Facts(Struct, frozen=True, array_like=True):
    """What a package's metadata says.

    Args:
        name: as the package spells it.
        version: its version.
        installer: such as pip or uv; empty if not noted.
        requested: whether it was asked for by name, and did not come as a dependency.
        files_sha256: see `digest_record`; empty if it has no RECORD.
        direct_url: where it came from if not from an index (PEP 610), as JSON; else empty.
    """

    name: str
    version: str
    installer: str
    requested: bool
    files_sha256: str
    direct_url: str


def read_facts(metadata: Metadata) -> Facts | None:
    """Return what a package says of itself, or None: it is what is left of one that was removed by hand.

    Args:
        metadata: where it does.
    """
    text = (metadata.read_text("METADATA") or metadata.read_text("PKG-INFO") or "").replace("\r\n", "\n")
    header = dict(re.findall(_HEADER, text.partition("\n\n")[0]))
    if "Name" not in header:
        return None
    return Facts(
        name=header["Name"],
        version=header.get("Version", ""),
        installer=(metadata.read_text("INSTALLER") or "").strip(),
        requested=metadata.read_text("REQUESTED") is not None,
        files_sha256=digest_record(metadata.read_text("RECORD") or ""),
        direct_url=metadata.read_text("direct_url.json") or "",
    )


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
        and not (".dist-info/" in line and re.search(_OF_THE_INSTALLER, line.rsplit(",", 2)[0]))
    ]
    lines.sort()
    return hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest() if lines else ""
