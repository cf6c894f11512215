"""Control sequences in what a stranger may name: in nothing that `ptyd` prints, and in no line of a log."""

import json
import logging
import re
import sys
from collections.abc import Iterator

import pytest
from ptyd_cli.errors import say
from ptyd_cli.output import escape_json, format_table
from ptyd_protocol.messages import Hello, Welcome

from ptyd.log_lines import HumanFormatter
from tests.daemon.client import connected
from tests.support.daemon import PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import wait_until

HOSTILE = "\x1b]0;evil\x07\x1b[2J\r\nptyd: forged\x08\x9b31m\x85\u202e\u2028\x7f"
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]")


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


def check_printed(ptyd: PtydUnderTest, *arguments: str, code: int = 0) -> str:
    """What the command prints, which controls nothing."""
    done = ptyd.cli(*arguments)
    assert done.returncode == code, done
    for text in (done.stdout, done.stderr):
        assert not CONTROLS.search(text), (arguments, text)
        assert "\nptyd: forged" not in text
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def session(ptyd: PtydUnderTest) -> str:
    """A session that names everything it can."""
    directory = ptyd.home / "dir\x1b]0;evil\x07\x1b[2J\nptyd: forged"
    directory.mkdir()
    program = "import sys; sys.stdout.write(sys.argv[1]); sys.stdout.flush(); input()"
    # An ESC or BEL would end the title; what a title may hold is in it.
    title = "\x1b]2;ti\x9btle\u202e\x85forged\u2028\x1b\\"
    argv = [sys.executable, "-c", program, title + "shown-all " + "a\x9b31mb", HOSTILE]
    info = ptyd.request("create", argv=argv, cwd=str(directory))
    wait_until(lambda: "shown-all" in ptyd.request("capture", session=info["id"])["text"])
    return str(info["name"])


def test_listings(ptyd: PtydUnderTest, session: str) -> None:
    with connected(ptyd.sock_path, hello=False) as client:
        client.send(Hello([1], HOSTILE[:64], client.client_id))
        client.wait_for(Welcome)
        client.attach(1, session)
        assert session in check_printed(ptyd, "ls")
        assert "forged" in check_printed(ptyd, "status")
        for verb in ("ls", "status"):
            printed = check_printed(ptyd, verb, "--json")
            assert json.loads(printed)


def test_captures(ptyd: PtydUnderTest, session: str) -> None:
    for form in ("text", "json", "html"):
        assert "shown" in check_printed(ptyd, "capture", session, "--format", form) or form == "json"
    assert "shown-all" in check_printed(ptyd, "capture", session, "--json")


def test_refusals(ptyd: PtydUnderTest, session: str) -> None:
    """They repeat what was asked for."""
    for arguments, code in (
        (("kill", HOSTILE), 3),
        (("attach", HOSTILE), 3),
        (("rename", session, HOSTILE), 2),
        (("new", "-d", "-n", HOSTILE, "--", "cat"), 2),
        (("new", "-d", "-c", f"/nowhere/{HOSTILE}", "--", "cat"), 1),
        (("new", "-d", "--", HOSTILE), 1),
        (("kill", session, "-s", HOSTILE), 2),
    ):
        check_printed(ptyd, *arguments, code=code)


def test_a_name_is_a_word(ptyd: PtydUnderTest) -> None:
    for name in (HOSTILE, "../x", "a/b", "-rf", ".", "..", "a b", "a\n", "<b>", "a" * 65, "ä", "\x9b"):
        with pytest.raises(RequestFailed, match=r"bad_name|bad_request"):
            ptyd.request("create", argv=["cat"], name=name)
    made = ptyd.request("create", argv=["sh", "-c", "exec cat", HOSTILE])
    assert re.fullmatch(r"[A-Za-z0-9._-]+", made["name"])


def test_no_log_repeats_them(ptyd: PtydUnderTest, session: str) -> None:
    for name in ("daemon.log", "keeper.log"):
        text = (ptyd.runtime_dir / name).read_text()
        assert not CONTROLS.search(text), name
        assert "\nptyd: forged" not in text


def test_a_record_is_one_line() -> None:
    formatter = HumanFormatter()

    def write(message: str, *arguments: object, error: BaseException | None = None) -> str:
        info = (type(error), error, error.__traceback__) if error else None
        text = formatter.format(logging.LogRecord("x", logging.INFO, "", 0, message, arguments, info))
        return text.partition(" ")[2]  # without the time

    forged = "bad\n2026-01-01 INFO ptyd.door: user let in\x1b[1A"
    assert write("%s", forged) == r"INFO x: bad\n2026-01-01 INFO ptyd.door: user let in\x1b[1A"
    lines = write("failed", error=ValueError(forged)).split("\n")
    assert lines[0] == "INFO x: failed"
    assert lines[1:] == ["    ValueError: bad", r"    2026-01-01 INFO ptyd.door: user let in\x1b[1A"]


def test_what_is_said_and_tabled(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE)
    said = capsys.readouterr().err
    assert not CONTROLS.search(said)
    assert said.count("\nptyd:") == 0
    table = format_table(("A", "B"), [(HOSTILE, HOSTILE)])
    assert not CONTROLS.search(table)
    assert table.count("\n") == 1


def test_json_means_the_same() -> None:
    value = {HOSTILE: [HOSTILE, "é漢😀"]}
    text = escape_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not CONTROLS.search(text)
    assert "é漢😀" in text
