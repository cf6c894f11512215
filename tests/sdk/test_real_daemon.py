"""The SDK on a real keeper and daemon."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from ptyd_protocol import limits
from ptyd_protocol.messages import Attached, Resized
from ptyd_sdk import (
    AttachmentEnded,
    BadName,
    CommandNotFound,
    Connection,
    ConnectionLost,
    ExitStatus,
    NameTaken,
    NoSuchDirectory,
    NoSuchSession,
    NoSuchToken,
    NotAllowed,
    NotAuthenticated,
    Session,
    SessionExited,
    TimedOut,
    connect,
)

from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.faulty_proxy import faulty, make_cuts
from tests.support.waiting import wait_until_async

RAW = "stty raw -echo; echo ready; "


@pytest.fixture(scope="module")
def server() -> Iterator[PtydUnderTest]:
    with running_ptyd() as running:
        yield running


@pytest.fixture
async def ptyd(server: PtydUnderTest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connection]:
    monkeypatch.setenv("PTYD_DIR", str(server.runtime_dir))
    async with connect() as connection:
        yield connection
        for session in await connection.sessions():
            if session.info.state == "running":
                await session.kill(grace_seconds=0)


async def shell(ptyd: Connection, line: str) -> Session:
    return await ptyd.create(["sh", "-c", line])


# --- the program of the README --------------------------------------------------------------------------


async def test_the_program_of_the_readme(ptyd: Connection, server: PtydUnderTest, tmp_path: Path) -> None:
    async with connect() as ptyd:
        session = await ptyd.create(["bash", "--norc"], name="fix-42", cwd=str(tmp_path), cols=120, rows=40)
        output = b""
        async with session.attach() as term:
            await term.write(b"pwd; tput cols; exit 3\r")
            async for chunk in term:
                output += chunk
        assert await session.wait_exit() == ExitStatus(3, None)
    assert str(tmp_path).encode() in output and b"120" in output


# --- sessions -------------------------------------------------------------------------------------------


async def test_errors_that_a_person_understands(ptyd: Connection) -> None:
    await ptyd.create(["sleep", "600"], name="nap")
    with pytest.raises(NameTaken):
        await ptyd.create(["sleep", "600"], name="nap")
    with pytest.raises(CommandNotFound, match="no-such-program"):
        await ptyd.create(["no-such-program"])
    with pytest.raises(NoSuchDirectory, match="/no/such"):
        await ptyd.create(["true"], cwd="/no/such")
    with pytest.raises(NoSuchSession):
        await ptyd.get("nobody")
    with pytest.raises(BadName):
        await ptyd.create(["true"], name="-rf")


async def test_what_can_be_done_to_a_session(ptyd: Connection) -> None:
    program = 'read x; trap "echo got-int" INT; stty size; while true; do read x && echo done-$x; done'
    session = await ptyd.create(["bash", "-c", program], name="first")
    await session.rename("second")
    assert session.name == "second" and (await ptyd.get("sec")).id == session.id
    await session.resize(91, 31)
    assert ((await session.refresh()).cols, session.info.rows) == (91, 31)
    await session.send(b"go\r")
    assert (await session.wait_text(r"(\d+) (\d+)\n", timeout=10)).groups() == ("31", "91")
    await session.signal("INT")
    await session.wait_text("got-int", timeout=10)
    before = (await session.refresh()).log_head
    await session.send(b"42\r")
    assert (await session.wait_text("done-42", timeout=10, since=before)).group() == "done-42"
    assert "done-42" in await session.capture(-1)
    assert b"done-42" in (await session.read_log()).data
    await session.wait_idle(0.05, timeout=10)
    assert (await session.kill(grace_seconds=1)).signal is not None
    with pytest.raises(SessionExited):
        await session.signal("TERM")


async def test_waiting_for_what_does_not_come(ptyd: Connection) -> None:
    session = await shell(ptyd, "echo hello; sleep 600")
    with pytest.raises(TimedOut):
        await session.wait_exit(timeout=0.05)
    with pytest.raises(TimedOut):
        await session.wait_text("good bye", timeout=0.05)
    ended = await shell(ptyd, "echo hello")
    with pytest.raises(SessionExited):
        await ended.wait_text("good bye")
    assert await ended.wait_exit() == ExitStatus(0, None)


async def test_text_is_found_across_chunks_and_control_sequences(ptyd: Connection) -> None:
    session = await shell(ptyd, RAW + r"printf '\033]0;t\007gr\033[1mee'; read x; printf 'n\033[0m\n'; sleep 600")
    async with session.attach() as term:
        await session.wait_text("gree", timeout=10)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(session.wait_text("green", timeout=10))
            await term.write(b"\n")
        assert waiting.result().group() == "green"


# --- attachments ----------------------------------------------------------------------------------------


async def test_an_observer_may_not_type(ptyd: Connection) -> None:
    session = await shell(ptyd, "sleep 600")
    async with session.attach("observe") as term:
        await term.write(b"x")
        with pytest.raises(AttachmentEnded) as caught:
            async for _ in term:
                pass
    assert caught.value.code == "not_allowed"


async def test_size_follows_the_controller(ptyd: Connection) -> None:
    session = await shell(ptyd, "sleep 600")
    async with session.attach(cols=100, rows=30) as first:
        await wait_until_async(lambda: first.has_control)
        assert (await session.refresh()).cols == 100
        async with session.attach(cols=70, rows=20, history=0) as second:
            events = second.events()
            assert isinstance(await anext(events), Attached)
            second.take_control()
            async for event in events:
                if isinstance(event, Resized):
                    assert (event.cols, event.rows) == (70, 20)
                    break
            await wait_until_async(lambda: second.has_control and not first.has_control)
            second.resize(71, 21)
            await second.drain_input()
            assert (await session.refresh()).rows == 21
        await wait_until_async(lambda: first.has_control)


async def test_detaching_everybody(ptyd: Connection) -> None:
    session = await shell(ptyd, "sleep 600")
    async with session.attach() as first, session.attach("observe") as second:
        await session.detach()
        assert [chunk async for chunk in first] == [chunk async for chunk in second] == []
        assert first.exit_status is None and first.ended_with is not None
    assert (await session.refresh()).state == "running"


async def test_one_program_goes_on_where_another_stopped(ptyd: Connection) -> None:
    session = await shell(ptyd, "seq 1 30000; read x")
    expected = "".join(f"{number}\r\n" for number in range(1, 30_001)).encode()
    read = b""
    async with session.attach(window=limits.MIN_WINDOW_BYTES) as term:
        async for chunk in term:
            read += chunk
            if term.offset > 20_000:
                break
    async with connect() as other, (await other.get("")).attach(epoch=term.epoch, offset=term.offset) as rest:
        async for chunk in rest:
            read += chunk
            if len(read) >= len(expected):
                break
    assert read == expected


async def test_follows_events(ptyd: Connection) -> None:
    events = ptyd.events()
    session = await shell(ptyd, "read x; exit 5")
    await session.rename("known")
    await session.send(b"\n")
    seen = []
    async for event in events:
        if event.session == session.id and event.kind not in ("updated", "activity"):
            seen.append(event)
            if event.kind == "exited":
                break
    assert [event.kind for event in seen] == ["created", "renamed", "exited"]
    assert seen[-1].info is not None and seen[-1].info.exit_code == 5


# --- nothing lost, nothing doubled ----------------------------------------------------------------------

FLOOD_LINES = 600_000


def flood_bytes() -> bytes:
    return "".join(f"{number}\r\n" for number in range(1, FLOOD_LINES + 1)).encode()


async def test_every_byte_once_though_the_daemon_is_killed(ptyd: Connection, server: PtydUnderTest) -> None:
    session = await shell(ptyd, f"{RAW} read x; stty sane; seq 1 {FLOOD_LINES}; exit 9")
    expected = b"ready\n" + flood_bytes()
    kill_at = [500_000, 1_500_000, 3_000_000]
    read = bytearray()
    async with session.attach() as term:
        await term.write(b"\n")
        async for chunk in term:
            read += chunk
            if kill_at and len(read) > kill_at[0]:
                kill_at.pop(0)
                await asyncio.to_thread(server.wait_for_new_daemon, await asyncio.to_thread(server.kill_daemon))
        assert term.exit_status == ExitStatus(9, None)
    assert bytes(read) == expected
    assert not kill_at


@pytest.mark.parametrize("seed", range(3))
async def test_every_byte_once_though_connections_are_cut(
    ptyd: Connection, server: PtydUnderTest, seed: int, runtime_dir: Path
) -> None:
    session = await shell(ptyd, f"{RAW} read x; stty sane; seq 1 {FLOOD_LINES}; read x")
    randomness = random.Random(seed)
    budgets = iter([3000, *(randomness.randint(1, 600_000) for _ in range(6))])
    expected = b"ready\n" + flood_bytes()
    read = bytearray()
    async with (
        faulty(server.sock_path, runtime_dir / "ptyd.sock", make_cuts(budgets)) as proxy,
        connect(f"unix://{runtime_dir}/ptyd.sock") as ptyd,
        (await ptyd.get(session.id)).attach() as term,
    ):
        await term.write(b"\n")
        async for chunk in term:
            read += chunk
            if len(read) >= len(expected):
                break
    assert bytes(read) == expected
    assert proxy.cuts == 7


async def test_every_key_once_though_the_daemon_is_killed(
    ptyd: Connection, server: PtydUnderTest, tmp_path: Path
) -> None:
    count = 3_000
    session = await shell(ptyd, f"{RAW} head -c {count * 5} > {tmp_path}/keys; exit 0")
    await session.wait_text("ready", timeout=10)
    typed = "".join(f"{number:04},"[:5] for number in range(count)).encode()
    async with session.attach() as term:
        for number in range(count):
            await term.write(typed[number * 5 : number * 5 + 5])
            if number % 1000 == 500:
                await asyncio.to_thread(server.kill_daemon)
        async for _ in term:
            pass
        assert term.exit_status == ExitStatus(0, None)
    assert await asyncio.to_thread((tmp_path / "keys").read_bytes) == typed


async def test_goes_on_over_a_restart(ptyd: Connection) -> None:
    before = await ptyd.status()
    session = await shell(ptyd, "echo one; read x; echo two; read x")
    async with session.attach() as term:
        chunks = aiter(term)
        read = await anext(chunks)
        events = ptyd.events()
        await ptyd.restart()
        await term.write(b"\n")
        while b"two" not in read:
            read += await anext(chunks)
        await term.write(b"\n")
        async for event in events:
            if event.kind == "exited" and event.session == session.id:
                break
    after = await ptyd.status()
    assert (after.daemon_pid != before.daemon_pid, after.keeper_pid) == (True, before.keeper_pid)
    assert read.split() == [b"one", b"two"]


# --- over TCP -------------------------------------------------------------------------------------------


async def test_over_tcp_with_the_token(ptyd: Connection) -> None:
    place = await ptyd.listen()
    token = (await ptyd.request("access_token")).token
    address = f"http://{place.host}:{place.port}"
    async with connect(address, token=token) as remote:
        session = await shell(remote, "echo over tcp")
        async with session.attach() as term:
            assert b"".join([chunk async for chunk in term]) == b"over tcp\r\n"
        ticket = await remote.login_ticket()
        assert ticket.url is not None and ticket.ticket in ticket.url
    for wrong in (None, "wrong"):
        with pytest.raises(NotAuthenticated):
            async with connect(address, token=wrong):
                pass


# --- others


async def test_tokens_and_links(ptyd: Connection, server: PtydUnderTest) -> None:
    assert ptyd.principal == "owner" and "admin" in ptyd.rights
    session = await shell(ptyd, "cat")
    other = await shell(ptyd, "cat")
    place = await ptyd.listen()
    made = await ptyd.create_token(["observe"], session=session.id, name="viewer", expires_seconds=600)
    assert made.info in await ptyd.tokens()
    async with connect(f"http://{place.host}:{place.port}", token=made.token) as viewer:
        assert (viewer.principal, viewer.rights) == ("viewer", {"observe"})
        assert [one.id for one in await viewer.sessions()] == [session.id]
        with pytest.raises(NoSuchSession):
            await viewer.get(other.id)
        with pytest.raises(NotAllowed):
            await (await viewer.get()).send(b"x")
        with pytest.raises(NotAllowed, match="only observe"):
            async with (await viewer.get()).attach():
                pass
        async with (await viewer.get()).attach("observe", lossless=False) as term:
            await ptyd.revoke_token("viewer")
            with pytest.raises(ConnectionLost, match="revoked"):
                async for _ in term:
                    pass
    with pytest.raises(NoSuchToken):
        await ptyd.revoke_token("viewer")
    link = await session.share(control=True, uses=2)
    assert link.url == f"http://{place.host}:{place.port}/login#{link.secret}"
    assert link.info.rights == ["control"] and link.info.session == session.id
    await session.unshare()
    assert await ptyd.tokens() == []
