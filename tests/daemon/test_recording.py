"""Recordings and exports of real sessions, over the daemon's end, its death and its replacement."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.asciicast import Recording, check_asciicast
from tests.support.daemon import STOP_DEADLINE_SECONDS, PtydUnderTest, RequestFailed, running_ptyd
from tests.support.waiting import stretch_deadline, wait_until

FILE_LIMIT_BYTES = 9 * 1024 * 1024
FLOOD_LINES = 200_000
FLOOD = f'i=0; while [ $i -lt {FLOOD_LINES} ]; do echo "line $i ü世🎉"; i=$((i+1)); done'


@pytest.fixture
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


def create(ptyd: PtydUnderTest, *argv: str, **more: Any) -> str:
    session: str = ptyd.request("create", argv=list(argv), cwd="/", **more)["id"]
    return session


def wait_exit(ptyd: PtydUnderTest, session: str) -> None:
    ptyd.request("wait", session=session, until="exit")


def export(ptyd: PtydUnderTest, session: str) -> Recording:
    content, resume = b"", ""
    while resume is not None:
        result = ptyd.request("export", session=session, resume=resume)
        content, resume = content + result["data"], result["resume"]
        assert result["skipped"] == 0
    return check_asciicast(content)


def wait_for_output(ptyd: PtydUnderTest, session: str, text: str) -> None:
    wait_until(lambda: text.encode() in ptyd.request("read_log", session=session)["data"], what=text)


def test_the_recording_and_the_export_are_one(ptyd: PtydUnderTest) -> None:
    path = ptyd.home / "it.cast"
    session = create(
        ptyd, "sh", "-c", "printf 'grüße'; read x; exit 3", name="demo", record=str(path), cols=91, rows=33
    )
    assert ptyd.request("get", session=session)["recording"] == str(path)
    wait_for_output(ptyd, session, "grüße")
    ptyd.request("mark", session=session, label="hier")
    ptyd.request("resize", session=session, cols=100, rows=30)
    ptyd.request("send", session=session, data=b"secret\r")
    wait_exit(ptyd, session)
    recording = check_asciicast(path.read_bytes())
    assert recording == export(ptyd, session)
    assert recording.header["term"] == {"cols": 91, "rows": 33, "type": "xterm-256color"}
    assert recording.header["title"] == "demo"
    assert recording.text() == "grüßesecret\r\n"
    assert [event.code for event in recording.events if event.code != "o"] == ["m", "r", "x"]
    assert (recording.of("m"), recording.of("r"), recording.of("x")) == (["hier"], ["100x30"], ["3"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_typed_is_recorded_only_where_that_was_asked_for(ptyd: PtydUnderTest) -> None:
    ask = ("sh", "-c", "stty -echo; echo ready; read x; echo done")
    quiet, open_ = ptyd.home / "quiet.cast", ptyd.home / "open.cast"
    sessions = [create(ptyd, *ask, record=str(quiet)), create(ptyd, *ask, record=str(open_), record_input=True)]
    for session in sessions:
        wait_for_output(ptyd, session, "ready")
        ptyd.request("send", session=session, data=b"pass\xc3\xa9word\r")
        wait_exit(ptyd, session)
    assert "word" not in quiet.read_text()
    assert check_asciicast(open_.read_bytes()).of("i") == ["passéword\r"]
    assert export(ptyd, sessions[1]).of("i") == []
    index = (ptyd.runtime_dir / "sessions" / f"{sessions[0]}.times").read_bytes()
    assert b"word" not in index


def test_no_byte_is_missing_though_the_daemon_is_killed_again_and_again(ptyd: PtydUnderTest) -> None:
    path = ptyd.home / "it.cast"
    session = create(ptyd, "sh", "-c", FLOOD, record=str(path))
    for kill in range(4):
        wanted = (kill + 1) * 300_000
        wait_until(lambda wanted=wanted: path.stat().st_size > wanted, 60)
        ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    wait_exit(ptyd, session)
    recording = check_asciicast(path.read_bytes())
    assert recording.text() == "".join(f"line {number} ü世🎉\r\n" for number in range(FLOOD_LINES))
    assert recording.of("x") == ["0"]


def test_a_replaced_daemon_goes_on(ptyd: PtydUnderTest) -> None:
    path = ptyd.home / "it.cast"
    session = create(ptyd, "sh", "-c", "echo one; read x; echo two", record=str(path))
    wait_for_output(ptyd, session, "one")
    ptyd.request("mark", session=session, label="before")
    before = ptyd.daemon_pid()
    ptyd.request("restart")
    ptyd.wait_for_new_daemon(before)
    ptyd.request("mark", session=session, label="after")
    ptyd.request("rename", session=session, name="other")
    ptyd.request("send", session=session, data=b"\r")
    wait_exit(ptyd, session)
    recording = check_asciicast(path.read_bytes())
    assert recording.of("m") == ["before", "after"]
    assert recording.text() == "one\r\n\r\ntwo\r\n"
    assert recording.events == export(ptyd, session).events


def test_going_down_with_the_sessions_completes_their_recordings() -> None:
    with running_ptyd() as ptyd:
        path = Path(f"{ptyd.home}.cast")
        session = create(ptyd, "sh", "-c", "echo one; exec sleep 1000", record=str(path))
        wait_for_output(ptyd, session, "one")
        ptyd.request("shutdown", kill_sessions=True)
        ptyd.keeper.wait(stretch_deadline(STOP_DEADLINE_SECONDS))
        recording = check_asciicast(path.read_bytes())
        assert recording.text() == "one\r\n"
        assert recording.of("x") == ["129"]


def test_a_file_that_cannot_be_made_is_refused_and_leaves_nothing(ptyd: PtydUnderTest) -> None:
    there = ptyd.home / "there"
    there.write_text("mine")
    for path, code in (
        (str(there), "bad_request"),
        ("relative", "bad_request"),
        (str(ptyd.home / "no" / "where"), "no_such_directory"),
    ):
        with pytest.raises(RequestFailed) as caught:
            create(ptyd, "true", record=path)
        assert caught.value.code == code
    with pytest.raises(RequestFailed):
        create(ptyd, "no-such-program", record=str(ptyd.home / "new.cast"))
    assert not (ptyd.home / "new.cast").exists()
    assert there.read_text() == "mine"
    assert list((ptyd.runtime_dir / "sessions").iterdir()) == []


def test_a_file_that_takes_no_more_ends_the_recording_and_not_the_session(ptyd: PtydUnderTest) -> None:
    path = ptyd.home / "it.cast"
    # Room for a log, and not for a recording of more than it holds.
    psutil.Process(ptyd.daemon_pid()).rlimit(psutil.RLIMIT_FSIZE, (FILE_LIMIT_BYTES, FILE_LIMIT_BYTES))
    session = create(ptyd, "sh", "-c", f"head -c {2 * FILE_LIMIT_BYTES} /dev/zero | tr '\\0' x", record=str(path))
    wait_exit(ptyd, session)
    info = ptyd.request("get", session=session)
    assert info["log_head"] == 2 * FILE_LIMIT_BYTES
    assert info["recording"] == ""
    text = check_asciicast(path.read_bytes()).text()
    assert set(text) == {"x"}
    assert "ends early" in (ptyd.runtime_dir / "daemon.log").read_text()


def test_a_file_that_somebody_has_changed_is_left_alone(ptyd: PtydUnderTest) -> None:
    path = ptyd.home / "it.cast"
    session = create(ptyd, "sh", "-c", f"echo one; read x; {FLOOD}; echo end", record=str(path))
    wait_until(lambda: path.exists() and "one" in path.read_text())
    path.write_text("mine")
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    wait_until(lambda: ptyd.request("get", session=session)["recording"] == "")
    ptyd.request("send", session=session, data=b"\r")
    wait_exit(ptyd, session)
    assert path.read_text() == "mine"


def test_an_export_of_what_the_log_has_left(ptyd: PtydUnderTest) -> None:
    session = create(ptyd, "sh", "-c", f"{FLOOD}; {FLOOD}; echo the end")
    wait_exit(ptyd, session)
    info = ptyd.request("get", session=session)
    assert info["log_start"] > 0, "nothing was overwritten"
    assert ptyd.request("export", session=session)["start"] >= info["log_start"]
    recording = export(ptyd, session)
    assert re.fullmatch(r"line \d+ ü世🎉\r\n", recording.events[0].data.splitlines(keepends=True)[0])
    assert recording.text().endswith(f"line {FLOOD_LINES - 1} ü世🎉\r\nthe end\r\n")
    assert recording.of("x") == ["0"]


def test_an_export_of_a_session_that_runs_ends_where_it_was(ptyd: PtydUnderTest) -> None:
    session = create(ptyd, "sh", "-c", "echo one; read x")
    wait_for_output(ptyd, session, "one")
    assert [(event.code, event.data) for event in export(ptyd, session).events] == [("o", "one\r\n")]


def test_marks_of_an_ended_session_are_refused(ptyd: PtydUnderTest) -> None:
    session = create(ptyd, "true")
    wait_exit(ptyd, session)
    with pytest.raises(RequestFailed) as caught:
        ptyd.request("mark", session=session)
    assert caught.value.code == "session_exited"


def test_nothing_remains_beside_the_log_of_a_session_that_is_forgotten(ptyd: PtydUnderTest) -> None:
    session = create(ptyd, "sh", "-c", "read x", record=str(ptyd.home / "it.cast"))
    assert len(list((ptyd.runtime_dir / "sessions").glob(f"{session}.*"))) == 4
    ptyd.request("kill", session=session)
    ptyd.request("kill", session=session)
    assert list((ptyd.runtime_dir / "sessions").iterdir()) == []
    assert check_asciicast((ptyd.home / "it.cast").read_bytes()).of("x") == ["129"]


def test_whoever_waits_for_the_end_finds_the_recording_complete(ptyd: PtydUnderTest) -> None:
    """However soon the program ends, and whenever one comes to ask."""
    for number in range(20):
        path = ptyd.home / f"{number}.cast"
        session = create(ptyd, "sh", "-c", "head -c 500000 /dev/zero | tr '\\0' x", record=str(path))
        wait_until(lambda session=session: ptyd.request("get", session=session)["state"] == "exited")
        wait_exit(ptyd, session)
        recording = check_asciicast(path.read_bytes())
        assert len(recording.text()) == 500_000
        assert recording.of("x") == ["0"]
