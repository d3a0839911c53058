"""Secrets are masked in whatever is recorded, and what is no secret is left alone."""

import subprocess
from pathlib import Path

import pytest

from headrace.base.redaction import (
    is_secret_file,
    is_secret_name,
    mask_arguments,
    mask_code,
    strip_credentials,
)

SECRET = "Tr0ub4dor-and-3"  # no known shape: only its name gives it away
AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
HUGGING_FACE_KEY = "hf_" + "aBcDeFgHiJ" * 4


@pytest.mark.parametrize(
    "name",
    ["--token", "--hub-token", "HF_TOKEN", "apiKey", "api-key", "db.password", "PGPASSWORD", "MYSQL_PWD", "client_secret", "AWS_SECRET_ACCESS_KEY", "privateKey"],
)  # fmt: skip
def test_the_name_of_a_secret_is_recognised(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["--tokenizer", "max_tokens", "author", "keyboard", "monkey", "secretary", "learning_rate", "key"]
)
def test_a_name_that_only_resembles_a_secret_is_none(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        (["--token", SECRET, "--lr", "0.1"], ["--token", "***", "--lr", "0.1"]),
        ([f"--password={SECRET}"], ["--password=***"]),
        ([f"db.password={SECRET}"], ["db.password=***"]),
        (["--token", "--verbose"], ["--token", "--verbose"]),
        (["--api-key", "-starts-with-a-dash"], ["--api-key", "***"]),
        ([f'{{"password": "{SECRET}", "lr": 1}}'], ['{"password": "***", "lr": 1}']),
        ([f"postgresql://me:{SECRET}@db/x"], ["postgresql://***@db/x"]),
        (["-c", f"login({AWS_KEY})"], ["-c", "login(***)"]),
        (["--header", f"Authorization: Bearer {SECRET}"], ["--header", "Authorization: Bearer ***"]),
        (["--tokenizer", "bert", "seed=7"], ["--tokenizer", "bert", "seed=7"]),
    ],
)
def test_arguments_lose_their_secrets_and_nothing_else(arguments: list[str], masked: list[str]) -> None:
    assert mask_arguments(arguments) == masked


@pytest.mark.parametrize(
    ("url", "stripped"),
    [
        (f"https://me:{SECRET}@example.com/a/b.git", "https://example.com/a/b.git"),
        (f"https://{SECRET}@example.com/a.git", "https://example.com/a.git"),
        (f"https://example.com/a.git?private_token={SECRET}&x=1", "https://example.com/a.git?private_token=***&x=1"),
        ("ssh://git@example.com:22/a.git", "ssh://example.com:22/a.git"),
        ("git@example.com:a/b.git", "git@example.com:a/b.git"),
        (f"git:{SECRET}@example.com:a/b.git", "example.com:a/b.git"),
        ("https://example.com/a.git", "https://example.com/a.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
        (f"https://me:{SECRET}@[broken/a.git", "https://[broken/a.git"),
    ],
)  # fmt: skip
def test_an_address_loses_its_credentials(url: str, stripped: str) -> None:
    assert strip_credentials(url) == stripped


def test_code_loses_literals_that_are_given_to_the_name_of_a_secret() -> None:
    code = f'PASSWORD = "{SECRET}"\nd["api_key"] = \'{SECRET}\'\nname = "Ada"\ntoken = os.environ["TOKEN"]\nkey = "{HUGGING_FACE_KEY}"\n'
    assert (
        mask_code(code)
        == 'PASSWORD = "***"\nd["api_key"] = \'***\'\nname = "Ada"\ntoken = os.environ["TOKEN"]\nkey = "***"\n'
    )


def test_a_private_key_loses_its_lines_and_a_diff_keeps_its_length() -> None:
    lines = ["+-----BEGIN RSA PRIVATE KEY-----", f"+{'MIIE' * 16}", f"+{'q1Zz' * 16}", "+-----END RSA PRIVATE KEY-----", "+x = 1", ""]  # fmt: skip
    masked = mask_code("\n".join(lines))
    assert masked.splitlines() == [lines[0], "+***", "+***", lines[3], lines[4]]


@pytest.mark.parametrize(
    "path", [".env", "conf/.env.production", "a/id_rsa", "key.PEM", "aws_credentials", "secrets.yaml"]
)
def test_files_that_hold_secrets_are_known_by_their_names(path: str) -> None:
    assert is_secret_file(path)


@pytest.mark.parametrize("path", ["environment.py", "train.py", "secretary.py", "keys/model.py"])
def test_other_files_are_not_taken_for_secrets(path: str) -> None:
    assert not is_secret_file(path)


def test_a_masked_diff_can_still_be_applied(tmp_path: Path) -> None:
    def git(*words: str, text: str | None = None) -> str:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *words]
        return subprocess.run(
            command, cwd=tmp_path, input=text, check=True, capture_output=True, text=True
        ).stdout

    git("init", "-q")
    file = tmp_path / "train.py"
    file.write_text("lr = 1\nepochs = 2\n")
    git("add", ".")
    git("commit", "-qm", "x")
    file.write_text(f'lr = 1\nAPI_KEY = "{SECRET}"\nepochs = 3\n')
    masked = mask_code(git("diff", "HEAD"))
    git("checkout", "-q", ".")
    git("apply", text=masked)
    assert SECRET not in masked
    assert file.read_text() == 'lr = 1\nAPI_KEY = "***"\nepochs = 3\n'
