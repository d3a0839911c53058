"""How a process was started, seen from the inside: real processes tell."""

import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec

from headrace.fluent.provenance.program import MAX_SOURCE_BYTES, Program, read_source

TELL = "import msgspec; from headrace.fluent.provenance.program import read_program as r; p = r(); print(msgspec.json.encode(p).decode()); print(p.code_folder)"
SECRET = "Tr0ub4dor-and-3"


def tell(*arguments: str, folder: Path, text: str | None = None) -> tuple[Program, Path]:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, check=True, capture_output=True, text=True, input=text
    )
    program, code_folder = done.stdout.splitlines()
    return msgspec.json.decode(program, type=Program), Path(code_folder)


def test_a_script_is_told_with_its_arguments_and_without_its_secrets(tmp_path: Path) -> None:
    script = tmp_path / "code" / "train.py"
    script.parent.mkdir()
    script.write_text(TELL)
    program, code = tell(
        "-X", "dev", "code/train.py", "--lr=1", "--token", SECRET, f"db.password={SECRET}", folder=tmp_path
    )
    assert (program.kind, program.file, program.module, program.folder) == (
        "script",
        str(script),
        "",
        str(tmp_path),
    )
    assert program.argv == ["code/train.py", "--lr=1", "--token", "***", "db.password=***"]
    assert program.command[1:] == ["-X", "dev", *program.argv]
    assert code == script.parent


def test_a_module_is_told_by_its_name(tmp_path: Path) -> None:
    package = tmp_path / "tool"
    package.mkdir()
    (package / "__main__.py").write_text(TELL)
    program, code = tell("-m", "tool", "x", folder=tmp_path)
    assert (program.kind, program.module, program.command[1:]) == ("module", "tool", ["-m", "tool", "x"])
    assert code == package


def test_code_given_on_the_command_line_is_a_console_in_the_working_folder(tmp_path: Path) -> None:
    program, code = tell("-c", f"password = '{SECRET}'\n{TELL}", folder=tmp_path)
    assert (program.kind, program.file, code) == ("console", "", tmp_path)
    assert SECRET not in "".join(program.command)


def test_code_from_the_standard_input_is_a_console(tmp_path: Path) -> None:
    program, code = tell("-", folder=tmp_path, text=TELL)
    assert (program.kind, code) == ("console", tmp_path)


def test_the_code_of_an_installed_tool_is_in_the_working_folder(tmp_path: Path) -> None:
    tool = tmp_path / "venv" / "bin" / "launch"
    tool.parent.mkdir(parents=True)
    tool.write_text(TELL)
    program, code = tell(str(tool), folder=tmp_path)
    assert (program.file, code) == (str(tool), tmp_path)


def test_a_source_file_is_told_with_its_hash_and_without_its_secrets(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(f"lr = 1\napi_key = '{SECRET}'\n")
    source = read_source(str(file))
    assert source is not None
    assert source.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert (source.name, source.text) == ("train.py", "lr = 1\napi_key = '***'\n")


def test_a_large_source_file_is_told_by_its_hash_only(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_bytes(b"#" * (MAX_SOURCE_BYTES + 1))
    source = read_source(str(file))
    assert source is not None
    assert (source.text, source.sha256) == ("", hashlib.sha256(file.read_bytes()).hexdigest())


def test_what_is_no_file_has_no_source(tmp_path: Path) -> None:
    assert read_source("") is None
    assert read_source(str(tmp_path)) is None
    assert read_source(str(tmp_path / "missing.py")) is None
