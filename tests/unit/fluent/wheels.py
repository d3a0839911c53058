"""Wheels written by hand, and environments that they are installed in by the pip that comes with Python: no registry is needed.

`write_wheel` is also the build backend of the projects that `write_project` makes, so it knows the standard library only.
"""

import base64
import ensurepip
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

BACKEND = """
import sys, tomllib
sys.path.insert(0, HERE)
from wheels import write_wheel

def build_wheel(folder, settings=None, metadata=None):
    project = tomllib.load(open("pyproject.toml", "rb"))["project"]
    files = {"MODULE.py": open("MODULE.py").read()}
    return write_wheel(folder, project["name"], project["version"], files).name

def build_editable(folder, settings=None, metadata=None):
    import os
    project = tomllib.load(open("pyproject.toml", "rb"))["project"]
    return write_wheel(folder, project["name"], project["version"], {"_MODULE.pth": os.getcwd() + chr(10)}).name
"""


def write_wheel(folder: str | Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Write a wheel, with a command if there is one.

    Args:
        folder: where to.
        name: of the package.
        version: its version.
        files: path in the wheel to text.
    """
    escaped = name.replace("-", "_")
    info = f"{escaped}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: none\n\nName: not this one\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{escaped}-cmd = {escaped}:main\n",
    }
    lines = []
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(text.encode())}")
    record = f"{info}/RECORD"
    wheel = Path(folder) / f"{escaped}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**contents, record: "\n".join([*lines, f"{record},,"]) + "\n"}.items():
            archive.writestr(path, text)
    return wheel


def read_record(wheel: Path) -> str:
    """Return RECORD of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return next(archive.read(name).decode() for name in archive.namelist() if name.endswith("/RECORD"))


def write_project(folder: Path, name: str, version: str) -> Path:
    """Write a project that pip can build."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "{name}"\nversion = "{version}"\n'
    )
    module = name.replace("-", "_")
    text = BACKEND.replace("HERE", repr(str(Path(__file__).parent))).replace("MODULE", module)
    (folder / "backend.py").write_text(text)
    (folder / f"{module}.py").write_text("def main(): ...\n")
    return folder


class Environment:
    """An interpreter with packages of its own."""

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
        self.folder = folder

    @property
    def packages(self) -> Path:
        """The folder of its packages."""
        return next(self.folder.glob("lib/python*/site-packages"))

    def pip(self, *words: str) -> str:
        """Call pip, away from every index."""
        pip = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")) / "pip"
        python = self.folder / "bin" / "python"
        command = [
            sys.executable,
            str(pip),
            "--python",
            str(python),
            "--isolated",
            "--disable-pip-version-check",
            "--no-cache-dir",
        ]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def install(self, *words: str) -> None:
        """Install packages."""
        self.pip("install", "--no-index", *words)

    def inspect(self) -> dict[str, dict[str, object]]:
        """Return pip's own report, by name."""
        told = json.loads(self.pip("inspect", "--local"))
        return {each["metadata"]["name"]: each for each in told["installed"]}
