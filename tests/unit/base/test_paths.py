"""Artifact keys and locations: hostile spellings are refused, legal ones come back as one key."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.base.errors import InvalidParameter
from headrace.base.paths import (
    MAX_KEY_BYTES,
    MAX_LOCATION_CHARS,
    MAX_SEGMENT_BYTES,
    find_location_key,
    join_key,
    parse_key,
    parse_location,
)

# Every input of the public advisories on artifact paths, and the spellings derived from them.
HOSTILE_KEYS = [
    *("..", "../x", "a/../../x", "./../x", "a/..", "a/../b", "...", ".. /x", ". ./x", "a/....//x"),
    *("..\\x", "..\\..\\..\\etc", "a\\b", "\\", "\\\\h\\s", "\\\\?\\C:\\x", "file:///\\..\\..\\..\\etc"),
    *(
        "%2e%2e/x",
        "%2e%2e%2fx",
        "..%2fx",
        "%252e%252e%252fx",
        "%25252e%25252e/x",
        "..%5cx",
        ".%2e/x",
        "a%2f..%2fb",
    ),
    *("%252E%252E%252Fetc", "a/%2e%2e", "%2fetc", "%5c%5chost", "a%2fb", "%2e/x", "%u002e%u002e/x"),
    *("%c0%ae%c0%ae/x", "%C0%AF", "%e0%80%ae/x", "%f0%80%80%ae/x", "%25c0%25ae/x", "\ufffd\ufffd/x"),
    *(
        "\uff0e\uff0e/x",
        "\uff0e./x",
        "\u2025/x",
        "\u2026",
        "a\uff0fb",
        "a\uff3cb",
        "%ef%bc%8e%ef%bc%8e/x",
        "a/\u2100",
    ),
    *("\uff05\uff12\uff45\uff05\uff12\uff45/x", "%uff0e%uff0e/x"),
    *("/", "/abs", "/etc/passwd", "//proc/self/root", "///x", "a//b", "x//"),
    *("C:\\x", "C:x", "c:/x", "/C:/x", "C:\\Windows\\win.ini", "x:ads", "\uff23:x", "%43:x"),
    *("file:x", "file:etc/passwd", "file:///x", "FILE:///x", "file://localhost/x", "file://h/x", ":///etc"),
    *("http:///#/../x", "http://h#/../x", "http://h?/../x", "http://h;/../x", "http:x", "https:x"),
    *("mlflow-artifacts:/../x", "mlflow-artifacts://h/%2e%2e/x", "s3://b/../x", "dbfs:/x?/../y", "gopher:/x"),
    *("runs:/ID/../../x", "models:/m/1/../../x", "runs:/x", "models:/m/1", "unknown:/x"),
    *(
        "a?/../x",
        "a#/../x",
        "a;/../x",
        "~/x",
        "~",
        "~root/x",
        "$HOME/x",
        "${HOME}/x",
        "$HOME",
        "%USERPROFILE%/x",
    ),
    *(
        "x\0",
        "x\0.png",
        "x%00.png",
        "x%2500.png",
        "a\nb",
        "a\rb",
        "a\tb",
        "\x7f",
        "\x85",
        "a\u2028b",
        "a\u202egnp.exe",
    ),
    *(
        "a" * (MAX_SEGMENT_BYTES + 1),
        "é" * 128,
        "ab/" * 126 + "c" * (MAX_KEY_BYTES - 100),
        "x" * 1_000_000,
        "\udc80",
    ),
    "a/" * 128 + "b",
    *("file%3Ax", "a%0Ab", "a%250Db", "a%E2%80%AEb", "s3%3Ax"),
    "%" + "25" * 20 + "2e",
]

LEGAL_KEYS = [
    *(
        "a",
        "a/b/c",
        "model/MLmodel",
        "model.pkl",
        ".hidden",
        "a/.hidden",
        "..a",
        "a..b",
        "a..",
        "x..",
    ),
    *(
        "with blank.txt",
        " lead",
        "trail ",
        "a+b.txt",
        "a,b=c.txt",
        "a@b",
        "a&b",
        "a'b",
        'a"b',
        "a(1).txt",
        "a[1]",
        "a!",
    ),
    *(
        "é.txt",
        "モデル/重み.bin",
        "résumé/ñ.csv",
        "😀.png",
        "ملف.txt",
        "e\u0301.txt",
        "½.txt",
        "名前…続き.txt",
        "\u200f.txt",
    ),
    *(
        "a#b.txt",
        "a?b.txt",
        "a;b.txt",
        "a?",
        "50%.txt",
        "100%ff.txt",
        "a%20b",
        "a%41",
        "%",
        "a%",
        "-x",
        "--help",
    ),
    "images/loss+step+1+timestamp+1700000000000+c0ffee.png",
    "images/a~b+step+1+timestamp+2+3+compressed.webp",
    *(f"images/loss%step%{step}%timestamp%1700000000000%c0ffee.png" for step in (0, 1, 10, 25, 29, 2, 1000)),
    *(
        "checkpoint-2024-01-01T10:00:00.pt",
        "epoch: 3.txt",
        "a/http:/b",
        "a/C:x",
        "~$report.docx",
        "x~",
        "a/~/b",
    ),
    *("CON", "nul.txt", "x.", "cost $5/x", "a$HOME/x", "a" * MAX_SEGMENT_BYTES, "é" * 127),
    "/".join(["a" * 255] * 16),
    "/".join(["a"] * 128),
    "1/5a9b158ac3964bcfbf1e12ebc74c5b42/artifacts/d/a.txt",
]


@pytest.mark.parametrize("text", HOSTILE_KEYS, ids=ascii)
def test_hostile_key_is_refused_and_its_parameter_named(text: str) -> None:
    for windows in (False, True):
        with pytest.raises(InvalidParameter, match=r"^Invalid path '.*: .*\.$|^Invalid path \"") as caught:
            parse_key(text, what="path", root=True, windows=windows)
        assert len(caught.value.message) < 400


@pytest.mark.parametrize("text", LEGAL_KEYS, ids=ascii)
def test_legal_key_comes_back_as_it_was_sent(text: str) -> None:
    assert parse_key(text, what="path", windows=False) == text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a/", "a"),
        ("./a", "a"),
        ("a/./b", "a/b"),
        ("a/.", "a"),
        ("./", ""),
        (".", ""),
        ("", ""),
        ("././a/b/", "a/b"),
    ],
)
def test_dot_segments_and_trailing_slash_vanish(text: str, key: str) -> None:
    assert parse_key(text, what="path", root=True) == key


@pytest.mark.parametrize("text", ["", ".", "./", "./."])
def test_root_is_refused_where_a_file_is_meant(text: str) -> None:
    with pytest.raises(InvalidParameter, match="must name a file or a folder"):
        parse_key(text, what="artifact_path")


@pytest.mark.parametrize(
    "text",
    [
        "CON",
        "a/nul",
        "nul.txt",
        "COM1",
        "lpt9.log",
        "aux .c",
        "x.",
        "x ",
        "a./b",
        "ab:c",
        "a<b",
        "a|b",
        'a"b',
        "a*",
        "a?",
    ],
)
def test_names_that_windows_cannot_store_are_refused_there_alone(text: str) -> None:
    assert parse_key(text, what="path", windows=False) == text
    with pytest.raises(InvalidParameter, match="Windows"):
        parse_key(text, what="path", windows=True)


@given(st.text(max_size=40))
def test_accepted_key_stays_in_place_however_often_it_is_decoded(text: str) -> None:
    try:
        key = parse_key(text, what="path", root=True)
    except InvalidParameter:
        return
    for _ in range(12):
        segments = key.split("/")
        assert ".." not in segments
        assert "\\" not in key
        assert not key.startswith("/")
        assert parse_key(key, what="path", root=True) == key or "%" in key
        key = unquote(key)


@given(
    st.lists(
        st.sampled_from(["a", "..", ".", "%2e", "%2f", "%25", "2e", "\uff0e", "/", "\\", "%5c", "~", "x"]),
        max_size=8,
    )
)
def test_mixed_encodings_never_yield_a_parent_segment(pieces: list[str]) -> None:
    try:
        key = parse_key("".join(pieces), what="path", root=True)
    except InvalidParameter:
        return
    for _ in range(5):
        assert ".." not in key.split("/")
        key = unquote(key)


def test_joined_keys_skip_empty_ones() -> None:
    assert join_key("1", "", "run/artifacts", "") == "1/run/artifacts"
    assert join_key("", "") == ""


HOSTILE_LOCATIONS = [
    *(
        "http:///#/../../../../etc/",
        "http:///?/../../../../etc/",
        "http://host#/../../../etc/",
        "http://h;/../../etc",
    ),
    *("http://h/x?y", "http://h/x#y", "http://h/x;y", "s3://b/x?a=../b", "s3://b/x?", "dbfs:/x?/../y"),
    *(
        "s3://b/../x",
        "mlflow-artifacts:/../x",
        "mlflow-artifacts://h/%2e%2e/x",
        "mlflow-artifacts:/a/%252e%252e/x",
    ),
    *(
        "mlflow-artifacts://host/../../etc",
        "mlflow-artifacts:x",
        "mlflow-artifacts:/a//b",
        "mlflow-artifacts:/a%0Ab",
    ),
    *(
        "mlflow-artifacts:/a%5cb",
        "mlflow-artifacts:/a%2f%2e%2e%2fb",
        "mlflow-artifacts://",
        "mlflow-artifacts:///../x",
    ),
    *(
        "file:x",
        "file:etc/passwd",
        "file:../x",
        "FILE:///etc",
        "file://localhost/etc",
        "file://h/x",
        ":///etc",
    ),
    *("file:///a/../b", "file:///\\..\\..\\etc", "file:////etc", "file:", "File:/x"),
    *(
        "/a/../b",
        "/a/%2e%2e/b",
        "//proc/self/root",
        "///x",
        "/a\\b",
        "/a\0b",
        "/a\nb",
        "/\uff0e\uff0e/x",
        "/a//b",
    ),
    *("rel/x", "./x", "../x", "~/x", "$HOME/x", "x", "\\\\h\\s", "C:\\x", " /x", "/x ", "", " "),
    *(
        "runs:/x",
        "runs:/ID/../../x",
        "models:/m/1",
        "models:/m/1/../../x",
        "prompts:/x",
        "gopher://x",
        "foo:/x",
    ),
    *(
        "javascript:alert(1)",
        "data:text/plain,x",
        "sqlite:///x.db",
        "s3:/x",
        "s3:x",
        "s3:///x",
        "gs://",
        "http:x",
    ),
    *(
        "http://user@h/x",
        "http://h@evil/x",
        "http://a@b@c/x",
        "ftp://u@v@h/x",
        "s3://u:p@b/x",
        "http://h%2f@e/x",
    ),
    *(
        "http://h%23/x",
        "http://h /x",
        "http://h\tx/",
        "http://[::1",
        "http://ex\u0430mple/x",
        "http://h\\@e/x",
    ),
    "s3://b/" + "x" * MAX_LOCATION_CHARS,
    "1" * 1_000_000,
]

LEGAL_LOCATIONS = [
    *(
        "mlflow-artifacts:/",
        "mlflow-artifacts:/1",
        "mlflow-artifacts:/a/b c",
        "mlflow-artifacts://host:5000/a",
    ),
    *("s3://bucket", "s3://bucket/", "s3://bucket/path/to", "s3://arn:aws:s3:us-west-2:1:accesspoint/ap/x"),
    *("gs://bucket/x", "wasb://c@a.blob.core.windows.net/x", "wasbs://c@a.blob.core.windows.net/x"),
    *(
        "abfs://c@a.dfs.core.windows.net/p",
        "abfss://c@a.dfs.core.windows.net/p",
        "hdfs://name:8020/x",
        "hdfs:/x",
    ),
    *(
        "viewfs://cluster/x",
        "dbfs:/x",
        "dbfs://profile@databricks/x",
        "ftp://u:p@host/x",
        "sftp://u@host:22/x",
    ),
    *("http://host:5000/api/2.0/mlflow-artifacts/artifacts/x", "https://host/x", "r2://b@acc.r2.example/p"),
    *(
        "b2://k:s@bucket/x",
        "oss://bucket/x",
        "file:///data/runs",
        "file:/data",
        "/data/mlruns",
        "/data/with blank/é",
    ),
    *("/data/50%", "s3://bucket/a+b=c", "http://[::1]:5000/x"),
    "s3://b/" + "/".join(["x" * 63] * 31),
]


@pytest.mark.parametrize("text", HOSTILE_LOCATIONS, ids=ascii)
def test_hostile_location_is_refused(text: str) -> None:
    for windows in (False, True):
        with pytest.raises(InvalidParameter, match="Invalid artifact_location") as caught:
            parse_location(text, windows=windows)
        assert len(caught.value.message) < 400


@pytest.mark.parametrize("text", LEGAL_LOCATIONS, ids=ascii)
def test_legal_location_comes_back_unchanged(text: str) -> None:
    assert parse_location(text, windows=False) == text


@pytest.mark.parametrize("text", ["C:/runs", "file:///C:/runs", "file:/D:/runs/x"])
def test_drive_letters_are_locations_on_windows_alone(text: str) -> None:
    assert parse_location(text, windows=True) == text
    with pytest.raises(InvalidParameter):
        parse_location(text, windows=False)


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("mlflow-artifacts:/1/run/artifacts", "1/run/artifacts"),
        ("mlflow-artifacts://host:5000/a/b/", "a/b"),
        ("mlflow-artifacts:/", ""),
        ("mlflow-artifacts:/a%20b/c", "a b/c"),
        ("mlflow-artifacts:/a b/50%", "a b/50%"),
        ("s3://bucket/x", None),
        ("/data/x", None),
        ("http://host/api/2.0/mlflow-artifacts/artifacts/x", None),
    ],
)
def test_only_mlflow_artifacts_locations_have_a_key(location: str, key: str | None) -> None:
    assert find_location_key(location) == key


def test_key_of_a_location_is_checked_again_at_use() -> None:
    with pytest.raises(InvalidParameter, match="artifact_location"):
        find_location_key("mlflow-artifacts:/1/%2e%2e/2")
