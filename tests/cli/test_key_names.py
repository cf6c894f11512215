"""Names of keys and the bytes that a terminal sends for them."""

import pytest
from ptyd_cli.key_names import encode_key


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a", b"a"),
        ("A", b"A"),
        ("-", b"-"),
        ("^", b"^"),
        ("é", "é".encode()),
        ("C-c", b"\x03"),
        ("c-C", b"\x03"),
        ("^C", b"\x03"),
        ("Ctrl-c", b"\x03"),
        ("C-[", b"\x1b"),
        ("C-\\", b"\x1c"),
        ("C-Space", b"\x00"),
        ("C-@", b"\x00"),
        ("C-_", b"\x1f"),
        ("C-?", b"\x7f"),
        ("M-x", b"\x1bx"),
        ("Alt-x", b"\x1bx"),
        ("M-C-x", b"\x1b\x18"),
        ("S-a", b"A"),
        ("M--", b"\x1b-"),
        ("Enter", b"\r"),
        ("enter", b"\r"),
        ("M-Enter", b"\x1b\r"),
        ("Tab", b"\t"),
        ("S-Tab", b"\x1b[Z"),
        ("Esc", b"\x1b"),
        ("Escape", b"\x1b"),
        ("Space", b" "),
        ("Backspace", b"\x7f"),
        ("Up", b"\x1b[A"),
        ("C-Left", b"\x1b[1;5D"),
        ("C-M-Left", b"\x1b[1;7D"),
        ("S-Home", b"\x1b[1;2H"),
        ("PageUp", b"\x1b[5~"),
        ("C-PgDn", b"\x1b[6;5~"),
        ("Delete", b"\x1b[3~"),
        ("F1", b"\x1bOP"),
        ("C-F1", b"\x1b[1;5P"),
        ("F3", b"\x1bOR"),
        ("F5", b"\x1b[15~"),
        ("F12", b"\x1b[24~"),
    ],
)
def test_key(name: str, data: bytes) -> None:
    assert encode_key(name) == data


@pytest.mark.parametrize("name", ["", "F13", "Foo", "C-Enter", "C-é", "C-Foo", "ab", "X-a"])
def test_no_such_key(name: str) -> None:
    with pytest.raises(ValueError):
        encode_key(name)
