"""The daemon's end of the link to the keeper, against a keeper that the test plays."""

import asyncio
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol.errors import ErrorCode, Refusal

from ptyd.edge.keeper_link import DATAGRAM_BYTES, KeeperGone, KeeperLink, Kept, KeptExit
from ptyd.edge.processes.session_marks import SessionGroup, SessionMarks
from tests.edge.descriptors import count_fds
from tests.support.waiting import stretch_deadline, wait_until_async

RECORD = {"name": "build", "argv": ["make"]}


class PlayedKeeper:
    """Listens as the keeper does; each datagram is sent and awaited by the test."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="kl-", dir="/tmp"))
        self.path = self.place / "keeper.sock"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._listener.settimeout(stretch_deadline(15))
        self.sock: socket.socket
        self.greeting: dict[str, Any] = {}

    def greet(self, *datagrams: tuple[dict[str, Any], list[int]]) -> threading.Thread:
        """Accept one daemon on a thread, read its hello, and say ``datagrams``."""

        def serve() -> None:
            self.sock, _ = self._listener.accept()
            self.sock.settimeout(stretch_deadline(15))
            self.greeting = json.loads(self.sock.recv(65536))
            for message, fds in datagrams:
                self.say(message, fds)

        thread = threading.Thread(target=serve)
        thread.start()
        return thread

    def say(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        socket.send_fds(self.sock, [json.dumps(message).encode()], fds or [])

    def hear(self) -> tuple[dict[str, Any], list[int]]:
        data, fds, _, _ = socket.recv_fds(self.sock, 1 << 20, 8)
        return json.loads(data), fds

    def close(self) -> None:
        self._listener.close()
        if hasattr(self, "sock"):
            self.sock.close()
        shutil.rmtree(self.place)


WELCOME = ({"event": "welcome", "keeper_pid": 99, "restarts": 3}, [])
SYNCED = ({"event": "synced"}, [])


@pytest.fixture
def keeper() -> Iterator[PlayedKeeper]:
    before = count_fds()
    keeper = PlayedKeeper()
    yield keeper
    keeper.close()
    assert count_fds() == before


async def link_to(keeper: PlayedKeeper, *between: tuple[dict[str, Any], list[int]]) -> tuple[KeeperLink, Kept]:
    thread = keeper.greet(WELCOME, *between, SYNCED)
    try:
        return await KeeperLink.connect(keeper.path)
    finally:
        await asyncio.to_thread(thread.join)


async def test_hello_and_what_is_kept(keeper: PlayedKeeper) -> None:
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(4)]
    exit_status = {"code": None, "signal": 9, "at": 12.5}
    running = {"event": "session", "session": "00000001", "pid": 5, "record": RECORD, "exit": None}
    ended = {"event": "session", "session": "00000002", "pid": 6, "record": RECORD, "exit": exit_status}
    link, kept = await link_to(keeper, (running, fds), (ended, []), ({"event": "held", "name": "unix:/x"}, fds[:1]))
    assert keeper.greeting == {"op": "hello", "pid": os.getpid(), "cgroups": "auto"}
    assert (kept.keeper_pid, kept.restarts) == (99, 3)
    first, second = kept.sessions
    assert (first.id, first.pid, first.record, first.exit) == ("00000001", 5, RECORD, None)
    assert second.exit == KeptExit(None, 9, 12.5)
    assert second.fds is None
    assert first.fds is not None
    first.fds.close()
    for fd in (*fds, kept.held["unix:/x"]):
        os.close(fd)
    link.close()


async def test_no_keeper(tmp_path: Path) -> None:
    with pytest.raises(KeeperGone, match="no keeper"):
        await KeeperLink.connect(tmp_path / "keeper.sock")


@pytest.mark.parametrize("answer", [[({"event": "refused"}, [])], []])
async def test_refused_or_hung_up(keeper: PlayedKeeper, answer: list[Any]) -> None:
    thread = keeper.greet(*answer)
    closer = asyncio.to_thread(lambda: (thread.join(), keeper.sock.close()))
    connecting = asyncio.to_thread(lambda: asyncio.run(connect(keeper.path)))
    assert (await asyncio.gather(connecting, closer))[0]


async def connect(path: Path) -> str:
    with pytest.raises(KeeperGone) as caught:
        await KeeperLink.connect(path)
    return str(caught.value)


async def spawn(link: KeeperLink, **more: Any) -> tuple[int, Any, SessionMarks]:
    values: dict[str, Any] = {"argv": ["make"], "env": {}, "cwd": "/", "size": (80, 24), "record": RECORD}
    values["limits"] = {"processes": 64}
    return await link.spawn("00000001", *(values | more).values())


async def test_spawn(keeper: PlayedKeeper) -> None:
    link, _ = await link_to(keeper)
    link.start(lambda session, status: None, lambda: None)
    asking = asyncio.get_running_loop().create_task(spawn(link))
    request, _ = await asyncio.to_thread(keeper.hear)
    assert request == {
        **{"op": "spawn", "session": "00000001", "argv": ["make"], "env": {}, "cwd": "/", "cols": 80, "rows": 24},
        **{"record": RECORD, "limits": {"processes": 64}, "id": 1},
    }
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(4)]
    group = {"version": 1, "controllers": ["pids"], "path": "/sys/fs/cgroup/pids/x"}
    keeper.say({"id": 1, "ok": True, "pid": 4711, "mark": 77, "groups": [group]}, fds)
    pid, got, marks = await asking
    assert pid == 4711
    assert marks == SessionMarks(77, (SessionGroup(1, frozenset({"pids"}), Path("/sys/fs/cgroup/pids/x")),))
    got.close()
    for fd in fds:
        os.close(fd)
    link.close()


@pytest.mark.parametrize(
    ("word", "code"),
    [("no_ptys", ErrorCode.NO_PTYS), ("command_not_found", ErrorCode.COMMAND_NOT_FOUND), ("new", ErrorCode.INTERNAL)],
)
async def test_spawn_refused(keeper: PlayedKeeper, word: str, code: ErrorCode) -> None:
    link, _ = await link_to(keeper)
    link.start(lambda session, status: None, lambda: None)
    asking = asyncio.get_running_loop().create_task(spawn(link))
    await asyncio.to_thread(keeper.hear)
    keeper.say({"id": 1, "ok": False, "error": word, "message": "in words"})
    with pytest.raises(Refusal, match="in words") as caught:
        await asking
    assert caught.value.code is code
    link.close()


async def test_too_long_a_command_is_refused_here(keeper: PlayedKeeper) -> None:
    link, _ = await link_to(keeper)
    link.start(lambda session, status: None, lambda: None)
    with pytest.raises(Refusal, match=str(DATAGRAM_BYTES)) as caught:
        await spawn(link, argv=["x" * DATAGRAM_BYTES])
    assert caught.value.code is ErrorCode.BAD_REQUEST
    link.close()


async def test_exits_are_told(keeper: PlayedKeeper) -> None:
    link, _ = await link_to(keeper)
    told: list[tuple[str, KeptExit]] = []
    link.start(lambda session, status: told.append((session, status)), lambda: None)
    keeper.say({"event": "exit", "session": "00000001", "code": 3, "signal": None, "at": 1.5})
    await wait_until_async(lambda: told)
    assert told == [("00000001", KeptExit(3, None, 1.5))]
    link.close()


async def test_what_is_said_without_an_answer(keeper: PlayedKeeper) -> None:
    link, _ = await link_to(keeper)
    fd = os.open("/dev/null", os.O_RDONLY)
    link.update_record("00000001", RECORD)
    link.close_session("00000001")
    link.forget_session("00000001")
    link.hold("unix:/x", fd)
    link.release("unix:/x")
    link.tell_ready("human", "info")
    link.tell_restarting()
    link.tell_stopping(kill=True)
    os.close(fd)
    await link.flush()
    heard = [keeper.hear() for _ in range(8)]
    assert [message["op"] for message, _ in heard] == [
        *("record", "close", "forget", "hold", "release", "ready", "restarting", "stop"),
    ]
    assert heard[-1][0] == {"op": "stop", "kill": True}
    assert [len(fds) for _, fds in heard] == [0, 0, 0, 1, 0, 0, 0, 0]
    os.close(heard[3][1][0])
    link.close()


async def test_more_than_the_socket_takes_waits(keeper: PlayedKeeper) -> None:
    """In order, with its descriptors, though the caller has closed its own."""
    link, _ = await link_to(keeper)
    link.start(lambda session, status: None, lambda: None)
    for number in range(200):
        link.update_record(f"{number:08}", {"fill": "x" * 10_000})
    fd = os.open("/dev/null", os.O_RDONLY)
    link.hold("last", fd)
    os.close(fd)
    flushing = asyncio.get_running_loop().create_task(link.flush())
    for number in range(200):
        message, _ = await asyncio.to_thread(keeper.hear)
        assert message["session"] == f"{number:08}"
    message, fds = await asyncio.to_thread(keeper.hear)
    assert (message["name"], len(fds)) == ("last", 1)
    os.close(fds[0])
    await flushing
    link.close()


async def test_the_keeper_ends(keeper: PlayedKeeper) -> None:
    """Who waits for it is told, and so is who comes later; nothing piles up."""
    link, _ = await link_to(keeper)
    gone: list[bool] = []
    link.start(lambda session, status: None, lambda: gone.append(True))
    asking = asyncio.get_running_loop().create_task(spawn(link))
    await asyncio.to_thread(keeper.hear)
    keeper.sock.close()
    with pytest.raises(Refusal) as caught:
        await asking
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert gone == [True]
    with pytest.raises(Refusal, match="ptyd down"):
        await spawn(link)
    fd = os.open("/dev/null", os.O_RDONLY)
    link.hold("unix:/x", fd)
    os.close(fd)
    link.forget_session("00000001")
    await link.flush()
    assert gone == [True]
