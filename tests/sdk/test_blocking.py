"""The blocking face, on a real daemon."""

import inspect
import threading
from collections.abc import Iterator
from pathlib import Path

import ptyd_sdk
import pytest
from ptyd_protocol.messages import Exited
from ptyd_sdk import ConnectionLost, DaemonUnreachable, ExitStatus, NoSuchFile, NoSuchSession, blocking
from ptyd_sdk.blocking import Connection, connect

from tests.support.daemon import PtydUnderTest, running_ptyd


@pytest.fixture(scope="module")
def server() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


@pytest.fixture
def ptyd(server: PtydUnderTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    monkeypatch.setenv("PTYD_DIR", str(server.runtime_dir))
    with connect() as connection:
        yield connection


@pytest.mark.parametrize("name", ["Connection", "Session", "Attachment", "connect"])
def test_the_same_names_and_parameters(name: str) -> None:
    ours, theirs = getattr(blocking, name), getattr(ptyd_sdk, name)
    if name == "connect":
        assert inspect.signature(ours) == inspect.signature(theirs)
    internal = {"deliver", "change_state", "lose", "ended_with"}  # the connection's own way in
    public = {member for member in dir(theirs) if not member.startswith("_")} - internal
    assert public <= set(dir(ours)) | {"info", "exit_status"}
    for member in public:
        if inspect.isfunction(getattr(theirs, member)) and member != "request":
            expected = inspect.signature(getattr(theirs, member)).parameters
            assert inspect.signature(getattr(ours, member)).parameters == expected, member


def test_a_whole_program(ptyd: Connection) -> None:
    events = ptyd.events()
    session = ptyd.create(["bash", "--norc"], name="fix-42", cols=100, rows=30)
    with session.attach() as term:
        term.write(b"stty size; exit 3\r")
        output = b"".join(term)
        assert term.exit_status == ExitStatus(3, None)
        assert term.offset == len(output)
    assert b"30 100" in output
    assert session.wait_exit() == ExitStatus(3, None)
    assert ptyd.get("fix-42").info.exit_code == 3
    assert [one.id for one in ptyd.sessions()] == [session.id]
    assert next(events).kind == "created"
    assert ptyd.status().sessions == 1
    assert ptyd.request("get", session=session.id).name == "fix-42"


def test_events_of_an_attachment(ptyd: Connection) -> None:
    with ptyd.create(["true"]).attach() as term:
        assert isinstance(list(term.events())[-1], Exited)


def test_errors_come_through(ptyd: Connection) -> None:
    with pytest.raises(NoSuchSession):
        ptyd.get("nobody")
    session = ptyd.create(["sleep", "600"])
    with pytest.raises(TimeoutError):
        session.wait_exit(timeout=0.05)
    session.kill(grace_seconds=0)


def test_from_several_threads(ptyd: Connection) -> None:
    outputs: dict[int, bytes] = {}

    def run(number: int) -> None:
        with ptyd.create(["sh", "-c", f"echo {number}"]).attach() as term:
            outputs[number] = b"".join(term)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == {number: f"{number}\r\n".encode() for number in range(8)}


def test_nothing_is_left_behind(server: PtydUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTYD_DIR", str(server.runtime_dir))
    before = threading.active_count()
    with connect() as ptyd:
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(ConnectionLost):
        ptyd.sessions()
    monkeypatch.setenv("PTYD_DIR", str(server.runtime_dir / "none"))
    with pytest.raises(DaemonUnreachable), connect():
        pass
    assert threading.active_count() == before


def test_files_there_and_back(ptyd: Connection, tmp_path: Path) -> None:
    session = ptyd.create(["cat"], cwd=tmp_path)
    content = bytes(range(256)) * 5000
    (tmp_path / "made").write_bytes(content)
    seen: list[tuple[int, int]] = []
    stored = session.put(tmp_path / "made", progress=lambda done, total: seen.append((done, total)))
    assert Path(stored).read_bytes() == content
    assert seen[-1] == (len(content), len(content)) and len(seen) == 3
    assert session.get(stored) == content == session.get("made")
    assert session.get_to("made", tmp_path / "here") == len(content)
    assert (tmp_path / "here").read_bytes() == content
    named = session.put(b"words", "some words.txt", paste=True)
    assert Path(named).name == "some-words.txt"
    session.wait_text(named)
    with pytest.raises(NoSuchFile):
        session.get("nothing")
    with pytest.raises(NoSuchFile):
        session.get_to("nothing", tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "made"]
