"""Addresses of servers and proxies."""

import pytest

from headrace.client.addresses import Address, parse_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://H.Example", Address("http", "h.example", 80, "h.example")),
        ("https://h:8443/Team/", Address("https", "h", 8443, "h:8443", "/Team/")),
        ("http://[::1]:5000/x", Address("http", "::1", 5000, "[::1]:5000", "/x")),
        ("http://[fe80::1%25eth0]", Address("http", "fe80::1%eth0", 80, "[fe80::1%25eth0]")),
        ("http://a:b%40c@h/x", Address("http", "h", 80, "h", "/x", "a:b%40c")),
        ("http://bücher.example", Address("http", "xn--bcher-kva.example", 80, "xn--bcher-kva.example")),
        ("http://h/a b/ü?q=1&r=%20", Address("http", "h", 80, "h", "/a%20b/%C3%BC?q=1&r=%20")),
        ("http://h:0/", Address("http", "h", 0, "h:0", "/")),
    ],
)
def test_an_address_is_taken_apart(text: str, expected: Address) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "h:80",
        "ftp://h",
        "http://",
        "http://a b",
        "http://h\\evil",
        "http://h\x00",
        "http://h<",
        "http://[1",
        "http://h:-1",
        "http://h:99999",
        "http://:80",
        "http://" + "ü" * 70,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - callers say more
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("x.localhost", True),
        ("127.8.9.1", True),
        ("[::1]", True),
        ("127.0.0.1.example", False),
        ("127.example", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
    ],
)
def test_this_machine_is_known_by_name(host: str, expected: bool) -> None:
    assert parse_address(f"http://{host}").is_here() is expected


def test_a_server_is_the_same_whether_its_port_is_named_or_not() -> None:
    server = parse_address("http://h/x")
    assert server.is_same_server(parse_address("http://u:p@H:80/y"))
    assert not server.is_same_server(parse_address("https://h/x"))
    assert not server.is_same_server(parse_address("http://h:81/x"))
