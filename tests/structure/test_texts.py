"""What committed files must not say: addresses of package registries, paths of one machine, work left open."""

import re
from pathlib import Path, PurePosixPath

import pytest

# Written so that no pattern matches itself.
REGISTRIES = re.compile(
    r"py[p]i\.(?:org|python\.org)|pythonhosted\.or[g]|npm(?:js)?\.(?:or[g]|co[m])|npmjs\.or[g]|yarnpkg\.co[m]"
    r"|anaconda\.or[g]|crates\.i[o]|rubygems\.or[g]|proxy\.golang\.or[g]|maven\.or[g]|cran\.r-project\.or[g]"
    r"|deb\.debian\.or[g]|docker\.i[o]|ghcr\.i[o]|quay\.i[o]|gcr\.i[o]"
)
INDEX_OPTIONS = re.compile(
    r"--(?:extra-|default-)?inde[x](?:-url)?\b|--find-link[s]|\[\[tool\.uv\.inde[x]\]\]"
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|tmp|root|home|opt|Users)/\w|\b[A-Z]:\\Users\\")
OPEN_WORK = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
VAGUE_NAMES = {"common", "helper", "helpers", "misc", "util", "utils"}


def _find_lines(root: Path, committed: list[str], pattern: re.Pattern[str]) -> list[str]:
    """Lines of text files that match, as file:line: text."""
    found = []
    for path in committed:
        content = (root / path).read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
            if pattern.search(line):
                found.append(f"{path}:{number}: {line.strip()[:120]}")
    return found


@pytest.mark.parametrize(
    "pattern",
    [REGISTRIES, INDEX_OPTIONS, MACHINE_PATHS, OPEN_WORK],
    ids=["registries", "index-options", "machine-paths", "open-work"],
)
def test_no_committed_file_says_it(root: Path, committed: list[str], pattern: re.Pattern[str]) -> None:
    found = _find_lines(root, committed, pattern)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRIES, "https://py{}pi.org/simple"),
        (REGISTRIES, "files.python{}hosted.org"),
        (INDEX_OPTIONS, "--extra-{}index-url x"),
        (MACHINE_PATHS, "file:///{}home/someone/x"),
        (MACHINE_PATHS, "'/{}tmp/x'"),
        (OPEN_WORK, "# TO{}DO: later"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text.format(""))


def test_the_machine_path_pattern_leaves_addresses_alone() -> None:
    assert not MACHINE_PATHS.search("http://localhost/home/page and src/work/x")


def test_no_module_has_a_name_that_says_nothing(committed: list[str]) -> None:
    code = [PurePosixPath(path) for path in committed if path.endswith((".py", ".ts", ".tsx"))]
    assert [str(path) for path in code if VAGUE_NAMES & {*path.parent.parts, path.stem}] == []


def test_no_lock_that_names_a_registry_is_committed(committed: list[str]) -> None:
    refused = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"}
    assert [path for path in committed if PurePosixPath(path).name in refused] == []
