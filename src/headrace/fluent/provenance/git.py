"""The code's place in git: commit, branch, remote, and what is not committed, asked of the ``git`` program.

Nothing that a repository's configuration names is run (no external diff, no text conversion, no file monitor), nothing is fetched, nothing is written, and
every call ends within its time. What does not depend on another answer is asked at the same time. The module does not know which file is the program.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from headrace.base.redaction import SECRET_FILES, is_secret_file, mask_code, strip_credentials

TIMEOUT_S = 5.0
"""How long one call of git may take."""
MAX_NAMES = 1000
"""The most names of files that are recorded of each sort."""
_MAX_NAME_BYTES = 1_000_000
_QUIET = {
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what a diff needs
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS", "GIT_TRACE")
_CONFIG = (
    "core.fsmonitor=false",
    "core.quotePath=true",
    "color.ui=false",
    "diff.noprefix=false",
    "diff.mnemonicPrefix=false",
    "diff.relative=false",
    f"diff.orderFile={os.devnull}",
)
_PLACE = ("rev-parse", "--show-toplevel", "HEAD", "--symbolic-full-name", "HEAD")
_REMOTES = ("config", "--get-regexp", r"^remote\..*\.url$")
_BRANCHES = "refs/heads/"
_STATUS = ("status", "--porcelain=v2", "-z", "--untracked-files=all", "--no-renames")
_DIFF = ("diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color")
_ONLY_FULL_FILES = (".", *(f":(exclude,icase,glob)**/{pattern}" for pattern in SECRET_FILES))
_FILE_MARK = b"diff --git "
_HAS_GROUPS = sys.platform != "win32"


class WorkTree(Struct, frozen=True):
    """Where a folder stands in git.

    Args:
        root: the top folder of the work tree.
        commit: in full; empty if there is none yet.
        branch: empty if none is checked out.
        remote: the address of ``origin``, or of the first remote, without credentials; empty if there is none.
        has_file: whether git tracks the program, if one was named.
    """

    root: str
    commit: str
    branch: str
    remote: str
    has_file: bool = False


class Changes(Struct, frozen=True):
    """What of a work tree is not committed.

    Args:
        diff: against the commit, for ``git apply``; secrets are masked. It holds whole files only.
        changed: how many files differ from the commit; None if git did not tell in time.
        left_out: changed files that are not in the diff, because their names speak of secrets or the diff grew too large.
        untracked: files that git does not know and does not ignore.
        untracked_count: how many these are, beyond those that are named.
    """

    diff: bytes
    changed: int | None
    left_out: Sequence[str]
    untracked: Sequence[str]
    untracked_count: int

    @property
    def is_dirty(self) -> bool:
        """Whether a tracked file differs from the commit."""
        return bool(self.changed)


class Standing(Struct, frozen=True):
    """A work tree, and whether every tracked file of it is as it was committed; False, too, if git does not tell in time."""

    tree: WorkTree
    is_clean: bool


def find_work_tree(folder: Path, file: str = "") -> WorkTree | None:
    """Return the work tree that a folder lies in, or None: there is none, no git, or git does not trust the folder.

    Args:
        folder: where to begin to look, upwards.
        file: the program; a work tree that ignores it is none of its own.
    """
    if find_root(folder) is None:  # the usual folder without git need not wait for it
        return None
    asked, remotes = _Question(folder, _PLACE), _Question(folder, _REMOTES)
    tracked = None
    if file and Path(file).is_file():
        tracked = _Question(folder, ("ls-files", "--error-unmatch", "--", file))
    place, remote = asked.read_text().rsplit("\n", 2), _choose_remote(remotes.read())
    has_file = tracked is not None and tracked.read() is not None
    root = place[0] or _ask_for_text(folder, "rev-parse", "--show-toplevel")  # there may be no commit yet
    if not root:
        return None
    if (
        tracked is not None
        and not has_file
        and _ask(folder, "check-ignore", "--quiet", "--", file) is not None
    ):
        return None
    commit, name = place[1:] or ("", _ask_for_text(folder, "symbolic-ref", "--quiet", "HEAD"))
    branch = name.removeprefix(_BRANCHES) if name.startswith(_BRANCHES) else ""
    return WorkTree(root, commit, branch, remote, has_file)


def find_root(folder: Path) -> Path | None:
    """Return where git will look for the repository of a folder: the nearest one upwards that holds ``.git``; None if there is none.

    Args:
        folder: where to begin.
    """
    try:
        place = folder.resolve()
        return next((each for each in (place, *place.parents) if (each / ".git").exists()), None)
    except OSError:
        return None


def read_with_changes(
    folder: Path, max_bytes: int, find_tree: Callable[[], WorkTree | None]
) -> tuple[WorkTree | None, Changes | None]:
    """Return a work tree, and what is not committed in it.

    Args:
        folder: it lies in the work tree.
        max_bytes: the most bytes of the diff; it is cut between two files.
        find_tree: gives what `find_work_tree` tells of that folder; called while git looks for what is not committed.
    """
    top = find_root(folder)
    if top is None:
        return None, None
    status = _Question(top, _STATUS)
    tree = find_tree()
    told = status.read()
    return tree, None if tree is None else _read_changes(tree, told, max_bytes)


def _read_changes(tree: WorkTree, status: bytes | None, max_bytes: int) -> Changes:
    root = Path(tree.root)
    entries = (status or b"").split(b"\0")
    untracked = [entry[2:].decode("utf-8", "replace") for entry in entries if entry.startswith(b"? ")]
    is_clean = status is not None and all(entry.startswith(b"? ") for entry in entries if entry)
    names = b"" if is_clean or not tree.commit else _ask(root, *_DIFF, "--name-only", "-z")
    changed = _split_names(names)
    safe = [name for name in changed if not is_secret_file(name)]
    left_out = [name for name in changed if is_secret_file(name)]
    diff = b""
    if safe:
        diff, count = _read_diff(root, max_bytes)
        left_out += safe[count:]
    return Changes(
        diff=mask_code(diff.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape"),
        changed=None if names is None else len(changed),
        left_out=left_out[:MAX_NAMES],
        untracked=untracked[:MAX_NAMES],
        untracked_count=len(untracked),
    )


def look_at(folder: Path) -> Standing | None:
    """Return how a folder stands in git; None if it lies in no work tree.

    Args:
        folder: the folder.
    """
    tree = find_work_tree(folder)
    if tree is None:
        return None
    return Standing(tree, bool(tree.commit) and _ask(Path(tree.root), *_DIFF, "--quiet") is not None)


def _choose_remote(told: bytes | None) -> str:
    lines = (told or b"").decode("utf-8", "replace").splitlines()
    remotes = dict(line.partition(" ")[::2] for line in reversed(lines))
    url = remotes.get("remote.origin.url") or next((line.partition(" ")[2] for line in lines), "")
    return strip_credentials(url)


def _read_diff(root: Path, max_bytes: int) -> tuple[bytes, int]:
    """Return the diff of the files that hold no secrets, and of how many of them it is."""
    command = (
        *_DIFF,
        "--binary",
        "--full-index",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "--",
        *_ONLY_FULL_FILES,
    )
    told = _Question(root, command, max_bytes + 1).read()
    if told is None:
        return b"", 0
    if len(told) > max_bytes:
        cut = told[:max_bytes].rfind(b"\n" + _FILE_MARK)
        told = told[: cut + 1]
    return told, told.count(b"\n" + _FILE_MARK) + told.startswith(_FILE_MARK)


def _split_names(told: bytes | None) -> list[str]:
    return [name.decode("utf-8", "replace") for name in (told or b"").split(b"\0") if name]


def _ask_for_text(folder: Path, *arguments: str) -> str:
    return _Question(folder, arguments).read_text()


def _ask(folder: Path, *arguments: str) -> bytes | None:
    return _Question(folder, arguments).read()


class _Question:
    """A question that git is answering. Its answer has to be read.

    Args:
        folder: where it is asked.
        arguments: of git.
        max_bytes: so much of the answer is read.
    """

    def __init__(self, folder: Path, arguments: Sequence[str], max_bytes: int = _MAX_NAME_BYTES) -> None:
        settings = [word for setting in _CONFIG for word in ("-c", setting)]
        environment = {key: value for key, value in os.environ.items() if key not in _ELSEWHERE} | _QUIET
        self._max_bytes = max_bytes
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(  # noqa: S603 - the arguments are those above
                ["git", "-C", str(folder), *settings, *arguments],  # noqa: S607 - the user's git, wherever it is
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                process_group=0 if _HAS_GROUPS else None,
            )

    def read(self) -> bytes | None:
        """Return the first bytes of what git says; None if it fails, is not there, or takes too long from now on."""
        process = self._process
        if process is None:
            return None
        clock = threading.Timer(TIMEOUT_S, _kill, [process])
        clock.daemon = True
        clock.start()
        try:
            with process:
                assert process.stdout is not None
                told = process.stdout.read(self._max_bytes)
                is_cut = len(told) == self._max_bytes
                if is_cut:
                    _kill(process)
        finally:
            clock.cancel()
        return told if is_cut or process.returncode == 0 else None

    def read_text(self) -> str:
        """Return what git says as text, without the last newlines; empty if it fails."""
        return (self.read() or b"").decode("utf-8", "surrogateescape").rstrip("\n")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End git and what it has started, which may hold the pipe open."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
