"""Connections: requests over breaks, coming back or not, and words for what went wrong."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from ptyd_protocol import limits
from ptyd_protocol.messages import Failure, Request
from ptyd_sdk import (
    BadRequest,
    Connection,
    ConnectionLost,
    DaemonUnreachable,
    NameTaken,
    NotAuthenticated,
    RequestFailed,
    TimedOut,
    connect,
)
from ptyd_sdk.address import Address, parse_address

from tests.sdk.scripted_daemon import Answer, CloseNow, ScriptedDaemon, serve, session_map
from tests.support.waiting import wait_until_async


@pytest.fixture
async def ptyd(daemon: ScriptedDaemon) -> AsyncIterator[Connection]:
    async with connect() as connection:
        yield connection


def close_with(code: int) -> Answer:
    def answer(request: Request) -> Any:
        raise CloseNow(code)

    return answer


# --- requests --------------------------------------------------------------------------------------------------------


async def test_typed_results(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers = {
        "create": lambda request: session_map(name=request.params["name"]),
        "list": lambda request: [session_map(), session_map(id="2")],
        "read_log": lambda request: {"offset": 5, "data": b"x", "epoch": 3, "log_start": 0, "log_head": 6},
    }
    session = await ptyd.create(["make"], name="build", cwd="/tmp", env={"A": "b"}, cols=100, rows=30)
    assert (session.id, session.name, session.info.state) == ("1a2b3c4d", "build", "running")
    params = daemon.requests[0].params
    assert (params["argv"], params["cwd"], params["cols"], params["rows"]) == (["make"], "/tmp", 100, 30)
    assert params["env"]["A"] == "b"
    assert [one.id for one in await ptyd.sessions()] == ["1a2b3c4d", "2"]
    assert (await session.read_log()).data == b"x"
    assert (await ptyd.request("list"))[1].id == "2"


async def test_sessions_inherit_what_their_users_programs_share(
    daemon: ScriptedDaemon, ptyd: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "ed")
    monkeypatch.setenv("TMUX", "/tmp/tmux")
    daemon.answers["create"] = lambda request: session_map()
    await ptyd.create(["make"])
    env = daemon.requests[0].params["env"]
    assert env["EDITOR"] == "ed"
    assert "TMUX" not in env and "PTYD_DIR" not in env


async def test_a_command_is_a_list(ptyd: Connection) -> None:
    with pytest.raises(TypeError, match="list of words"):
        await ptyd.create("make all")


async def test_refusals_have_classes_and_codes(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["create"] = lambda request: Failure(1, "name_taken", "there is one")
    with pytest.raises(NameTaken, match="there is one") as caught:
        await ptyd.create(["make"], name="build")
    assert caught.value.code == "name_taken"
    daemon.answers["create"] = lambda request: Failure(1, "brand_new", "?")
    with pytest.raises(RequestFailed) as unknown:
        await ptyd.create(["make"])
    assert type(unknown.value) is RequestFailed and unknown.value.code == "brand_new"


@pytest.mark.parametrize(
    ("method", "params"), [("fly", {}), ("get", {"sesion": "x"}), ("listen", {"port": -1}), ("resize", {"cols": 80})]
)
async def test_bad_requests_are_not_even_sent(
    daemon: ScriptedDaemon, ptyd: Connection, method: str, params: dict[str, object]
) -> None:
    with pytest.raises(BadRequest):
        await ptyd.request(method, **params)
    assert daemon.requests == []


async def test_answers_come_in_any_order(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["list"] = lambda request: []
    daemon.answers["wait"] = lambda request: session_map(state="exited", exit_code=2)
    async with asyncio.TaskGroup() as group:
        unanswered = group.create_task(ptyd.get("slow"))
        await wait_until_async(lambda: daemon.requests)
        assert await ptyd.sessions() == []
        assert not unanswered.done()
        unanswered.cancel()


async def test_a_result_that_does_not_fit_is_an_error(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["list"] = lambda request: "nonsense"
    with pytest.raises(ConnectionLost, match="result of list"):
        await ptyd.sessions()


# --- over breaks -----------------------------------------------------------------------------------------------------


async def test_a_break_repeats_what_only_asks_and_fails_what_acts(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    async def create() -> None:
        with pytest.raises(ConnectionLost, match="'create'"):
            await ptyd.create(["make"])

    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ptyd.get("x"))
        group.create_task(create())
        await wait_until_async(lambda: len(daemon.requests) == 2)
        daemon.answers["get"] = lambda request: session_map(name="x")
        await daemon.break_connections()
    assert asking.result().name == "x"
    assert [request.method for request in daemon.requests] == ["get", "create", "get"]
    assert [hello.client_id for hello in daemon.hellos] == [ptyd.client_id] * 2


async def test_a_request_made_while_the_connection_is_away_waits_for_it(
    daemon: ScriptedDaemon, ptyd: Connection
) -> None:
    daemon.answers["create"] = lambda request: session_map()
    await daemon.break_connections()
    await wait_until_async(lambda: ptyd.state == "reconnecting")
    assert (await ptyd.create(["make"])).id == "1a2b3c4d"


async def test_a_cancelled_request_is_not_repeated(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(ptyd.get("x"))
        await wait_until_async(lambda: daemon.requests)
        asking.cancel()
    await daemon.break_connections()
    daemon.answers["list"] = lambda request: []
    await ptyd.sessions()
    assert [request.method for request in daemon.requests] == ["get", "list"]


async def test_waiting_keeps_its_deadline_over_breaks(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["get"] = lambda request: session_map()
    session = await ptyd.get()
    with pytest.raises(TimedOut) as caught:
        await session.wait_exit(timeout=0.05)
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize("code", [1001, 1011, 1012, 1013])
async def test_comes_back_after(daemon: ScriptedDaemon, ptyd: Connection, code: int) -> None:
    daemon.answers["restart"] = close_with(code)
    with pytest.raises(ConnectionLost):
        await ptyd.request("restart")
    daemon.answers["list"] = lambda request: []
    assert await ptyd.sessions() == []
    assert len(daemon.hellos) == 2


@pytest.mark.parametrize("code", [1000, 1008, 1009, 4001, 4003, 4009, 4999])
async def test_does_not_come_back_after(daemon: ScriptedDaemon, ptyd: Connection, code: int) -> None:
    daemon.answers["restart"] = close_with(code)
    with pytest.raises(ConnectionLost):
        await ptyd.request("restart")
    await wait_until_async(lambda: ptyd.state == "closed")
    with pytest.raises(ConnectionLost):
        await ptyd.sessions()
    assert len(daemon.hellos) == 1


async def test_restarting_returns_when_the_connection_is_back(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.answers["restart"] = lambda request: None
    async with asyncio.TaskGroup() as group:
        restarting = group.create_task(ptyd.restart())
        await wait_until_async(lambda: daemon.requests)
        daemon.answers["unsubscribe"] = lambda request: None
        await ptyd.request("unsubscribe")
        assert not restarting.done()
        await daemon.break_connections()
    assert ptyd.state == "open" and len(daemon.hellos) == 2


async def test_restarting_without_coming_back(daemon: ScriptedDaemon) -> None:
    daemon.answers["restart"] = lambda request: None
    async with connect(reconnect=False) as ptyd, asyncio.TaskGroup() as group:
        group.create_task(ptyd.restart())
        await wait_until_async(lambda: daemon.requests)
        await daemon.break_connections()
    assert ptyd.state == "closed"


async def test_gives_up_when_its_patience_ends(
    daemon: ScriptedDaemon, runtime_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECONNECT_FIRST_SECONDS", 0.001)
    async with connect(reconnect=0.05) as ptyd:
        (runtime_dir / "ptyd.sock").unlink()
        await daemon.break_connections()
        with pytest.raises(ConnectionLost, match="no ptyd daemon answers"):
            await ptyd.sessions()
        assert ptyd.state == "closed"


async def test_everything_ends_with_the_connection(daemon: ScriptedDaemon) -> None:
    async with connect() as ptyd:
        pass
    with pytest.raises(ConnectionLost):
        await ptyd.sessions()
    await wait_until_async(lambda: not daemon.connections)


# --- the first connection -------------------------------------------------------------------------------------------


async def test_nobody_there(runtime_dir: Path) -> None:
    with pytest.raises(DaemonUnreachable, match="no ptyd daemon answers"):
        async with connect():
            pass


@pytest.fixture
def open_directory(runtime_dir: Path) -> None:
    runtime_dir.chmod(0o770)


@pytest.mark.usefixtures("open_directory")
async def test_a_directory_that_others_may_write_is_not_trusted(daemon: ScriptedDaemon) -> None:
    with pytest.raises(DaemonUnreachable, match="open to other users"):
        async with connect():
            pass


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (HTTPStatus.UNAUTHORIZED, NotAuthenticated),
        (HTTPStatus.MISDIRECTED_REQUEST, DaemonUnreachable),
        (HTTPStatus.BAD_GATEWAY, DaemonUnreachable),
    ],
)
async def test_a_refused_handshake(daemon: ScriptedDaemon, status: HTTPStatus, error: type[Exception]) -> None:
    daemon.http_status = status
    with pytest.raises(error):
        async with connect():
            pass


async def test_an_answer_that_is_no_longer_good_ends_the_coming_back(daemon: ScriptedDaemon, ptyd: Connection) -> None:
    daemon.http_status = HTTPStatus.UNAUTHORIZED
    await daemon.break_connections()
    with pytest.raises(ConnectionLost, match="does not accept the token"):
        await ptyd.sessions()


async def test_another_unix_socket(daemon: ScriptedDaemon, runtime_dir: Path, tmp_path: Path) -> None:
    other = ScriptedDaemon()
    (runtime_dir / "o").mkdir(mode=0o700)
    async with serve(other, runtime_dir / "o"), connect(f"unix://{runtime_dir}/o/ptyd.sock"):
        assert len(other.hellos) == 1 and daemon.hellos == []


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:7000", "ws://localhost:7000/ws"),
        ("https://example.org/ptyd/", "wss://example.org/ptyd/ws"),
        ("ws://[::1]:7000", "ws://[::1]:7000/ws"),
    ],
)
def test_addresses(text: str, url: str) -> None:
    assert parse_address(text) == Address(url)


@pytest.mark.parametrize("text", ["", "localhost:7000", "unix://relative", "ftp://x", "http://", "http://u:p@x/"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        parse_address(text)
