"""The logs' lines: human and JSON, and safe from whoever has a say in them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptyd.log_lines import HumanFormatter, JsonFormatter, set_up_logging


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("ptyd.test", logging.WARNING, __file__, 1, message, arguments, None)
    made.__dict__.update(extra)
    return made


def test_for_people() -> None:
    line = HumanFormatter(lambda: {"connection": 3}).format(record("hello %s", "there", session="1a2b"))
    time, _, rest = line.partition(" ")
    assert rest == "WARNING ptyd.test: hello there [connection=3 session=1a2b]"
    assert time[10] == "T" and time.endswith("Z")
    assert HumanFormatter(lambda: {"connection": 0}).format(record("x")).endswith("ptyd.test: x")


def test_for_programs() -> None:
    found = json.loads(JsonFormatter(lambda: {"connection": 3}).format(record("hello %s", "there", session="1a2b")))
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "warning",
        "logger": "ptyd.test",
        "message": "hello there",
        "connection": 3,
        "session": "1a2b",
    }


@given(st.text())
def test_nobody_can_forge_a_line(text: str) -> None:
    for nasty in (text, f"x\n2026-01-31T00:00:00Z ERROR ptyd: forged {text}", f"\x1b]0;{text}\x07\x9b31m\x7f\r"):
        assert HumanFormatter(dict).format(record("%s", nasty)).isprintable()
        line = JsonFormatter(dict).format(record("%s", nasty))
        assert line.isprintable() and json.loads(line)["message"] == nasty


def test_a_traceback() -> None:
    try:
        raise ValueError("first\nsecond \x1b[31m")
    except ValueError as error:
        made = record("it failed", exc_info=(type(error), error, error.__traceback__))
    lines = HumanFormatter(dict).format(made).split("\n")
    assert [line for line in lines[1:] if not line.startswith("    ")] == []
    assert "\x1b" not in "".join(lines)
    assert "ValueError: first\nsecond" in json.loads(JsonFormatter(dict).format(made))["error"]


@pytest.fixture
def keep_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("keep_logging")
def test_setting_up_twice_logs_once() -> None:
    stream = io.StringIO()
    set_up_logging("json", "info", stream=stream)
    set_up_logging("human", "warning", stream=stream)
    logging.getLogger("x").info("unheard")
    logging.getLogger("x").warning("heard")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("WARNING x: heard\n")


@pytest.mark.usefixtures("keep_logging")
@pytest.mark.parametrize(("log_format", "level"), [("", ""), ("xml", "loud")])
def test_nonsense_is_no_reason_to_be_silent(log_format: str, level: str) -> None:
    stream = io.StringIO()
    set_up_logging(log_format, level, stream=stream)
    logging.getLogger("x").info("heard")
    assert "INFO x: heard" in stream.getvalue()
