"""The exact screen of a session, as the daemon keeps it: over attaches, kills of the daemon, and the program's end."""

from collections.abc import Iterator
from typing import Any

import pytest
from ptyd_protocol.messages import Attach, Attached, ControlChanged, Detached, Exited, Live, Resized, Visibility

from ptyd.engine import find_engine_maker
from tests.daemon.client import Client, connected
from tests.support.daemon import PtydUnderTest, running_ptyd
from tests.support.waiting import wait_until

LOG_BYTES = 512 * 1024
LINES = 40_000
"""So many go over the log several times."""
COLOURS = r"printf '\033[?2004h\033[31mred \033[48;2;1;2;3mon blue\033[0m\033]2;a title\007'; "
FLOOD = rf"""awk 'BEGIN {{ for (i = 1; i <= {LINES}; i++)
  printf("\033[3%dmline %d\033[0m of a flood\r\n", i % 7, i) }}'; """
STAY = "printf done; exec sleep 600"


@pytest.fixture(scope="module")
def ptyd() -> Iterator[PtydUnderTest]:
    with running_ptyd(PTYD_LOG_BYTES=str(LOG_BYTES)) as ptyd:
        yield ptyd


@pytest.fixture
def client(ptyd: PtydUnderTest) -> Iterator[Client]:
    with connected(ptyd.sock_path) as client:
        yield client


def start(ptyd: PtydUnderTest, script: str, shown: str = "done") -> str:
    """The id of a session that has said ``shown``."""
    session: str = ptyd.request("create", argv=["sh", "-c", script])["id"]
    wait_until(lambda: shown in capture(ptyd, session))
    return session


def capture(ptyd: PtydUnderTest, session: str, **more: Any) -> str:
    result = ptyd.request("capture", session=session, **more)
    assert result["source"] == "screen"
    return str(result["text"])


def capture_cells(ptyd: PtydUnderTest, session: str) -> Any:
    return ptyd.request("capture", session=session, format="cells", scrollback=-1)["grid"]


def spell_out(grid: Any) -> list[Any]:
    """The rows with each cell's own style: the styles of a grid have numbers of its own."""
    return [
        [(cell.get("text", ""), grid["styles"][cell.get("style", 0)]) for cell in row["cells"]] for row in grid["rows"]
    ]


def rebuild(snapshot: bytes, cols: int, rows: int) -> str:
    maker = find_engine_maker()
    assert maker is not None
    engine = maker.create(cols, rows, 10_000)
    engine.feed(snapshot)
    return engine.vt(-1)


def take_screen(client: Client, session: str, channel: int = 1, **more: Any) -> Attached:
    attached = client.attach(channel, session, history=None, **more)
    client.wait_for(Live, lambda live: live.channel == channel)
    return attached


def test_who_comes_anew_gets_the_screen(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, COLOURS + STAY)
    attached = take_screen(client, session)
    assert (attached.mode, attached.answers, attached.locked) == ("snapshot", True, False)
    assert rebuild(client.screens[1], 80, 24) == capture(ptyd, session, format="vt", scrollback=-1)
    assert b"\x1b[?2004h" in client.screens[1]
    assert b"a title" in client.screens[1]


def test_the_depth_is_the_clients_choice(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, FLOOD + STAY)
    take_screen(client, session, 1, scrollback=0)
    take_screen(client, session, 2, scrollback=100)
    take_screen(client, session, 3, scrollback=100_000)
    assert f"line {LINES - 30} " not in rebuild_text(client.screens[1])
    assert f"line {LINES - 100} " in rebuild_text(client.screens[2])
    assert f"line {LINES - 9_000} " in rebuild_text(client.screens[3])
    assert len(client.screens[3]) > 256 * 1024  # in several parts


def rebuild_text(snapshot: bytes) -> str:
    maker = find_engine_maker()
    assert maker is not None
    engine = maker.create(80, 24, 10_000)
    engine.feed(snapshot)
    return engine.text(-1)


def test_the_screen_is_taken_at_the_size_of_who_comes(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, COLOURS + STAY)
    attached = take_screen(client, session, cols=100, rows=30)
    assert (attached.cols, attached.rows, attached.yours) == (100, 30, True)


@pytest.mark.parametrize("script", [COLOURS + STAY, COLOURS + FLOOD + STAY], ids=["little output", "more than the log"])
def test_it_survives_a_kill_of_the_daemon(ptyd: PtydUnderTest, script: str) -> None:
    session = start(ptyd, script)
    before = capture_cells(ptyd, session)
    ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    after = capture_cells(ptyd, session)
    for what in ("cols", "cursor_col", "cursor_row", "cursor_visible", "alternate", "title"):
        assert after[what] == before[what]
    kept = spell_out(after)
    assert kept == spell_out(before)[-len(kept) :]
    # A state saved in a flood is without the lines above the screen, but the quarter log that follows has some.
    assert len(kept) >= min(len(before["rows"]), LOG_BYTES // 4 // 40)
    assert after["title"] == "a title"


def test_it_outlives_its_program(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, COLOURS + "printf done; read x")
    before = capture(ptyd, session, format="vt")
    ptyd.request("send", session=session, data=b"\r")
    ptyd.request("wait", session=session, until="exit")
    assert capture(ptyd, session, format="vt").rstrip() == before.rstrip()
    attached = client.attach(1, session, history=None)
    assert attached.mode == "snapshot"


def test_lossless_is_never_given_a_screen(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, FLOOD + STAY)
    attached = client.attach(1, session, history=None, lossless=True)
    assert attached.mode == "tail"
    client.wait_for(Live)
    assert 1 not in client.screens


def test_a_locked_session_keeps_its_size(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, "printf done; exec cat")
    first = take_screen(client, session, 1, cols=90)
    assert first.yours
    assert ptyd.request("lock", session=session, locked=True)["locked"]
    assert client.wait_for(ControlChanged).locked
    with connected(ptyd.sock_path) as other:
        assert take_screen(other, session, 1, cols=120).locked
        other.type(1, 1, b"typed\r")
        client.read_until(1, b"typed")
        assert ptyd.request("get", session=session)["cols"] == 90
        ptyd.wait_for_new_daemon(ptyd.kill_daemon())
    assert ptyd.request("get", session=session)["locked"]
    assert not ptyd.request("lock", session=session, locked=False)["locked"]


def test_a_hidden_client_lends_its_control(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, "printf done; exec cat")
    take_screen(client, session, 1, cols=90)
    with connected(ptyd.sock_path) as other:
        take_screen(other, session, 1, cols=120)
        client.send(Visibility(1, True))
        assert other.wait_for(ControlChanged, lambda told: told.yours)
        assert client.wait_for(Resized).cols == 120
        client.send(Visibility(1, False))
        assert client.wait_for(ControlChanged, lambda told: told.yours)
        assert ptyd.request("get", session=session)["cols"] == 90


def test_without_an_engine() -> None:
    with running_ptyd(PTYD_ENGINE="none") as ptyd, connected(ptyd.sock_path) as client:
        assert ptyd.request("status")["engine"] == "none"
        session = ptyd.request("create", argv=["sh", "-c", COLOURS + STAY])["id"]
        attached = client.attach(1, session, history=None)
        assert (attached.mode, attached.answers) == ("exact", False)
        client.read_until(1, b"done")
        assert ptyd.request("capture", session=session)["source"] == "log"
        with pytest.raises(Exception, match="no screen engine"):
            ptyd.request("capture", session=session, format="html")


def test_a_session_that_goes_while_its_screen_is_taken(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, FLOOD + STAY)
    for channel in range(1, 9):
        client.send(Attach(channel, session, "control", 80, 24))
    ptyd.request("kill", session=session, grace_seconds=0.2)
    ptyd.request("kill", session=session)
    closed = {client.wait_for(Detached | Exited).channel for _ in range(8)}
    assert closed == set(range(1, 9))


def test_a_snapshot_ends_where_output_goes_on(ptyd: PtydUnderTest, client: Client) -> None:
    session = start(ptyd, "printf done; exec cat")
    attached = take_screen(client, session)
    snapshot = client.screens[1]
    client.type(1, 1, b"more\r")
    client.read_until(1, b"more\r\nmore\r\n")
    assert attached.offset == client.next_offset[1] - len(client.output[1])
    rebuilt = rebuild(snapshot + bytes(client.output[1]), 80, 24)
    assert rebuilt == capture(ptyd, session, format="vt", scrollback=-1)
