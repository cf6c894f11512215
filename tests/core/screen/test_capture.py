"""A session as text, read from its log."""

from ptyd.core.screen.capture import capture_log
from tests.core.memory import SMALL_CAPACITY_BYTES, append, make_log


def test_last_rows() -> None:
    log = make_log()
    append(log, b"one\r\n\x1b[1mtwo\x1b[0m\r\nthree  \r\n$ ")
    result = capture_log(log, 2, 0)
    assert (result.source, result.offset) == ("log", log.head)
    assert result.text == "three\n$\n"
    assert capture_log(log, 2, 1).text == "two\nthree\n$\n"
    assert capture_log(log, 2, -1).text == "one\ntwo\nthree\n$\n"
    assert capture_log(log, 100, 0).text == "one\ntwo\nthree\n$\n"


def test_the_log_has_wrapped() -> None:
    log = make_log()
    append(log, b"".join(b"line %06d\r\n" % number for number in range(SMALL_CAPACITY_BYTES // 6)))
    lines = capture_log(log, 24, -1).text.splitlines()
    assert lines[-1] == f"line {SMALL_CAPACITY_BYTES // 6 - 1:06}"
    assert len(lines) > 10_000
    assert capture_log(log, 3, 0).text.splitlines() == lines[-3:]


def test_nothing_yet() -> None:
    assert capture_log(make_log(), 24, 0).text == "\n"
