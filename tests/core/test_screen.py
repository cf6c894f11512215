"""A session as text, read from its log."""

from ptyd.core.screen import LogScreen
from tests.core.memory import SMALL_CAPACITY_BYTES, append, make_log


def test_last_rows() -> None:
    log = make_log()
    append(log, b"one\r\n\x1b[1mtwo\x1b[0m\r\nthree  \r\n$ ")
    screen = LogScreen(log)
    assert screen.source == "log"
    assert screen.text(2, 0) == "three\n$\n"
    assert screen.text(2, 1) == "two\nthree\n$\n"
    assert screen.text(2, -1) == "one\ntwo\nthree\n$\n"
    assert screen.text(100, 0) == "one\ntwo\nthree\n$\n"


def test_the_log_has_wrapped() -> None:
    log = make_log()
    append(log, b"".join(b"line %06d\r\n" % number for number in range(SMALL_CAPACITY_BYTES // 6)))
    lines = LogScreen(log).text(24, -1).splitlines()
    assert lines[-1] == f"line {SMALL_CAPACITY_BYTES // 6 - 1:06}"
    assert len(lines) > 10_000
    assert LogScreen(log).text(3, 0).splitlines() == lines[-3:]


def test_nothing_yet() -> None:
    assert LogScreen(make_log()).text(24, 0) == "\n"
