"""Names that mean the same everywhere, and what goes into a program as a paste."""

import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.core.asking.pasted import MAX_NAME_BYTES, encode_paste, numbered, safe_name, wants_brackets


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("shot.png", "shot.png"),
        ("My holiday (1).png", "My-holiday-1.png"),
        ("grüße 世界.png", "grüße-世界.png"),
        (unicodedata.normalize("NFD", "grüße.png"), "grüße.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\a.png", "a.png"),
        ("a/", "file"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("--help.png", "help.png"),
        ("a\n\x1b[31mb\x00.png", "a-31mb.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("$(reboot).png", "reboot.png"),
        ("`'\"&;|<>*?!~#{}[]^%.png", "file.png"),
        (" .png", "file.png"),
        ("a.tar.gz", "a.tar.gz"),
        ("...", "file"),
    ],
)
def test_safe_names(wish: str, name: str) -> None:
    assert safe_name(wish) == name


@given(st.text(max_size=400))
def test_any_name_becomes_a_safe_one(wish: str) -> None:
    name = safe_name(wish)
    assert shlex.split(name) == [name]
    assert "/" not in name and name[0] not in ".-" and name.isprintable()
    assert 0 < len(name.encode()) <= MAX_NAME_BYTES
    assert safe_name(name) == name


@pytest.mark.parametrize(("name", "second"), [("a.png", "a-2.png"), ("a", "a-2"), ("a.tar.gz", "a.tar-2.gz")])
def test_numbers_are_put_before_the_ending(name: str, second: str) -> None:
    assert numbered(name, 2) == second


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("ü" * 300 + ".png").endswith("ü.png")


def test_a_paste_cannot_end_itself() -> None:
    assert encode_paste("a\x1b[201~\x03rm\r\n-rf\t/\x9b\n", True) == b"\x1b[200~a[201~rm\r-rf\t/\r\x1b[201~"
    assert encode_paste("a\x1b\x04b", False) == b"ab"
    assert encode_paste("\ud800", False) == b"?"


def test_brackets_are_read_off_the_output() -> None:
    assert not wants_brackets(b"hello")
    assert wants_brackets(b"\x1b[?2004l..\x1b[?2004h..")
    assert not wants_brackets(b"\x1b[?2004h..\x1b[?2004l..")
